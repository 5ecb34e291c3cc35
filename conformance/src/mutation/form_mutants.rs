//! Mutants with a wrong form and the right content: one or more for each wire rule.

use iamspec_model::AttachmentKind;

use crate::oracle::wire::{
    BASE32_SEED, BLOB, BOOLEAN, CONTENT_TYPE, DOCUMENT_ENCODING, EMPTY_VALUE, ENUMERATION,
    ERROR_FRAMING, ERROR_REQUEST_ID, ERROR_TYPE, INTEGER, IS_TRUNCATED, LIST_FRAMING, LIST_PRESENT,
    MAP_FRAMING, MARKER, METADATA_LAST, NAMESPACE, NEW_USER_ID, NO_RESULT, OUTER_SPACE, PAGE_SIZE,
    PLAIN_XML, QR_CODE, RECORDED, RECORDED_MEMBERS, REQUIRED_MEMBERS, RESPONSE_METADATA,
    RESULT_WRAPPER, ROOT_ELEMENT, SENT_VALUES, SINGLE_MEMBERS, STRAY_MARKER, SUCCESS_STATUS,
    TIMESTAMP, UNKNOWN_MEMBERS, WireRule,
};
use crate::reference::deviation::{Deviation, Mutant};
use crate::reference::form_fault::FormFault;

/// An action, the wire rule that its mutant breaks, and the fault.
type FormMutant = (&'static str, &'static WireRule, FormFault);

/// The mutants of single actions.
static SINGLE: [FormMutant; 61] = [
    ("ListAccessKeys", &ROOT_ELEMENT, FormFault::RenamesRoot),
    ("GetUser", &ROOT_ELEMENT, FormFault::RenamesRoot),
    ("CreateUser", &ROOT_ELEMENT, FormFault::ResultAsRoot),
    ("DeleteUser", &NAMESPACE, FormFault::DropsNamespace),
    ("GetUser", &NAMESPACE, FormFault::DropsNamespace),
    ("ListGroupsForUser", &RESULT_WRAPPER, FormFault::UnwrapsResult),
    ("CreateUser", &RESULT_WRAPPER, FormFault::UnwrapsResult),
    (
        "DeleteUser",
        &NO_RESULT,
        FormFault::Inserts("DeleteUserResponse", "<DeleteUserResult></DeleteUserResult>"),
    ),
    ("CreateUser", &RESPONSE_METADATA, FormFault::Drops("ResponseMetadata")),
    ("DeleteUser", &SUCCESS_STATUS, FormFault::Status(201)),
    ("GetUser", &CONTENT_TYPE, FormFault::ContentType("application/xml")),
    ("GetUser", &PLAIN_XML, FormFault::ByteOrderMark),
    ("GetUser", &PLAIN_XML, FormFault::Prefixes),
    ("GetUser", &PLAIN_XML, FormFault::CData("UserName")),
    ("GetUser", &PLAIN_XML, FormFault::Comments("UserName")),
    ("GetUser", &METADATA_LAST, FormFault::MetadataFirst),
    ("CreateAccessKey", &METADATA_LAST, FormFault::MetadataFirst),
    ("GetAccountSummary", &MAP_FRAMING, FormFault::Renames("entry", "item")),
    ("GetAccountSummary", &MAP_FRAMING, FormFault::Renames("key", "Key")),
    ("GetAccountSummary", &INTEGER, FormFault::Replaces("value", "1.0")),
    ("GetUser", &OUTER_SPACE, FormFault::Pads("UserName")),
    ("ListUserPolicies", &OUTER_SPACE, FormFault::Pads("member")),
    ("CreateAccessKey", &OUTER_SPACE, FormFault::Pads("SecretAccessKey")),
    ("DeleteUser", &OUTER_SPACE, FormFault::Pads("Code")),
    ("CreateAccessKey", &EMPTY_VALUE, FormFault::Replaces("SecretAccessKey", "")),
    ("GetUser", &EMPTY_VALUE, FormFault::Replaces("UserName", "")),
    ("ListAccessKeys", &SENT_VALUES, FormFault::Replaces("UserName", "somebody")),
    ("GetUser", &SINGLE_MEMBERS, FormFault::Repeats("ResponseMetadata")),
    ("DeleteUser", &SINGLE_MEMBERS, FormFault::Repeats("Code")),
    ("DeleteUser", &SINGLE_MEMBERS, FormFault::Repeats("Message")),
    ("ListAttachedUserPolicies", &LIST_PRESENT, FormFault::Drops("AttachedPolicies")),
    ("ListUserPolicies", &IS_TRUNCATED, FormFault::Drops("IsTruncated")),
    ("ListAccessKeys", &MARKER, FormFault::Drops("Marker")),
    (
        "ListUserTags",
        &STRAY_MARKER,
        FormFault::Inserts("ListUserTagsResult", "<Marker>more</Marker>"),
    ),
    ("ListAccessKeys", &PAGE_SIZE, FormFault::IgnoresMaxItems),
    ("ListMFADevices", &REQUIRED_MEMBERS, FormFault::Drops("EnableDate")),
    ("GetUser", &REQUIRED_MEMBERS, FormFault::Drops("UserId")),
    ("ListGroupsForUser", &REQUIRED_MEMBERS, FormFault::Drops("GroupId")),
    ("ListUserPolicies", &REQUIRED_MEMBERS, FormFault::Drops("PolicyNames")),
    ("CreateLoginProfile", &REQUIRED_MEMBERS, FormFault::Drops("CreateDate")),
    ("GetUser", &UNKNOWN_MEMBERS, FormFault::Inserts("User", "<Extra>more</Extra>")),
    ("CreateUser", &NEW_USER_ID, FormFault::Replaces("UserId", "AIDAAAAAAAAAAAAAAAAAA")),
    ("GetUser", &SINGLE_MEMBERS, FormFault::Repeats("UserName")),
    ("ListAccessKeys", &TIMESTAMP, FormFault::Replaces("CreateDate", "1770000000")),
    ("GetUser", &TIMESTAMP, FormFault::Replaces("CreateDate", "2026-02-19 08:30:00")),
    ("ListGroupsForUser", &BOOLEAN, FormFault::Replaces("IsTruncated", "False")),
    ("GetLoginProfile", &BOOLEAN, FormFault::Replaces("PasswordResetRequired", "0")),
    ("CreatePolicy", &INTEGER, FormFault::Replaces("AttachmentCount", "0.0")),
    ("CreateVirtualMFADevice", &BLOB, FormFault::Replaces("QRCodePNG", "no base64!")),
    ("ListAccessKeys", &ENUMERATION, FormFault::Replaces("Status", "active")),
    ("CreateServiceSpecificCredential", &ENUMERATION, FormFault::Replaces("Status", "Enabled")),
    ("GetUserPolicy", &DOCUMENT_ENCODING, FormFault::Decodes("PolicyDocument")),
    ("GetPolicyVersion", &DOCUMENT_ENCODING, FormFault::Decodes("Document")),
    ("CreateVirtualMFADevice", &BASE32_SEED, FormFault::Replaces("Base32StringSeed", "MDE4OQ==")),
    ("CreateVirtualMFADevice", &QR_CODE, FormFault::Replaces("QRCodePNG", "UVI=")),
    ("DeleteUser", &ERROR_FRAMING, FormFault::BareError),
    ("DeleteUser", &ERROR_FRAMING, FormFault::ErrorOfEc2),
    ("DeleteUser", &CONTENT_TYPE, FormFault::ContentType("application/json")),
    ("GetUser", &ERROR_FRAMING, FormFault::JsonError),
    ("DeleteUser", &ERROR_TYPE, FormFault::Drops("Type")),
    ("DeleteUser", &ERROR_REQUEST_ID, FormFault::Drops("RequestId")),
];

