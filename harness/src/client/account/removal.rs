//! The steps that delete a user, and sending one of them.
//!
//! The model decides the order of the steps. Before a step is sent, the guard checks that it
//! removes an item of the plan from the user of the plan.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::Response;
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::response::FailureKind;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, ErrorCode, IssueOptions, Item, Operation, User, apply,
    deletion_plan_with_devices,
};

use crate::client::account::holdings::{HeldItem, Holdings, is_no_such_entity};
use crate::client::connection::transport::SigningService;
use crate::client::{HttpClient, guard, request, response};
use crate::wire::attachments::wire;
use crate::wire::names::RequestForm;

/// The symbol of the user of a plan.
const PLANNED: User = User(0);

/// The longest pause between two attempts of a step.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often a step is sent again after a response that was lost or that the service could not
/// give.
const LOST_MAX: u32 = 2;

/// One call of a deletion plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionStep {
    /// The action.
    pub action: &'static str,
    /// The item that the step removes; `None` for `DeleteUser`.
    pub item: Option<HeldItem>,
    /// The request.
    pub form: RequestForm,
}

impl DeletionStep {
    /// Whether the step deletes the user itself.
    #[must_use]
    pub const fn deletes_user(&self) -> bool {
        self.item.is_none()
    }

    /// The member of the request that names the item, and its value.
    fn named_item(&self) -> Option<(&'static str, &str)> {
        let item = self.item.as_ref().filter(|it| it.kind.row().naming != Naming::Single)?;
        let member = wire(item.kind).detach_member.unwrap_or(item.kind.row().parameter);
        Some((member, item.name.as_str()))
    }
}

/// Whether the serial number is that of a virtual MFA device: an ARN of the resource type `mfa`
/// (B-MF-01). Only a virtual device can be deleted (C-070).
#[must_use]
pub fn is_virtual_device(serial: &str) -> bool {
    let parts: Vec<&str> = serial.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", _, _, resource] if resource.starts_with("mfa/"))
}

/// How long and how often a step is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'a> {
    /// The longest total pause of one step.
    pub limit: Duration,
    /// Set if the user interrupts the command.
    pub stop: &'a AtomicBool,
}

/// The pauses of one step so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    waited: Duration,
    count: u32,
}

impl Pauses {
    /// Waits before the next attempt. Returns false, without a pause, if the patience is used up or
    /// the user interrupts the command. `at_least` is the pause that the endpoint asks for.
    pub fn wait(&mut self, patience: Patience<'_>, at_least: Option<Duration>) -> bool {
        let own = Duration::from_millis(100 << self.count.min(5)).min(PAUSE_MAX);
        let pause = at_least.map_or(own, |it| it.max(own));
        if self.waited + pause > patience.limit {
            return false;
        }
        let slice = Duration::from_millis(50);
        let mut left = pause;
        while left > Duration::ZERO {
            if patience.stop.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(slice.min(left));
            left = left.saturating_sub(slice);
        }
        self.waited += pause;
        self.count += 1;
        true
    }
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// The item is removed.
    Done,
    /// An earlier attempt, whose response was lost, has removed the item.
    DoneBefore,
    /// The step did not succeed. This is the last response.
    NotDone(Response),
}

/// The result of a step and what it took.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The result.
    pub result: StepResult,
    /// How many requests were sent.
    pub sent: u32,
}

