//! Carries out the plan of one user.
//!
//! Only steps that were shown and confirmed are sent. Before `DeleteUser`, and after a confirmation
//! at a terminal, the user is read again: if it holds something that was not shown, nothing more is
//! sent. Anything unexpected ends the application with what was done and what is left.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::aws::config::Config;
use crate::client::HttpClient;
use crate::client::account::holdings::{HeldItem, Holdings, Presence, reason};
use crate::client::account::removal::{
    DeletionStep, Patience, Pauses, Retry, StepReport, StepResult, retry_of,
};
use crate::client::journal::Journal;
use crate::commands::accounts::plan::apply_journal::{ApplyJournal, Line, LoggedStep};
use crate::commands::accounts::plan::deletion::{DeletionPlan, assume_none};
use crate::commands::accounts::plan::{PlanArgs, PlanTarget, forms};
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::output::visible::say;
use crate::wire::output::visible::visible;

/// Shows the plan, asks for a confirmation, and carries it out.
pub(super) fn apply(
    args: &PlanArgs,
    http: &mut HttpClient,
    mut plan: DeletionPlan,
    target: &PlanTarget,
    config: &Config,
    out: &mut dyn Write,
) -> Result<u8> {
    if plan.held.presence == Presence::Absent {
        say(&format!("iamspec: there is no user `{}` at that endpoint", plan.held.user));
        return Ok(exit_code::NOTHING_RAN);
    }
    if !plan.held.is_complete() {
        say(&format!("iamspec: {}", forms::headline(&plan)));
        write!(out, "{}", forms::checklist(&plan))?;
        writeln!(out, "not applied: a plan must be complete")?;
        return Ok(exit_code::INCONCLUSIVE);
    }
    plan.steps.retain(|step| args.apply.delete_user || !step.deletes_user());
    write!(out, "{}", forms::steps(&plan))?;
    let user = plan.held.user.clone();
    if !args.apply.delete_user {
        writeln!(out, "{user} itself stays; --delete-user deletes it too.")?;
    }
    if plan.steps.is_empty() {
        return Ok(exit_code::CONFORMS);
    }
    let folder = args.apply.journal.clone().map_or_else(|| Journal::folder(config), Ok)?;
    let mut journal = ApplyJournal::open(&folder, &plan.held, target)?;
    if journal.earlier().steps > 0 {
        let calls = counted(journal.earlier().steps, "call");
        writeln!(out, "Earlier applications did {calls}; see {}.", journal.path().display())?;
    }
    for device in &journal.earlier().devices_left {
        let device = visible(device);
        writeln!(
            out,
            "The virtual MFA device {device} is deactivated and was not deleted; if no user has it, \
             delete it by hand."
        )?;
    }
    let question = format!("Send {} to {}?", counted(plan.steps.len(), "call"), target.url);
    let asked = match confirmation(args.apply.yes, &question, out)? {
        Confirmation::Refused => {
            writeln!(out, "nothing was changed")?;
            return Ok(exit_code::NOTHING_RAN);
        }
        Confirmation::Given { asked } => asked,
    };
    journal.begin(&plan.held, target, &plan.steps)?;
    let stop = stop_on_ctrl_c()?;
    let patience = Patience { limit: Duration::from_secs(args.apply.retry_for), stop: &stop };
    let (removed, done, tally) = (BTreeSet::new(), 0, Tally::default());
    let mut application =
        Application { http, args, plan: &plan, journal, patience, removed, done, tally };
    let end = application.run(asked, out)?;
    application.report(&end, out)
}

/// Whether the user of the command confirms the plan.
enum Confirmation {
    /// The plan is confirmed. `asked` says that it took an answer at a terminal.
    Given { asked: bool },
    /// The plan is not confirmed.
    Refused,
}

fn confirmation(yes: bool, question: &str, out: &mut dyn Write) -> Result<Confirmation> {
    if yes {
        return Ok(Confirmation::Given { asked: false });
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        out.flush()?;
        bail!(
            "standard input is not a terminal; nothing was changed; to apply this plan without a question, add --yes"
        );
    }
    write!(out, "{question} Type yes: ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("cannot read the answer")?;
    if answer.trim() == "yes" {
        Ok(Confirmation::Given { asked: true })
    } else {
        Ok(Confirmation::Refused)
    }
}

/// A flag that Ctrl-C sets. The second Ctrl-C exits at once.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            say("stopped; the journal shows the last call, whose outcome is unknown");
            std::process::exit(i32::from(exit_code::INCONCLUSIVE));
        }
        say("\nstopping after the current call; press Ctrl-C again to exit at once");
    };
    ctrlc::set_handler(handler).context("cannot handle Ctrl-C")?;
    Ok(stop)
}