/// The mutants with a wrong form: those of single actions, one for each list of attachments, and one for
/// each member that every recorded response has.
pub(super) fn form_mutants() -> impl Iterator<Item = Mutant> {
    let lists = AttachmentKind::blockers().map(|kind| kind.row().list.api);
    let lists = lists.filter(|api| api.starts_with("List"));
    let lists = lists.map(|api| (api, &LIST_FRAMING, FormFault::Renames("member", "item")));
    let members = RECORDED.iter().flat_map(|row| {
        row.actions.iter().flat_map(|api| row.members.iter().map(|member| (*api, *member)))
    });
    let members = members.map(|(api, member)| (api, &RECORDED_MEMBERS, FormFault::Drops(member)));
    SINGLE.iter().copied().chain(lists).chain(members).map(mutant)
}

fn mutant((api, rule, fault): FormMutant) -> Mutant {
    let id = rule.id(api);
    let name = format!("{id} {}", words(fault));
    Mutant { name, shown_by: id.clone(), rule: id, deviation: Deviation::WrongForm(rule, fault) }
}

/// The fault in words, for the name of the mutant.
fn words(fault: FormFault) -> String {
    match fault {
        FormFault::RenamesRoot => "has another root".to_owned(),
        FormFault::DropsNamespace => "has no namespace".to_owned(),
        FormFault::ResultAsRoot => "has its result as the root".to_owned(),
        FormFault::UnwrapsResult => "has no element around the result".to_owned(),
        FormFault::ByteOrderMark => "has a byte order mark".to_owned(),
        FormFault::Prefixes => "has namespace prefixes".to_owned(),
        FormFault::CData(name) => format!("has a CDATA section in {name}"),
        FormFault::Comments(name) => format!("has a comment in {name}"),
        FormFault::MetadataFirst => "has its metadata first".to_owned(),
        FormFault::Renames(from, to) => format!("has {to} for {from}"),
        FormFault::Drops(name) => format!("lacks {name}"),
        FormFault::Repeats(name) => format!("has {name} twice"),
        FormFault::Inserts(name, _) => format!("has more in {name}"),
        FormFault::Replaces(name, text) => format!("has {text} as {name}"),
        FormFault::Pads(name) => format!("has white space around {name}"),
        FormFault::Decodes(name) => format!("does not encode {name}"),
        FormFault::BareError => "has a bare error".to_owned(),
        FormFault::ErrorOfEc2 => "has an error of EC2".to_owned(),
        FormFault::JsonError => "has an error in JSON".to_owned(),
        FormFault::Status(status) => format!("has status {status}"),
        FormFault::ContentType(kind) => format!("has content type {kind}"),
        FormFault::IgnoresMaxItems => "ignores MaxItems".to_owned(),
    }
}
