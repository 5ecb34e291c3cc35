//! The outer elements of a success, and the rules of listings (E-001, E-002, E-007, E-009).

use iamspec_conformance::oracle::wire::{
    CONTENT_TYPE, IS_TRUNCATED, LIST_PRESENT, MARKER, METADATA_LAST, NEW_USER_ID, NO_RESULT,
    PAGE_SIZE, RESPONSE_METADATA, RESULT_WRAPPER, ROOT_ELEMENT, STRAY_MARKER, SUCCESS_STATUS,
    WireViolation,
};

use crate::client::wire_rules::Inspection;
use crate::wire::names::value_of;
use crate::wire::service_model::shapes::{self, OutputShape, StructureShape, ValueShape};
use crate::wire::xml_read::Element;

/// AWS has omitted `IsTruncated` from this listing (B-SS-02).
const WITHOUT_TRUNCATION: &str = "ListServiceSpecificCredentials";

impl Inspection<'_> {
    /// Checks a success. A root element of another action is not a response to this one, so
    /// nothing in it is checked.
    pub(super) fn success(&mut self, root: &Element) {
        let (expected, wrapper) = (format!("{}Response", self.api), format!("{}Result", self.api));
        let Some(output) = shapes::output(self.api) else { return };
        if root.name != expected {
            if root.name != wrapper && root.child(&wrapper).is_none() {
                return;
            }
            let detail = format!("<{expected}>, not <{}>", self.raw.shown(&root.name));
            self.report(WireViolation::of(&ROOT_ELEMENT, detail));
        }
        self.http();
        // Without the element around the result, there is no place for the rest.
        if let (OutputShape::Result(shape), true) = (&output, root.name == wrapper) {
            return self.members(root, shape);
        }
        self.single_children(root);
        self.namespace(root);
        let metadata = root.child("ResponseMetadata");
        if metadata.and_then(|it| it.text_of("RequestId")).is_none_or(str::is_empty) {
            let detail = format!("<{expected}>: <ResponseMetadata> with <RequestId>");
            self.report(WireViolation::of(&RESPONSE_METADATA, detail));
        }
        match output {
            OutputShape::Nothing => {
                if let Some(it) = root.children.iter().find(|it| it.name != "ResponseMetadata") {
                    let name = self.raw.shown(&it.name);
                    let detail = format!("<{expected}>: no result, not <{name}>");
                    self.report(WireViolation::of(&NO_RESULT, detail));
                }
            }
            OutputShape::Result(shape) => self.result(root, &wrapper, shape),
        }
    }

    /// Checks the status and the content type.
    fn http(&mut self) {
        if self.raw.status != 200 {
            let detail = format!("the status 200, not {}", self.raw.status);
            self.report(WireViolation::of(&SUCCESS_STATUS, detail));
        }
        self.content_type();
    }

    /// Checks the content type of a success or a refusal (E-001, E-023).
    pub(super) fn content_type(&mut self) {
        let media_type = self.raw.content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("text/xml") {
            let found = if media_type.is_empty() { "none" } else { media_type };
            let detail = format!("Content-Type: text/xml, not {}", self.raw.shown(found));
            self.report(WireViolation::of(&CONTENT_TYPE, detail));
        }
    }

    /// Checks the members of the result in the element around it.
    fn result(&mut self, root: &Element, wrapper: &str, shape: &'static StructureShape) {
        let Some(result) = root.child(wrapper) else {
            let detail = format!("<{wrapper}> around the members of the result");
            return self.report(WireViolation::of(&RESULT_WRAPPER, detail));
        };
        let mut names = root.children.iter().map(|it| it.name.as_str());
        if names.find(|it| [wrapper, "ResponseMetadata"].contains(it)) != Some(wrapper) {
            let detail = format!("<{wrapper}> before <ResponseMetadata>");
            self.report(WireViolation::of(&METADATA_LAST, detail));
        }
        self.members(result, shape);
    }

    /// Checks the members of the result.
    fn members(&mut self, result: &Element, shape: &'static StructureShape) {
        self.structure(shape, result, "");
        self.recorded_members(result);
        self.new_id(result);
        if shape.member("IsTruncated").is_some() {
            self.listing(result, shape);
        }
    }

    /// Checks that the id of a new user is none that an earlier user of the run had.
    fn new_id(&mut self, result: &Element) {
        let id = result.child("User").and_then(|user| user.text_of("UserId"));
        if self.api == "CreateUser" && id.is_some_and(|it| self.names.sent.has_user_id(it)) {
            let detail = "User.UserId: an id that no earlier user of the run had".to_owned();
            self.report(WireViolation::of(&NEW_USER_ID, detail));
        }
    }

    fn listing(&mut self, result: &Element, shape: &StructureShape) {
        let lists: Vec<_> = shape
            .members()
            .filter(|(_, member)| matches!(member.shape, ValueShape::List(_)))
            .collect();
        let is_list_action = self.api.starts_with("List");
        for (name, member) in lists.iter().filter(|_| is_list_action) {
            // The lack of a required list is a violation of another rule.
            if result.child(name).is_none() && !member.is_required {
                let detail = format!("<{name}>, not a listing without it");
                self.report(WireViolation::of(&LIST_PRESENT, detail));
            }
        }
        let truncated = result.text_of("IsTruncated");
        if truncated.is_none() && is_list_action && self.api != WITHOUT_TRUNCATION {
            let detail = "<IsTruncated>, not a listing without it".to_owned();
            self.report(WireViolation::of(&IS_TRUNCATED, detail));
        }
        let is_truncated = truncated == Some("true");
        let marker = result.text_of("Marker");
        if is_truncated && marker.is_none_or(str::is_empty) {
            let detail = "<Marker>, not a truncated page without it".to_owned();
            self.report(WireViolation::of(&MARKER, detail));
        } else if truncated == Some("false") && marker.is_some() {
            let detail = "no <Marker>, because the page is not truncated".to_owned();
            self.report(WireViolation::of(&STRAY_MARKER, detail));
        }
        let sent = value_of(self.form, "MaxItems");
        let limit = sent.and_then(|it| it.parse::<usize>().ok()).filter(|it| *it > 0);
        let entries = lists.iter().filter_map(|(name, _)| result.child(name));
        let size: usize = entries.map(|it| it.children.len()).sum();
        if let Some(limit) = limit.filter(|it| size > *it) {
            let detail = format!("at most {limit} entries, as MaxItems says, not {size}");
            self.report(WireViolation::of(&PAGE_SIZE, detail));
        }
    }
}
