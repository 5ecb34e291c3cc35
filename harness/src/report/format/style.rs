//! Colors, weights and line width of terminal output.

use std::io::IsTerminal as _;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Effects};

use crate::wire::output::visible::styled;

/// Adds terminal colors to text, or leaves the text as it is.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colors: bool,
}

impl Style {
    /// Colors if stdout is a terminal that supports them. `NO_COLOR` turns them off.
    #[must_use]
    pub fn stdout() -> Self {
        Self { colors: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never }
    }

    /// No colors.
    #[must_use]
    pub const fn none() -> Self {
        Self { colors: false }
    }

    /// The style of failures.
    #[must_use]
    pub fn failure(self, text: &str) -> String {
        self.apply(text, AnsiColor::Red.on_default().effects(Effects::BOLD))
    }

    /// The style of successes.
    #[must_use]
    pub fn success(self, text: &str) -> String {
        self.apply(text, AnsiColor::Green.on_default())
    }

    /// The style of titles.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.apply(text, anstyle::Style::new().bold())
    }

    /// The style of secondary text.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.apply(text, anstyle::Style::new().dimmed())
    }

    fn apply(self, text: &str, style: anstyle::Style) -> String {
        if !self.colors {
            return text.to_owned();
        }
        let (start, end) = (styled(&style.to_string()), styled(&format!("{style:#}")));
        format!("{start}{text}{end}")
    }
}

/// The width of the terminal in columns. `None` if stdout is not a terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    std::io::stdout().is_terminal().then(textwrap::termwidth)
}

/// Breaks each line at a space so that it has at most `width` columns, if its words permit. The
/// added lines start in column `indent` of the text, counted from the start of the broken line.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let start = line.len() - line.trim_start().len() + indent;
        let indent = " ".repeat(start);
        let options = textwrap::Options::new(width.max(start + 20))
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for part in textwrap::wrap(line, options) {
            out.push_str(part.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Style, styled, wrapped};

    #[test]
    fn long_lines_are_broken_at_spaces_and_indented() {
        let text = "  one two three four five six seven eight nine ten\nshort\n";
        let expected = "  one two three four five\n    six seven eight nine ten\nshort\n";
        assert_eq!(wrapped(text, 28, 2), expected);
        let word = "arn:aws:iam::123456789012:user/a-name-longer-than-the-terminal\n";
        assert_eq!(wrapped(word, 20, 2), word);
    }

    #[test]
    fn colors_are_reset_after_the_text() {
        let style = Style { colors: true };
        let end = styled("\u{1b}[0m");
        assert_eq!(style.bold("a"), format!("{}a{end}", styled("\u{1b}[1m")));
        assert_eq!(style.success("a"), format!("{}a{end}", styled("\u{1b}[32m")));
        assert_eq!(Style::none().failure("a"), "a");
    }
}
