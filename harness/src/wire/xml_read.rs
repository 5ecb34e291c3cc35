//! XML as a small tree, with bounds: what an answer may cost is known before it is read.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element with its text and its children. Attributes and namespaces are not looked at, but for
/// the prefix of a name, which is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The local name.
    pub name: String,
    /// The text directly in it.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Element>,
}

/// More than is read.
pub(crate) const TOO_LARGE: &str = "nested too deeply, or too many elements";

/// XML, and not read.
pub(crate) const DECLARATION: &str = "a document type declaration";

const DEPTH_MAX: usize = 32;
const ELEMENTS_MAX: usize = 100_000;

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
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
                Event::Start(tag) => open.push(Self::named(tag.local_name().as_ref())),
                Event::Empty(tag) => close(&mut open, Some(Self::named(tag.local_name().as_ref()))),
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

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
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

/// The five entities of XML and character references; no others can be declared.
fn resolve(entity: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(char) = entity.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(char.to_string());
    }
    let name: &str = entity;
    let known = quick_xml::escape::resolve_xml_entity(name);
    known.map(str::to_owned).ok_or_else(|| format!("an unknown entity `&{name};`"))
}