/// What an application has sent.
#[derive(Clone, Copy, Default)]
struct Tally {
    /// Requests of steps.
    sent: u32,
    /// The requests that repeat an earlier one.
    repeated: u32,
}

/// How an application ends.
enum End {
    /// Every step is done.
    Finished,
    /// Something unexpected, in a few words.
    Stopped(String),
    /// Ctrl-C.
    Interrupted,
}

/// How the user differs from what was shown and done.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// The user is not there any more.
    Absent,
    /// Items that are removed are still listed, and nothing else differs.
    Lingers(HeldItem),
    /// Anything else.
    Unexpected(String),
}

struct Application<'a> {
    http: &'a mut HttpClient,
    args: &'a PlanArgs,
    plan: &'a DeletionPlan,
    journal: ApplyJournal,
    patience: Patience<'a>,
    /// The items that are removed.
    removed: BTreeSet<HeldItem>,
    /// How many of the steps are done, from the first one on.
    done: usize,
    tally: Tally,
}

impl Application<'_> {
    fn run(&mut self, asked: bool, out: &mut dyn Write) -> Result<End> {
        // The user may have changed since the plan was shown.
        if asked && let Err(end) = self.check_unchanged() {
            return Ok(end);
        }
        let plan = self.plan;
        for step in plan.steps.iter().filter(|it| !it.deletes_user()) {
            // A device that is deactivated is deleted before a stop: no listing of the user has it.
            let second = step.action == "DeleteVirtualMFADevice";
            if self.patience.stop.load(Ordering::Relaxed) && !second {
                return Ok(End::Interrupted);
            }
            if let Some(end) = self.send(step, out)? {
                return Ok(end);
            }
        }
        let delete_user = plan.steps.iter().find(|it| it.deletes_user());
        match delete_user {
            Some(step) => self.delete_user(step, out),
            None => Ok(self.check_unchanged().err().unwrap_or(End::Finished)),
        }
    }

    /// Sends a step that removes an item.
    fn send(&mut self, step: &DeletionStep, out: &mut dyn Write) -> Result<Option<End>> {
        let logged = LoggedStep::of(step);
        self.journal.write(&Line::Sends(logged.clone()))?;
        let user = self.plan.held.user.as_str();
        let StepReport { result, sent } = self.http.remove(step, user, self.patience)?;
        self.count(sent);
        match result {
            StepResult::Done | StepResult::DoneBefore => {
                self.removed.extend(step.item.clone());
                self.done += 1;
                self.journal.write(&Line::Done(logged))?;
                writeln!(out, "  [x] {}", forms::step_line(step, user))?;
                out.flush()?;
                Ok(None)
            }
            StepResult::NotDone(response) => {
                let why = reason(&response);
                self.journal.write(&Line::Failed(logged, why.clone()))?;
                if self.patience.stop.load(Ordering::Relaxed) {
                    return Ok(Some(End::Interrupted));
                }
                Ok(Some(End::Stopped(format!("{}: {}", step.action, visible(&why)))))
            }
        }
    }

    /// Reads the user again before each attempt to delete it.
    fn delete_user(&mut self, step: &DeletionStep, out: &mut dyn Write) -> Result<End> {
        let logged = LoggedStep::of(step);
        let user = self.plan.held.user.as_str();
        let (mut pauses, mut lost) = (Pauses::default(), 0);
        loop {
            if self.patience.stop.load(Ordering::Relaxed) {
                return Ok(End::Interrupted);
            }
            let why = match self.check(&mut pauses) {
                Err(Difference::Absent) if lost > 0 => None,
                Err(difference) => return Ok(self.end_of(difference)),
                Ok(()) => {
                    self.journal.write(&Line::Sends(logged.clone()))?;
                    let StepReport { result, sent } =
                        self.http.remove(step, user, self.patience)?;
                    self.count(sent);
                    match result {
                        StepResult::Done | StepResult::DoneBefore => None,
                        StepResult::NotDone(response) => Some(response),
                    }
                }
            };
            let Some(response) = why else {
                self.done += 1;
                self.journal.write(&Line::Done(logged))?;
                writeln!(out, "  [x] {}", forms::step_line(step, user))?;
                return Ok(End::Finished);
            };
            self.journal.write(&Line::Failed(logged.clone(), reason(&response)))?;
            let again = match retry_of(&response) {
                Retry::Never => false,
                Retry::Conflict => true,
                Retry::Lost => {
                    lost += 1;
                    lost <= 2
                }
            };
            if !again || !pauses.wait(self.patience, None) {
                return Ok(End::Stopped(format!(
                    "{}: {}",
                    step.action,
                    visible(&reason(&response))
                )));
            }
            self.tally.repeated += 1;
        }
    }

    fn count(&mut self, sent: u32) {
        self.tally.sent += sent;
        self.tally.repeated += sent.saturating_sub(1);
    }

    /// Checks that the user holds what was shown, without what is removed.
    fn check_unchanged(&mut self) -> Result<(), End> {
        self.check(&mut Pauses::default()).map_err(|difference| self.end_of(difference))
    }

    /// The same; an endpoint may list a removed item for a while.
    fn check(&mut self, pauses: &mut Pauses) -> Result<(), Difference> {
        loop {
            let mut now = self.http.holdings(&self.plan.held.user);
            assume_none(&mut now, &self.args.assume_none);
            match difference(&self.plan.held, &self.removed, &now) {
                None => return Ok(()),
                Some(Difference::Lingers(item)) => {
                    if !pauses.wait(self.patience, None) {
                        return Err(Difference::Lingers(item));
                    }
                }
                Some(other) => return Err(other),
            }
        }
    }

    fn end_of(&self, difference: Difference) -> End {
        if self.patience.stop.load(Ordering::Relaxed) {
            return End::Interrupted;
        }
        End::Stopped(match difference {
            Difference::Absent => format!("there is no user {} any more", self.plan.held.user),
            Difference::Lingers(item) => {
                format!("the endpoint still lists {}, which was removed", named(&item))
            }
            Difference::Unexpected(what) => what,
        })
    }

    /// Prints how the application ended, what is left, and what it took.
    fn report(&mut self, end: &End, out: &mut dyn Write) -> Result<u8> {
        let steps = &self.plan.steps;
        let left = steps.get(self.done..).unwrap_or_default();
        let (what, code) = match end {
            End::Finished => ("finished".to_owned(), exit_code::CONFORMS),
            End::Interrupted => ("interrupted".to_owned(), exit_code::INCONCLUSIVE),
            End::Stopped(why) => (format!("stopped: {why}"), exit_code::INCONCLUSIVE),
        };
        self.journal.write(&Line::Ended(what.clone()))?;
        writeln!(out, "{what}")?;
        if !matches!(end, End::Finished) {
            writeln!(out, "left:")?;
            for step in left {
                writeln!(out, "  [ ] {}", forms::step_line(step, &self.plan.held.user))?;
            }
            writeln!(out, "to continue, run the same command again: it reads the user first")?;
        }
        let Tally { sent, repeated } = self.tally;
        writeln!(
            out,
            "calls planned: {}, done: {}, sent: {sent}, retries: {repeated}",
            steps.len(),
            steps.len() - left.len()
        )?;
        writeln!(out, "journal: {}", self.journal.path().display())?;
        Ok(code)
    }
}

