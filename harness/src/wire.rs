//! AWS's names on the wire, beyond those in the model's tables (D-023): where a listing keeps its
//! members, and where an answer keeps the name that the service gave.

use iamspec_model::{Class, Kind};

/// The namespace of every IAM answer (E-001).
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The version of the Query API (E-018).
pub const VERSION: &str = "2010-05-08";

/// The version of the API that says whose credentials a request is signed with, as botocore sends it.
pub const STS_VERSION: &str = "2011-06-15";

/// How a listing of a kind looks.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The element that holds the members.
    pub list: &'static str,
    /// The element in a member that names the item; none where the member's text does.
    pub name: Option<&'static str>,
}

/// Where the items of a kind stand in its listing. `None` for the login profile, which is not
/// listed.
#[must_use]
pub const fn listing(kind: Kind) -> Option<Listing> {
    let (list, name) = match kind {
        Kind::LoginProfile => return None,
        Kind::AccessKey => ("AccessKeyMetadata", Some("AccessKeyId")),
        Kind::SigningCertificate => ("Certificates", Some("CertificateId")),
        Kind::SshPublicKey => ("SSHPublicKeys", Some("SSHPublicKeyId")),
        Kind::ServiceCredential => {
            ("ServiceSpecificCredentials", Some("ServiceSpecificCredentialId"))
        }
        Kind::MfaDevice => ("MFADevices", Some("SerialNumber")),
        Kind::InlinePolicy => ("PolicyNames", None),
        Kind::ManagedPolicy => ("AttachedPolicies", Some("PolicyArn")),
        Kind::GroupMembership => ("Groups", Some("GroupName")),
        Kind::Tag => ("Tags", Some("Key")),
    };
    Some(Listing { list, name })
}

/// The element that an issuing or reading call answers with, such as `AccessKey`.
#[must_use]
pub const fn structure(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::LoginProfile => Some("LoginProfile"),
        Kind::AccessKey => Some("AccessKey"),
        Kind::SigningCertificate => Some("Certificate"),
        Kind::SshPublicKey => Some("SSHPublicKey"),
        Kind::ServiceCredential => Some("ServiceSpecificCredential"),
        Kind::MfaDevice
        | Kind::InlinePolicy
        | Kind::ManagedPolicy
        | Kind::GroupMembership
        | Kind::Tag => None,
    }
}

/// The element that answers the creation of an object, and the one in it that names the object in
/// later requests.
#[must_use]
pub const fn created(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Group => ("Group", "GroupName"),
        Class::Policy => ("Policy", "Arn"),
        Class::Device => ("VirtualMFADevice", "SerialNumber"),
    }
}

/// The element that lists the objects of a class, and the one in a member that names the object.
#[must_use]
pub const fn objects(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Group => ("Groups", "GroupName"),
        Class::Policy => ("Policies", "Arn"),
        Class::Device => ("VirtualMFADevices", "SerialNumber"),
    }
}

/// What an id that the service gives begins with (E-017).
#[must_use]
pub const fn id_prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::AccessKey => "AKIA",
        Kind::SshPublicKey => "APKA",
        Kind::ServiceCredential => "ACCA",
        _ => "",
    }
}

/// The services that credentials are made for, by number (B-SS-01).
pub const SERVICES: [&str; iamspec_model::kind::SERVICES as usize] =
    ["codecommit.amazonaws.com", "cassandra.amazonaws.com"];
