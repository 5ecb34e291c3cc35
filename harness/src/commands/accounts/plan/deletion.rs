//! The deletion plan of a user of an account: what was read, and the calls that follow from it.

use anyhow::Result;
use iamspec_conformance::Response;
use iamspec_model::AttachmentKind;

use crate::client::HttpClient;
use crate::client::account::holdings::{Holdings, is_no_such_entity};
use crate::client::account::removal::DeletionStep;
use crate::commands::accounts::plan::PlanArgs;

/// The deletion plan of a user of an account.
pub(super) struct DeletionPlan {
    /// What was read.
    pub(super) held: Holdings,
    /// The calls. `DeleteUser` is the last one if everything was read.
    pub(super) steps: Vec<DeletionStep>,
    /// The kinds that the user of the command assumes to be absent.
    pub(super) assumed: Vec<AttachmentKind>,
}

impl DeletionPlan {
    /// Reads what a user holds, and plans its deletion.
    pub(super) fn read(http: &mut HttpClient, user: &str, args: &PlanArgs) -> Result<Self> {
        let mut held = http.holdings(user);
        let assumed = assume_none(&mut held, &args.assume_none);
        let steps = http.deletion_steps(&held, args.devices)?;
        Ok(Self { held, steps, assumed })
    }

    /// Whether the plan depends on an assumption.
    pub(super) fn is_assumption_free(&self) -> bool {
        self.assumed.is_empty() && self.held.unconfirmed.is_empty()
    }
}

/// The assumption that a listing is complete, in one line.
pub(super) fn unconfirmed_line(kind: AttachmentKind) -> String {
    let (noun, action) = (kind.row().noun, kind.row().list.api);
    format!("assumed: no other {noun} ({action} does not say that it is complete: no IsTruncated)")
}

/// Marks these kinds as absent, and returns them, if the endpoint does not implement their listing or
/// has a listing that does not find the user.
pub(super) fn assume_none(held: &mut Holdings, kinds: &[AttachmentKind]) -> Vec<AttachmentKind> {
    let unsupported = |response: &Response| match response {
        Response::Failed(it) => it.kind.looks_unsupported(),
        response => is_no_such_entity(response),
    };
    let mut assumed = Vec::new();
    held.unread.retain(|it| {
        let kind = it.kind.filter(|kind| kinds.contains(kind));
        let kind = kind.filter(|_| it.response.as_ref().is_some_and(unsupported));
        assumed.extend(kind);
        kind.is_none()
    });
    assumed
}
