//! One row per attachment kind: its names, ids and values on the wire (D-023).
//!
//! [`ATTACHMENTS`] is the only place of this crate that lists the kinds. The client builds requests
//! and reads responses from a row; the reference server reads requests and writes responses from
//! it. The API actions of a kind and the member that names an item are in the model's row.

use iamspec_model::{AttachmentAction, AttachmentKind, SubResource};

/// The wire names of one attachment kind.
#[derive(Debug)]
pub struct AttachmentWire {
    /// The kind that this row describes.
    pub kind: AttachmentKind,
    /// The head of its column in a table.
    pub column: &'static str,
    /// What AWS permits as the name of an item (D-021).
    pub name_form: Option<NameForm>,
    /// The request members that only this kind has, and what each of them refers to.
    pub members: &'static [(&'static str, MemberRole)],
    /// The member that names the item in the attach request, if it is not the model's `member`.
    pub attach_member: Option<&'static str>,
    /// The member that names the item in the detach request, if it is not the model's `member`.
    pub detach_member: Option<&'static str>,
    /// The content of the attach request besides the user and the item.
    pub payload: Payload,
    /// The request member that holds the payload, if one member does.
    pub payload_member: Option<&'static str>,
    /// The content of the renew request besides the user and the item.
    pub renew_payload: Payload,
    /// Members with a constant value in the get request.
    pub get_members: &'static [(&'static str, &'static str)],
    /// The actions that use the caller as the user if the request has no `UserName` (D-023).
    pub caller_is_default: &'static [AttachmentAction],
    /// Invalid values: a request member, and a value that it must not have.
    pub invalid: &'static [(&'static str, &'static str)],
    /// The pattern of an id, in AWS's words, if the service checks it. Only [`WORD`] is known.
    pub id_pattern: Option<&'static str>,
    /// The first characters of an id that the service gives (E-017).
    pub id_prefix: &'static str,
    /// The length of an id that the service gives; 0 if the service gives none.
    pub id_length: usize,
    /// The list response; `None` if the kind has no list action.
    pub listing: Option<ListResponse>,
    /// The element that holds the item in the attach and get responses; `None` if there is none.
    pub structure: Option<&'static str>,
    /// The element that holds the item in the renew response; `None` if that response is empty.
    pub renew_structure: Option<&'static str>,
    /// The elements of one item in the attach and get responses.
    pub elements: &'static [ItemElement],
    /// The secret that the service issues with an item.
    pub issued: IssuedSecret,
    /// Other members and elements that hold secrets.
    pub secrets: &'static [&'static str],
}

/// The length of a name, and its characters besides letters, digits and `_`.
#[derive(Clone, Copy, Debug)]
pub struct NameForm {
    /// The minimum and the maximum length.
    pub length: (usize, usize),
    /// The other characters.
    pub others: &'static str,
}

impl NameForm {
    const fn new(min: usize, max: usize, others: &'static str) -> Self {
        Self { length: (min, max), others }
    }
}

/// The form of the names of users, groups and policies (D-021).
pub(crate) const FRIENDLY_NAME: NameForm = NameForm::new(1, 128, "+=,.@-");

/// What a request member refers to. The guard checks members by their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRole {
    /// A user, a group, a policy or a device, by its name or ARN.
    Name,
    /// An id that the service gave.
    Id,
    /// A path.
    Path,
    /// Nothing: the member names no resource.
    Plain,
}

/// The content of an attach or renew request besides the user and the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// No content.
    None,
    /// A new password.
    Password,
    /// A self-signed certificate.
    Certificate,
    /// An RSA public key.
    SshKey,
    /// The service that a credential is for.
    Service,
    /// Two consecutive codes of a device.
    Codes,
    /// A policy document.
    Document,
    /// The value of a tag.
    TagValue,
}

/// The list response of a kind.
#[derive(Clone, Copy, Debug)]
pub struct ListResponse {
    /// The element that holds the members.
    pub list: &'static str,
    /// The element in a member that names the item; `None` if the text of the member does.
    pub name: Option<&'static str>,
    /// The elements of a member.
    pub elements: &'static [ItemElement],
}

