//! Finds secrets in requests and response bodies by the names of members and elements.
//!
//! `hide` splits a body with the XML reader. It finds the content of an element in every form: as
//! text, in CDATA, with entities, between comments, in child elements. If the body is not XML, or
//! the XML is broken, everything that may hold a secret is hidden. `secret_values` returns what
//! `hide` hides, so that `secrets` can remove it from every other text.

use std::sync::LazyLock;

use iamspec_model::{AttachmentKind, ErrorCode};
use quick_xml::Reader;
use quick_xml::events::Event;

use serde_json::Value;

use crate::wire::attachments::{ATTACHMENTS, wire};
use crate::wire::identifiers::{WordShape, is_harmless_with, is_word, word_shape};
use crate::wire::names::{NAMESPACE, RequestForm};
use crate::wire::secrets::HIDDEN;

/// Members and elements that hold secrets and belong to no attachment kind.
const SHARED_SECRETS: [&str; 4] = ["OldPassword", "NewPassword", "SessionToken", "PrivateKey"];

/// The members of requests and the elements of responses that hold secrets.
pub fn secret_names() -> impl Iterator<Item = &'static str> {
    let of_kinds =
        ATTACHMENTS.iter().flat_map(|row| row.secrets.iter().copied().chain(row.issued.element()));
    SHARED_SECRETS.into_iter().chain(of_kinds)
}

/// The elements that name the value beside them, as in
/// `<entry><key>…</key><value>…</value></entry>`.
const KEYS: [&str; 6] = ["key", "name", "field", "parameter", "attribute", "property"];

/// The number of nested encodings that are decoded.
const DECODINGS_MAX: usize = 4;

/// Whether a member or an element of this name holds a secret, however the name is spelled.
pub(crate) fn is_secret(name: &str) -> bool {
    ends_with_secret(&normalized(name))
}

/// The members of a request with the secret values replaced by [`HIDDEN`].
pub(crate) fn without_secrets(form: &[(String, String)]) -> RequestForm {
    let redacted = |(name, value): &(String, String)| {
        (name.clone(), if is_secret(name) { HIDDEN.to_owned() } else { value.clone() })
    };
    form.iter().map(redacted).collect()
}

/// A body with each secret replaced by [`HIDDEN`]. The body may be cut at any place.
pub(crate) fn hide(body: &str) -> String {
    let body = body.trim_start_matches('\u{feff}');
    if !body.trim_start().starts_with('<') {
        return if mentions_secret(body) { HIDDEN.to_owned() } else { body.to_owned() };
    }
    Document::read(body).shown()
}

/// Whether the response to an action issues a secret. An endpoint may put it into any element.
pub(crate) fn issues_secret(action: &str) -> bool {
    AttachmentKind::all().any(|kind| {
        let (row, wire) = (kind.row(), wire(kind));
        let renews = row.renew.as_ref().is_some_and(|it| it.api == action);
        let is_issued = wire.issued.element().is_some();
        let resource = row.refers_to.filter(|_| !wire.secrets.is_empty());
        is_issued && (row.attach.api == action || renews)
            || resource.is_some_and(|it| it.row().create.api == action)
    })
}

/// A body with everything replaced by [`HIDDEN`] that may be a secret, whatever its element is
/// called. `words` are not secrets.
pub(crate) fn hide_unless_harmless(body: &str, words: &[&str]) -> String {
    shown_if(body, &|text| is_of_error(text) || is_harmless_with(text, words))
}

/// The elements of a body without their texts. Only the id of the request is kept, and the code of
/// an error.
pub(crate) fn skeleton(body: &str) -> String {
    shown_if(body, &|text| is_of_error(text) || word_shape(text) == WordShape::Uuid)
}

/// Whether a text is a known error code or the type of an error (E-003). Other texts of an error may
/// be secrets, such as the code of an MFA device.
fn is_of_error(text: &str) -> bool {
    ErrorCode::named(text).is_some() || ["Sender", "Receiver"].contains(&text)
}

