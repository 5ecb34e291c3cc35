//! What a run comes to, against what was expected: what is printed, and the exit code.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use iamspec_conformance::coverage::Coverage;
use iamspec_conformance::expectation::{Complaint, Expectations};
use iamspec_conformance::finding::{Tally, Threshold, decisive, findings, open_points};
use iamspec_conformance::leftover::Kept;
use iamspec_conformance::observed::Cause;
use iamspec_conformance::replay::Origin;
use iamspec_conformance::suite::Ended;
use iamspec_conformance::verdict::Tier;
use iamspec_conformance::{Finding, Observed, Report, text};
use iamspec_model::Level;

use crate::cli::{ObserveArg, Run};
use crate::client::Http;
use crate::exit;
use crate::render::{self, Paint};

/// What a run comes to, against what was expected.
pub(super) struct Outcome {
    findings: Vec<Finding>,
    threshold: Threshold,
    expectations: Expectations,
    complaints: Vec<Complaint>,
    tally: Tally,
}

impl Outcome {
    pub(super) fn of(report: &Report, args: &Run, expectations: &Expectations) -> Self {
        let threshold = args.counts.into();
        let findings = findings(&report.replays);
        // That a rule is kept here says nothing of what else would show.
        let whole = args.suite.is_empty()
            && args.scripts.is_empty()
            && args.rule.is_none()
            && report.ended.is_none()
            && args.observe != ObserveArg::Off;
        let complaints = expectations.complaints(&findings, &decisive(&report.replays), whole);
        let tally = Tally::of(&report.replays, threshold, expectations);
        Self { findings, threshold, expectations: expectations.clone(), complaints, tally }
    }

    /// Keeps each find that a generated suite has made as a script, and calls it by its file from then
    /// on.
    pub(super) fn keep(&mut self, folder: &Path) -> Result<()> {
        let counts = |it: &&mut Finding| {
            it.origin == Origin::Shrunk
                && self.threshold.counts(&it.divergence)
                && !self.expectations.lists(&it.divergence)
        };
        for finding in self.findings.iter_mut().filter(counts) {
            let text = text::print(&finding.script());
            let file = finding.rule().id().replace('/', "-");
            let path = free(folder, &format!("{file}-{}", finding.divergence.tier.name()), &text);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, text))
                .with_context(|| format!("cannot keep the find as {}", path.display()))?;
            finding.history.name = path.display().to_string();
        }
        Ok(())
    }

    pub(super) fn print(
        &self,
        report: &Report,
        args: &Run,
        http: &Http,
        out: &mut dyn Write,
    ) -> Result<()> {
        let paint = Paint::stdout();
        let (counting, below): (Vec<_>, Vec<_>) =
            self.findings.iter().partition(|it| self.threshold.counts(&it.divergence));
        let (expected, unexpected): (Vec<_>, Vec<_>) =
            counting.into_iter().partition(|it| self.expectations.lists(&it.divergence));
        for (title, group) in
            [("Expected divergences", &expected), ("Below the asked tier or level", &below)]
        {
            if !group.is_empty() {
                writeln!(out, "\n{}", paint.bold(title))?;
            }
            for finding in group {
                writeln!(out, "  {}", self.line(finding, paint))?;
            }
        }
        for finding in unexpected {
            let again = again(args, finding);
            write!(out, "\n{}", render::finding(finding, &again, paint))?;
        }
        let heard = !matches!(report.ended, Some(Ended::NeverHeard(_)));
        if heard {
            print_sums(report, paint, out)?;
        }
        self.print_end(report, http, out)
    }

    /// A finding in one line: for those that do not fail the run.
    fn line(&self, finding: &Finding, paint: Paint) -> String {
        let (id, divergence) = (finding.rule().id(), &finding.divergence);
        let observed = finding.observed.to_string();
        let why = self.expectations.reason(divergence).unwrap_or(&finding.history.name);
        let (level, tier) = (divergence.level.name(), divergence.tier.name());
        format!("{id:<48} {level:<6} {tier:<6} {observed}  {}", paint.dim(why))
    }

    fn print_end(&self, report: &Report, http: &Http, out: &mut dyn Write) -> Result<()> {
        writeln!(out)?;
        print_kept(report, http, out)?;
        for complaint in &self.complaints {
            writeln!(
                out,
                "{}",
                match complaint {
                    Complaint::Unknown(rule) =>
                        format!("unknown expectation: no rule is called `{rule}`"),
                    Complaint::UnknownFact(id) =>
                        format!("unknown fact in the expectations: `{id}`"),
                    Complaint::Stale(rule) => format!(
                        "stale expectation: {rule} was asked and conforms; take the entry out"
                    ),
                }
            )?;
        }
        if let Some(ended) = &report.ended {
            writeln!(out, "ended early: {ended}; {}", advice(ended))?;
        }
        Ok(writeln!(
            out,
            "{}",
            render::last_line(&self.tally, report.replays.len(), report.requests)
        )?)
    }

    pub(super) fn exit_code(&self, report: &Report) -> u8 {
        let asked = self.tally.calls() - self.tally.not_exercised;
        if self.tally.unexpected > 0 || !self.complaints.is_empty() {
            exit::DIVERGES
        } else if asked == 0 && report.ended.as_ref().is_none_or(|it| *it == Ended::Spent) {
            exit::NOTHING_RAN
        } else if report.ended.as_ref().is_some_and(|it| *it != Ended::Spent)
            || self.tally.inconclusive > 0
            || report.kept.iter().any(|(_, diverged)| !diverged)
        {
            exit::INCONCLUSIVE
        } else {
            exit::CONFORMS
        }
    }
}

