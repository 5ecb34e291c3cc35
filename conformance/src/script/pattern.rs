//! Patterns with `*`, and suggestions for misspelled names.
//!
//! [`glob`] is hand-written because `*` is its only special character. `wildmatch` and `globset`
//! also interpret `?`, backslashes or brackets, which are ordinary characters in the matched texts.

/// The Jaro-Winkler similarity from which a name is suggested. 1 means equal.
const SUGGESTION_THRESHOLD: f64 = 0.85;

/// Returns true if `text` matches `pattern`, in which `*` stands for any text.
///
/// ```
/// use iamspec_conformance::script::pattern::glob;
///
/// assert!(glob("DeleteUser/holds-*", "DeleteUser/holds-access-key"));
/// assert!(!glob("DeleteUser", "DeleteUserPolicy"));
/// ```
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(prefix) else { return false };
    let (middle, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The leftmost match of each part leaves the most text for the parts after it.
    for part in middle.split('*') {
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    text.ends_with(suffix)
}

/// Returns `; did you mean …?` with the most similar of `names`, or an empty string if no name is
/// similar.
///
/// ```
/// use iamspec_conformance::script::pattern::suggestion;
///
/// assert_eq!(suggestion("DeletUser", ["CreateUser", "DeleteUser"]), "; did you mean `DeleteUser`?");
/// assert_eq!(suggestion("Sleep", ["CreateUser", "DeleteUser"]), "");
/// ```
#[must_use]
pub fn suggestion<T: AsRef<str>>(word: &str, names: impl IntoIterator<Item = T>) -> String {
    let word = word.to_lowercase();
    let similarity = |name: &T| strsim::jaro_winkler(&word, &name.as_ref().to_lowercase());
    let names = names.into_iter().map(|name| (similarity(&name), name));
    let best = names.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(similarity, _)| *similarity >= SUGGESTION_THRESHOLD)
        .map_or(String::new(), |(_, name)| format!("; did you mean `{}`?", name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_matches_any_text_and_everything_else_matches_itself() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("**", "any"),
            ("a*", "a"),
            ("*a", "banana"),
            ("a*b*c", "a-b-b-c"),
            ("*/holds-*", "DeleteUser/holds-access-key"),
            ("what?", "what?"),
            ("é*é", "éxé"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "ab"),
            ("a*a", "a"),
            ("a*b*b", "ab"),
            ("*a*b*", "ba"),
            ("wha?", "what"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