impl HttpClient {
    /// The calls that remove what was read, in order. `DeleteUser` is the last one if everything was
    /// read. With `devices`, each virtual MFA device is also deleted.
    ///
    /// # Errors
    /// A call has no request.
    pub fn deletion_steps(&mut self, held: &Holdings, devices: bool) -> Result<Vec<DeletionStep>> {
        self.names.enter(Namespace(0));
        self.names.bind_user(PLANNED, &held.user);
        let mut account = Account::default();
        apply(&mut account, &Operation::create_user(PLANNED));
        let mut items: Vec<(AttachmentKind, Item, &HeldItem)> = Vec::new();
        for it in &held.items {
            let item = match it.kind.row().naming {
                Naming::Single => Item(0),
                Naming::Service | Naming::Caller => self.names.adopt(it.kind, &it.name),
            };
            let attach = match it.kind.row().naming {
                Naming::Service => Operation::Issue(PLANNED, it.kind, item, IssueOptions::None),
                _ => Operation::Attach(PLANNED, it.kind, item),
            };
            apply(&mut account, &attach);
            items.push((it.kind, item, it));
        }
        let mut steps = Vec::new();
        for op in deletion_plan_with_devices(&account, PLANNED) {
            let held_item = match op {
                Operation::Detach(_, kind, item) => {
                    items.iter().find(|it| (it.0, it.1) == (kind, item)).map(|it| it.2.clone())
                }
                Operation::DeleteResource(device) => {
                    let kind = AttachmentKind::MfaDevice;
                    let found = items.iter().find(|it| (it.0, it.1) == (kind, device.item));
                    found.map(|it| it.2.clone())
                }
                _ => None,
            };
            let deletes_device = matches!(op, Operation::DeleteResource(_));
            let is_virtual = held_item.as_ref().is_some_and(|it| is_virtual_device(&it.name));
            let deletes_user = matches!(op, Operation::DeleteUser(_));
            if (deletes_device && !(devices && is_virtual)) || (deletes_user && !held.is_complete())
            {
                continue;
            }
            steps.push(DeletionStep {
                action: op.action().map_or("", |call| call.api),
                item: held_item,
                form: request::form(&op, &mut self.names)?,
            });
        }
        Ok(steps)
    }

    /// Sends a step for this user, and sends it again while that may help and the patience lasts.
    /// `DeleteUser` is sent again only if it was throttled: before any other attempt, the caller
    /// reads the user again.
    ///
    /// # Errors
    /// The guard does not approve the step. Nothing is sent.
    pub fn remove(
        &mut self,
        step: &DeletionStep,
        user: &str,
        patience: Patience<'_>,
    ) -> Result<StepReport> {
        guard::check_removal(&step.form, user, (step.action, step.named_item()))?;
        let (mut pauses, mut lost, mut sent) = (Pauses::default(), 0, 0);
        loop {
            let raw = self.sender.post(SigningService::Iam, &step.form, None);
            sent += 1;
            let result = raw.and_then(|raw| response::result(step.action, &raw));
            let Err(why) = result else {
                return Ok(StepReport { result: StepResult::Done, sent });
            };
            if is_no_such_entity(&why) && lost > 0 {
                return Ok(StepReport { result: StepResult::DoneBefore, sent });
            }
            let again = match retry_of(&why) {
                Retry::Never => false,
                Retry::Conflict => true,
                Retry::Lost => {
                    lost += 1;
                    lost <= LOST_MAX
                }
            };
            let at_least = self.sender.retry_after.take();
            let throttled =
                matches!(&why, Response::Failed(it) if it.kind == FailureKind::Transient);
            let reads_first = step.deletes_user() && !throttled;
            if !again || reads_first || !pauses.wait(patience, at_least) {
                return Ok(StepReport { result: StepResult::NotDone(why), sent });
            }
        }
    }
}

/// Whether a step may succeed if it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The step can never succeed.
    Never,
    /// The step had no effect, and the cause may pass: an item that lingers (F-004), a recent
    /// change (F-005, F-010), another change at the same time, or throttling (F-011).
    Conflict,
    /// The step may have had its effect.
    Lost,
}

/// Whether the step with this response may succeed if it is sent again.
#[must_use]
pub fn retry_of(response: &Response) -> Retry {
    let passes = [ErrorCode::DeleteConflict, ErrorCode::EntityTemporarilyUnmodifiable];
    match response {
        Response::Refused { code, .. } if passes.iter().any(|it| it.name() == code) => {
            Retry::Conflict
        }
        Response::Failed(it) if it.kind == FailureKind::Transient => Retry::Conflict,
        Response::Failed(it)
            if matches!(
                it.kind,
                FailureKind::Reset
                    | FailureKind::Timeout
                    | FailureKind::Failure
                    | FailureKind::Unreachable
            ) =>
        {
            Retry::Lost
        }
        _ => Retry::Never,
    }
}
