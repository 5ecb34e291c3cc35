//! The structures and lists of a result, compared with the service model (E-025, E-026).

use iamspec_conformance::oracle::wire::{
    LIST_FRAMING, MAP_FRAMING, RECORDED, RECORDED_MEMBERS, REQUIRED_MEMBERS, SINGLE_MEMBERS,
    UNKNOWN_MEMBERS, WireViolation,
};

use iamspec_model::Operation;

use crate::client::wire_rules::Inspection;
use crate::wire::service_model::shapes::{
    OutputShape, StructureShape, ValueShape, output, structure,
};
use crate::wire::xml_read::Element;

impl Inspection<'_> {
    /// Checks a structure at this place of the response.
    pub(super) fn structure(
        &mut self,
        shape: &'static StructureShape,
        element: &Element,
        place: &str,
    ) {
        for (index, child) in element.children.iter().enumerate() {
            let Some(member) = shape.member(&child.name) else {
                let detail = format!("{}no member {}", at(place), self.raw.shown(&child.name));
                self.report(WireViolation::of(&UNKNOWN_MEMBERS, detail));
                continue;
            };
            let inner = inside(place, &child.name);
            let earlier = element.children.iter().take(index);
            if earlier.clone().any(|it| it.name == child.name) {
                let is_list = matches!(member.shape, ValueShape::List(_));
                let rule = if is_list { &LIST_FRAMING } else { &SINGLE_MEMBERS };
                let detail = format!("one element {inner}, not several");
                self.report(WireViolation::of(rule, detail));
            }
            self.value(&member.shape, child, &inner);
        }
        let is_root = element.text_of("Arn").is_some_and(|it| it.ends_with(":root"));
        for (name, member) in shape.members() {
            // The root user of an account has no name and no path (C-047, B-MF-16).
            if member.is_required && element.child(name).is_none() && !is_root {
                let detail = format!("the required member {}", inside(place, name));
                self.report(WireViolation::of(&REQUIRED_MEMBERS, detail));
            }
        }
    }

    /// Checks a list. An element that is not an entry of the list is not checked for members.
    pub(super) fn list(&mut self, entry: &'static ValueShape, element: &Element, place: &str) {
        let shape = match entry {
            ValueShape::Structure(name) => structure(name),
            _ => None,
        };
        let inner = inside(place, "member");
        for child in &element.children {
            if !child.children.is_empty() && !self.is_in_scope(child, place) {
                continue;
            }
            if child.name != "member" {
                let detail =
                    format!("{}<member>, not <{}>", at(place), self.raw.shown(&child.name));
                self.report(WireViolation::of(&LIST_FRAMING, detail));
                if shape.is_some_and(|it| it.member(&child.name).is_some()) {
                    return;
                }
            }
            self.value(entry, child, &inner);
        }
    }

    /// Checks a map.
    pub(super) fn map(&mut self, value: &'static ValueShape, element: &Element, place: &str) {
        for entry in &element.children {
            let name = self.raw.shown(&entry.name);
            if entry.name != "entry" {
                let detail = format!("{}<entry>, not <{name}>", at(place));
                self.report(WireViolation::of(&MAP_FRAMING, detail));
            }
            for part in ["key", "value"] {
                if entry.child(part).is_none() {
                    let detail = format!("{}<{part}>, not an entry without it", at(place));
                    self.report(WireViolation::of(&MAP_FRAMING, detail));
                }
            }
            if let Some(found) = entry.child("value") {
                self.value(value, found, &inside(place, "value"));
            }
        }
    }

    /// Whether the entry of a listing is about what this script has created. A listing of the whole
    /// account shows what others have created too, which may be older than any rule, and which the
    /// script alone would not show.
    fn is_in_scope(&self, entry: &Element, place: &str) -> bool {
        let is_of_account = matches!(
            self.op.well_formed(),
            Operation::ListUsers(_)
                | Operation::ListResources(..)
                | Operation::GetAuthorizationDetails
        );
        !is_of_account
            || place.contains('.')
            || has_text(entry, &|text| self.names.is_of_namespace(text))
    }

    /// Checks the members that every recorded response has.
    pub(super) fn recorded_members(&mut self, result: &Element) {
        let api = self.api;
        for row in RECORDED.iter().filter(|row| row.actions.contains(&api)) {
            let (outer, structure) = match row.structure.split_once('.') {
                Some((outer, inner)) => (result.child(outer), inner),
                None => (Some(result), row.structure),
            };
            let structures: Vec<&Element> = match outer.and_then(|it| it.child(structure)) {
                _ if row.structure.is_empty() => vec![result],
                Some(list) if is_list(api, row.structure) => {
                    let entries = list.children.iter();
                    entries.filter(|it| self.is_in_scope(it, row.structure)).collect()
                }
                found => found.into_iter().collect(),
            };
            for name in row.members {
                if structures.iter().any(|it| it.child(name).is_none()) {
                    let place = inside(row.structure, name);
                    let detail = format!("the member {place}, as in every recorded response");
                    let evidence = row.evidence;
                    let violation = WireViolation::of(&RECORDED_MEMBERS, detail);
                    self.report(WireViolation { evidence, ..violation });
                }
            }
        }
    }
}

/// Whether a member of the result is a list.
fn is_list(api: &str, member: &str) -> bool {
    let Some(OutputShape::Result(shape)) = output(api) else { return false };
    shape.member(member).is_some_and(|it| matches!(it.shape, ValueShape::List(_)))
}

/// Whether an element or one inside it has such a text.
fn has_text(element: &Element, is: &dyn Fn(&str) -> bool) -> bool {
    is(element.text.trim()) || element.children.iter().any(|it| has_text(it, is))
}

/// The place of a member.
fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// A place before a colon.
fn at(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}
