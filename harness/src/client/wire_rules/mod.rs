//! Compares the form of a response with the wire rules and the service model.
//!
//! [`violations`] depends only on the request and the raw response. `success` checks the outer
//! elements of a success and the rules of listings, `notation` how the XML is written, `members` the
//! structures and lists inside them, `values` single values, and `refusal` the form of errors. A body
//! that is neither XML nor a known form of an error has no violation: the module that parses responses
//! reports it. `formats` compares values with the request, and ids, ARNs and dates with the facts.

pub(crate) mod formats;
mod members;
mod notation;
mod refusal;
mod success;
mod values;

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_conformance::oracle::wire::{SENT_VALUES, WireViolation};
use iamspec_model::Operation;

use crate::client::connection::transport::RawResponse;
use crate::client::session::Names;
use crate::wire::names::RequestForm;
use crate::wire::xml_read::Element;

pub(crate) use crate::client::wire_rules::refusal::{error_of, refusal_in_json};

/// The number of violations of one response that are reported.
const VIOLATIONS_MAX: usize = 50;

/// A response with its request, and the violations found so far.
struct Inspection<'a> {
    api: &'static str,
    op: &'a Operation,
    form: &'a RequestForm,
    raw: &'a RawResponse,
    names: &'a Names,
    found: Vec<WireViolation>,
}

/// The wire rules that a response violates, each place once.
pub(crate) fn violations(
    (op, form): (&Operation, &RequestForm),
    raw: &RawResponse,
    names: &Names,
) -> Vec<WireViolation> {
    let Some(action) = op.action() else { return Vec::new() };
    let mut inspection = Inspection { api: action.api, op, form, raw, names, found: Vec::new() };
    let Ok(text) = std::str::from_utf8(&raw.body) else { return Vec::new() };
    let parsed = Element::parse(text);
    if parsed.is_ok() {
        inspection.notation(text);
    }
    match parsed {
        Ok(root) if root.name == "ErrorResponse" || error_of(&root).is_some() => {
            inspection.refusal(&root);
        }
        Ok(root) if raw.is_success() => inspection.success(&root),
        Ok(_) => {}
        Err(_) => inspection.refusal_without_xml(text),
    }
    inspection.found
}

/// The violation by a value that the caller did not choose.
pub(crate) fn wrong_value(deviation: FormatDeviation) -> WireViolation {
    let FormatDeviation { detail, evidence, .. } = deviation;
    WireViolation { evidence, ..WireViolation::of(&SENT_VALUES, detail) }
}

impl Inspection<'_> {
    /// Adds a violation. The detail names places of the service model, and texts of the endpoint
    /// that may be shown.
    fn report(&mut self, mut violation: WireViolation) {
        violation.detail = self.names.in_symbols(&violation.detail, self.op);
        if self.found.len() < VIOLATIONS_MAX && !self.found.contains(&violation) {
            self.found.push(violation);
        }
    }
}
