//! Symbols with unusual names, and the same operations with other symbols.
//!
//! For symbols from [`FIRST_UNUSUAL`] on, a client chooses names that encoders often get wrong, in
//! [`UNUSUAL_STYLES`] styles. Generators and races sometimes use such symbols. If a finding does
//! not need them, it is shown with ordinary symbols.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_model::Operation;

use crate::script::{Step, parse, print};

/// The lowest number of a symbol with an unusual name.
pub const FIRST_UNUSUAL: u32 = 9001;

/// The number of styles of unusual names. They repeat from [`FIRST_UNUSUAL`] on.
pub const UNUSUAL_STYLES: u32 = 4;

/// The number of the path with every printable character.
pub const UNUSUAL_PATH: u8 = 9;

/// One of this many choices is an unusual name.
pub(crate) const UNUSUAL_SHARE: u32 = 4;

/// Whether the name and the content of a symbol with this number are unusual.
#[must_use]
pub const fn is_unusual(number: u32) -> bool {
    number >= FIRST_UNUSUAL
}

/// The letters of the symbols whose names the caller chooses.
const CALLER_NAMED: [&str; 6] = ["u", "g", "p", "d", "i", "t"];

/// A symbol that the caller names, in its letter and its number. A path is such a symbol too.
fn symbol(word: &str) -> Option<(&str, u32)> {
    let letters = word.trim_end_matches(|it: char| it.is_ascii_digit());
    let number = word.strip_prefix(letters)?.parse().ok()?;
    (letters == "path" || CALLER_NAMED.contains(&letters)).then_some((letters, number))
}

/// Whether a word of an operation is the symbol of an unusual name or path.
pub(crate) fn is_unusual_word(word: &str) -> bool {
    symbol(word).is_some_and(|(letters, number)| match letters {
        "path" => number == u32::from(UNUSUAL_PATH),
        _ => is_unusual(number),
    })
}

/// The symbols of these operations, in script syntax.
fn words<'a>(operations: impl Iterator<Item = &'a Operation>) -> BTreeSet<String> {
    let printed: Vec<String> = operations.map(print::operation).collect();
    let words = printed.iter().flat_map(|it| it.split(' '));
    words.filter(|it| symbol(it).is_some()).map(str::to_owned).collect()
}

/// The operation with other symbols.
fn renamed(operation: &Operation, names: &BTreeMap<String, String>) -> Option<Operation> {
    let printed = print::operation(operation);
    let words = printed.split(' ').map(|it| names.get(it).map_or(it, String::as_str));
    let script = parse::parse("", &words.collect::<Vec<_>>().join(" ")).ok()?;
    script.steps.first().map(|it| it.operation)
}

/// The unusual symbols of these steps, in script syntax.
pub(crate) fn unusual_words(steps: &[Step]) -> BTreeSet<String> {
    let mut words = words(steps.iter().map(|it| &it.operation));
    words.retain(|it| is_unusual_word(it));
    words
}

/// The steps with ordinary symbols in place of these words, without responses.
pub(crate) fn with_ordinary(steps: &[Step], unusual: &BTreeSet<String>) -> Option<Vec<Step>> {
    let mut used = words(steps.iter().map(|it| &it.operation));
    let mut names = BTreeMap::new();
    for word in unusual {
        let (letters, _) = symbol(word)?;
        // `path0` is the root path.
        let first = u32::from(letters == "path");
        let free = (first..FIRST_UNUSUAL)
            .map(|it| format!("{letters}{it}"))
            .find(|it| !used.contains(it))?;
        used.insert(free.clone());
        names.insert(word.clone(), free);
    }
    let step = |it: &Step| renamed(&it.operation, &names).map(Step::from);
    steps.iter().map(step).collect()
}

/// The operations with unusual names for everything that the caller names. `style` chooses among the unusual
/// names. `None` if the operations name nothing.
pub(crate) fn with_unusual(operations: &[Operation], style: u32) -> Option<Vec<Operation>> {
    let unusual = |word: String| {
        let (letters, number) = symbol(&word).filter(|(letters, _)| *letters != "path")?;
        let number = FIRST_UNUSUAL + style % UNUSUAL_STYLES + number;
        let other = format!("{letters}{number}");
        Some((word, other))
    };
    let names: BTreeMap<_, _> = words(operations.iter()).into_iter().filter_map(unusual).collect();
    if names.is_empty() {
        return None;
    }
    operations.iter().map(|it| renamed(it, &names)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        parse::parse("", text).unwrap().steps
    }

    fn printed(steps: &[Step]) -> String {
        steps.iter().map(|it| print::operation(&it.operation) + "\n").collect()
    }

    const UNUSUAL: &str = "CreateUser u9001 path9\nCreateUser u0\nCreateGroup g9003\n\
                           AddUserToGroup u9001 g9003\nCreateAccessKey u9001 key#9001\n\
                           UpdateUser u0 u9002 path1\nTagUser u9001 t9004\n";

    #[test]
    fn unusual_symbols_become_the_first_free_ordinary_ones() {
        let steps = steps(UNUSUAL);
        let words = unusual_words(&steps);
        let expected = ["g9003", "path9", "t9004", "u9001", "u9002"].map(str::to_owned);
        assert_eq!(words, expected.into());
        let ordinary = printed(&with_ordinary(&steps, &words).unwrap());
        assert_eq!(
            ordinary,
            "CreateUser u1 path2\nCreateUser u0\nCreateGroup g0\nAddUserToGroup u1 g0\n\
             CreateAccessKey u1 key#9001\nUpdateUser u0 u2 path1\nTagUser u1 t0\n"
        );
        let one = with_ordinary(&steps, &["u9001".to_owned()].into()).unwrap();
        assert_eq!(printed(&one), UNUSUAL.replace("u9001", "u1"));
    }

    #[test]
    fn what_the_service_names_keeps_its_symbol() {
        let operations: Vec<Operation> = steps(
            "CreateUser u0 path1 p1 t0\nCreateAccessKey u0 key#0\nCreatePolicyVersion p1\n\
             SetDefaultPolicyVersion p1 v1\nCreateUser u0 UserName:other-case\nListUsers\n",
        )
        .iter()
        .map(|it| it.operation)
        .collect();
        let unusual = with_unusual(&operations, 5).unwrap();
        let unusual: String = unusual.iter().map(|it| print::operation(it) + "\n").collect();
        assert_eq!(
            unusual,
            "CreateUser u9002 path1 p9003 t9002\nCreateAccessKey u9002 key#0\n\
             CreatePolicyVersion p9003\nSetDefaultPolicyVersion p9003 v1\n\
             CreateUser u9002 UserName:other-case\nListUsers\n"
        );
        assert_eq!(with_unusual(&[Operation::GetAccountSummary], 0), None);
    }
}
