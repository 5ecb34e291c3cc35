//! Shows a text of others in one line: control characters as escapes, and not more than a limit.
//!
//! Names, codes and messages come from endpoints and files. On a terminal, a control character can
//! move the cursor, change the clipboard or forge a line, and a bidirectional control can reorder
//! what is read.

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
