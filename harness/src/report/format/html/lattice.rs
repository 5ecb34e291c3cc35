//! The picture of the 512 sets of attachment kinds: the response to `DeleteUser` for each set.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamspec_conformance::generate::kind_set::KindSet;
use iamspec_model::AttachmentKind;
use minijinja::{Value, context};
use serde::Serialize;

use crate::report::events::{CallEvent, CallVerdict};

/// The distance between two marks, in units of the picture.
const COLUMN: usize = 8;

/// The distance between two rows, in units of the picture.
const ROW: usize = 17;

/// The results, worst first: the CSS class and the words.
const RESULTS: [(&str, &str); 6] = [
    ("deleted", "wrongly deleted"),
    ("status", "another status"),
    ("code", "another code"),
    ("text", "another text"),
    ("refused", "conforms"),
    ("missing", "not tested"),
];

/// The index of the conforming result.
const CONFORMS: usize = 4;

/// The index of the result of a set that was not tested.
const NOT_TESTED: usize = 5;

/// A mark of the picture.
#[derive(Serialize)]
struct Corner {
    class: &'static str,
    x: usize,
    y: usize,
    title: String,
}

#[derive(Serialize)]
struct LegendEntry {
    class: &'static str,
    name: &'static str,
    count: usize,
}

/// Returns the template values of the picture.
pub(crate) fn lattice(calls: &[CallEvent]) -> Value {
    let sets = KindSet::by_size();
    let of_size = |size| sets.iter().filter(move |it| it.len() == size);
    let largest = sets.iter().map(|it| it.len()).max().unwrap_or_default();
    let widest = (0..=largest).map(|size| of_size(size).count()).max().unwrap_or_default();
    let results = worst_results(calls);
    let mut counts = [0; RESULTS.len()];
    let mut corners = Vec::new();
    for size in 0..=largest {
        let row: Vec<&KindSet> = of_size(size).collect();
        let indent = (widest - row.len()) * COLUMN / 2;
        for (index, set) in row.into_iter().enumerate() {
            let result = results.get(set).copied().unwrap_or(NOT_TESTED);
            let Some((class, name)) = RESULTS.get(result) else { continue };
            if let Some(count) = counts.get_mut(result) {
                *count += 1;
            }
            let (x, y) = (indent + index * COLUMN, size as usize * ROW);
            corners.push(Corner { class, x, y, title: format!("{}: {name}", set_name(*set)) });
        }
    }
    let entries = RESULTS.iter().zip(counts);
    let legend: Vec<LegendEntry> =
        entries.map(|(&(class, name), count)| LegendEntry { class, name, count }).collect();
    let mut label = String::from("Sets of kinds");
    for it in &legend {
        _ = write!(label, "; {}: {}", it.name, it.count);
    }
    context! {
        corners,
        legend,
        lattice_label => label,
        lattice_width => widest * COLUMN + 2,
        lattice_height => 10 * ROW,
    }
}

/// The worst result of each set, as an index of [`RESULTS`].
fn worst_results(calls: &[CallEvent]) -> BTreeMap<KindSet, usize> {
    let mut worst = BTreeMap::new();
    for call in calls.iter().filter(|it| it.action == "DeleteUser" && it.verdict.is_judged()) {
        let Some(holds) = &call.holds else { continue };
        let held =
            AttachmentKind::blockers().filter(|kind| holds.iter().any(|it| it == kind.row().name));
        let set = held.fold(KindSet::default(), KindSet::with);
        let result = result(call);
        let known = worst.entry(set).or_insert(result);
        *known = result.min(*known);
    }
    worst
}

fn result(call: &CallEvent) -> usize {
    let tier = call.reason.as_deref().unwrap_or_default().split(' ').next().unwrap_or_default();
    let is_deleted = call.response.as_deref() == Some("200");
    match (call.verdict, tier) {
        (CallVerdict::Diverges, "status") if is_deleted => 0,
        (CallVerdict::Diverges, _) => {
            RESULTS.iter().position(|(class, _)| *class == tier).unwrap_or(1)
        }
        _ => CONFORMS,
    }
}

fn set_name(set: KindSet) -> String {
    let held = AttachmentKind::blockers().filter(|it| set.has(*it)).map(|it| it.row().noun);
    let names = held.collect::<Vec<_>>().join(", ");
    if names.is_empty() { "nothing".to_owned() } else { names }
}
