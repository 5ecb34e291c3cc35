//! Reads a fault plan from a TOML file.
//!
//! An error is one line: the line number, the problem, and the allowed values.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use iamspec_conformance::rng::Rng;
use iamspec_conformance::script::pattern::glob;
use iamspec_model::tables::actions;
use serde::Deserialize;
use toml::Spanned;

use crate::server::fault_injection::{
    FaultPlan, FaultTrigger, InjectedFault, PageFault, PlannedFault, Window,
};

/// The file as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultFile {
    #[serde(default)]
    seed: u32,
    #[serde(default)]
    fault: Vec<Spanned<FaultEntry>>,
}

/// One `[[fault]]` table: its kind, the affected calls, the trigger, and parameters of the kind.
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

impl FaultPlan {
    /// Reads a fault file.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid; the message names the line and the allowed values.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the faults of `{}`", path.display()))?;
        Self::parse(&text).with_context(|| format!("cannot use `{}`", path.display()))
    }

    /// Parses the text of a fault file.
    ///
    /// # Errors
    /// The text is not valid; the message names the line and the allowed values.
    pub fn parse(text: &str) -> Result<Self> {
        let line_of = |span: Range<usize>| {
            text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
        };
        let file: FaultFile = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, &line_of);
            anyhow!("line {line}: {}", error.message().replace('\n', ", "))
        })?;
        if file.fault.is_empty() {
            bail!("no `[[fault]]` in the file; add at least one");
        }
        let planned = |(index, entry): (u64, &Spanned<FaultEntry>)| {
            let line = line_of(entry.span());
            let planned = entry.get_ref().planned(u64::from(file.seed) << 32 | index);
            planned.map_err(|error| anyhow!("line {line}: {error}"))
        };
        let faults: Result<Vec<PlannedFault>> = (0..).zip(&file.fault).map(planned).collect();
        Ok(Self { faults: faults? })
    }
}

impl FaultEntry {
    fn planned(&self, seed: u64) -> Result<PlannedFault> {
        if !actions().any(|call| glob(&self.on, call.api)) {
            bail!("`on = {:?}` matches no action; `iamspec list actions` prints them", self.on);
        }
        self.check_parameters()?;
        Ok(PlannedFault {
            fault: self.fault()?,
            actions: self.on.clone(),
            trigger: self.trigger()?,
            limit: self.times,
            rng: Rng(seed),
            matches: 0,
            injections: 0,
        })
    }

    fn trigger(&self) -> Result<FaultTrigger> {
        match (self.chance, self.every, self.first) {
            (None, None, None) => Ok(FaultTrigger::Always),
            (Some(chance), None, None) if (0.0..=1.0).contains(&chance) => {
                Ok(FaultTrigger::Chance(chance))
            }
            (Some(chance), None, None) => bail!("`chance = {chance}` is not from 0 to 1"),
            (None, Some(0), None) => bail!("`every = 0` never happens; `every = 1` is every call"),
            (None, Some(number), None) => Ok(FaultTrigger::Every(number)),
            (None, None, Some(number)) => Ok(FaultTrigger::First(number)),
            _ => bail!("`chance`, `every` and `first` exclude each other; keep one of them"),
        }
    }

    /// Rejects parameters that the kind of fault does not have.
    fn check_parameters(&self) -> Result<()> {
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
        let rejected = given.iter().find(|(name, given)| *given && !allowed.contains(name));
        let Some((name, _)) = rejected else { return Ok(()) };
        let common = ["on", "chance", "every", "first", "times"];
        let names: Vec<String> =
            allowed.iter().chain(&common).map(|name| format!("`{name}`")).collect();
        bail!("`{name}` is not a parameter of this kind of fault; allowed are {}", names.join(", "))
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
                let Some(ms) = self.ms else { bail!("`ms` is missing: the delay in milliseconds") };
                if self.chunk == Some(0) {
                    bail!("`chunk = 0` never ends; `chunk = 1` sends one byte at a time");
                }
                InjectedFault::Slow { wait: Duration::from_millis(ms), chunk: self.chunk }
            }
            FaultKind::Truncate => {
                InjectedFault::Truncate { clean: self.clean.unwrap_or_default() }
            }
            FaultKind::Twice => InjectedFault::Twice,
            FaultKind::Html => InjectedFault::Html { status: self.status([502, 200])?, effect },
            FaultKind::EmptyPage => InjectedFault::Page(PageFault::Empty),
            FaultKind::OddMarker => InjectedFault::Page(PageFault::OddMarker),
            FaultKind::SameMarker => InjectedFault::Page(PageFault::SameMarker),
        })
    }

    fn window(&self) -> Result<Window> {
        match (self.ms, self.calls) {
            (Some(ms), None) => Ok(Window::Time(Duration::from_millis(ms))),
            (None, Some(calls)) => Ok(Window::Calls(calls)),
            _ => bail!("the window needs either `ms` or `calls`"),
        }
    }

    /// The status of the file if it is one of these two; by default, the first.
    fn status(&self, [first, second]: [u16; 2]) -> Result<u16> {
        match self.status.unwrap_or(first) {
            status if status == first || status == second => Ok(status),
            status => bail!("`status = {status}` is not {first} or {second}"),
        }
    }
}
