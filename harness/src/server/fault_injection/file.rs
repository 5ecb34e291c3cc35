//! A plan as a file, in TOML. What is wrong with it is said in one line, with the number of the line
//! and what is allowed.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use iamspec_conformance::results::known_failures::glob;
use iamspec_conformance::rng::Rng;
use iamspec_model::tables::calls;
use serde::Deserialize;
use toml::Spanned;

use crate::server::fault_injection::plan::{FaultTrigger, Planned};
use crate::server::fault_injection::{BadPage, InjectedFault, Window};

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultFile {
    #[serde(default)]
    seed: u32,
    #[serde(default)]
    fault: Vec<Spanned<FaultEntry>>,
}

/// One fault: which, of which calls, when, and what belongs to its sort.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FaultEntry {
    sort: FaultKind,
    #[serde(default = "any")]
    on: String,
    chance: Option<f64>,
    every: Option<u64>,
    first: Option<u64>,
    times: Option<u64>,
    ms: Option<u64>,
    calls: Option<u64>,
    chunk: Option<usize>,
    status: Option<u16>,
    effect: Option<bool>,
    clean: Option<bool>,
    retry_after: Option<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FaultKind {
    Lag,
    Lingering,
    Unmodifiable,
    Concurrent,
    Throttle,
    Fail,
    Drop,
    Slow,
    Truncate,
    Twice,
    Html,
    EmptyPage,
    OddMarker,
    SameMarker,
}

fn any() -> String {
    "*".to_owned()
}

/// Reads the faults of a file.
pub(crate) fn parse(text: &str) -> Result<Vec<Planned>> {
    let at = |span: Range<usize>| {
        text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
    };
    let file: FaultFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, &at);
        anyhow!("line {line}: {}", error.message().replace('\n', ", "))
    })?;
    if file.fault.is_empty() {
        bail!("no `[[fault]]` in it; a file of faults has one at least");
    }
    let read = |(place, entry): (u64, &Spanned<FaultEntry>)| {
        let line = at(entry.span());
        let planned = entry.get_ref().planned(u64::from(file.seed) << 32 | place);
        planned.map_err(|error| anyhow!("line {line}: {error}"))
    };
    (0..).zip(&file.fault).map(read).collect()
}

impl FaultEntry {
    fn planned(&self, seed: u64) -> Result<Planned> {
        if !calls().any(|call| glob(&self.on, call.api)) {
            bail!("`on = {:?}` is no call; `iamspec list calls` prints them", self.on);
        }
        self.is_of_its_sort()?;
        Ok(Planned {
            fault: self.fault()?,
            on: self.on.clone(),
            when: self.when()?,
            times: self.times,
            chance: Rng(seed),
            seen: 0,
            happened: 0,
        })
    }

    fn when(&self) -> Result<FaultTrigger> {
        match (self.chance, self.every, self.first) {
            (None, None, None) => Ok(FaultTrigger::Always),
            (Some(often), None, None) if (0.0..=1.0).contains(&often) => {
                Ok(FaultTrigger::Chance(often))
            }
            (Some(often), None, None) => bail!("`chance = {often}` is not from 0 to 1"),
            (None, Some(0), None) => bail!("`every = 0` is no number of calls; 1 is every call"),
            (None, Some(number), None) => Ok(FaultTrigger::Every(number)),
            (None, None, Some(number)) => Ok(FaultTrigger::First(number)),
            _ => bail!("one of `chance`, `every` and `first` says when, and not several"),
        }
    }

    /// Refuses what does not belong to the sort.
    fn is_of_its_sort(&self) -> Result<()> {
        let allowed: &[&str] = match self.sort {
            FaultKind::Lag | FaultKind::Lingering | FaultKind::Unmodifiable => &["ms", "calls"],
            FaultKind::Concurrent
            | FaultKind::Twice
            | FaultKind::EmptyPage
            | FaultKind::OddMarker
            | FaultKind::SameMarker => &[],
            FaultKind::Throttle => &["retry-after"],
            FaultKind::Fail => &["status", "effect", "retry-after"],
            FaultKind::Drop => &["effect"],
            FaultKind::Slow => &["ms", "chunk"],
            FaultKind::Truncate => &["clean"],
            FaultKind::Html => &["status", "effect"],
        };
        let given = [
            ("ms", self.ms.is_some()),
            ("calls", self.calls.is_some()),
            ("chunk", self.chunk.is_some()),
            ("status", self.status.is_some()),
            ("effect", self.effect.is_some()),
            ("clean", self.clean.is_some()),
            ("retry-after", self.retry_after.is_some()),
        ];
        let wrong = given.iter().find(|(name, given)| *given && !allowed.contains(name));
        let Some((name, _)) = wrong else { return Ok(()) };
        let beside = ["on", "chance", "every", "first", "times"];
        let names: Vec<String> =
            allowed.iter().chain(&beside).map(|name| format!("`{name}`")).collect();
        bail!("`{name}` says nothing of this sort of fault; allowed are {}", names.join(", "))
    }

    fn fault(&self) -> Result<InjectedFault> {
        let effect = self.effect.unwrap_or_default();
        let retry_after = self.retry_after;
        Ok(match self.sort {
            FaultKind::Lag => InjectedFault::Lag(self.window()?),
            FaultKind::Lingering => InjectedFault::Lingering(self.window()?),
            FaultKind::Unmodifiable => InjectedFault::Unmodifiable(self.window()?),
            FaultKind::Concurrent => InjectedFault::Concurrent,
            FaultKind::Throttle => InjectedFault::Throttle { retry_after },
            FaultKind::Fail => {
                InjectedFault::Fail { status: self.status([500, 503])?, effect, retry_after }
            }
            FaultKind::Drop => InjectedFault::Drop { effect },
            FaultKind::Slow => {
                let Some(ms) = self.ms else { bail!("`ms` must say how slow") };
                if self.chunk == Some(0) {
                    bail!("`chunk = 0` never ends; 1 is a byte at a time");
                }
                InjectedFault::Slow { wait: Duration::from_millis(ms), chunk: self.chunk }
            }
            FaultKind::Truncate => {
                InjectedFault::Truncate { clean: self.clean.unwrap_or_default() }
            }
            FaultKind::Twice => InjectedFault::Twice,
            FaultKind::Html => InjectedFault::Html { status: self.status([502, 200])?, effect },
            FaultKind::EmptyPage => InjectedFault::Page(BadPage::Empty),
            FaultKind::OddMarker => InjectedFault::Page(BadPage::OddMarker),
            FaultKind::SameMarker => InjectedFault::Page(BadPage::SameMarker),
        })
    }

    fn window(&self) -> Result<Window> {
        match (self.ms, self.calls) {
            (Some(ms), None) => Ok(Window::Time(Duration::from_millis(ms))),
            (None, Some(calls)) => Ok(Window::Calls(calls)),
            _ => bail!("either `ms` or `calls` says for how long, and not both"),
        }
    }

    /// The first of these where none is given.
    fn status(&self, [first, second]: [u16; 2]) -> Result<u16> {
        match self.status.unwrap_or(first) {
            status if status == first || status == second => Ok(status),
            status => bail!("`status = {status}` is not {first} or {second}"),
        }
    }
}
