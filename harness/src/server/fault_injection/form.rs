//! Changes the form of a response as a mutant does. The response has the layout of `xml_write`: no
//! attributes except the namespace, and an empty element only without content.

use std::borrow::Cow;

use iamspec_conformance::reference::form_fault::FormFault;
use percent_encoding::percent_decode_str;
use quick_xml::escape::escape;

use crate::server::ResponseBody;
use crate::wire::names::NAMESPACE;

/// The response with this fault in its form.
pub(super) fn with_fault(fault: FormFault, api: &str, response: ResponseBody) -> ResponseBody {
    let ResponseBody { status, xml, content_type } = response;
    let (root, result) = (format!("{api}Response"), format!("{api}Result"));
    let is_success = status == 200;
    let namespace = format!(" xmlns=\"{NAMESPACE}\"");
    let xml = match fault {
        FormFault::RenamesRoot if is_success => renamed(&xml, &root, "Response"),
        FormFault::DropsNamespace => xml.replace(&namespace, ""),
        FormFault::ResultAsRoot if is_success => element_of(&xml, &result),
        FormFault::UnwrapsResult => {
            xml.replace(&format!("<{result}>"), "").replace(&format!("</{result}>"), "")
        }
        FormFault::ByteOrderMark => format!("\u{feff}{xml}"),
        FormFault::Prefixes => with_prefixes(&xml),
        FormFault::CData(name) => with_elements(&xml, name, |element| {
            Cow::Owned(format!("<{name}><![CDATA[{}]]></{name}>", text_of(element, name)))
        }),
        FormFault::Comments(name) => with_elements(&xml, name, |element| {
            let text = text_of(element, name);
            let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
            Cow::Owned(format!("<{name}>{first}<!-- -->{rest}</{name}>"))
        }),
        FormFault::MetadataFirst if is_success => {
            let metadata = element_of(&xml, "ResponseMetadata");
            let start = format!("<{root}{namespace}>");
            xml.replace(&metadata, "").replace(&start, &format!("{start}{metadata}"))
        }
        FormFault::Renames(from, to) => renamed(&xml, from, to),
        FormFault::Drops(name) => with_elements(&xml, name, |_| Cow::Borrowed("")),
        FormFault::Repeats(name) => with_elements(&xml, name, |it| Cow::Owned(it.repeat(2))),
        FormFault::Inserts(name, more) => {
            let start =
                if name == root { format!("<{name}{namespace}>") } else { format!("<{name}>") };
            xml.replace(&start, &format!("{start}{more}"))
        }
        FormFault::Replaces(name, text) => {
            with_elements(&xml, name, |_| Cow::Owned(format!("<{name}>{text}</{name}>")))
        }
        FormFault::Pads(name) => with_elements(&xml, name, |element| {
            let end = format!("</{name}>");
            Cow::Owned(element.replacen('>', ">\n  ", 1).replace(&end, &format!("\n{end}")))
        }),
        FormFault::Decodes(name) => with_elements(&xml, name, |element| {
            let decoded = percent_decode_str(element).decode_utf8_lossy();
            let text = decoded.split_once('>').and_then(|(_, it)| it.rsplit_once('<'));
            let text = text.map_or("", |(text, _)| text);
            Cow::Owned(format!("<{name}>{}</{name}>", escape(text)))
        }),
        FormFault::BareError if !is_success => bare_error(&xml),
        FormFault::ErrorOfEc2 if !is_success => error_of_ec2(&xml),
        FormFault::JsonError if !is_success => json_error(&xml),
        _ => xml,
    };
    let content_type = if let FormFault::ContentType(kind) = fault { kind } else { content_type };
    let status =
        if let (FormFault::Status(other), true) = (fault, is_success) { other } else { status };
    ResponseBody { status, xml, content_type }
}

/// The document with another name of some elements.
fn renamed(xml: &str, from: &str, to: &str) -> String {
    ["<FROM>", "<FROM ", "<FROM/>", "</FROM>"].into_iter().fold(xml.to_owned(), |xml, tag| {
        xml.replace(&tag.replace("FROM", from), &tag.replace("FROM", to))
    })
}

/// The document with a prefix before the name of each element.
fn with_prefixes(xml: &str) -> String {
    let tagged = xml.replace('<', "<iam:").replace("<iam:/", "</iam:");
    tagged.replacen(" xmlns=", " xmlns:iam=", 1)
}

/// The document with each element of this name replaced by something else.
fn with_elements<'a>(xml: &'a str, name: &str, other: impl Fn(&'a str) -> Cow<'a, str>) -> String {
    let (start, empty, end) = (format!("<{name}>"), format!("<{name}/>"), format!("</{name}>"));
    let mut out = String::new();
    let mut rest = xml;
    loop {
        let place = [rest.find(&start), rest.find(&empty)].into_iter().flatten().min();
        let Some((before, from)) = place.map(|it| rest.split_at(it)) else { break };
        let length = if from.starts_with(&empty) {
            empty.len()
        } else {
            from.find(&end).map_or(from.len(), |it| it + end.len())
        };
        let (element, after) = from.split_at(length);
        out.push_str(before);
        out.push_str(&other(element));
        rest = after;
    }
    out + rest
}

/// The first element of this name; the document, if it has none.
fn element_of(xml: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let place = xml.find(&start).and_then(|from| Some((from, xml.find(&end)? + end.len())));
    place.and_then(|(from, to)| xml.get(from..to)).unwrap_or(xml).to_owned()
}

/// The text of the first element of this name.
fn text_of<'a>(xml: &'a str, name: &str) -> &'a str {
    let after = xml.split_once(&format!("<{name}>")).map_or("", |(_, it)| it);
    after.split('<').next().unwrap_or_default()
}

fn bare_error(xml: &str) -> String {
    let (code, message) = (text_of(xml, "Code"), text_of(xml, "Message"));
    format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>\n")
}

fn error_of_ec2(xml: &str) -> String {
    let error = bare_error(xml);
    format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>\n")
}

fn json_error(xml: &str) -> String {
    let code = text_of(xml, "Code");
    serde_json::json!({ "__type": code, "message": text_of(xml, "Message") }).to_string()
}
