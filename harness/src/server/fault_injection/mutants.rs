//! Deviations of a mutant that the model cannot express: in the pages of a listing, in repeated
//! effects, in the form of a response.

use iamspec_conformance::Deviation;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_model::apply;

use crate::server::fault_injection::form;
use crate::server::parse::ParsedCall;
use crate::server::parse::form::ParsedForm;
use crate::server::{ModelState, ResponseBody};
use crate::wire::xml_write::Node;

/// The deviation of the mutant, if it affects this action.
pub(crate) fn deviation(behavior: &ReferenceOptions, action: &str) -> Option<Deviation> {
    let mutant = behavior.mutant.as_ref()?;
    (mutant.rule.split('/').next() == Some(action)).then_some(mutant.deviation)
}

/// Returns true if the mutant shows or restores deleted entries, and so needs their records.
pub(crate) fn keeps_records(behavior: &ReferenceOptions) -> bool {
    behavior.mutant.as_ref().is_some_and(|mutant| mutant.deviation.needs_memory())
}

/// Applies the operations a second time, if the mutant does so.
pub(crate) fn repeat_effects(model: &mut ModelState, calls: &[ParsedCall], form: &ParsedForm) {
    let ModelState { account, store, behavior } = model;
    let Some(mutant) = &behavior.mutant else { return };
    for call in calls {
        let Some(second) = mutant.second_creation(&call.operation, || store.new_item()) else {
            continue;
        };
        apply(account, &second);
        store.update(&second, None, form, account);
    }
}

/// Changes the format of the members that the mutant corrupts.
pub(crate) fn change_result(deviation: Option<Deviation>, mut elements: Vec<Node>) -> Vec<Node> {
    if let Some(Deviation::WrongFormat(member)) = deviation {
        // An odd date is still a date, an odd status a status, an odd document a document, and any other
        // text still a text.
        let odd = |text: &str| match text.strip_suffix('Z') {
            Some(time) if time.contains('T') => format!("{time}+00:00"),
            _ if text.starts_with("%7B") => "%7B%7D".to_owned(),
            _ if text == "Active" => "Inactive".to_owned(),
            _ => format!("-{text}"),
        };
        for element in &mut elements {
            element.change(member, &odd);
        }
    }
    elements
}

/// Changes the form of the response, if the mutant does so.
pub(crate) fn change_form(
    deviation: Option<Deviation>,
    action: &str,
    response: ResponseBody,
) -> ResponseBody {
    match deviation {
        Some(Deviation::WrongForm(_, fault)) => form::with_fault(fault, action, response),
        _ => response,
    }
}

/// Cuts the document in half, if the mutant sends malformed XML.
pub(crate) fn change_xml(deviation: Option<Deviation>, xml: String) -> String {
    if deviation == Some(Deviation::TruncatesXml) {
        return xml.chars().take(xml.chars().count() / 2).collect();
    }
    xml
}
