//! What was true a while ago, for as long as a fault may need it and for so many changes at most.

use std::collections::VecDeque;
use std::time::Instant;

use iamspec_model::evidence::B_LP_17;
use iamspec_model::{AttachmentKind, Item};

use crate::server::ModelState;
use crate::server::fault_injection::plan::FaultPlan;
use crate::server::fault_injection::{InjectedFault, Window};
use crate::server::handler::{HandledRequest, answer};
use crate::server::parse::ParsedForm;
use crate::wire::xml_write;

/// So many changes are kept at most.
const CHANGES: usize = 64;

/// When a call came, and which one it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    at: Instant,
    call: u64,
}

/// The accounts of the last while, each with the call that changed it, oldest first.
#[derive(Default)]
pub(crate) struct StateHistory {
    windows: Vec<Window>,
    worlds: VecDeque<(Stamp, ModelState)>,
    /// The users that got a login profile.
    profiles: VecDeque<(Stamp, String)>,
    calls: u64,
}

impl Window {
    /// Whether what came to be then is younger than that.
    fn covers(self, then: Stamp, now: Stamp) -> bool {
        match self {
            Self::Time(time) => now.at.saturating_duration_since(then.at) < time,
            Self::Calls(calls) => now.call.saturating_sub(then.call) <= calls,
        }
    }
}

impl StateHistory {
    /// As much of it as the faults of a plan need.
    pub(crate) fn of(plan: &FaultPlan) -> Self {
        Self {
            windows: plan.faults().filter_map(InjectedFault::window).collect(),
            ..Self::default()
        }
    }

    /// The next call: what nobody needs any more is forgotten.
    pub(crate) fn now(&mut self) -> Stamp {
        self.calls += 1;
        let now = Stamp { at: Instant::now(), call: self.calls };
        let needed = |then: Stamp| self.windows.iter().any(|window| window.covers(then, now));
        while self.worlds.front().is_some_and(|(then, _)| !needed(*then))
            || self.worlds.len() > CHANGES
        {
            self.worlds.pop_front();
        }
        while self.profiles.front().is_some_and(|(then, _)| !needed(*then))
            || self.profiles.len() > CHANGES
        {
            self.profiles.pop_front();
        }
        now
    }

    /// The account before a call that may change it, where it will be needed.
    pub(crate) fn before(&self, action: &str, world: &ModelState) -> Option<ModelState> {
        (!self.windows.is_empty() && !is_read(action)).then(|| world.clone())
    }

    /// Keeps what was true before a call that was carried out.
    pub(crate) fn keep(&mut self, now: Stamp, form: &ParsedForm, before: ModelState) {
        self.worlds.push_back((now, before));
        if form.get("Action") == Some("CreateLoginProfile") {
            self.profiles.push_back((now, form.text("UserName").to_lowercase()));
        }
    }

    /// What is answered in place of what is true, where the past makes a difference.
    pub(crate) fn instead(
        &self,
        fault: InjectedFault,
        now: Stamp,
        world: &ModelState,
        request: &HandledRequest<'_>,
    ) -> Option<(u16, String)> {
        let action = request.form.get("Action").unwrap_or_default();
        let was = |then: &ModelState| answer(&mut then.clone(), request);
        match fault {
            InjectedFault::Lag(window) if is_read(action) => {
                let (_, then) = self.worlds.iter().find(|(then, _)| window.covers(*then, now))?;
                Some(was(then)).filter(|it| *it != was(world))
            }
            InjectedFault::Lingering(window) if action.starts_with("Delete") => {
                let within = self.worlds.iter().rev().filter(|(it, _)| window.covers(*it, now));
                let conflict = |it: &(u16, String)| it.1.contains("<Code>DeleteConflict</Code>");
                let refused = within.map(|(_, then)| was(then)).find(conflict)?;
                (was(world).0 == 200).then_some(refused)
            }
            InjectedFault::Unmodifiable(window) => {
                let name = request.form.get("UserName")?;
                let same = |it: &&(Stamp, String)| it.1 == name.to_lowercase();
                let (made, _) = self.profiles.iter().rev().find(same)?;
                let changes = ["UpdateLoginProfile", "DeleteLoginProfile"].contains(&action);
                let user = world.registry.user(name);
                let held =
                    world.account.held(user, AttachmentKind::LoginProfile, Item(0)).is_some();
                (changes && held && window.covers(*made, now)).then(|| being_made(name, request.id))
            }
            _ => None,
        }
    }
}

fn being_made(user: &str, request_id: &str) -> (u16, String) {
    let text = B_LP_17.message.map(|it| it.replace("{UserName}", user));
    let code = B_LP_17.code.unwrap_or_default();
    (B_LP_17.http.unwrap_or(409), xml_write::error(code, text.as_deref(), request_id))
}

/// Whether a call only shows something.
fn is_read(action: &str) -> bool {
    action.starts_with("List") || action.starts_with("Get")
}