/// An item for people.
fn named(item: &HeldItem) -> String {
    format!("{} {}", item.kind.row().noun, visible(&item.name)).trim_end().to_owned()
}

/// How the attachments of a user differ from those that were shown, without the steps done since.
fn difference(
    shown: &Holdings,
    removed: &BTreeSet<HeldItem>,
    now: &Holdings,
) -> Option<Difference> {
    let unexpected = |what: String| Some(Difference::Unexpected(what));
    if matches!(now.presence, Presence::Absent | Presence::Gone) {
        return Some(Difference::Absent);
    }
    if !now.is_complete() {
        let unread = now.unread.first().map(|it| format!("{}: {}", it.action, it.reason));
        let impossible = now.impossible.first().map(|it| named(&it.item));
        let what = unread.or(impossible).unwrap_or_default();
        return unexpected(format!("{} could not be read again: {}", now.user, visible(&what)));
    }
    if now.user_id != shown.user_id {
        return unexpected(format!("{} was deleted and created again", now.user));
    }
    if let Some(new) = now.items.iter().find(|it| !shown.items.contains(it)) {
        return unexpected(format!(
            "{} holds {}, which the plan did not show",
            now.user,
            named(new)
        ));
    }
    let missing = shown.items.iter().find(|it| !removed.contains(it) && !now.items.contains(it));
    if let Some(missing) = missing {
        return unexpected(format!("{} no longer holds {}", now.user, named(missing)));
    }
    let lingers = now.items.iter().find(|it| removed.contains(it));
    lingers.map(|it| Difference::Lingers(it.clone()))
}
