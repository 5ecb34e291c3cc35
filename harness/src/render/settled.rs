//! What an endpoint answered rightly only after a while.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Paint, counted};
use crate::stream::{Call, Verdict};

/// Call by call: how often it was asked again, and how long it took at most. Empty where nothing was late.
#[must_use]
pub fn settled(asked: &[Call], paint: Paint) -> String {
    let mut calls: BTreeMap<&str, (usize, u32, f64)> = BTreeMap::new();
    for call in asked.iter().filter(|it| it.verdict == Verdict::Conforms) {
        let Some(it) = call.settled else { continue };
        let (times, tries, longest) = calls.entry(&call.api).or_default();
        *times += 1;
        *tries += it.tries;
        *longest = it.seconds.max(*longest);
    }
    let mut out = String::new();
    for (call, (times, tries, longest)) in calls {
        let answers = counted(times, "answer");
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