/// A body with each text replaced by [`HIDDEN`] that is not shown, and without attributes.
fn shown_if(body: &str, is_shown: &dyn Fn(&str) -> bool) -> String {
    let body = body.trim_start_matches('\u{feff}').trim_start();
    if !body.starts_with('<') {
        return if is_shown(body) { body.to_owned() } else { HIDDEN.to_owned() };
    }
    let document = Document::read(body);
    let mut shown = String::new();
    for Token { kind, element, raw } in &document.tokens {
        let element = document.elements.get(*element);
        let text = element.is_some_and(|it| is_shown(decoded(&it.text).trim()));
        match kind {
            TokenKind::Start if !is_word(tag_name(raw)) => shown.push_str("<hidden>"),
            TokenKind::Empty if !is_word(tag_name(raw)) => shown.push_str("<hidden/>"),
            TokenKind::End if !is_word(tag_name(raw)) => shown.push_str("</hidden>"),
            TokenKind::Start | TokenKind::Empty if !is_namespace(raw) => {
                shown.push_str(&without_attributes(raw));
            }
            TokenKind::Start | TokenKind::Empty | TokenKind::End => shown.push_str(raw),
            TokenKind::Text if raw.trim().is_empty() || text => shown.push_str(raw),
            TokenKind::Other if raw.starts_with("<?xml ") && raw.len() < DECLARATION_MAX => {
                shown.push_str(raw);
            }
            TokenKind::Other => shown.push_str(HIDDEN_COMMENT),
            _ if shown.ends_with(HIDDEN) => {}
            _ => shown.push_str(HIDDEN),
        }
    }
    shown
}

/// What stands for a comment or a processing instruction, also outside the root element.
const HIDDEN_COMMENT: &str = "<!--(secret)-->";

/// A longer declaration is not shown.
const DECLARATION_MAX: usize = 64;

/// The name in a tag, without its prefix.
fn tag_name(tag: &str) -> &str {
    let inner = tag.trim_start_matches(['<', '/']);
    let end = inner.find(|it: char| it.is_whitespace() || "/>".contains(it));
    let name = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
    name.rsplit(':').next().unwrap_or(name)
}

/// Whether a tag has no attribute, except for the namespace of IAM.
fn is_namespace(tag: &str) -> bool {
    let attributes = tag.split_once(char::is_whitespace).map_or("", |(_, it)| it);
    is_namespace_or_empty(attributes.trim_end_matches(['/', '>']).trim())
}

/// Whether the attributes of a tag are none but the namespace of IAM.
fn is_namespace_or_empty(attributes: &str) -> bool {
    let value = attributes.strip_prefix("xmlns=\"").and_then(|it| it.strip_suffix('"'));
    attributes.is_empty() || value == Some(NAMESPACE)
}

/// The values that [`hide`] hides in a body, decoded. The body is XML or JSON.
pub(crate) fn secret_values(body: &str) -> Vec<String> {
    let body = body.trim_start_matches('\u{feff}').trim_start();
    let mut values = Vec::new();
    if body.starts_with('<') {
        if may_name_secret(body) {
            Document::read(body).add_secret_values(&mut values);
        }
    } else if let Ok(json) = serde_json::from_str(body) {
        add_json_secrets(&json, false, &mut values);
    }
    // The name of a secret is not a secret.
    values.retain(|it| !it.is_empty() && !is_secret(it));
    values
}

/// Whether an element of a body may be named like a secret. Most bodies have none and need not be
/// parsed. The name of a secret may be split over nested elements, so a suffix of it counts too.
fn may_name_secret(body: &str) -> bool {
    let tags = body.split('<').skip(1).filter(|it| !it.starts_with(['?', '!']));
    tags.into_iter().any(|tag| {
        let tag = tag.split('>').next().unwrap_or(tag).trim_start_matches('/');
        let (name, attributes) =
            tag.split_once(|it: char| it.is_ascii_whitespace()).unwrap_or((tag, ""));
        let name = name.rsplit(':').next().unwrap_or(name).trim_end_matches('/');
        let is_plain = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric());
        let ends_with = |text: &str, end: &str| {
            let start = text.len().checked_sub(end.len());
            start.and_then(|it| text.get(it..)).is_some_and(|it| it.eq_ignore_ascii_case(end))
        };
        let single = name.trim_end_matches(['s', 'S']);
        !is_plain
            || !is_namespace_or_empty(attributes.trim_end_matches('/').trim())
            || KEYS.iter().any(|key| name.eq_ignore_ascii_case(key))
            || normalized_secrets()
                .any(|secret| ends_with(single, secret) || ends_with(secret, single))
    })
}

