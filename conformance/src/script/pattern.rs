//! What was probably meant.

/// Two names are alike from here on, where 1 is the same.
const ALIKE: f64 = 0.85;

/// `; did you mean …?`, where one of these names is like the word; nothing where none is.
///
/// ```
/// use crate::script::pattern::suggestion;
///
/// assert_eq!(suggestion("DeletUser", ["CreateUser", "DeleteUser"]), "; did you mean `DeleteUser`?");
/// assert_eq!(suggestion("Sleep", ["CreateUser", "DeleteUser"]), "");
/// ```
#[must_use]
pub fn suggestion<T: AsRef<str>>(word: &str, names: impl IntoIterator<Item = T>) -> String {
    let word = word.to_lowercase();
    let likeness = |name: &T| strsim::jaro_winkler(&word, &name.as_ref().to_lowercase());
    let names = names.into_iter().map(|name| (likeness(&name), name));
    let best = names.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE)
        .map_or(String::new(), |(_, name)| format!("; did you mean `{}`?", name.as_ref()))
}
