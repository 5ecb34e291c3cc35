//! Reads XML into a small tree, with limits on depth and size.
//!
//! A tree over `quick-xml` events instead of its serde support: it reads responses of any shape,
//! and the limits bound the cost of a hostile response. Of the attributes, only the namespace of an element
//! that declares it is read.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element with its text and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// The namespace, if the element itself declares it.
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
const ELEMENTS_MAX: usize = 100_000;

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// The document is not well-formed, or exceeds the limits; the error is one line.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut open: Vec<Self> = vec![Self::default()];
        let mut elements = 0;
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            elements += 1;
            if elements > ELEMENTS_MAX || open.len() > DEPTH_MAX {
                return Err(TOO_LARGE.to_owned());
            }
            match event {
                Event::Start(tag) => open.push(Self::of(&tag)),
                Event::Empty(tag) => close(&mut open, Some(Self::of(&tag))),
                Event::End(_) => {
                    let done = open.pop();
                    close(&mut open, done);
                }
                Event::Text(text) => push(&mut open, &text),
                Event::CData(text) => push(&mut open, &text),
                Event::GeneralRef(entity) => push(&mut open, &resolve(&entity)?),
                Event::DocType(_) => return Err(DECLARATION.to_owned()),
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
        if open.len() > 1 {
            return Err("ends before its last element does".to_owned());
        }
        let roots = open.pop().map(|it| it.children).unwrap_or_default();
        let [root] = <[Self; 1]>::try_from(roots)
            .map_err(|roots| format!("{} root elements", roots.len()))?;
        Ok(root)
    }

    fn of(tag: &BytesStart<'_>) -> Self {
        let declaration = match tag.name().prefix() {
            Some(prefix) => format!("xmlns:{}", prefix.as_ref()),
            None => "xmlns".to_owned(),
        };
        let attribute = tag.try_get_attribute(&declaration).ok().flatten();
        let value = attribute.map(|it| it.normalized_value(XmlVersion::Implicit1_0));
        let namespace = value.and_then(|it| Some(it.ok()?.into_owned()));
        Self { name: tag.local_name().as_ref().to_owned(), namespace, ..Self::default() }
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

fn close(open: &mut [Element], done: Option<Element>) {
    if let (Some(parent), Some(done)) = (open.last_mut(), done) {
        parent.children.push(done);
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Resolves character references and the five entities of XML. Others cannot be declared.
fn resolve(entity: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(char) = entity.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(char.to_string());
    }
    let name: &str = entity;
    let known = quick_xml::escape::resolve_xml_entity(name);
    known.map(str::to_owned).ok_or_else(|| format!("an unknown entity `&{name};`"))
}