/// The file for a script of this name: one that has it already, or the first that is not there.
fn free(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = |number: usize| match number {
        0 => folder.join(format!("{name}.script")),
        number => folder.join(format!("{name}-{number}.script")),
    };
    let fits = |it: &PathBuf| std::fs::read_to_string(it).map_or(!it.exists(), |old| old == text);
    (0..100).map(path).find(fits).unwrap_or_else(|| path(0))
}

/// What the endpoint did not let go.
pub(super) fn print_kept(report: &Report, http: &Http, out: &mut dyn Write) -> Result<()> {
    for (Kept { space, undo, answer }, diverged) in &report.kept {
        let name = http.name_of(*space, undo);
        let lost = matches!(answer, Observed::Interrupted(_));
        let perhaps = if lost { "perhaps " } else { "" };
        let after = if *diverged { " after a divergence" } else { "" };
        writeln!(
            out,
            "{perhaps}left behind{after}: {name}, because {} was answered {}",
            text::operation(undo),
            answer
        )?;
    }
    let journal = http.journal().filter(|it| it.there().next().is_some());
    if let Some(run) = journal.map(|it| &it.header().run) {
        writeln!(out, "once the endpoint lets go of it: iamspec cleanup {run}")?;
    }
    Ok(())
}

/// What stands below the findings.
fn print_sums(report: &Report, paint: Paint, out: &mut dyn Write) -> Result<()> {
    for text in [
        render::settled(&report.replays, paint),
        render::open_points(&open_points(&report.replays), paint),
        render::unexercised(&report.replays, paint),
        render::nine_rows(&report.replays, paint),
        render::coverage(&Coverage::of(&report.replays), paint),
    ] {
        if !text.is_empty() {
            write!(out, "\n{text}")?;
        }
    }
    Ok(())
}

/// What to do where a run ended early.
fn advice(ended: &Ended) -> &'static str {
    match ended {
        Ended::Stopped => "run it again to judge the rest",
        Ended::Spent => "raise --budget to go on",
        Ended::WentSilent(_) => "see what the endpoint says, start it anew, and run it again",
        Ended::NeverHeard(it) => match it.cause {
            Cause::Unreachable => "start the endpoint, or mend the host and port of --endpoint",
            Cause::Timeout => "see whether an IAM endpoint listens there, or raise --timeout",
            Cause::Denied | Cause::Transient => "see why the endpoint lets nobody in",
            _ => "that is no IAM endpoint; mend the host, port and path of --endpoint",
        },
    }
}

/// The command that repeats a finding.
fn again(args: &Run, finding: &Finding) -> String {
    let mut command = "iamspec run".to_owned();
    let defaults = Threshold::default();
    let asked = Threshold::from(args.counts);
    let tier = Some(asked.tier).filter(|it| *it != defaults.tier);
    let level = Some(asked.level).filter(|it| *it != defaults.level);
    let may = args.target.may.map(|may| may.to_string());
    let random =
        (finding.origin == Origin::Course).then(|| [args.seed.to_string(), args.calls.to_string()]);
    let observe = match args.observe {
        ObserveArg::Each => Some("each"),
        ObserveArg::End => None,
        ObserveArg::Off => Some("off"),
    };
    let options = [
        ("--endpoint", args.target.endpoint.as_deref()),
        ("--mutant", args.target.mutant.as_deref()),
        ("--may", may.as_deref()),
        ("--tier", tier.map(Tier::name)),
        ("--level", level.map(Level::name)),
        ("--observe", observe),
        ("--seed", random.as_ref().map(|[seed, _]| seed.as_str())),
        ("--calls", random.as_ref().map(|[_, calls]| calls.as_str())),
    ];
    for (name, value) in options.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        command.push_str(&format!(" {name} {}", quoted(value)));
    }
    if finding.origin == Origin::Course {
        command.push_str(" --suite");
    }
    format!("{command} {}", quoted(&finding.history.name))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "-_./:@=+,[]".contains(it);
    let needs_none = !word.is_empty() && word.chars().all(plain) && !word.starts_with('[');
    if needs_none { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_with_blanks_or_quotes_is_one_word_for_a_shell() {
        assert_eq!(quoted("delete-user/bare"), "delete-user/bare");
        assert_eq!(quoted("my script's.txt"), r"'my script'\''s.txt'");
    }
}
