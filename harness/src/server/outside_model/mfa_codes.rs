//! The authentication codes of a virtual device: wrong codes are refused (B-MF-09).
//!
//! Codes that were right some time ago are accepted: the device is then out of sync (B-MF-17). How
//! old they may be is unknown.

use iamspec_model::evidence::{B_MF_09, B_MF_19};
use iamspec_model::{AttachmentKind, Resource, ResourceKind, User};

use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::{ModelState, clock};
use crate::wire::payload;

/// The number of windows of thirty seconds after which a pair of codes is too old: one hour.
const OLDEST: u64 = 120;

/// Refuses a user that changes its own devices in a session without MFA, once it has one. A request that
/// an access key signs has no session with MFA (B-MF-19). For devices of other kinds and for the order of
/// the refusals there is no evidence.
pub(crate) fn check_session(
    model: &ModelState,
    form: &ParsedForm,
    caller: Option<User>,
) -> Result<(), RequestError> {
    let changes = ["EnableMFADevice", "DeactivateMFADevice"].contains(&form.action());
    let Some(caller) = caller.filter(|_| changes) else { return Ok(()) };
    let is_own = form.get("UserName").is_some_and(|name| model.store.user(name) == caller);
    let mut devices = model.account.attachments_of_kind(caller, AttachmentKind::MfaDevice);
    if is_own && devices.next().is_some() {
        return Err(RequestError::of_fact(B_MF_19, form));
    }
    Ok(())
}

/// Checks the codes of a request that enables or resyncs a device. A device that does not exist or
/// that another user has is left to the model, because that comes first (B-MF-08, B-MF-12).
pub(crate) fn check(model: &ModelState, form: &ParsedForm) -> Result<(), RequestError> {
    let (enables, resyncs) =
        (form.action() == "EnableMFADevice", form.action() == "ResyncMFADevice");
    let (Some(serial), Some(first), Some(second)) = (
        form.get("SerialNumber").filter(|_| enables || resyncs),
        form.get("AuthenticationCode1"),
        form.get("AuthenticationCode2"),
    ) else {
        return Ok(());
    };
    let kind = ResourceKind::Device;
    let device = Resource { kind, item: model.store.resource(kind, serial) };
    let is_held = model.account.holders(AttachmentKind::MfaDevice, device.item).next().is_some();
    if !model.account.has_resource(device) || enables && is_held {
        return Ok(());
    }
    let seed = model.store.resource_record(device).body;
    let now = u64::try_from(clock::now().unix_timestamp()).unwrap_or_default();
    if payload::is_pair_of_codes(&seed, [first, second], now, OLDEST) {
        return Ok(());
    }
    Err(RequestError::of_fact(B_MF_09, form))
}
