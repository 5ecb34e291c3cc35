//! Reads XML into a small tree, with limits on depth and size.
//!
//! `roxmltree` refuses what is not well-formed, and so what the parser of at least one SDK refuses. The tree is
//! our own because it outlives the text, and because some responses are not in XML. No attribute is read.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use roxmltree::{Document, Error, Node, ParsingOptions};

/// An element with its text and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// The namespace of a root element.
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

/// The maximum length of a tag, in bytes.
const TAG_MAX: usize = 16 << 10;

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
        check_beforehand(xml)?;
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document =
            Document::parse_with_options(xml, options).map_err(|error| in_words(&error))?;
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
            namespace: node.tag_name().namespace().filter(|_| depth == 1).map(str::to_owned),
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

/// Checks the limits, because the cost of `roxmltree` grows fast with the depth and with the number of
/// attributes, and what it does not check: repeated and removed namespaces, and the XML declaration.
fn check_beforehand(xml: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut count) = (0, 0);
    loop {
        let event = reader.read_event();
        match &event {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                if tag.len() > TAG_MAX {
                    return Err(TOO_LARGE.to_owned());
                }
                if has_wrong_attribute(tag) {
                    return Err("the attributes of a tag are not well-formed".to_owned());
                }
                depth += usize::from(matches!(event, Ok(Event::Start(_))));
            }
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Decl(declaration)) if !is_of_version_1(declaration) => {
                return Err("the XML declaration is not that of XML 1.0".to_owned());
            }
            // The stricter parser says what is wrong.
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
        count += 1;
        if depth > DEPTH_MAX || count > NODES_MAX {
            return Err(TOO_LARGE.to_owned());
        }
    }
}

/// Whether a tag has an attribute twice, or one that removes a namespace.
fn has_wrong_attribute(tag: &BytesStart<'_>) -> bool {
    tag.attributes().any(|it| {
        it.map_or(true, |it| it.value.is_empty() && it.key.as_ref().starts_with("xmlns:"))
    })
}

fn is_of_version_1(declaration: &BytesDecl<'_>) -> bool {
    let is_version = declaration.version().is_ok_and(|it| it.as_ref() == "1.0");
    let standalone = declaration.standalone();
    let is_choice = |it: &str| it == "yes" || it == "no";
    is_version && standalone.is_none_or(|it| it.is_ok_and(|it| is_choice(it.as_ref())))
}

/// The error, without the names in the document: they may be parts of a secret.
fn in_words(error: &Error) -> String {
    let what = match error {
        Error::DtdDetected => return DECLARATION.to_owned(),
        Error::NodesLimitReached
        | Error::AttributesLimitReached
        | Error::NamespacesLimitReached => {
            return TOO_LARGE.to_owned();
        }
        Error::UnknownToken(_) => "neither the root element nor a part of it",
        Error::UnknownNamespace(..) => "a prefix without a namespace",
        Error::UnexpectedCloseTag(..) => "an end tag of another element",
        Error::UnknownEntityReference(..) => "an unknown entity",
        Error::DuplicatedAttribute(..) => "an attribute that occurs twice",
        Error::NoRootNode | Error::UnclosedRootNode | Error::UnexpectedEndOfStream => {
            return "it ends before its root element does".to_owned();
        }
        other => return other.to_string(),
    };
    format!("{what} at {}", error.pos())
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
    let declaration = declaration.strip_prefix([' ', '\t', '\r', '\n'])?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let encoding = value.strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
    let is_name = encoding.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it));
    let is_other = !encoding.eq_ignore_ascii_case("utf-8");
    is_other.then_some(if is_name { encoding } else { "?" })
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
            "<a><!x></a>",
            "<a><",
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
            "<a xmlns=\"n\" xmlns=\"n\"/>",
            "<a xmlns:p=\"n\"><b xmlns:p=\"\"/></a>",
            "<?xml version=\"1.0\" standalone=\"maybe\"?><a/>",
            "<?xml version=\"1.1\"?><a/>",
            "<?xml?><a/>",
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
        // Nor may one that takes a parser long: namespaces that each element adds, attributes without number.
        let (mut namespaces, mut attributes) = (String::new(), String::new());
        for it in 0..50_000 {
            namespaces.push_str(&format!("<a xmlns:b{it}=\"c\">"));
            attributes.push_str(&format!(" b{it}=\"\""));
        }
        let many = format!("<a>{}</a>", "<b/>".repeat(1_000_000));
        for document in [namespaces, format!("<a{attributes}/>"), many] {
            assert_eq!(Element::parse(&document), Err(TOO_LARGE.to_owned()));
        }
    }

    /// Any name in a document may be a part of a secret.
    #[test]
    fn no_error_repeats_the_document() {
        for document in [
            "<a><hush></a>",
            "<a><hush:b/></a>",
            "<a hush='1' hush='1'/>",
            "<a>&hush;</a>",
            "<hush",
            "<a></hush>",
            "<?xml version='1.0' encoding='hush\nhush'?><a/>",
            "<a hush/>",
            "hush",
        ] {
            let error = Element::parse(document).unwrap_err();
            assert!(!error.contains("hush") && !error.contains('\n'), "{document}: {error}");
        }
    }
}
