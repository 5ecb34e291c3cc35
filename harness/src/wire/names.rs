//! Names on the wire that belong to no attachment kind: versions, resources and shared members.

use iamspec_conformance::script::unusual::{FIRST_UNUSUAL, UNUSUAL_STYLES};
use iamspec_model::ResourceKind;

use crate::wire::attachments::{ATTACHMENTS, MemberRole};

/// The members of a request by name and value, in the order in which they are sent.
pub type RequestForm = Vec<(String, String)>;

/// A member of a request.
pub(crate) fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// The value of a member of a request, if the request has it.
pub(crate) fn value_of<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
}

/// The XML namespace of every IAM response (E-001).
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The XML namespace of an error about an unknown action (E-011).
pub const FRONT_END_NAMESPACE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// The version of the Query API (E-018).
pub const VERSION: &str = "2010-05-08";

/// The version of the STS API that identifies the caller (E-019).
pub const STS_VERSION: &str = "2011-06-15";

/// The XML namespace of every STS response (E-019).
pub const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The same name in another case. A service that ignores case treats both as the same name.
pub(crate) fn other_case(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// The name of a symbol: `base` ends with the symbol and its number. A symbol from [`FIRST_UNUSUAL`] on also has
/// characters that encoders get wrong. Each is within the patterns and lengths of the service model (D-021).
#[must_use]
pub fn full_name(base: &str, symbol: &str, number: u32) -> String {
    // Only names of users are this short.
    let longest = if symbol == "u" { 64 } else { 128 };
    match number.checked_sub(FIRST_UNUSUAL).map(|it| it % UNUSUAL_STYLES) {
        // Keys of tags have no comma.
        Some(0) if symbol == "t" => format!("{base}-+=.@_-"),
        Some(0) => format!("{base}-+=,.@_-"),
        Some(1) => format!("{base}.A+b@Mail.example.com"),
        Some(2) => format!("{base:x<longest$}"),
        Some(3) if symbol == "t" => format!("{base} \u{e9}\u{df} \u{6f22} _.=+-@"),
        // Some routers of requests cut off an extension.
        Some(3) => format!("{base}==.json"),
        _ => base.to_owned(),
    }
}

/// Every printable character of ASCII, as a part of a path (D-021).
#[must_use]
pub fn every_printable_character() -> String {
    ('!'..='~').collect()
}

/// The element of a create response, and the element in it that names the resource in later
/// requests.
#[must_use]
pub const fn created(class: ResourceKind) -> (&'static str, &'static str) {
    match class {
        ResourceKind::Group => ("Group", "GroupName"),
        ResourceKind::Policy => ("Policy", "Arn"),
        ResourceKind::Device => ("VirtualMFADevice", "SerialNumber"),
    }
}

/// The element that lists the resources of a kind, and the element in a member that names one.
#[must_use]
pub const fn listed(class: ResourceKind) -> (&'static str, &'static str) {
    match class {
        ResourceKind::Group => ("Groups", "GroupName"),
        ResourceKind::Policy => ("Policies", "Arn"),
        ResourceKind::Device => ("VirtualMFADevices", "SerialNumber"),
    }
}

/// The services that credentials are made for, by number (B-SS-01).
pub const SERVICES: [&str; iamspec_model::SERVICES as usize] =
    ["codecommit.amazonaws.com", "cassandra.amazonaws.com"];

/// The request members that belong to no attachment kind, and what each of them refers to.
const SHARED_MEMBERS: [(&str, MemberRole); 23] = [
    ("UserName", MemberRole::Name),
    ("NewUserName", MemberRole::Name),
    ("NewGroupName", MemberRole::Name),
    ("VirtualMFADeviceName", MemberRole::Name),
    ("PermissionsBoundary", MemberRole::Name),
    ("Path", MemberRole::Path),
    ("NewPath", MemberRole::Path),
    ("PathPrefix", MemberRole::Path),
    ("Action", MemberRole::Plain),
    ("Version", MemberRole::Plain),
    ("VersionId", MemberRole::Plain),
    ("SetAsDefault", MemberRole::Plain),
    ("Filter", MemberRole::Plain),
    ("OldPassword", MemberRole::Plain),
    ("NewPassword", MemberRole::Plain),
    ("Status", MemberRole::Plain),
    ("Scope", MemberRole::Plain),
    ("OnlyAttached", MemberRole::Plain),
    ("AssignmentStatus", MemberRole::Plain),
    ("EntityFilter", MemberRole::Plain),
    ("PolicyUsageFilter", MemberRole::Plain),
    ("MaxItems", MemberRole::Plain),
    ("Marker", MemberRole::Plain),
];

/// What a request member refers to; `None` for a member that no table has.
#[must_use]
pub fn member_role(name: &str) -> Option<MemberRole> {
    let of_kinds = ATTACHMENTS.iter().flat_map(|row| row.members);
    let mut members = SHARED_MEMBERS.iter().chain(of_kinds);
    members.find(|(it, _)| *it == name).map(|(_, role)| *role)
}

/// The value to send for a member that must be invalid, if the tables have one.
#[must_use]
pub fn invalid_value(name: &str) -> Option<&'static str> {
    const BOUNDARY: (&str, &str) =
        ("PermissionsBoundary", "arn:aws:iam::111111111111:not_a_policy/invalid");
    let of_kinds = ATTACHMENTS.iter().flat_map(|row| row.invalid);
    of_kinds.chain([&BOUNDARY]).find(|(it, _)| *it == name).map(|(_, value)| *value)
}
