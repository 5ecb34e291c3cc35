//! Makes texts from other sources safe to show: with control characters as escapes, and one line up
//! to a limit.
//!
//! Names, codes and messages come from endpoints and files. On a terminal, a control character can
//! move the cursor, change the clipboard or forge a line, and a bidirectional control can reorder
//! the visible text. The writer in this folder is the boundary: everything that the program prints
//! passes it. Of control sequences, only those of [`styled`] reach the terminal.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::io::Write;
use std::sync::LazyLock;

use crate::wire::secrets::redact;

/// The end of the program's own terminal sequences, before [`visible_styled`] removes it. It is a
/// number that no text of others can contain, except by chance.
static OWN: LazyLock<String> = LazyLock::new(|| {
    let number = || RandomState::new().hash_one(0);
    format!(";{}{}m", number(), number())
});

/// Longer texts are cut.
const SHOWN_MAX: usize = 300;

/// The text in one line, with escapes such as `\u{1b}` and `\n`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown: String = String::new();
    for (index, letter) in text.chars().enumerate() {
        if index == SHOWN_MAX {
            shown.push_str(&format!("… ({} characters)", text.chars().count()));
            break;
        }
        match letter {
            '\n' | '\r' | '\t' => shown.extend(letter.escape_default()),
            _ if is_invisible(letter) => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
    }
    shown
}

/// The text with escapes, without a limit. Line feeds and tabs stay if `lines` is set.
fn escaped(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' if lines => shown.push(letter),
            '\n' | '\r' | '\t' => shown.extend(letter.escape_default()),
            _ if is_invisible(letter) => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
    }
    shown
}

/// The whole text in one line, with escapes.
#[must_use]
pub fn visible_line(text: &str) -> String {
    escaped(text, false)
}

/// The whole text with escapes. Its line feeds and tabs stay.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    escaped(text, true)
}

/// Writes a line to stderr, without secrets and with escapes.
pub fn say(text: &str) {
    // A write error is ignored: there is no other place to report it.
    _ = writeln!(io::stderr(), "{}", visible_lines(&redact(text)));
}

/// Marks the terminal sequences (`ESC [ … m`) of the program's own style as such.
#[must_use]
pub(crate) fn styled(sequences: &str) -> String {
    sequences.replace('m', &OWN)
}

/// The line with escapes, and with the program's own terminal sequences.
pub(super) fn visible_styled(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        shown.push_str(&visible_lines(before));
        let digits = after.len() - after.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let (number, tail) = after.split_at(digits);
        if let Some(tail) = tail.strip_prefix(OWN.as_str()) {
            shown.push_str(&format!("\u{1b}[{number}m"));
            rest = tail;
        } else {
            shown.push_str(&visible_lines("\u{1b}["));
            rest = after;
        }
    }
    shown + &visible_lines(rest)
}

/// Controls of terminals, of the direction of text and of lines, and letters without a width.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn controls_are_escaped_and_plain_text_stays() {
        assert_eq!(visible("arn:aws:iam::1:user/é 'x'"), "arn:aws:iam::1:user/é 'x'");
        assert_eq!(visible("a\u{1b}[31m\u{7}\u{9b}b"), "a\\u{1b}[31m\\u{7}\\u{9b}b");
        assert_eq!(visible("a\nb\r\tc"), "a\\nb\\r\\tc");
        assert_eq!(visible("a\u{202e}b\u{2028}\u{200b}"), "a\\u{202e}b\\u{2028}\\u{200b}");
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = visible(&"x".repeat(1_000_000));
        assert!(shown.len() < 400 && shown.ends_with("… (1000000 characters)"), "{shown}");
    }
}
