//! How a response is written: what XML permits, AWS never does, and some SDKs cannot read.

use iamspec_conformance::oracle::wire::{PLAIN_XML, WireViolation};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::client::wire_rules::Inspection;

impl Inspection<'_> {
    /// Checks the notation of a document.
    pub(super) fn notation(&mut self, text: &str) {
        let mark = text.starts_with('\u{feff}').then_some("no byte order mark");
        for expected in mark.into_iter().chain(in_events(text)) {
            self.report(WireViolation::of(&PLAIN_XML, expected.to_owned()));
        }
    }
}

/// What the document has instead of plain tags and text. The document is well-formed.
fn in_events(text: &str) -> Vec<&'static str> {
    // Most documents have neither a comment or a CDATA section nor a prefix, which needs a declaration.
    if !text.contains("<!") && !text.contains("xmlns:") {
        return Vec::new();
    }
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    // Whether the last event was a text, and whether a comment came after it or after a start tag.
    let (mut is_after_text, mut has_comment) = (false, false);
    loop {
        let event = reader.read_event();
        match &event {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                if tag.name().prefix().is_some() {
                    found.push("no namespace prefix");
                }
                (is_after_text, has_comment) = (false, false);
            }
            Ok(Event::CData(_)) => found.push("no CDATA section"),
            Ok(Event::Text(it)) if it.trim().is_empty() => {}
            Ok(Event::Text(_) | Event::GeneralRef(_)) => {
                if has_comment {
                    found.push("no comment in a value");
                }
                is_after_text = true;
            }
            Ok(Event::Comment(_)) => {
                if is_after_text {
                    found.push("no comment in a value");
                }
                has_comment = true;
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(Event::End(_)) => (is_after_text, has_comment) = (false, false),
            Ok(_) => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::in_events;

    #[test]
    fn what_no_sdk_has_to_read_is_found() {
        for (text, expected) in [
            (
                "<?xml version=\"1.0\"?>\n<!-- a --><a>\n  <b>1 &amp; 2</b><!-- c --><c/>\n</a>",
                &[][..],
            ),
            ("<a><b>1<!-- -->2</b></a>", &["no comment in a value"]),
            ("<a><b><!-- -->2</b></a>", &["no comment in a value"]),
            ("<a><b>1<!-- --></b></a>", &["no comment in a value"]),
            ("<a><b><!-- -->&amp;</b></a>", &["no comment in a value"]),
            ("<a><b><![CDATA[1]]></b></a>", &["no CDATA section"]),
            ("<p:a xmlns:p=\"n\"><p:b/></p:a>", &["no namespace prefix"]),
        ] {
            assert_eq!(in_events(text), expected, "{text}");
        }
    }
}
