//! Words that options take.
//!
//! The options that the user typed.

use std::str::FromStr;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use iamspec_conformance::Tier;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_model::Level;

/// The suites by name.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteArg {
    /// The hand-written scripts
    Scripts,
    /// So many of them that every rule is reached that they reach, with few calls
    Cover,
    /// Those of them about calls that are put otherwise than they should be
    Defects,
    /// What must hold of any service that is like IAM, whatever its codes and texts
    Checkers,
    /// `DeleteUser` with every set of kinds, small sets first
    Lattice,
    /// `DeleteUser` with every two kinds, attached in either order
    Pairs,
    /// A user that is filled to every quota and emptied by its plan
    Drain,
    /// Every call about one user in every state with one of each kind or none
    Tour,
    /// Calls by chance
    Random,
}

/// When what calls change is read.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserveArg {
    /// After each call
    Each,
    /// At the end of each script
    End,
    /// Never
    Off,
}

impl From<ObserveArg> for ObserveMode {
    fn from(observe: ObserveArg) -> Self {
        match observe {
            ObserveArg::Each => Self::Each,
            ObserveArg::End => Self::End,
            ObserveArg::Off => Self::Off,
        }
    }
}

/// A tier, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TierArg {
    /// Carried out or refused, and the HTTP status
    Status,
    /// The error code, or the items of a listing, as well
    Code,
    /// The text as well
    Text,
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

/// What a run may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So many requests.
    Requests(usize),
    /// So long.
    Time(Duration),
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| {
            format!("expected requests such as `5000` or seconds such as `60s`, found `{text}`")
        };
        match text.strip_suffix('s') {
            Some(seconds) => {
                seconds.parse().map(Duration::from_secs).map(Self::Time).map_err(wrong)
            }
            None => text.parse().map(Self::Requests).map_err(wrong),
        }
    }
}

/// How many scripts are played at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// So many.
    Number(u8),
    /// As many as the endpoint answers fastest.
    Measured,
}

impl Jobs {
    /// How many; one where that is to be measured.
    #[must_use]
    pub fn number(self) -> usize {
        match self {
            Self::Number(number) => number.into(),
            Self::Measured => 1,
        }
    }
}

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Measured),
            (_, Ok(number @ 1..=64)) => Ok(Self::Number(number)),
            _ => Err(format!("expected a number from 1 to 64, or `auto`, found `{text}`")),
        }
    }
}

/// A time such as `10s` or `500ms`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let wrong = |_| format!("expected a time such as `10s` or `500ms`, found `{text}`");
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse().map(Duration::from_millis).map_err(wrong),
        (None, number) => number.unwrap_or("?").parse().map(Duration::from_secs).map_err(wrong),
    }
}

/// The options that the user typed, with their values as typed: a default value is none of them.
///
/// It adds no option of its own. As a field of the arguments of a command it must be the first one: the other fields
/// take their values out of the matches.
#[derive(Clone, Debug, Default)]
pub struct Typed(Vec<(String, Vec<String>)>);

impl Typed {
    /// The options of a command `T` that the user typed, in the order of the help. Each is its name without `--`,
    /// and one word for each value; an option without a value has no word.
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