/// Adds the strings of a JSON value that belong to a member whose name is that of a secret.
fn add_json_secrets(json: &Value, secret: bool, values: &mut Vec<String>) {
    match json {
        Value::String(text) if secret => values.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|it| add_json_secrets(it, secret, values)),
        Value::Object(members) => {
            let named = |it: &Value| it.as_str().is_some_and(is_secret);
            let secret = secret || members.values().any(named);
            for (name, value) in members {
                add_json_secrets(value, secret || is_secret(name), values);
            }
        }
        _ => {}
    }
}

/// An element of a document. Element 0 is the document itself.
#[derive(Default)]
struct Element {
    parent: usize,
    /// Its name, normalized.
    name: String,
    /// Its own text.
    text: String,
    /// Whether its attributes and its content are hidden.
    hidden: bool,
}

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Start,
    Empty,
    End,
    Text,
    /// A comment, a processing instruction, a declaration.
    Other,
    /// The rest of the document after an XML error.
    Broken,
}

/// A token of a document as written, and the element that it belongs to.
struct Token<'a> {
    kind: TokenKind,
    element: usize,
    raw: &'a str,
}

struct Document<'a> {
    body: &'a str,
    elements: Vec<Element>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Document<'a> {
    fn read(body: &'a str) -> Self {
        let mut document = Self { body, elements: vec![Element::default()], tokens: Vec::new() };
        let mut reader = Reader::from_str(body);
        // The joined names of the open elements, because a name may be split over several elements.
        let (mut path, mut open) = (String::new(), 0);
        let mut begin = 0;
        loop {
            let event = reader.read_event();
            let end = usize::try_from(reader.buffer_position()).unwrap_or(body.len());
            let raw = body.get(begin..end).unwrap_or_default();
            let kind = match &event {
                Ok(Event::Start(tag) | Event::Empty(tag)) => {
                    let name = normalized(tag.local_name().as_ref());
                    path.push_str(&name);
                    let attributes = tag.attributes_raw();
                    let has_secret =
                        !is_namespace_or_empty(attributes.trim()) && mentions_secret(attributes);
                    let hidden = ends_with_secret(&path) || has_secret;
                    document.elements.push(Element {
                        parent: open,
                        name,
                        hidden,
                        ..Element::default()
                    });
                    open = document.elements.len() - 1;
                    if matches!(event, Ok(Event::Start(_))) {
                        TokenKind::Start
                    } else {
                        TokenKind::Empty
                    }
                }
                Ok(Event::End(_)) => TokenKind::End,
                Ok(Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => TokenKind::Text,
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_)) => {
                    TokenKind::Other
                }
                Ok(Event::Eof) => break,
                Err(_) => TokenKind::Broken,
            };
            let text: &str = match &event {
                Ok(Event::Text(text)) => text,
                Ok(Event::CData(text)) => text,
                Ok(Event::GeneralRef(_)) => raw,
                _ => "",
            };
            if let Some(element) = document.elements.get_mut(open) {
                element.text.push_str(text);
            }
            let raw =
                if kind == TokenKind::Broken { body.get(begin..).unwrap_or_default() } else { raw };
            document.tokens.push(Token { kind, element: open, raw });
            match kind {
                TokenKind::Broken => break,
                TokenKind::Empty | TokenKind::End => {
                    let done = document.elements.get(open).map(|it| (it.parent, it.name.len()));
                    let (parent, name) = done.unwrap_or_default();
                    path.truncate(path.len().saturating_sub(name));
                    open = parent;
                }
                _ => {}
            }
            begin = end;
        }
        document.propagate_hidden();
        document
    }

    /// Hides the content of hidden elements, and the siblings of a key that names a secret.
    fn propagate_hidden(&mut self) {
        for place in 1..self.elements.len() {
            let Some(element) = self.elements.get(place) else { continue };
            if KEYS.contains(&element.name.as_str()) && is_secret(&element.text) {
                let parent = element.parent;
                if let Some(parent) = self.elements.get_mut(parent) {
                    parent.hidden = true;
                }
            }
        }
        for place in 1..self.elements.len() {
            let parent = self.elements.get(place).map_or(0, |it| it.parent);
            let hidden = self.is_hidden(parent);
            if let Some(element) = self.elements.get_mut(place) {
                element.hidden |= hidden;
            }
        }
    }

    /// Adds the text of each hidden element, with its descendants and alone, and its attributes.
    fn add_secret_values(&self, values: &mut Vec<String>) {
        let mut whole: Vec<String> = vec![String::new(); self.elements.len()];
        for (place, element) in self.elements.iter().enumerate().filter(|(_, it)| it.hidden) {
            let text = decoded(&element.text).trim().to_owned();
            let mut outer = place;
            while self.is_hidden(self.elements.get(outer).map_or(0, |it| it.parent)) {
                outer = self.elements.get(outer).map_or(0, |it| it.parent);
            }
            if let Some(whole) = whole.get_mut(outer) {
                whole.push_str(&text);
            }
            values.push(text);
        }
        values.extend(whole);
        for token in self.tokens.iter().filter(|it| self.is_hidden(it.element)) {
            if matches!(token.kind, TokenKind::Start | TokenKind::Empty) {
                values.extend(attribute_values(token.raw));
            }
        }
    }

    fn is_hidden(&self, place: usize) -> bool {
        self.elements.get(place).is_some_and(|it| it.hidden)
    }

    fn shown(&self) -> String {
        let has_secret: Vec<bool> = self.elements.iter().map(|it| has_secret(&it.text)).collect();
        let mut shown = String::with_capacity(self.body.len());
        for Token { kind, element, raw } in &self.tokens {
            let parent = self.elements.get(*element).map_or(0, |it| it.parent);
            let (inner, outer) = (self.is_hidden(*element), self.is_hidden(parent));
            match kind {
                TokenKind::Start | TokenKind::Empty | TokenKind::End if outer => {}
                TokenKind::Start if inner => {
                    shown.push_str(&without_attributes(raw));
                    shown.push_str(HIDDEN);
                }
                TokenKind::Empty if inner => shown.push_str(&without_attributes(raw)),
                TokenKind::Text | TokenKind::Other | TokenKind::Broken if inner => {}
                TokenKind::Text if has_secret.get(*element) == Some(&true) => {
                    if !shown.ends_with(HIDDEN) {
                        shown.push_str(HIDDEN);
                    }
                }
                TokenKind::Other if mentions_secret(raw) || raw.contains("<!ENTITY") => {
                    shown.push_str(HIDDEN_COMMENT);
                }
                // The element that it belongs to is unknown.
                TokenKind::Broken if mentions_secret(self.body) || raw.contains("<!ENTITY") => {
                    shown.push_str(HIDDEN);
                }
                _ => shown.push_str(raw),
            }
        }
        shown
    }
}

