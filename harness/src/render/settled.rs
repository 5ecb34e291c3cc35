//! What an endpoint answered rightly only after a while.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use iamspec_conformance::{Replay, Verdict};

use super::{Paint, counted};

/// Call by call: how often it was asked again, and how long it took at most. Empty where nothing was late.
#[must_use]
pub fn settled(replays: &[Replay], paint: Paint) -> String {
    let mut calls: BTreeMap<&str, (usize, u32, Duration)> = BTreeMap::new();
    for exchange in replays.iter().flat_map(|it| &it.exchanges) {
        let conforms = matches!(exchange.verdict, Verdict::Conforms(_));
        let Some(it) = exchange.settled.filter(|_| conforms) else { continue };
        let Some(call) = exchange.operation.call() else { continue };
        let (times, tries, longest) = calls.entry(call.api).or_default();
        *times += 1;
        *tries += it.tries;
        *longest = it.after.max(*longest);
    }
    let mut out = String::new();
    for (call, (times, tries, longest)) in calls {
        let answers = counted(times, "answer");
        let longest = longest.as_secs_f64();
        _ = writeln!(
            out,
            "  {call:<32} {answers}, asked again {tries} times, after {longest:.1} s at most"
        );
    }
    if out.is_empty() {
        out
    } else {
        paint.bold("As it should be only when asked again") + "\n" + &out
    }
}
