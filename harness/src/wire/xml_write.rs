//! Writes response bodies exactly as the facts give them: two spaces per level, a final newline, no
//! declaration, self-closing empty elements (E-001, E-002, E-003, E-007).
//!
//! Every text passes through [`escaped`], so that a document is well-formed whatever it contains.
//!
//! Written by hand because tests compare the output with recorded lengths, byte by byte.

use std::fmt::Write as _;

use crate::wire::names::{FRONT_END_NAMESPACE, NAMESPACE, STS_NAMESPACE};

/// An element.
pub(crate) struct Node {
    name: String,
    content: Content,
}

enum Content {
    Text(String),
    Nodes(Vec<Node>),
}

impl Node {
    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Its text; `None` if it holds elements.
    pub(crate) fn own_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Nodes(_) => None,
        }
    }

    /// The text of the first child of this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        match &self.content {
            Content::Text(_) => None,
            Content::Nodes(nodes) => nodes.iter().find(|it| it.is(name)).and_then(Self::own_text),
        }
    }

    /// Changes the texts of all elements of this name, at any depth.
    pub(crate) fn change(&mut self, name: &str, to: &dyn Fn(&str) -> String) {
        match &mut self.content {
            Content::Text(text) if self.name == name => *text = to(text),
            Content::Text(_) => {}
            Content::Nodes(nodes) => {
                for it in nodes {
                    it.change(name, to);
                }
            }
        }
    }

    /// Its members; `None` if it is not a list.
    pub(crate) fn members_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.content {
            Content::Nodes(nodes) if nodes.iter().all(|it| it.is("member")) => Some(nodes),
            _ => None,
        }
    }
}

/// An element with a text.
pub(crate) fn text(name: &str, text: impl Into<String>) -> Node {
    Node { name: name.to_owned(), content: Content::Text(text.into()) }
}

/// An element with child elements.
pub(crate) fn node(name: &str, nodes: Vec<Node>) -> Node {
    Node { name: name.to_owned(), content: Content::Nodes(nodes) }
}

/// The response of an action that succeeds; without a result element if it shows nothing.
pub(crate) fn success(action: &str, result: Option<Vec<Node>>, request_id: &str) -> String {
    success_in(NAMESPACE, action, result, request_id)
}

/// The response of an action of STS that succeeds.
pub(crate) fn sts_success(action: &str, result: Vec<Node>, request_id: &str) -> String {
    success_in(STS_NAMESPACE, action, Some(result), request_id)
}

fn success_in(
    namespace: &str,
    action: &str,
    result: Option<Vec<Node>>,
    request_id: &str,
) -> String {
    let mut nodes: Vec<Node> = Vec::new();
    nodes.extend(result.map(|nodes| node(&format!("{action}Result"), nodes)));
    nodes.push(node("ResponseMetadata", vec![text("RequestId", request_id)]));
    document(&format!("{action}Response"), namespace, nodes)
}

/// The response of an action that is refused.
pub(crate) fn error(code: &str, message: Option<&str>, request_id: &str) -> String {
    error_in(NAMESPACE, code, message, request_id)
}

/// The response of the front end, which does not know the action. It has another namespace (E-011).
pub(crate) fn front_end_error(code: &str, message: &str, request_id: &str) -> String {
    error_in(FRONT_END_NAMESPACE, code, Some(message), request_id)
}

fn error_in(namespace: &str, code: &str, message: Option<&str>, request_id: &str) -> String {
    let mut error = vec![text("Type", "Sender"), text("Code", code)];
    error.extend(message.map(|message| text("Message", message)));
    let nodes = vec![node("Error", error), text("RequestId", request_id)];
    document("ErrorResponse", namespace, nodes)
}

fn document(root: &str, namespace: &str, nodes: Vec<Node>) -> String {
    let mut out = format!("<{root} xmlns=\"{namespace}\">\n");
    for node in nodes {
        write(&node, 1, &mut out);
    }
    _ = writeln!(out, "</{root}>");
    out
}

fn write(node: &Node, depth: usize, out: &mut String) {
    let (indent, name) = ("  ".repeat(depth), &node.name);
    // Writing to a string cannot fail.
    _ = match &node.content {
        Content::Text(text) => {
            writeln!(out, "{indent}<{name}>{}</{name}>", escaped(text))
        }
        Content::Nodes(nodes) if nodes.is_empty() => writeln!(out, "{indent}<{name}/>"),
        Content::Nodes(nodes) => {
            _ = writeln!(out, "{indent}<{name}>");
            for node in nodes {
                write(node, depth + 1, out);
            }
            writeln!(out, "{indent}</{name}>")
        }
    };
}

/// A text as the content of an element. XML 1.0 has no form for most control characters, not even
/// an escaped one, so U+FFFD replaces them. A carriage return is escaped: parsers turn a plain one
/// into a line feed.
fn escaped(text: &str) -> String {
    let allowed: String =
        text.chars().map(|it| if is_xml_char(it) { it } else { '\u{fffd}' }).collect();
    quick_xml::escape::escape(&allowed).replace('\r', "&#13;")
}

/// Returns true if an XML 1.0 document may contain this character. Rust has no lone surrogates.
const fn is_xml_char(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12345678-1234-1234-1234-123456789012";

    /// The lengths of real `content-length` headers (E-001).
    #[test]
    fn responses_without_a_result_have_the_recorded_lengths() {
        for (action, length) in
            [("DeleteUser", 200), ("DeleteAccessKey", 210), ("DeletePolicy", 204)]
        {
            assert_eq!(success(action, None, ID).len(), length, "{action}");
        }
    }

    /// Recorded with 284 bytes, for the user alice (E-003, B-LP-05).
    #[test]
    fn an_error_has_the_recorded_length() {
        let text = "Cannot find Login Profile for User alice";
        assert_eq!(error("NoSuchEntity", Some(text), ID).len(), 284);
    }

    #[test]
    fn texts_are_escaped() {
        assert!(error("Code", Some("<&>"), ID).contains("&lt;&amp;&gt;"));
    }

    /// The replacement keeps the number of characters, and keeps every character that XML allows.
    #[test]
    fn any_text_is_read_back_without_the_characters_that_xml_forbids() {
        let planes = (0..=0x2_ffff).chain(0x10_fff0..=0x10_ffff).filter_map(char::from_u32);
        let all: String = planes.collect();
        let xml = error("Code", Some(&all), ID);
        let root = crate::wire::xml_read::Element::parse(&xml).unwrap();
        let read = root.child("Error").unwrap().text_of("Message").unwrap().to_owned();
        assert_eq!(read.chars().count(), all.chars().count());
        for (read, written) in read.chars().zip(all.chars()) {
            let forbidden = matches!(written as u32, 0..=8 | 11 | 12 | 14..=31 | 0xfffe | 0xffff);
            assert_eq!(read, if forbidden { '\u{fffd}' } else { written }, "{written:?}");
        }
    }
}
