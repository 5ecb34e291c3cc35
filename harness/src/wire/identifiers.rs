//! The words of a text that identify something: ids, ARNs, account numbers, dates, names of a run.
//!
//! Three users: `--record` and the comparison of runs remove them, the documentation replaces them
//! by constants, and the client shows nothing else of a response that may hold an unknown secret.

/// The start of every name that a run creates.
const PREFIX: &str = "iamspec-";

/// A shorter word of capitals and digits is not an id (E-017: ids have 20 characters and more).
const ID_MIN: usize = 16;

/// The number of digits of an account id.
const ACCOUNT_LEN: usize = 12;

/// The shape of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordShape {
    /// An ARN.
    Arn,
    /// A date and time in UTC.
    Date,
    /// A request id or another UUID.
    Uuid,
    /// The fingerprint of a key.
    Fingerprint,
    /// A host name, a mail address or a URL.
    Host,
    /// Anything else. Its parts may be ids.
    Other,
}

/// The shape of a part of a word, between characters that are not letters or digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartShape {
    /// An account id.
    Account,
    /// An id that a service gives.
    Id,
    /// Anything else.
    Other,
}

/// A text with each word replaced. `replace` gets the text before the word, as replaced so far.
pub(crate) fn map_words(text: &str, mut replace: impl FnMut(&str, &str) -> String) -> String {
    let in_word = |it: char| it.is_ascii_alphanumeric() || "+=,.@_-:/*".contains(it);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(in_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|it| !in_word(it)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let word = replace(&out, word);
        out.push_str(&word);
        rest = after;
    }
    out + rest
}

/// A word with each of its parts replaced.
pub(crate) fn map_parts(word: &str, replace: impl Fn(PartShape, &str) -> String) -> String {
    let part = |it: &str| {
        let bare = it.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        let end = it.get(bare.len()..).unwrap_or_default();
        replace(part_shape(bare), bare) + end
    };
    word.split_inclusive(|it: char| !it.is_ascii_alphanumeric()).map(part).collect()
}

fn part_shape(part: &str) -> PartShape {
    let is_upper = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
    match part.len() {
        ACCOUNT_LEN if part.chars().all(|it| it.is_ascii_digit()) => PartShape::Account,
        ID_MIN.. if part.chars().all(is_upper) => PartShape::Id,
        _ => PartShape::Other,
    }
}

/// The shape of a word.
pub(crate) fn word_shape(word: &str) -> WordShape {
    let word = word.trim_end_matches(['.', ',', ':']);
    let digits: String =
        word.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    let hex: String =
        word.chars().map(|it| if it.is_ascii_hexdigit() { 'x' } else { it }).collect();
    if word.to_ascii_lowercase().contains("arn:") {
        WordShape::Arn
    } else if digits == "0000-00-00T00:00:00Z" {
        WordShape::Date
    } else if hex == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" {
        WordShape::Uuid
    } else if hex.matches("xx:").count() == 15 {
        WordShape::Fingerprint
    } else if is_host(word) {
        WordShape::Host
    } else {
        WordShape::Other
    }
}

