//! Reads XML into a small tree, with limits on depth and size.
//!
//! `roxmltree` refuses what is not well-formed, as the parsers of SDKs do. The tree is our own because it
//! outlives the text, and because some responses are not in XML. No attribute is read.

use roxmltree::{Document, Error, Node, ParsingOptions};

/// An element with its text and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// Its namespace, declared by the element or by one that contains it.
    pub namespace: Option<String>,
    /// Its own text.
    pub text: String,
    /// The child elements, in order.
    pub children: Vec<Element>,
}

/// The error for XML beyond the limits.
pub(crate) const TOO_LARGE: &str = "nested too deeply, or too many elements";

/// The error for XML with a DTD.
pub(crate) const DECLARATION: &str = "a document type declaration";

const DEPTH_MAX: usize = 32;
const NODES_MAX: u32 = 100_000;

impl Element {
    /// Reads a document in UTF-8. It may start with a byte order mark.
    ///
    /// # Errors
    /// The document is not well-formed, exceeds the limits, or declares another encoding; the error is one
    /// line.
    pub fn parse(xml: &str) -> Result<Self, String> {
        if let Some(encoding) = other_encoding(xml) {
            return Err(format!("it declares the encoding `{encoding}`; AWS writes UTF-8"));
        }
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(xml, options).map_err(|error| match error {
            Error::DtdDetected => DECLARATION.to_owned(),
            Error::NodesLimitReached => TOO_LARGE.to_owned(),
            Error::UnknownToken(place) => {
                format!("text or another element beside the root element, at {place}")
            }
            other => other.to_string(),
        })?;
        // The library reads a reference to no character as U+FFFD.
        let is_replaced =
            document.descendants().any(|it| it.text().is_some_and(|it| it.contains('\u{fffd}')));
        if let Some(reference) = reference_to_no_character(xml).filter(|_| is_replaced) {
            return Err(format!("`&#{reference};` is a reference to no character"));
        }
        Self::of(document.root_element(), 1)
    }

    fn of(node: Node<'_, '_>, depth: usize) -> Result<Self, String> {
        if depth > DEPTH_MAX {
            return Err(TOO_LARGE.to_owned());
        }
        let text = node.children().filter(Node::is_text).filter_map(|it| it.text()).collect();
        let children = node.children().filter(Node::is_element);
        Ok(Self {
            name: node.tag_name().name().to_owned(),
            namespace: node.tag_name().namespace().map(str::to_owned),
            text,
            children: children.map(|it| Self::of(it, depth + 1)).collect::<Result<_, _>>()?,
        })
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    /// The text of the first child of that name.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|it| it.text.trim())
    }
}

/// The first number in a character reference that is not the number of a character, such as one half of a
/// surrogate pair.
fn reference_to_no_character(xml: &str) -> Option<&str> {
    let references = xml.split("&#").skip(1).filter_map(|it| Some(it.split_once(';')?.0));
    let number = |it: &str| match it.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => it.parse().ok(),
    };
    let mut references = references.filter(|it| number(it).is_some());
    references.find(|it| number(it).and_then(char::from_u32).is_none())
}

/// The encoding that the XML declaration names, unless it is UTF-8.
fn other_encoding(xml: &str) -> Option<&str> {
    let xml = xml.strip_prefix('\u{feff}').unwrap_or(xml);
    let declaration = xml.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let encoding = value.get(1..)?.split(['"', '\'']).next()?;
    (!encoding.eq_ignore_ascii_case("utf-8")).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_notation_is_read_alike() {
        let plain = Element::parse("<a xmlns=\"n\"><b>1&lt;2</b></a>").unwrap();
        assert_eq!(plain.text_of("b"), Some("1<2"));
        for notation in [
            "<a xmlns='n'><b>1&#60;2</b></a>",
            "<a xmlns=\"n\"><b>1&#x3C;2</b></a>\n",
            "<a xmlns=\"n\"><b><![CDATA[1<2]]></b></a>",
            "<a xmlns=\"n\"><b>1<!-- - -->&lt;2</b></a>",
            "<a xmlns = \"n\" ><b a='1' c=\"2\" >1&lt;2</b ></a >",
            "<p:a xmlns:p=\"n\"><p:b>1&lt;2</p:b></p:a>",
            "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\r\n<!-- a -->\n<?b c?>\n<a xmlns=\"n\"><b>1&lt;2</b></a><!-- d -->",
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><a xmlns=\"n\"><b>1&lt;2</b></a>",
            "\n <a xmlns=\"n\"><b>1&lt;2</b></a>",
        ] {
            assert_eq!(Element::parse(notation).as_ref(), Ok(&plain), "{notation}");
        }
    }

    #[test]
    fn a_replacement_character_is_one_like_any_other() {
        assert_eq!(Element::parse("<a>\u{fffd}&#xFFFD;</a>").unwrap().text, "\u{fffd}\u{fffd}");
        assert_eq!(Element::parse("<a><![CDATA[&#xD800;]]></a>").unwrap().text, "&#xD800;");
        assert_eq!(Element::parse("<a>&#x1F600;</a>").unwrap().text, "\u{1f600}");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for document in [
            "",
            "text",
            "text<a/>",
            "<a/>text",
            "<a/><b/>",
            "<a/>\0",
            "<a>",
            "<a></b>",
            "<a><b></a></b>",
            "\n<?xml version=\"1.0\"?><a/>",
            "<a/><?xml version=\"1.0\"?>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<a>&#xFFFF;</a>",
            "<a>&#xD83D;&#xDE00;</a>",
            "<a>&#1114112;</a>",
            "<a>&nbsp;</a>",
            "<a>1 & 2</a>",
            "<a>1 < 2</a>",
            "<a>]]></a>",
            "<a><p:b/></a>",
            "<a p:b=\"1\"/>",
            "<a b=\"1\" b=\"2\"/>",
            "<a b=1/>",
            "<a b/>",
            "<a b=\"<\"/>",
            "<a b=\"1\"c=\"2\"/>",
            "<!-- -- --><a/>",
            "<a><!-- </a>",
            "<a><![CDATA[</a>",
            "<a><? b ?></a>",
            "<1a/>",
            "< a/>",
            "<a></ a>",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
            "\u{feff}<?xml version='1.0' encoding = 'utf-16'?><a/>",
            "<!DOCTYPE a><a/>",
        ] {
            assert!(Element::parse(document).is_err(), "{document:?}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(Element::parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(Element::parse(&nested(DEPTH_MAX + 1)), Err(TOO_LARGE.to_owned()));
        // Neither a deep document nor a long one may end the program.
        for depth in [90_000, 1_000_000] {
            assert_eq!(Element::parse(&nested(depth)), Err(TOO_LARGE.to_owned()));
        }
        assert_eq!(
            Element::parse(&format!("<a>{}</a>", "<b/>".repeat(1_000_000))),
            Err(TOO_LARGE.to_owned())
        );
    }
}