/// An element of an item in a response: its name, and the source of its text.
pub type ItemElement = (&'static str, ElementSource);

/// The source of the text of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementSource {
    /// The name of the user that holds the item.
    User,
    /// The id of the item.
    Id,
    /// The name of the item.
    Name,
    /// `Active` or `Inactive`.
    Status,
    /// The creation date of the item.
    Created,
    /// The date at which the item was attached to the user.
    Attached,
    /// The payload of the attach request.
    Payload,
    /// The payload, percent-encoded (B-IP-03).
    Document,
    /// The MD5 fingerprint of an SSH key.
    Fingerprint,
    /// The user name of a service-specific credential.
    ServiceUser,
    /// Whether the user must choose another password.
    PasswordReset,
    /// The path of the resource that the item refers to.
    ResourcePath,
    /// The name of the resource that the item refers to.
    ResourceName,
    /// The id of that resource; the ARN or the serial number if requests name the resource by it.
    ResourceId,
    /// The ARN of a group.
    GroupArn,
    /// The creation date of the resource that the item refers to.
    ResourceCreated,
}

/// The secret that the service issues with an item, by its element in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuedSecret {
    /// The service issues no secret.
    None,
    /// The key that signs the requests of the user.
    SigningKey(&'static str),
    /// A password for another service.
    Password(&'static str),
}

impl IssuedSecret {
    /// The element that holds the secret.
    #[must_use]
    pub const fn element(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::SigningKey(element) | Self::Password(element) => Some(element),
        }
    }
}

/// The pattern of ids that consist of letters, digits and underscores.
pub const WORD: &str = r"[\w]+";

/// A row without names, from which every row starts.
const EMPTY: AttachmentWire = AttachmentWire {
    kind: AttachmentKind::LoginProfile,
    column: "",
    name_form: None,
    members: &[],
    attach_member: None,
    detach_member: None,
    payload: Payload::None,
    payload_member: None,
    renew_payload: Payload::None,
    get_members: &[],
    caller_is_default: &[],
    invalid: &[],
    id_pattern: None,
    id_prefix: "",
    id_length: 0,
    listing: None,
    structure: None,
    renew_structure: None,
    elements: &[],
    issued: IssuedSecret::None,
    secrets: &[],
};

/// Every row, in the order of [`AttachmentKind`].
pub static ATTACHMENTS: [AttachmentWire; AttachmentKind::COUNT] = ROWS;

