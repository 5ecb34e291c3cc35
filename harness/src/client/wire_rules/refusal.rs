//! The form of errors (E-003, E-004).

use iamspec_conformance::Response;
use iamspec_conformance::oracle::wire::{
    ERROR_CODE_FORM, ERROR_FRAMING, ERROR_REQUEST_ID, ERROR_TYPE, NAMESPACE, OUTER_SPACE,
    SINGLE_MEMBERS, WireViolation,
};
use iamspec_model::ErrorCode;
use serde_json::Value;

use crate::client::wire_rules::Inspection;
use crate::wire::names;
use crate::wire::xml_read::Element;

/// The error that IAM would send.
const EXPECTED: &str = "<ErrorResponse> with <Error> and <RequestId>";

impl Inspection<'_> {
    /// Checks an error in XML. An error that says nothing about the operation, such as a throttled
    /// request, may come from something in front of the service.
    pub(super) fn refusal(&mut self, root: &Element) {
        let is_framed = root.name == "ErrorResponse";
        let error = error_of(root);
        let code = error.and_then(|it| it.text_of("Code")).filter(|it| !it.is_empty());
        let Some(code) = code else {
            if is_framed && (400..500).contains(&self.raw.status) {
                let detail = "<ErrorResponse>: <Error> with <Code>, not an error without a code";
                self.report(WireViolation::of(&ERROR_FRAMING, detail.to_owned()));
            }
            return;
        };
        let refused = Response::refused(self.op.action(), self.raw.status, code.to_owned(), None);
        if ErrorCode::named(code).is_none() || matches!(refused, Response::Failed(_)) {
            return;
        }
        let written = error.and_then(|it| it.child("Code"));
        if written.is_some_and(|it| it.text != code) {
            let detail = "<Code>: no white space around the code".to_owned();
            let evidence = ERROR_CODE_FORM;
            self.report(WireViolation { evidence, ..WireViolation::of(&OUTER_SPACE, detail) });
        }
        if !is_framed {
            let detail = format!("{EXPECTED}, not <{}>", self.raw.shown(&root.name));
            self.report(WireViolation::of(&ERROR_FRAMING, detail));
            return;
        }
        self.single_children(root);
        if let Some(error) = error {
            self.single_children(error);
        }
        self.namespace(root);
        self.content_type();
        let kind = error.and_then(|it| it.text_of("Type"));
        if kind != Some("Sender") {
            let kind = kind.map_or_else(|| "no <Type>".to_owned(), |it| self.raw.shown(it));
            let detail = format!("<Type>: Sender, not {kind}");
            self.report(WireViolation::of(&ERROR_TYPE, detail));
        }
        if root.text_of("RequestId").is_none_or(str::is_empty) {
            let detail = "<ErrorResponse>: <RequestId>, not an error without it".to_owned();
            self.report(WireViolation::of(&ERROR_REQUEST_ID, detail));
        }
    }

    /// Checks an error that is not in XML.
    pub(super) fn refusal_without_xml(&mut self, text: &str) {
        if refusal_in_json(self.raw.status, text).is_some() {
            let detail = format!("{EXPECTED}, not JSON");
            self.report(WireViolation::of(&ERROR_FRAMING, detail));
        }
    }

    /// Checks that an element has no two children of one name.
    pub(super) fn single_children(&mut self, element: &Element) {
        for (index, child) in element.children.iter().enumerate() {
            let mut earlier = element.children.iter().take(index);
            if earlier.any(|it| it.name == child.name) {
                let (name, parent) = (self.raw.shown(&child.name), self.raw.shown(&element.name));
                let detail = format!("one element <{name}> in <{parent}>, not several");
                self.report(WireViolation::of(&SINGLE_MEMBERS, detail));
            }
        }
    }

    /// Checks the namespace of the root element.
    pub(super) fn namespace(&mut self, root: &Element) {
        if root.namespace.as_deref() != Some(names::NAMESPACE) {
            let found = root.namespace.as_deref();
            let found = found.map_or_else(|| "none".to_owned(), |it| self.raw.shown(it));
            let detail = format!("the namespace {}, not {found}", names::NAMESPACE);
            self.report(WireViolation::of(&NAMESPACE, detail));
        }
    }
}

/// The error of a response: `<ErrorResponse><Error>` (E-003), the bare `<Error>` of some endpoints, or
/// the `<Response><Errors><Error>` of EC2.
pub(crate) fn error_of(root: &Element) -> Option<&Element> {
    match root.name.as_str() {
        "ErrorResponse" => root.child("Error"),
        "Error" => Some(root),
        "Response" => root.child("Errors")?.child("Error"),
        _ => None,
    }
}

/// The error in a JSON body, if its code is one of IAM's.
pub(crate) fn refusal_in_json(status: u16, text: &str) -> Option<Element> {
    let body: Value = serde_json::from_str(text).ok().filter(|_| status >= 400)?;
    let error = body.get("Error").or_else(|| body.get("error")).unwrap_or(&body);
    let text_of = |names: [&str; 3]| names.iter().find_map(|it| error.get(it)?.as_str());
    let code = text_of(["__type", "Code", "code"])?;
    let code = code.rsplit('#').next().unwrap_or(code);
    let code =
        code.strip_suffix("Exception").filter(|it| ErrorCode::named(it).is_some()).unwrap_or(code);
    let child = |name: &str, text: &str| Element {
        name: name.to_owned(),
        text: text.to_owned(),
        ..Element::default()
    };
    let mut children = vec![child("Code", code)];
    children.extend(text_of(["message", "Message", "msg"]).map(|it| child("Message", it)));
    let name = "Error".to_owned();
    ErrorCode::named(code).is_some().then(|| Element { name, children, ..Element::default() })
}
