//! Colors and weights of terminal output.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Effects};

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
        if self.colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn colors_are_reset_after_the_text() {
        let style = Style { colors: true };
        assert_eq!(style.bold("a"), "\u{1b}[1ma\u{1b}[0m");
        assert_eq!(style.success("a"), "\u{1b}[32ma\u{1b}[0m");
        assert_eq!(Style::none().failure("a"), "a");
    }
}
