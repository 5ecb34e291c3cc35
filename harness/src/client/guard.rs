//! The guard: blocks a request that names a resource which the run did not create.
//!
//! A request may name resources that this run has created, or read a listing of the account. The
//! guard blocks a member that no table has, because the member may name a resource.

use anyhow::{Result, bail};

use crate::client::session::Names;
use crate::wire::attachments::MemberRole;
use crate::wire::names;
use crate::wire::names::{RequestForm, invalid_value, member_role};

/// Checks a request before it is sent. `signed_by_user` says that a user of this run signs it: such
/// a request may omit the user name and concern its signer.
pub(crate) fn check(form: &RequestForm, names: &Names, signed_by_user: bool) -> Result<()> {
    let mut names_a_resource = signed_by_user;
    for (member, value) in form {
        let plain = member.split('.').next().unwrap_or(member);
        let Some(role) = member_role(plain) else {
            bail!("not sent: no table says whether {member} names a resource of somebody else");
        };
        let ours = match role {
            MemberRole::Name => names.is_ours(value),
            MemberRole::Id => names.is_our_id(value),
            MemberRole::Path => names.is_our_path(&format!("{value}/")) || is_no_path(value),
            MemberRole::Plain => true,
        };
        // An empty name concerns the signer at most.
        let of_signer = signed_by_user && plain == "UserName" && value.is_empty();
        if !ours && !of_signer && invalid_value(plain) != Some(value.as_str()) {
            bail!("not sent: {member} is {value:?}, which this run did not create");
        }
        names_a_resource |= matches!(role, MemberRole::Name | MemberRole::Id);
    }
    let action = form.iter().find(|(member, _)| member == "Action").map_or("", |it| &it.1);
    if !names_a_resource && !LISTINGS.contains(&action) {
        bail!("not sent: {action} without a name concerns the caller");
    }
    Ok(())
}

/// Checks a request after the renewed credentials turned out to belong to another account. The old
/// credentials still delete what the run has created.
pub(crate) fn check_after_account_change(form: &[(String, String)], other: &str) -> Result<()> {
    let action = form.iter().find(|(member, _)| member == "Action").map_or("", |it| &it.1);
    if !CLEANUP_VERBS.iter().any(|verb| action.starts_with(verb)) {
        bail!(
            "not sent: the renewed credentials belong to account {other}, not to the account of \
             this run; check the source of the credentials"
        );
    }
    Ok(())
}

/// The first words of the actions that a cleanup sends.
const CLEANUP_VERBS: [&str; 6] = ["List", "Get", "Delete", "Detach", "Remove", "Deactivate"];

/// The actions that list the whole account.
const LISTINGS: [&str; 7] = [
    "ListUsers",
    "ListGroups",
    "ListPolicies",
    "ListVirtualMFADevices",
    "ListAccountAliases",
    "GetAccountSummary",
    "GetAccountAuthorizationDetails",
];

/// Whether a value cannot be a path: it has no slash at the start, or is too long (D-021).
fn is_no_path(value: &str) -> bool {
    value.len() > 512 || !value.starts_with('/')
}

/// Checks a step of a deletion plan before it is sent: it removes an item that the plan shows, from
/// the user of the plan. `item` is the action, and the member and the value that name the item.
pub(crate) fn check_removal(
    form: &RequestForm,
    user: &str,
    (action, item): (&str, Option<(&str, &str)>),
) -> Result<()> {
    let mut expected = vec![("Action", action), ("Version", names::VERSION)];
    // A device has no user once it is deactivated.
    let names_user = action != "DeleteVirtualMFADevice";
    expected.extend(names_user.then_some(("UserName", user)));
    expected.extend(item);
    if user.is_empty() || item.is_some_and(|it| it.1.is_empty()) {
        bail!("not sent: {action} without a name concerns the caller");
    }
    let members: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if members != expected {
        bail!("not sent: the request of {action} is not the one of the plan for {user:?}");
    }
    Ok(())
}
