//! The sizes of policies, in characters without white space: of all inline policies of a user
//! together (B-IP-08), of a group (C-092), and of one version of a managed policy (G-007).
//!
//! The model counts policies and not characters. Before a policy is added, its quota is set so that
//! the model refuses exactly what is too large; afterwards it is restored.

use iamspec_model::evidence::G_007;
use iamspec_model::{AttachmentKind, Item, Resource, ResourceKind, SubResource};

use crate::server::ModelState;
use crate::server::parse::form::{ParsedForm, RequestError};

/// The maximum for a group (G-001).
pub(crate) const GROUP_MAX: u64 = 5120;

/// The maximum for a version of a managed policy (G-001).
pub(crate) const MANAGED_MAX: u64 = 6144;

/// The quotas to restore: of inline policies of users and of groups.
pub(crate) type Quotas = Option<(u64, u64)>;

fn size(document: &str) -> u64 {
    document.chars().filter(|it| !it.is_whitespace()).count() as u64
}

/// Checks the size of a new version of a managed policy.
pub(crate) fn check_managed(form: &ParsedForm) -> Result<(), RequestError> {
    let is_managed = ["CreatePolicy", "CreatePolicyVersion"].contains(&form.action());
    let document = form.get("PolicyDocument").filter(|_| is_managed);
    if document.is_none_or(|document| size(document) <= MANAGED_MAX) {
        return Ok(());
    }
    let max = MANAGED_MAX.to_string();
    let message =
        G_007.message.map(|text| text.replace("{Quota}", "PolicySize").replace("{n}", &max));
    Err(RequestError::Fact(G_007, message))
}

/// Sets the quotas of inline policies so that the model refuses a document if it is too large.
pub(crate) fn adjust_quotas(model: &mut ModelState, form: &ParsedForm) -> Quotas {
    let (kind, part) = (AttachmentKind::InlinePolicy, SubResource::InlinePolicy);
    let quotas = (model.account.quota(kind), model.account.sub_resource_quota(part));
    let (name, new) = (form.get("PolicyName")?, size(form.get("PolicyDocument")?));
    // The size of the other policies, and their number.
    let others = |items: Vec<Item>| {
        let records = items.into_iter().map(|item| model.store.item_record(kind, item));
        let others: Vec<_> = records.filter(|it| !it.name.eq_ignore_ascii_case(name)).collect();
        (others.iter().map(|it| size(&it.body)).sum::<u64>(), others.len() as u64)
    };
    match form.action() {
        "PutUserPolicy" => {
            let user = model.store.user(form.get("UserName")?);
            let items = model.account.attachments_of_kind(user, kind).map(|it| it.item);
            let (size_of_others, count) = others(items.collect());
            let is_too_large = size_of_others + new > quotas.0;
            let max = (count + 1) * kind.row().quota.each;
            model.account.set_quota(kind, quota(is_too_large, max));
        }
        "PutGroupPolicy" => {
            let class = ResourceKind::Group;
            let item = model.store.resource(class, form.get("GroupName")?);
            let group = Resource { kind: class, item };
            let items = model.account.sub_resources(group, part).map(|it| it.item);
            let (size_of_others, count) = others(items.collect());
            let is_too_large = size_of_others + new > GROUP_MAX;
            model.account.set_sub_resource_quota(part, quota(is_too_large, count + 1));
        }
        _ => return None,
    }
    Some(quotas)
}

/// A quota that this number of policies exceeds, or one that nothing exceeds.
fn quota(is_exceeded: bool, number: u64) -> u32 {
    let exceeded = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX);
    if is_exceeded { exceeded } else { u32::MAX }
}

/// Restores the quotas.
pub(crate) fn restore_quotas(model: &mut ModelState, quotas: Quotas) {
    if let Some((user, group)) = quotas {
        let number = |max: u64| u32::try_from(max).unwrap_or(u32::MAX);
        model.account.set_quota(AttachmentKind::InlinePolicy, number(user));
        model.account.set_sub_resource_quota(SubResource::InlinePolicy, number(group));
    }
}