/// A tag with the values of its attributes hidden. Namespaces stay declared, so that the tag stays
/// well-formed, and the namespace of IAM is shown.
fn without_attributes(tag: &str) -> String {
    let inner = tag.trim_start_matches('<').trim_end_matches('>');
    let (inner, end) = inner.strip_suffix('/').map_or((inner, ">"), |it| (it, "/>"));
    let Some((name, attributes)) = inner.trim_end().split_once(|it: char| it.is_ascii_whitespace())
    else {
        return tag.to_owned();
    };
    let mut shown = format!("<{name}");
    let mut has_others = false;
    for (attribute, value) in attributes_of(attributes) {
        let prefix = attribute.strip_prefix("xmlns:").unwrap_or(attribute);
        if attribute == "xmlns" || attribute.starts_with("xmlns:") && is_word(prefix) {
            let value = if value == NAMESPACE { NAMESPACE } else { HIDDEN };
            shown.push_str(&format!(" {attribute}=\"{value}\""));
        } else {
            has_others = true;
        }
    }
    if has_others {
        shown.push_str(&format!(" hidden=\"{HIDDEN}\""));
    }
    shown + end
}

/// The attributes in the rest of a tag, each with its value as written. What is no attribute has an empty
/// name.
fn attributes_of(rest: &str) -> Vec<(&str, &str)> {
    let mut attributes = Vec::new();
    let mut rest = rest.trim();
    while !rest.is_empty() {
        let attribute = rest.split_once('=').and_then(|(name, after)| {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|it| ['"', '\''].contains(it))?;
            let (value, after) = after.get(1..)?.split_once(quote)?;
            Some((name.trim(), value, after))
        });
        let Some((name, value, after)) = attribute else {
            attributes.push(("", rest));
            break;
        };
        attributes.push((name, value));
        rest = after.trim_start();
    }
    attributes
}

