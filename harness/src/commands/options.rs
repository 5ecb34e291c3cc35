//! Option types that several commands share: tiers, levels, durations, and the options as typed.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anstream::ColorChoice;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use iamspec_conformance::Tier;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_model::Level;
use reqwest::Url;

/// The options that decide which divergences fail a run.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Verdicts")]
pub struct ThresholdArgs {
    /// How much of a response to compare
    #[arg(long, value_enum, default_value = "code")]
    pub tier: TierArg,
    /// Weakest evidence at which a divergence fails the run
    #[arg(long, value_enum, default_value = "must")]
    pub level: LevelArg,
}

impl From<ThresholdArgs> for Threshold {
    fn from(args: ThresholdArgs) -> Self {
        Self { tier: args.tier.into(), level: args.level.into(), rules: None }
    }
}

/// The rule set of this name.
pub(crate) fn rule_set(name: &str) -> Result<&'static RuleSet, String> {
    RuleSet::named(name).ok_or_else(|| {
        let known: Vec<&str> = RuleSet::all().iter().map(|it| it.name.as_str()).collect();
        format!(
            "expected one of the rule sets {}; a newer version of iamspec may know more, and \
             `--rule` selects scripts by their rules",
            known.join(", ")
        )
    })
}

/// A tier, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TierArg {
    /// Success or refusal, and the HTTP status
    Status,
    /// Also the error code, or the items of a listing
    Code,
    /// Also the error message, and the format of ids, ARNs and dates
    Text,
    /// Also the form of the response on the wire
    Wire,
}

/// A level, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LevelArg {
    /// Recorded or documented
    Must,
    /// Reported by users, or stronger
    Should,
    /// Inferred, or stronger
    Info,
}

impl From<TierArg> for Tier {
    fn from(tier: TierArg) -> Self {
        match tier {
            TierArg::Status => Self::Status,
            TierArg::Code => Self::Code,
            TierArg::Text => Self::Text,
            TierArg::Wire => Self::Wire,
        }
    }
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Must => Self::Must,
            LevelArg::Should => Self::Should,
            LevelArg::Info => Self::Info,
        }
    }
}

/// When to color the output, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal; `FORCE_COLOR` turns colors on, `NO_COLOR` off
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Decides once for the process when output is colored.
///
/// `NO_COLOR` overrides `FORCE_COLOR`, as in other programs; the option overrides both.
pub fn choose_colors(when: ColorArg) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    let forced =
        is_set("FORCE_COLOR") && std::env::var_os("FORCE_COLOR").is_none_or(|it| it != "0");
    let choice = match when {
        ColorArg::Always => ColorChoice::Always,
        ColorArg::Never => ColorChoice::Never,
        ColorArg::Auto if forced && !is_set("NO_COLOR") => ColorChoice::Always,
        ColorArg::Auto => ColorChoice::Auto,
    };
    choice.write_global();
}

/// The longest duration that an option accepts: a year.
const DURATION_MAX: Duration = Duration::from_hours(366 * 24);

/// Parses a duration such as `10s` or `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |_| format!("expected a duration such as `10s` or `500ms`, found `{text}`");
    let duration = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse().map(Duration::from_millis).map_err(wrong),
        (None, number) => number.unwrap_or("?").parse().map(Duration::from_secs).map_err(wrong),
    }?;
    // A point of time so far ahead may not exist.
    if duration > DURATION_MAX {
        return Err(format!("expected at most {} s, found `{text}`", DURATION_MAX.as_secs()));
    }
    Ok(duration)
}

/// Parses whole seconds, such as `10` or `10s`, in the range.
pub(crate) fn seconds<const MIN: u64, const MAX: u64>(text: &str) -> Result<u64, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok();
    let number = number.filter(|it| (MIN..=MAX).contains(it));
    number.ok_or_else(|| format!("expected {MIN} to {MAX} seconds, such as `10`"))
}

/// Parses an address with a port.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an address with a port, such as `127.0.0.1:4580`".to_owned())
}

/// The options on the command line, with their values as typed. Default values are not included.
///
/// The type adds no option of its own. As a field of a command's arguments it must be the first
/// one: the other fields take their values out of the matches.
#[derive(Clone, Debug, Default)]
pub struct Typed(Vec<(String, Vec<String>)>);

impl Typed {
    /// The typed options of a command `T`, in the order of its help.
    ///
    /// Each entry is the option's current long name without `--`, and its values. The name is the
    /// current one even if the user typed an alias. An option without a value has an empty list.
    #[must_use]
    pub fn options<T: Args>(&self) -> Vec<(String, Vec<String>)> {
        let command = T::augment_args(Command::new("options"));
        let typed = command.get_arguments().filter_map(|arg| {
            let name = arg.get_long()?.to_owned();
            let (_, values) = self.0.iter().find(|(id, _)| id == arg.get_id().as_str())?;
            let values = if arg.get_action().takes_values() { values.clone() } else { Vec::new() };
            Some((name, values))
        });
        typed.collect()
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let by_user = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let typed = matches.ids().map(clap::Id::as_str).filter(by_user).map(|id| {
            let values = matches.get_raw(id).into_iter().flatten();
            (id.to_owned(), values.map(|it| it.to_string_lossy().into_owned()).collect())
        });
        Ok(Self(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Typed {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

/// The words as one line for a POSIX shell.
pub(crate) fn shell_line(words: &[String]) -> String {
    // Only a NUL cannot be quoted, and process arguments cannot contain one.
    let quoted =
        |word: &String| shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), Into::into);
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A host name or an address, without a port.
pub(crate) fn host_name(typed: &str) -> Result<String, String> {
    let is_address = typed.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_name = |typed: &str| {
        let name = Url::parse(&format!("http://{typed}/")).ok();
        name.is_some_and(|url| url.as_str() == format!("http://{}/", typed.to_ascii_lowercase()))
    };
    if is_address || is_name(typed) && !typed.contains([':', '@', '/']) {
        return Ok(typed.to_owned());
    }
    Err("expected a host name or an address without a port, such as `iamspec`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{address, seconds};

    #[test]
    fn seconds_have_a_unit_or_none() {
        for (text, expected) in
            [("10", Some(10)), ("10s", Some(10)), ("0", None), ("11", None), ("abc", None)]
        {
            assert_eq!(seconds::<1, 10>(text).ok(), expected, "{text}");
        }
        assert!(address("127.0.0.1:4580").is_ok());
        assert!(address("foo").unwrap_err().contains("127.0.0.1:4580"));
    }
}
