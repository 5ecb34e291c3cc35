//! What may leave: a request that names something that this run did not make is not sent.

use anyhow::{Result, bail};

use crate::client::request::{NOTHINGS, RequestForm};
use crate::client::session::Names;

/// What the members of requests are.
const MEMBERS: [(&str, MemberRole); 44] = {
    use MemberRole::Id;
    use MemberRole::Name;
    use MemberRole::Path;
    use MemberRole::Plain;
    [
        ("UserName", Name),
        ("NewUserName", Name),
        ("GroupName", Name),
        ("NewGroupName", Name),
        ("PolicyName", Name),
        ("VirtualMFADeviceName", Name),
        ("PolicyArn", Name),
        ("PermissionsBoundary", Name),
        ("SerialNumber", Name),
        ("Path", Path),
        ("NewPath", Path),
        ("PathPrefix", Path),
        ("AccessKeyId", Id),
        ("CertificateId", Id),
        ("SSHPublicKeyId", Id),
        ("ServiceSpecificCredentialId", Id),
        ("Action", Plain),
        ("Version", Plain),
        ("VersionId", Plain),
        ("SetAsDefault", Plain),
        ("Tags", Plain),
        ("TagKeys", Plain),
        ("Filter", Plain),
        ("Password", Plain),
        ("OldPassword", Plain),
        ("NewPassword", Plain),
        ("PasswordResetRequired", Plain),
        ("PolicyDocument", Plain),
        ("CertificateBody", Plain),
        ("SSHPublicKeyBody", Plain),
        ("Encoding", Plain),
        ("ServiceName", Plain),
        ("AuthenticationCode1", Plain),
        ("AuthenticationCode2", Plain),
        ("Status", Plain),
        ("Scope", Plain),
        ("OnlyAttached", Plain),
        ("AssignmentStatus", Plain),
        ("EntityFilter", Plain),
        ("PolicyUsageFilter", Plain),
        ("MaxItems", Plain),
        ("Marker", Plain),
        ("Key", Plain),
        ("Value", Plain),
    ]
};

/// What a member of a request is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MemberRole {
    /// It names a user, a group, a policy or a device.
    Name,
    /// It is an id that the service gave.
    Id,
    /// It is a path.
    Path,
    /// It names nothing.
    Plain,
}

/// Whether a request is about what this run has made, or reads what everybody may; `own` says whether a
/// user of this run signs it, who may ask about itself without a name.
pub(crate) fn check(form: &RequestForm, names: &Names, own: bool) -> Result<()> {
    let mut about_ours = own;
    for (member, value) in form {
        let plain = member.split('.').next().unwrap_or(member);
        let Some((_, sort)) = MEMBERS.iter().find(|(name, _)| *name == plain) else {
            bail!("not sent: nobody knows whether {member} names something of others");
        };
        let ours = match sort {
            MemberRole::Name => names.is_ours(value),
            MemberRole::Id => names.is_our_id(value),
            MemberRole::Path => names.is_our_path(&format!("{value}/")) || is_no_path(value),
            MemberRole::Plain => true,
        };
        if !ours && !NOTHINGS.contains(&value.as_str()) {
            bail!("not sent: {member} is {value:?}, which this run has not made");
        }
        about_ours |= matches!(sort, MemberRole::Name | MemberRole::Id);
    }
    let action = form.iter().find(|(member, _)| member == "Action").map_or("", |it| &it.1);
    let lists_all = LISTINGS.contains(&action);
    if !about_ours && !lists_all {
        bail!("not sent: {action} without a name is about whoever asks");
    }
    Ok(())
}

/// The calls that read about everybody.
const LISTINGS: [&str; 7] = [
    "ListUsers",
    "ListGroups",
    "ListPolicies",
    "ListVirtualMFADevices",
    "ListAccountAliases",
    "GetAccountSummary",
    "GetAccountAuthorizationDetails",
];

/// What cannot be a path: it does not begin as one, or is longer than one may be (D-021).
fn is_no_path(value: &str) -> bool {
    value.len() > 512 || !value.starts_with('/')
}
