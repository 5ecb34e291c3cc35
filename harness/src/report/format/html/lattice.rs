//! The sets of the nine kinds as a picture: what was answered to `DeleteUser` with each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamspec_conformance::generate::kind_set::KindSet;
use iamspec_model::AttachmentKind;
use minijinja::{Value, context};
use serde::Serialize;

use crate::report::events::{CallEvent, CallVerdict};

/// Of one mark, and from one row to the next.
const STEP: usize = 8;
const ROW: usize = 17;

/// What was seen of a set, what is worst first: a class of the page, and its words.
const SEEN: [(&str, &str); 6] = [
    ("deleted", "wrongly deleted"),
    ("status", "another status"),
    ("code", "another code"),
    ("text", "another text"),
    ("refused", "as it must be"),
    ("missing", "not reached"),
];

/// As it must be, and not reached.
const RIGHT: usize = 4;
const MISSING: usize = 5;

#[derive(Serialize)]
struct Corner {
    class: &'static str,
    x: usize,
    y: usize,
    title: String,
}

#[derive(Serialize)]
struct Legend {
    class: &'static str,
    name: &'static str,
    count: usize,
}

/// The values of the picture.
pub(crate) fn lattice(calls: &[CallEvent]) -> Value {
    let sets = KindSet::by_size();
    let widest = (0..=9).map(|size| sets.iter().filter(|it| it.len() == size).count()).max();
    let widest = widest.unwrap_or_default();
    let seen = seen(calls);
    let mut counts = [0; SEEN.len()];
    let mut corners = Vec::new();
    for size in 0..=9 {
        let row: Vec<&KindSet> = sets.iter().filter(|it| it.len() == size).collect();
        let indent = (widest - row.len()) * STEP / 2;
        for (place, set) in row.into_iter().enumerate() {
            let at = seen.get(set).copied().unwrap_or(MISSING);
            let Some((class, words)) = SEEN.get(at) else { continue };
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
            let (x, y) = (indent + place * STEP, size as usize * ROW);
            corners.push(Corner { class, x, y, title: format!("{}: {words}", named(*set)) });
        }
    }
    let of = |((class, name), count): (&(&'static str, &'static str), usize)| Legend {
        class,
        name,
        count,
    };
    let legend: Vec<Legend> = SEEN.iter().zip(counts).map(of).collect();
    let mut label = String::from("Sets of kinds");
    for it in &legend {
        _ = write!(label, "; {}: {}", it.name, it.count);
    }
    context! {
        corners,
        legend,
        lattice_label => label,
        lattice_width => widest * STEP + 2,
        lattice_height => 10 * ROW,
    }
}

/// The worst that was seen of each set.
fn seen(calls: &[CallEvent]) -> BTreeMap<KindSet, usize> {
    let mut worst = BTreeMap::new();
    for call in calls.iter().filter(|it| it.api == "DeleteUser" && it.verdict.is_judged()) {
        let Some(holds) = &call.holds else { continue };
        let held =
            AttachmentKind::blockers().filter(|kind| holds.iter().any(|it| it == kind.row().name));
        let set = held.fold(KindSet::default(), KindSet::with);
        let now = rank(call);
        let at = worst.entry(set).or_insert(now);
        *at = now.min(*at);
    }
    worst
}

fn rank(call: &CallEvent) -> usize {
    let tier = call.why.as_deref().unwrap_or_default().split(' ').next().unwrap_or_default();
    let deleted = call.answer.as_deref() == Some("200");
    match (call.verdict, tier) {
        (CallVerdict::Diverges, "status") if deleted => 0,
        (CallVerdict::Diverges, _) => SEEN.iter().position(|(it, _)| *it == tier).unwrap_or(1),
        _ => RIGHT,
    }
}

fn named(set: KindSet) -> String {
    let held = AttachmentKind::blockers().filter(|it| set.has(*it)).map(|it| it.row().noun);
    let names = held.collect::<Vec<_>>().join(", ");
    if names.is_empty() { "nothing".to_owned() } else { names }
}
