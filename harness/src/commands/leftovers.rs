//! Deletes the resources that a run has left after its cleanup, and prints the command that deletes
//! them later.

use std::collections::BTreeSet;

use iamspec_conformance::oracle::Tier;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::{Endpoint as _, Report, Response, Verdict};

use crate::client::HttpClient;
use crate::client::cleanup::CleanupResult;
use crate::commands::test::target::EndpointArgs;
use crate::report::build::not_deleted;
use crate::report::events::NotDeletedEvent;

/// The number of tries whose waiting time a lost request gets to take effect.
const LOST_CREATION_WAIT: u32 = 3;

/// Deletes what the journal still lists after the cleanup of the run, and what a lost request may
/// have created since. After a divergence, it also deletes what a listing of the account shows of the
/// run. Returns what is left.
pub(crate) fn sweep(report: &Report, http: &mut HttpClient) -> Vec<NotDeletedEvent> {
    let before = not_deleted(report, &|space, undo| http.name_of(space, undo));
    let Some(run) = http.journal().map(|it| it.header().run.clone()) else { return before };
    let owners: Vec<String> = report
        .not_deleted
        .iter()
        .map(|(it, _)| http.owner_of(it.namespace, &it.operation))
        .collect();
    let owners_of = |is: fn(&Response) -> bool| {
        let all = report.not_deleted.iter().zip(&owners);
        let some = all.filter(|((it, _), _)| is(&it.response)).map(|(_, owner)| owner.clone());
        some.collect::<BTreeSet<String>>()
    };
    // A second deletion does not help if the endpoint refused the first one, unless a request for
    // the attachments failed.
    let mut refused = owners_of(|it| matches!(it, Response::Refused { .. }));
    for owner in owners_of(|it| matches!(it, Response::Failed(_))) {
        refused.remove(&owner);
    }
    let has_more = remaining(http).iter().any(|name| !refused.contains(name));
    let is_gone = matches!(
        report.end_reason,
        Some(EndReason::StoppedResponding(_) | EndReason::NeverResponded(_))
    );
    // An endpoint that responds wrongly may have created what no response shows.
    let diverges = diverges(report);
    if is_gone || !has_more && !diverges {
        return before;
    }
    wait_for_lost_creations(http);
    let swept = http.delete_run(&run, &refused).not_deleted;
    let remaining = remaining(http);
    let is_left = |owner: &String| refused.contains(owner) || remaining.contains(owner);
    let left = before.into_iter().zip(&owners).filter(|(_, owner)| is_left(owner));
    let mut left: Vec<NotDeletedEvent> = left.map(|(event, _)| event).collect();
    left.extend(
        swept.into_iter().filter(|it| !owners.contains(&it.name)).map(|it| event(it, diverges)),
    );
    left
}

/// Whether a response of the run diverges, other than in its text.
fn diverges(report: &Report) -> bool {
    let mut exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    exchanges.any(|it| matches!(&it.verdict, Verdict::Diverges(it) if it.tier < Tier::Text))
}

/// Deletes what the journal still lists, and, after a divergence, what a listing of the account shows
/// of the run. Returns the number of resources that are left, if there is a journal.
pub(crate) fn sweep_journal(http: &mut HttpClient, diverges: bool) -> Option<usize> {
    let run = http.journal()?.header().run.clone();
    if diverges || !remaining(http).is_empty() {
        wait_for_lost_creations(http);
        http.delete_run(&run, &BTreeSet::new());
    }
    Some(remaining(http).len())
}

/// Gives lost requests time to take effect.
fn wait_for_lost_creations(http: &mut HttpClient) {
    if http.journal().is_some_and(|it| it.has_lost_creation()) {
        http.wait(LOST_CREATION_WAIT);
    }
}

fn event(
    CleanupResult { name, action, response }: CleanupResult,
    after_divergence: bool,
) -> NotDeletedEvent {
    NotDeletedEvent {
        name,
        call: action.to_owned(),
        response: response.to_string(),
        uncertain: matches!(response, Response::Failed(_)),
        after_divergence,
    }
}

/// The names that the journal of the run still lists.
fn remaining(http: &HttpClient) -> BTreeSet<String> {
    let journal = http.journal();
    let names = journal.iter().flat_map(|it| it.remaining().map(|(_, name)| name.to_owned()));
    names.collect()
}

/// The command that deletes what the journal of the run still lists, if it lists anything.
pub(crate) fn cleanup_command(http: &HttpClient, args: &EndpointArgs) -> Option<String> {
    let journal = http.journal().filter(|it| it.remaining().next().is_some())?;
    Some(args.cleanup_command(&journal.header().run))
}
