//! The badge of a run as a picture.

use anyhow::Result;
use minijinja::context;

use crate::report::RunReport;
use crate::report::format::html::render;
use crate::report::format::markdown::Badge;

const TEMPLATE: &str = include_str!("badge.svg");

/// The width of a letter, which is a little more than most fonts need.
const LETTER_WIDTH: usize = 7;

/// The space beside a text.
const MARGIN: usize = 10;

/// Returns the badge as SVG.
///
/// # Errors
/// An error of the template library.
pub(crate) fn svg(run: &RunReport) -> Result<String> {
    let badge = Badge::of(run);
    let width = |text: &str| text.chars().count() * LETTER_WIDTH + MARGIN;
    render(
        TEMPLATE,
        context! {
            label => badge.label,
            message => badge.message,
            label_width => width(badge.label),
            message_width => width(&badge.message),
            color => color(badge.color),
        },
    )
}

/// A shade of a color of shields.io on which white text is readable.
fn color(name: &str) -> &'static str {
    match name {
        "red" => "#b42318",
        "yellow" => "#8a5300",
        "green" | "brightgreen" => "#1a6b3c",
        _ => "#5a6069",
    }
}