/// Whether a word is a URL, a mail address, or has two labels of a host name or an IP address.
fn is_host(word: &str) -> bool {
    let label = |it: &str| {
        !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_')
    };
    let host = word.split(['/', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let named = labels.len() > 1 && labels.iter().all(|it| label(it));
    word.contains("://") || word.contains('@') || named
}

/// Replaces each name of a run by its symbol: `iamspec-1f3a9c02-7-u0` by `u0`. Of a path, the run
/// and the namespace are removed: `/iamspec-1f3a9c02/7/1/` becomes `/iamspec/1/`.
///
/// A name in capitals becomes a symbol in capitals, so a response that changes the case still
/// differs from one that does not.
pub(crate) fn without_run_names(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(PREFIX) {
        let (before, name) = rest.split_at(at);
        out.push_str(before);
        let run = name.get(PREFIX.len()..).unwrap_or_default();
        let after = run.trim_start_matches(|it: char| it.is_ascii_alphanumeric());
        let (separator, symbol) = without_namespace(after);
        if separator != Some('-') {
            // The path of the run.
            out.push_str(name.get(..PREFIX.len() - 1).unwrap_or_default());
            out.extend(separator);
        }
        rest = symbol;
    }
    out + rest
}

/// The text after `-7-` or `/7/`, and the separator. The text itself if it begins otherwise.
fn without_namespace(text: &str) -> (Option<char>, &str) {
    for separator in ['-', '/'] {
        let Some(number) = text.strip_prefix(separator) else { continue };
        let after = number.trim_start_matches(|it: char| it.is_ascii_digit());
        if let Some(symbol) = after.strip_prefix(separator)
            && after.len() < number.len()
        {
            return (Some(separator), symbol);
        }
    }
    (None, text)
}

/// A longer word of letters may be a secret.
const LETTERS_MAX: usize = 20;

/// A longer number may be a secret. An account id may stand alone.
const DIGITS_MAX: usize = 4;

/// The length of the id of a run. A shorter value is not searched for as a secret.
const SYMBOL_MAX: usize = 8;

/// The longest id of AWS. A seed in base 32 is longer.
const ID_MAX: usize = 32;

/// Whether a text has only words that can hold no secret: words of a language, short numbers,
/// dates, ids, and names of a run.
pub(crate) fn is_harmless(text: &str) -> bool {
    let separates = |it: char| it.is_whitespace() || "\"'()[]<>,;".contains(it);
    !text.contains(['%', '&', '\\']) && text.split(separates).all(is_harmless_word)
}

/// The same without these words, where they stand alone between other characters than letters and
/// digits.
pub(crate) fn is_harmless_with(text: &str, words: &[&str]) -> bool {
    let mut rest = text.to_owned();
    for word in words.iter().filter(|it| !it.is_empty()) {
        rest = without_word(&rest, word);
    }
    is_harmless(&rest)
}

fn without_word(text: &str, word: &str) -> String {
    let is_outside = |it: Option<char>| it.is_none_or(|it| !it.is_ascii_alphanumeric());
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for (begin, _) in text.match_indices(word) {
        let (before, after) = text.split_at(begin);
        let follows = after.get(word.len()..).and_then(|it| it.chars().next());
        if is_outside(before.chars().next_back()) && is_outside(follows) {
            rest.push_str(text.get(at..begin).unwrap_or_default());
            at = begin + word.len();
        }
    }
    rest.push_str(text.get(at..).unwrap_or_default());
    rest
}

fn is_harmless_word(word: &str) -> bool {
    let word = word.trim_matches(['.', ':', '!', '?', '`']);
    if matches!(word_shape(word), WordShape::Date | WordShape::Uuid) {
        return true;
    }
    let parts: Vec<&str> = word.split(|it: char| "-_/:.#=".contains(it)).collect();
    let of_run = word.to_ascii_lowercase().contains(PREFIX);
    let harmless = |part: &&str| {
        let digits = part.chars().all(|it| it.is_ascii_digit());
        // A symbol such as `u0`, and the id of a run.
        let symbol = !digits
            && part.len() <= SYMBOL_MAX
            && part.chars().all(|it| it.is_ascii_alphanumeric());
        let id = part_shape(part) == PartShape::Id && part.len() <= ID_MAX;
        let account = part_shape(part) == PartShape::Account && word.contains(':');
        digits && part.len() <= DIGITS_MAX
            || is_word(part)
            || account
            || id
            || symbol && (of_run || part.len() < SYMBOL_MAX)
    };
    parts.len() <= 12 && parts.iter().all(harmless)
}

/// Whether a word has letters only, and is written like a short word of a language or like a name of
/// the API. Capitals within a word, as in a random text, are neither.
pub(crate) fn is_word(word: &str) -> bool {
    let (first, rest) = word.split_at_checked(1).unwrap_or(("", word));
    let one_case = |is: fn(&u8) -> bool| rest.bytes().all(|it| is(&it));
    let is_short = word.len() <= LETTERS_MAX && word.bytes().all(|it| it.is_ascii_alphabetic());
    let is_upper = first.bytes().all(|it| it.is_ascii_uppercase());
    is_short && (one_case(u8::is_ascii_lowercase) || is_upper && one_case(u8::is_ascii_uppercase))
        || is_api_name(&(first.to_ascii_uppercase() + rest))
}

/// Whether a long word is written like the name of an action: `CreateVirtualMFADeviceResponse`.
fn is_api_name(word: &str) -> bool {
    let word =
        ["MFA", "SSH", "QR", "PNG"].iter().fold(word.to_owned(), |it, short| it.replace(short, ""));
    let mut words = word.split_inclusive(|it: char| it.is_ascii_lowercase()).peekable();
    let mut small = 0;
    word.starts_with(|it: char| it.is_ascii_uppercase())
        && word.chars().all(|it| it.is_ascii_alphabetic())
        && words.all(|it| {
            // A capital follows two small letters or more.
            let follows = it.len() == 1 || it.len() == 2 && (small == 0 || small >= 2);
            small = if it.len() == 2 { 1 } else { small + 1 };
            follows
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_run_become_symbols_in_the_same_case() {
        for (text, expected) in [
            ("iamspec-4f797a0a-74-u0", "u0"),
            ("\"IAMSPEC-4F797A0A-74-U0 cannot be found\"", "\"U0 cannot be found\""),
            ("/iamspec-4f797a0a/iamspec-4f797a0a-3-g12/", "/iamspec/g12/"),
            ("/iamspec-4f797a0a/3/1/", "/iamspec/1/"),
            ("iamspec-4f797a0a", "iamspec"),
            ("u0", "u0"),
        ] {
            assert_eq!(without_run_names(text), expected);
        }
    }

    #[test]
    fn the_shape_of_a_word_is_recognized() {
        for (word, shape) in [
            ("arn:aws:iam::123456789012:user/joe", WordShape::Arn),
            ("2026-11-25T06:00:00Z.", WordShape::Date),
            ("7a62c49f-347e-4fc4-9331-6e8eEXAMPLE", WordShape::Other),
            ("7a62c49f-347e-4fc4-9331-6e8e01234567", WordShape::Uuid),
            ("iam.corp.example", WordShape::Host),
            ("10.0.0.7:4580", WordShape::Host),
            ("joe@corp", WordShape::Host),
            ("http://emulator:80", WordShape::Host),
            ("found.", WordShape::Other),
            ("first.Then", WordShape::Host),
        ] {
            assert_eq!(word_shape(word), shape, "{word}");
        }
    }

    #[test]
    fn only_words_that_can_hold_no_secret_are_harmless() {
        for text in [
            "",
            "Cannot exceed quota for AccessKeysPerUser: 2",
            "The user with name iamspec-1f3a9c02-7-u0 cannot be found.",
            "AKIAIOSFODNN7EXAMPLE",
            "2026-11-25T06:00:00Z",
            "7a62c49f-347e-4fc4-9331-6e8e01234567",
            "arn:aws:iam::123456789012:mfa/iamspec-1f3a9c02/iamspec-1f3a9c02-7-d0",
            "User u0 and key#1, \"ServiceName\".",
            "No evidence of AWS's words: ResetServiceSpecificCredential/missing-user.",
            "CreateVirtualMFADeviceResponse",
        ] {
            assert!(is_harmless(text), "{text}");
        }
        for text in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "%77%4a%61",
            "&#119;&#74;",
            "code 123456",
            "wJalrXUtnFEMIMDENGbPxRfi",
            "AbcdeFGhijkLmnopQrstuVwxyz",
            "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
        ] {
            assert!(!is_harmless(text), "{text}");
        }
    }
}
