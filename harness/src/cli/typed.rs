//! The options that the user typed.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

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