const ROWS: [AttachmentWire; AttachmentKind::COUNT] = [
    AttachmentWire {
        kind: AttachmentKind::LoginProfile,
        column: "login",
        members: &[("Password", MemberRole::Plain), ("PasswordResetRequired", MemberRole::Plain)],
        payload: Payload::Password,
        payload_member: Some("Password"),
        renew_payload: Payload::Password,
        caller_is_default: &[
            AttachmentAction::Attach,
            AttachmentAction::List,
            AttachmentAction::Detach,
        ],
        invalid: &[("Password", "Aa1!")],
        structure: Some("LoginProfile"),
        elements: &[
            ("UserName", ElementSource::User),
            ("CreateDate", ElementSource::Attached),
            ("PasswordResetRequired", ElementSource::PasswordReset),
        ],
        secrets: &["Password"],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::AccessKey,
        column: "keys",
        name_form: Some(NameForm::new(16, 128, "")),
        members: &[("AccessKeyId", MemberRole::Id)],
        caller_is_default: &[
            AttachmentAction::Attach,
            AttachmentAction::List,
            AttachmentAction::SetStatus,
            AttachmentAction::Detach,
        ],
        id_prefix: "AKIA",
        id_length: 20,
        listing: Some(ListResponse {
            list: "AccessKeyMetadata",
            name: Some("AccessKeyId"),
            elements: &[
                ("UserName", ElementSource::User),
                ("AccessKeyId", ElementSource::Id),
                ("Status", ElementSource::Status),
                ("CreateDate", ElementSource::Created),
            ],
        }),
        structure: Some("AccessKey"),
        elements: &[
            ("UserName", ElementSource::User),
            ("AccessKeyId", ElementSource::Id),
            ("Status", ElementSource::Status),
            ("CreateDate", ElementSource::Created),
        ],
        issued: IssuedSecret::SigningKey("SecretAccessKey"),
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::SigningCertificate,
        column: "certs",
        name_form: Some(NameForm::new(24, 128, "")),
        members: &[("CertificateId", MemberRole::Id), ("CertificateBody", MemberRole::Plain)],
        payload: Payload::Certificate,
        payload_member: Some("CertificateBody"),
        caller_is_default: &[
            AttachmentAction::Attach,
            AttachmentAction::List,
            AttachmentAction::SetStatus,
            AttachmentAction::Detach,
        ],
        invalid: &[("CertificateBody", "invalid-certificate-body")],
        id_length: 32,
        listing: Some(ListResponse {
            list: "Certificates",
            name: Some("CertificateId"),
            elements: &[
                ("UserName", ElementSource::User),
                ("CertificateId", ElementSource::Id),
                ("Status", ElementSource::Status),
                ("UploadDate", ElementSource::Created),
                ("CertificateBody", ElementSource::Payload),
            ],
        }),
        structure: Some("Certificate"),
        elements: &[
            ("UserName", ElementSource::User),
            ("CertificateId", ElementSource::Id),
            ("Status", ElementSource::Status),
            ("UploadDate", ElementSource::Created),
            ("CertificateBody", ElementSource::Payload),
        ],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::SshPublicKey,
        column: "ssh",
        name_form: Some(NameForm::new(20, 128, "")),
        members: &[
            ("SSHPublicKeyId", MemberRole::Id),
            ("SSHPublicKeyBody", MemberRole::Plain),
            ("Encoding", MemberRole::Plain),
        ],
        payload: Payload::SshKey,
        payload_member: Some("SSHPublicKeyBody"),
        get_members: &[("Encoding", "SSH")],
        caller_is_default: &[AttachmentAction::List],
        id_prefix: "APKA",
        id_length: 20,
        listing: Some(ListResponse {
            list: "SSHPublicKeys",
            name: Some("SSHPublicKeyId"),
            elements: &[
                ("UserName", ElementSource::User),
                ("SSHPublicKeyId", ElementSource::Id),
                ("Status", ElementSource::Status),
                ("UploadDate", ElementSource::Created),
            ],
        }),
        structure: Some("SSHPublicKey"),
        elements: &[
            ("UserName", ElementSource::User),
            ("SSHPublicKeyId", ElementSource::Id),
            ("Status", ElementSource::Status),
            ("UploadDate", ElementSource::Created),
            ("SSHPublicKeyBody", ElementSource::Payload),
            ("Fingerprint", ElementSource::Fingerprint),
        ],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::ServiceCredential,
        column: "svc",
        name_form: Some(NameForm::new(20, 128, "")),
        members: &[
            ("ServiceSpecificCredentialId", MemberRole::Id),
            ("ServiceName", MemberRole::Plain),
        ],
        payload: Payload::Service,
        payload_member: Some("ServiceName"),
        caller_is_default: &[
            AttachmentAction::List,
            AttachmentAction::SetStatus,
            AttachmentAction::ResetSecret,
            AttachmentAction::Detach,
        ],
        invalid: &[
            ("ServiceName", "lambda.amazonaws.com"),
            ("ServiceSpecificCredentialId", "totally-wrong-credential-id-with-hyphens"),
        ],
        id_pattern: Some(WORD),
        id_prefix: "ACCA",
        id_length: 20,
        listing: Some(ListResponse {
            list: "ServiceSpecificCredentials",
            name: Some("ServiceSpecificCredentialId"),
            elements: SERVICE_CREDENTIAL,
        }),
        structure: Some("ServiceSpecificCredential"),
        renew_structure: Some("ServiceSpecificCredential"),
        elements: SERVICE_CREDENTIAL,
        issued: IssuedSecret::Password("ServicePassword"),
        secrets: &["ServiceCredentialSecret"],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::MfaDevice,
        column: "mfa",
        name_form: Some(NameForm::new(9, 256, "+=/:,.@-")),
        members: &[
            ("SerialNumber", MemberRole::Name),
            ("AuthenticationCode1", MemberRole::Plain),
            ("AuthenticationCode2", MemberRole::Plain),
        ],
        payload: Payload::Codes,
        renew_payload: Payload::Codes,
        caller_is_default: &[AttachmentAction::List, AttachmentAction::Detach],
        listing: Some(ListResponse {
            list: "MFADevices",
            name: Some("SerialNumber"),
            elements: &[
                ("UserName", ElementSource::User),
                ("SerialNumber", ElementSource::ResourceId),
                ("EnableDate", ElementSource::Attached),
            ],
        }),
        secrets: &["AuthenticationCode1", "AuthenticationCode2", "Base32StringSeed", "QRCodePNG"],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::InlinePolicy,
        column: "inline",
        name_form: Some(FRIENDLY_NAME),
        members: &[("PolicyName", MemberRole::Name), ("PolicyDocument", MemberRole::Plain)],
        payload: Payload::Document,
        payload_member: Some("PolicyDocument"),
        invalid: &[("PolicyDocument", "{")],
        listing: Some(ListResponse { list: "PolicyNames", name: None, elements: &[] }),
        elements: &[
            ("UserName", ElementSource::User),
            ("PolicyName", ElementSource::Name),
            ("PolicyDocument", ElementSource::Document),
        ],
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::ManagedPolicy,
        column: "managed",
        members: &[("PolicyArn", MemberRole::Name)],
        invalid: &[("PolicyArn", "longpolicynamebutnoarn")],
        listing: Some(ListResponse {
            list: "AttachedPolicies",
            name: Some("PolicyArn"),
            elements: &[
                ("PolicyName", ElementSource::ResourceName),
                ("PolicyArn", ElementSource::ResourceId),
            ],
        }),
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::GroupMembership,
        column: "groups",
        name_form: Some(FRIENDLY_NAME),
        members: &[("GroupName", MemberRole::Name)],
        listing: Some(ListResponse {
            list: "Groups",
            name: Some("GroupName"),
            elements: &[
                ("Path", ElementSource::ResourcePath),
                ("GroupName", ElementSource::ResourceName),
                ("GroupId", ElementSource::ResourceId),
                ("Arn", ElementSource::GroupArn),
                ("CreateDate", ElementSource::ResourceCreated),
            ],
        }),
        ..EMPTY
    },
    AttachmentWire {
        kind: AttachmentKind::Tag,
        column: "tags",
        members: &[
            ("Tags", MemberRole::Plain),
            ("TagKeys", MemberRole::Plain),
            ("Key", MemberRole::Plain),
            ("Value", MemberRole::Plain),
        ],
        attach_member: Some("Tags.member.1.Key"),
        detach_member: Some("TagKeys.member.1"),
        payload: Payload::TagValue,
        payload_member: Some("Tags.member.1.Value"),
        listing: Some(ListResponse {
            list: "Tags",
            name: Some("Key"),
            elements: &[("Key", ElementSource::Name), ("Value", ElementSource::Payload)],
        }),
        ..EMPTY
    },
];