/// The attribute values of a tag, without namespaces.
fn attribute_values(tag: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = tag;
    while let Some(start) = rest.find(['"', '\'']) {
        let (name, from) = rest.split_at(start);
        let quote = from.get(..1).unwrap_or_default();
        let (value, after) =
            from.get(1..).unwrap_or_default().split_once(quote).unwrap_or((from, ""));
        if !name.contains("xmlns") {
            values.push(decoded(value).trim().to_owned());
        }
        rest = after;
    }
    values
}

/// Whether a text contains the name of a secret.
fn mentions_secret(text: &str) -> bool {
    let text = normalized(text);
    normalized_secrets().any(|secret| text.contains(secret))
}

/// Whether a text contains the name of a secret with a value: `name=value`, `"name": "value"`,
/// `<name …>value`. The name alone, as in error messages, does not count.
fn has_secret(text: &str) -> bool {
    let is_relevant = |it: &char| it.is_ascii_alphanumeric() || "=:<>,;|".contains(*it);
    let text: String = decoded(text).chars().filter(is_relevant).collect();
    let text = text.to_ascii_lowercase();
    normalized_secrets().any(|secret| {
        text.match_indices(secret).any(|(place, _)| {
            let (before, after) = text.split_at(place);
            let after = after.strip_prefix(secret).unwrap_or_default();
            let after = after.strip_prefix('s').unwrap_or(after);
            let before =
                before.trim_end_matches(|it: char| it.is_ascii_alphanumeric() || it == ':');
            after.starts_with(['=', ':', '>', ',', ';', '|']) || before.ends_with('<')
        })
    })
}

fn ends_with_secret(normalized: &str) -> bool {
    let single = normalized.trim_end_matches('s');
    normalized_secrets().any(|secret| single.ends_with(secret))
}

fn normalized_secrets() -> impl Iterator<Item = &'static str> {
    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| secret_names().map(str::to_ascii_lowercase).collect());
    NAMES.iter().map(String::as_str)
}

/// The decoded letters and digits of a text, in lower case.
fn normalized(text: &str) -> String {
    if text.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return text.to_ascii_lowercase();
    }
    let decoded = decoded(text);
    let letters = decoded.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|it| it.to_ascii_lowercase()).collect()
}

/// A text with entities, percent-encodings and JSON escapes decoded, also nested ones.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..DECODINGS_MAX {
        if !text.contains(['&', '%', '\\']) {
            break;
        }
        text = decoded_once(&text);
    }
    text
}

