//! Colour, on terminals only.

use std::io::IsTerminal as _;

/// Paints, or leaves texts as they are.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Colour where stdout is a terminal and `NO_COLOR` is not set.
    #[must_use]
    pub fn stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Self { colour: !refused && std::io::stdout().is_terminal() }
    }

    /// No colour.
    #[must_use]
    pub const fn none() -> Self {
        Self { colour: false }
    }

    /// What is wrong.
    #[must_use]
    pub fn wrong(self, text: &str) -> String {
        self.paint(text, "31;1")
    }

    /// What is right.
    #[must_use]
    pub fn right(self, text: &str) -> String {
        self.paint(text, "32")
    }

    /// What stands out.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint(text, "1")
    }

    /// What stands back.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint(text, "2")
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