/// Issuing and listing a service-specific credential show the same elements.
const SERVICE_CREDENTIAL: &[ItemElement] = &[
    ("UserName", ElementSource::User),
    ("ServiceSpecificCredentialId", ElementSource::Id),
    ("Status", ElementSource::Status),
    ("CreateDate", ElementSource::Created),
    ("ServiceUserName", ElementSource::ServiceUser),
    ("ServiceName", ElementSource::Payload),
];

// Row i describes kind i.
const _: () = {
    let mut rest: &[AttachmentWire] = &ROWS;
    let mut index = 0;
    while let [row, others @ ..] = rest {
        assert!(row.kind as usize == index);
        index += 1;
        rest = others;
    }
};

/// The row of a kind.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "row i describes kind i, and every kind has a row")]
pub fn wire(kind: AttachmentKind) -> &'static AttachmentWire {
    &ATTACHMENTS[kind as usize]
}

/// The attachment kind whose items are also sub-resources; `None` for policy versions.
#[must_use]
pub const fn kind_of(part: SubResource) -> Option<AttachmentKind> {
    match part {
        SubResource::InlinePolicy => Some(AttachmentKind::InlinePolicy),
        SubResource::AttachedPolicy => Some(AttachmentKind::ManagedPolicy),
        SubResource::Version => None,
    }
}

#[cfg(test)]
mod tests {
    use iamspec_model::tables::attachments::Naming;

    use super::*;
    use crate::wire::payload;

    #[test]
    fn kinds_that_the_service_names_have_an_id_and_a_structure() {
        for row in &ATTACHMENTS {
            let by_service = row.kind.row().naming == Naming::Service;
            assert_eq!(row.id_length > row.id_prefix.len(), by_service, "{:?}", row.kind);
            assert!(!by_service || row.structure.is_some(), "{:?}", row.kind);
        }
    }

    #[test]
    fn listings_have_the_element_that_names_an_item() {
        for row in &ATTACHMENTS {
            let Some(listing) = row.listing else { continue };
            let has = |name| listing.elements.iter().any(|(element, _)| *element == name);
            assert!(listing.name.is_none_or(has), "{:?}", row.kind);
        }
    }

    #[test]
    fn a_policy_document_has_the_size_that_the_model_counts() {
        let row = ATTACHMENTS.iter().find(|it| it.payload == Payload::Document).unwrap();
        let document = payload::policy_document();
        let size = document.chars().filter(|it| !it.is_whitespace()).count();
        assert_eq!(size as u64, row.kind.row().quota.each);
    }
}