fn decoded_once(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['&', '%', '\\']) {
        let (before, from) = rest.split_at(place);
        decoded.push_str(before);
        let (char, length) = escape(from).unwrap_or_else(|| (from.chars().next(), 1));
        decoded.extend(char);
        rest = from.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

/// The character of the escape at the start of a text, and the length of the escape.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let number =
        |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    if text.starts_with('%') {
        return Some((Some(number(text.get(1..3)?, 16)?), 3));
    }
    if text.starts_with("\\u") {
        return Some((Some(number(text.get(2..6)?, 16)?), 6));
    }
    let end = text.bytes().take(12).position(|it| it == b';')?;
    let name = text.get(1..end).filter(|_| text.starts_with('&'))?;
    let char = match name.strip_prefix('#') {
        Some(code) => match code.strip_prefix(['x', 'X']) {
            Some(code) => number(code, 16),
            None => number(code, 10),
        },
        None => quick_xml::escape::resolve_xml_entity(name).and_then(|it| it.chars().next()),
    };
    Some((Some(char?), end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::wire::xml_read::Element as Tree;

    /// The value that must not be shown.
    const VALUE: [&str; 2] = ["hush", "4u5H"];

    fn shows(body: &str) -> bool {
        let shown = hide(body);
        VALUE.iter().any(|it| shown.contains(it))
    }

    /// Every form contains the value unchanged, so that a redaction without effect fails the test.
    const FORMS: [&str; 50] = [
        // The content of the element.
        "<SecretAccessKey>hush</SecretAccessKey>",
        "<SecretAccessKey> \n hush \n </SecretAccessKey>",
        "<SecretAccessKey><![CDATA[hush]]></SecretAccessKey>",
        "<SecretAccessKey><![CDATA[<x>]]>hush</SecretAccessKey>",
        "<SecretAccessKey><![CDATA[a]]><![CDATA[hush]]></SecretAccessKey>",
        "<SecretAccessKey><!--x-->hush</SecretAccessKey>",
        "<SecretAccessKey>a<!-- > < -->hush<!--y-->b</SecretAccessKey>",
        "<SecretAccessKey><!--hush--></SecretAccessKey>",
        "<SecretAccessKey><?x y?>hush</SecretAccessKey>",
        "<SecretAccessKey><?hush?></SecretAccessKey>",
        "<SecretAccessKey>&lt;hush&#62;4u5H</SecretAccessKey>",
        "<SecretAccessKey>&unknown;hush</SecretAccessKey>",
        "<SecretAccessKey>%68hush</SecretAccessKey>",
        "<SecretAccessKey><value>hush</value></SecretAccessKey>",
        "<SecretAccessKey><a><b/>hu</a><a>hush</a>hush</SecretAccessKey>",
        "<SecretAccessKey><hush/></SecretAccessKey>",
        "<SecretAccessKey>a > b hush</SecretAccessKey>",
        // The name of the element.
        "<x:SecretAccessKey xmlns:x=\"urn:x\">hush</x:SecretAccessKey>",
        "<secretaccesskey>hush</secretaccesskey>",
        "<SECRETACCESSKEY >hush</SECRETACCESSKEY >",
        "<Secret_Access-Key>hush</Secret_Access-Key>",
        "<NewSecretAccessKey>hush</NewSecretAccessKey>",
        "<SecretAccessKeys><member>hush</member></SecretAccessKeys>",
        "<Secret%41ccessKey>hush</Secret%41ccessKey>",
        "<Secret><AccessKey>hush</AccessKey></Secret>",
        "<S\0e\0c\0r\0e\0t\0A\0c\0c\0e\0s\0s\0K\0e\0y\0>hush",
        // Attributes.
        "<AccessKey SecretAccessKey=\"hush\"/>",
        "<AccessKey id='a' x:secretAccessKey = 'hush'>a</AccessKey>",
        "<AccessKey a=\">\" SecretAccessKey=\"hush\"></AccessKey>",
        "<SecretAccessKey value=\"hush\"/>",
        "<SecretAccessKey value=\"hush\">a</SecretAccessKey>",
        "<member name=\"SecretAccessKey\">hush</member>",
        "<member name=\"SecretAccessKey\" value=\"hush\"/>",
        "<member name=\"Secret&#65;ccessKey\"><value>hush</value></member>",
        // Names and values in sibling elements.
        "<entry><key>SecretAccessKey</key><value>hush</value></entry>",
        "<entry><value>hush</value><Key><![CDATA[secretAccessKey]]></Key></entry>",
        "<member><Name>Secret<!-- -->AccessKey</Name><Value>hush</Value></member>",
        // A text that repeats the request, or another response.
        "<Message>Action=Create&amp;SecretAccessKey=hush&amp;a=b</Message>",
        "<Message>NewPassword%3Dhush</Message>",
        "<Message>NewPassword%253Dhush</Message>",
        "<Message>a<![CDATA[&SecretAccessKey]]>=hush</Message>",
        "<Message>{\"SecretAccessKey\": \"hush\"}</Message>",
        "<Message>{\\\"\\u0053ecretAccessKey\\\":\\\"hush\\\"}</Message>",
        "<Message>&lt;SecretAccessKey a=\"b\"&gt;hush&lt;/SecretAccessKey&gt;</Message>",
        "<Message>&amp;lt;SecretAccessKey&amp;gt;hush</Message>",
        "<Message>secret access key: hush</Message>",
        // Outside elements.
        "<!-- SecretAccessKey=hush --><a/>",
        "<?echo SecretAccessKey=hush?><a/>",
        "<!DOCTYPE a [<!ENTITY k \"hush\">]><a><SecretAccessKey>&k;</SecretAccessKey></a>",
        "SecretAccessKey=hush",
    ];

    /// Bodies that are not well-formed XML.
    const BROKEN: [&str; 12] = [
        "<A><SecretAccessKey>hush</B></A>",
        "<A></B><SecretAccessKey>hush</SecretAccessKey></A>",
        "<A><!-- <SecretAccessKey>hush</SecretAccessKey>",
        "<A><![CDATA[ <SecretAccessKey>hush</SecretAccessKey>",
        "<A \"><SecretAccessKey>hush</SecretAccessKey></A>",
        "<A b='><SecretAccessKey>hush</SecretAccessKey>",
        "<A><?x <SecretAccessKey>hush</SecretAccessKey>",
        "</A><SecretAccessKey>hush</SecretAccessKey>",
        "<A>&<SecretAccessKey>hush</SecretAccessKey></A>",
        "< SecretAccessKey>hush</SecretAccessKey>",
        "<!x SecretAccessKey=hush>",
        "{\"secret_access_key\": \"hush\"}",
    ];

    #[test]
    fn no_secret_is_shown_wherever_a_response_is_cut() {
        let whole = "<A><SecretAccessKey>hush</SecretAccessKey><UserName>alice</UserName>\
                     <x:ServicePassword a=\"b\">hush</x:ServicePassword></A>";
        for end in 0..=whole.len() {
            assert!(!hide(&whole[..end]).contains("hush"), "{}", hide(&whole[..end]));
        }
        assert!(hide(whole).contains("<UserName>alice</UserName>"));
        assert!(!hide(r#"{"SecretAccessKey": "hush", "a": 1}"#).contains("hush"));
    }

    #[test]
    fn a_response_without_secrets_is_shown_unchanged() {
        let text = "<GetUserResponse><UserName>Password</UserName></GetUserResponse>";
        assert_eq!(hide("<UserName>alice</UserName>"), "<UserName>alice</UserName>");
        assert!(hide(text).starts_with("<GetUserResponse><UserName>"));
    }

    #[test]
    fn no_form_of_a_secret_is_shown() {
        for form in FORMS.iter().chain(&BROKEN) {
            assert!(form.contains("hush"), "{form}");
            let root = format!("<R><A>a</A>{form}<B>b</B></R>");
            for body in [*form, &root, &format!("\u{feff}<?xml version=\"1.0\"?>\n{form}")] {
                assert!(!shows(body), "{body}\n{}", hide(body));
            }
        }
    }

    /// Whether a body is parsed if it has the value of a secret.
    fn is_parsed_if_needed(body: &str) -> bool {
        let mut values = Vec::new();
        Document::read(body).add_secret_values(&mut values);
        values.iter().all(String::is_empty) || may_name_secret(body)
    }

    #[test]
    fn a_body_with_the_value_of_a_secret_is_parsed() {
        for form in FORMS.iter().chain(&BROKEN) {
            let root = format!("<R><A>a</A>{form}<B>b</B></R>");
            assert!(is_parsed_if_needed(form) && is_parsed_if_needed(&root), "{form}");
        }
        for name in secret_names() {
            let body = format!("<R><{name}s>hush</{name}s></R>");
            assert!(!secret_values(&body).is_empty(), "{body}");
        }
        assert!(!may_name_secret("<?xml version=\"1.0\"?><R><UserName>Password</UserName></R>"));
    }

    #[test]
    fn every_name_of_a_secret_is_hidden() {
        for name in secret_names() {
            assert!(!shows(&format!("<R><{name}>hush</{name}></R>")), "{name}");
            assert!(!shows(&format!("<R><Message>{name}=hush</Message></R>")), "{name}");
            assert!(is_secret(name) && is_secret(&name.to_uppercase()), "{name}");
        }
        for name in
            ["UserName", "PasswordResetRequired", "PasswordLastUsed", "AccessKeyId", "Action"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn no_secret_is_shown_wherever_a_body_is_cut() {
        let named = ["<entry><value>hush</value>", "hush</Key>"];
        for form in FORMS.iter().filter(|it| !it.contains(named[0])) {
            let body = format!("<R>{form}</R>");
            for end in (0..=body.len()).filter(|it| body.is_char_boundary(*it)) {
                assert!(!shows(&body[..end]), "{}\n{}", &body[..end], hide(&body[..end]));
            }
        }
    }

    /// A recording that hides a secret can be read as what it hides.
    #[test]
    fn a_well_formed_body_is_well_formed_without_its_secrets() {
        let mut count = 0;
        let more = [
            "<R xmlns='urn:a' xmlns:b = \"urn:b\" c='SecretAccessKey'><b:SecretAccessKey d='1'>hush</b:SecretAccessKey></R>",
            "<!-- SecretAccessKey=hush --><?SecretAccessKey hush?><R/><!-- x -->",
        ];
        let forms = FORMS.iter().map(|it| format!("<R><A>a</A>{it}<B>b</B></R>"));
        for body in forms.chain(FORMS.iter().chain(&more).map(|it| (*it).to_owned())) {
            if Tree::parse(&body).is_err() {
                continue;
            }
            count += 1;
            assert!(!shows(&body), "{body}\n{}", hide(&body));
            for shown in [hide(&body), hide_unless_harmless(&body, &[]), skeleton(&body)] {
                assert!(Tree::parse(&shown).is_ok(), "{body}\n{shown}");
            }
        }
        assert!(count > 60, "{count}");
    }

    #[test]
    fn a_body_without_secrets_is_unchanged() {
        for body in [
            "",
            "it works",
            "<html><br><p>hush</html>",
            "<a b='c'><!-- x --><![CDATA[hush]]>&amp;<d/></a>",
            "<?xml version=\"1.0\"?>\n<R xmlns=\"urn:x\"><UserName>hush</UserName>\n</R>",
            "<ChangePasswordResponse><RequestId>hush</RequestId></ChangePasswordResponse>",
            "<E><Code>PasswordPolicyViolation</Code><Message>Password hush is too short</Message></E>",
            "<U><PasswordLastUsed>hush</PasswordLastUsed><PasswordResetRequired>true</PasswordResetRequired></U>",
            "<E><Message>User: a is not authorized to perform: iam:ChangePassword on hush</Message></E>",
            "<R><key>hush</key><value>hush</value></R>",
        ] {
            assert_eq!(hide(body), body);
        }
        let body = "<R><SecretAccessKey>a</SecretAccessKey><UserName a=\"b\">hush</UserName></R>";
        let shown =
            "<R><SecretAccessKey>(secret)</SecretAccessKey><UserName a=\"b\">hush</UserName></R>";
        assert_eq!(hide(body), shown);
    }

    /// The occurrences of the value in the whole tree, and in elements that hold secrets.
    fn values(tree: &Tree, secret: bool) -> (usize, usize) {
        let secret = secret || tree.name == "SecretAccessKey";
        let own = tree.text.matches("hush").count();
        let inner = tree.children.iter().map(|it| values(it, secret));
        inner.fold((own, own * usize::from(secret)), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    }

    const PIECES: [&str; 20] = [
        "<SecretAccessKey>",
        "</SecretAccessKey>",
        "<x:SecretAccessKey>",
        "</x:SecretAccessKey>",
        "<a>",
        "</a>",
        "<b/>",
        "<a c=\"d\">",
        "hush",
        "hush",
        "<![CDATA[hush]]>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&lt;",
        "&#104;ush",
        "<?x",
        "?>",
        "é",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        /// The response reader decides which values are secrets. None of them is shown.
        #[test]
        fn a_value_that_the_client_reads_as_secret_is_not_shown(
            pieces in vec(select(PIECES.to_vec()), 0..8),
            around in vec(select(PIECES.to_vec()), 0..8),
        ) {
            let inner = format!("<SecretAccessKey>hush{}</SecretAccessKey>", pieces.concat());
            for body in [format!("<R>{inner}</R>"), format!("<R>{}{inner}</R>", around.concat())] {
                let Ok(tree) = Tree::parse(&body) else { continue };
                let (all, secret) = values(&tree, false);
                // Each occurrence in the body, also in comments, must be part of a secret.
                let occurrences = body.matches("hush").count() + body.matches("&#104;ush").count();
                if all == secret && occurrences == secret {
                    prop_assert!(!hide(&body).contains("hush"), "{body}\n{}", hide(&body));
                }
            }
        }

        #[test]
        fn no_text_causes_a_panic_or_loses_a_secret(body in ".{0,200}", pieces in vec(select(PIECES.to_vec()), 0..20)) {
            hide(&body);
            let broken = format!("<{body}{}", pieces.concat());
            hide(&broken);
            prop_assert!(is_parsed_if_needed(&broken), "{broken}");
        }
    }
}
