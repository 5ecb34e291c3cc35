//! The commands that repeat what a run or a race shows.
//!
//! Such a command has every option that the user typed, except those in [`LEFT_OUT`]: a new option is repeated unless
//! somebody gives a reason against it.

use clap::ValueEnum as _;
use iamspec_conformance::concurrency::Race;
use iamspec_conformance::{Finding, Origin};

use crate::commands::test::options::{SuiteArg, Typed};
use crate::commands::test::run::RunArgs;

/// The options that a command does not repeat, each with the reason.
const LEFT_OUT: [(&str, &str); 12] = [
    ("suite", "the command names the script or the suite of the finding"),
    ("shard", "a script is in one part only; for a suite the command names the part"),
    ("seed", "only a random suite has one, and the command names it; a race repeats it"),
    ("calls", "only a random suite has them, and the command names them"),
    ("journal", "a place for a file"),
    ("trace", "a place for a file"),
    ("coverage", "a place for a file"),
    ("record", "a place for a file"),
    ("report", "a place for a file"),
    ("update-expectations", "it changes the file of --expect after the judgement"),
    ("list", "nothing runs, so that nothing is found"),
    ("dry-run", "nothing is sent, so that nothing is found"),
];

/// The command that repeats a finding.
pub(crate) fn again(args: &RunArgs, finding: &Finding) -> String {
    let left_out: Vec<&str> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    let mut words = vec!["iamspec".to_owned(), "run".to_owned()];
    words.extend(repeated::<RunArgs>(&args.typed, &left_out));
    let Some(suite) = generated(finding) else {
        words.push(finding.history.name.clone());
        return line(&words);
    };
    let shard = args.shard.and_then(|it| it.here().ok()).map(|it| it.to_string());
    words.extend(shard.into_iter().flat_map(|it| ["--shard".to_owned(), it]));
    if suite == "random" {
        let [seed, calls] = [args.seed.to_string(), args.calls.to_string()];
        words.extend(["--seed".to_owned(), seed, "--calls".to_owned(), calls]);
    }
    words.extend(["--suite".to_owned(), suite]);
    line(&words)
}

/// The generated suite that a finding must be repeated with: nobody keeps its calls as a script.
fn generated(finding: &Finding) -> Option<String> {
    let name = &finding.history.name;
    let is_file = name.ends_with(".script");
    match finding.origin {
        Origin::Course => Some(name.clone()),
        // A short script that is kept in no file has the name of its suite and that of its rule.
        Origin::Shrunk if !is_file => {
            let suite = name.split('/').next().unwrap_or_default();
            SuiteArg::from_str(suite, false).ok().map(|_| suite.to_owned())
        }
        Origin::Shrunk | Origin::Written => None,
    }
}

/// The command that holds a race again.
pub(crate) fn race_again(args: &crate::commands::test::race::RaceArgs, race: &Race) -> String {
    // The seed of a race is that of its head starts.
    let left_out = LEFT_OUT.iter().map(|(name, _)| *name).filter(|it| *it != "seed");
    let left_out: Vec<&str> = left_out.chain(["html"]).collect();
    let mut words = vec!["iamspec".to_owned(), "race".to_owned()];
    words.extend(repeated::<crate::commands::test::race::RaceArgs>(&args.typed, &left_out));
    words.push(race.name.clone());
    line(&words)
}

/// The options that the user typed, without those that are left out.
fn repeated<T: clap::Args>(typed: &Typed, left_out: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for (name, values) in typed.options::<T>() {
        if left_out.contains(&name.as_str()) {
            continue;
        }
        if values.is_empty() {
            words.push(format!("--{name}"));
        }
        for value in values {
            // A value that begins with a hyphen would be an option of its own.
            if value.starts_with('-') {
                words.push(format!("--{name}={value}"));
            } else {
                words.extend([format!("--{name}"), value]);
            }
        }
    }
    words
}

/// Words as a line for a shell.
pub(crate) fn line(words: &[String]) -> String {
    // Only a NUL cannot be quoted, and no argument of a process holds one.
    let quoted =
        |word: &String| shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), Into::into);
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};
    use iamspec_conformance::Origin;
    use iamspec_conformance::concurrency::catalog::races;
    use iamspec_conformance::results::findings;
    use iamspec_conformance::script::corpus::ours;
    use iamspec_conformance::{Finding, Mutant, Reference, Suite};

    use super::{again, line, race_again};
    use crate::cli::{Cli, Command};

    /// The options of `run` that cannot matter to what its command plays and judges.
    const CANNOT_MATTER: [&str; 8] = [
        // Places for files.
        "journal",
        "trace",
        "coverage",
        "record",
        "report",
        // It changes the file of known failures after the judgement.
        "update-expectations",
        // With these nothing is sent, so that nothing is found.
        "list",
        "dry-run",
    ];

    /// What the name of a script makes superfluous, and the command of a generated suite has in another form.
    const OF_THE_FINDING: [&str; 4] = ["suite", "shard", "seed", "calls"];

    /// The same for `race`.
    const CANNOT_MATTER_TO_A_RACE: [&str; 4] = ["journal", "trace", "html", "list"];

    /// A value for each option that takes one, none of which is the default.
    fn value(option: &str) -> Option<&'static str> {
        let value = match option {
            "endpoint" => "http://127.0.0.1:5000",
            "i-own-this-account" => "123456789012",
            "timeout" => "7",
            "rate" => "2.5",
            "mutant" => "CreateAccessKey/carried-out has an odd AccessKeyId",
            "may" => "accept",
            "driver" => "python3 driver.py --fast",
            "tier" => "text",
            "level" => "info",
            "suite" => "random",
            "observe" => "each",
            "settle" | "jitter" => "3s",
            "seed" | "clients" => "3",
            "calls" | "repeats" => "300",
            "budget" => "60s",
            "jobs" => "auto",
            "shard" => "2/3",
            "report" => "json=run.jsonl",
            "rule" => "DeleteUser/*",
            "journal" | "trace" | "coverage" | "record" | "about" | "regressions" | "expect"
            | "html" => "it's a file",
            _ => return None,
        };
        Some(value)
    }

    /// The words of a command line with this option, and with what it requires.
    fn typed(command: &str, option: &str) -> Vec<String> {
        let mut words = vec!["iamspec".to_owned(), command.to_owned(), format!("--{option}")];
        words.extend(value(option).map(str::to_owned));
        let required = match option {
            "i-own-this-account" | "journal" => "endpoint",
            "update-expectations" => "expect",
            _ => return words,
        };
        words.push(format!("--{required}"));
        words.extend(value(required).map(str::to_owned));
        words
    }

    fn options(command: &str) -> Vec<String> {
        let cli = Cli::command();
        let command = cli.find_subcommand(command).unwrap();
        command.get_arguments().filter_map(|it| it.get_long().map(str::to_owned)).collect()
    }

    fn finding() -> Finding {
        let scripts = ours().unwrap();
        let scripts = scripts.into_iter().filter(|it| it.name == "delete-user/alone/mfa-device");
        let mutant = Mutant::named("forgets-mfa-device");
        let mut endpoint = Reference::mutated(mutant.unwrap());
        let report = Suite::new(scripts.collect()).run(&mut endpoint, &mut |_| (), &|| false);
        findings(&report.replays).into_iter().next().unwrap()
    }

    /// The command that repeats the finding after this command line, as a shell splits it.
    fn repeats(words: &[String], finding: &Finding) -> Vec<String> {
        let Command::Run(args) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        shlex::split(&again(&args, finding)).unwrap()
    }

    fn has(words: &[String], option: &str) -> bool {
        let option_words = typed("run", option);
        let mut wanted = option_words.get(2..).unwrap();
        wanted = wanted.get(..1 + usize::from(value(option).is_some())).unwrap();
        words.windows(wanted.len()).any(|it| it == wanted)
    }

    #[test]
    fn the_command_of_a_script_repeats_every_option_that_can_matter() {
        let finding = finding();
        for option in options("run") {
            let words = repeats(&typed("run", &option), &finding);
            let superfluous = CANNOT_MATTER.contains(&option.as_str())
                || OF_THE_FINDING.contains(&option.as_str());
            assert_eq!(has(&words, &option), !superfluous, "--{option}: {words:?}");
            assert_eq!(words.last().unwrap(), "delete-user/alone/mfa-device");
        }
    }

    #[test]
    fn the_command_of_a_random_suite_repeats_every_option_that_can_matter() {
        let mut finding = finding();
        for (origin, name) in
            [(Origin::Course, "random"), (Origin::Shrunk, "random/DeleteUser/holds-mfa-device")]
        {
            finding.origin = origin;
            finding.history.name = name.to_owned();
            for option in options("run") {
                let words = repeats(&typed("run", &option), &finding);
                let matters = !CANNOT_MATTER.contains(&option.as_str());
                assert_eq!(has(&words, &option), matters, "--{option}: {words:?}");
                assert!(has(&words, "suite"), "{words:?}");
            }
        }
        finding.history.name = "finds/DeleteUser.script".to_owned();
        let words = repeats(&typed("run", "suite"), &finding);
        assert_eq!(words, ["iamspec", "run", "finds/DeleteUser.script"]);
    }

    #[test]
    fn the_command_of_a_race_repeats_every_option_that_can_matter() {
        let race = races().into_iter().next().unwrap();
        for option in options("race") {
            let words = typed("race", &option);
            let Command::Race(args) = Cli::try_parse_from(&words).unwrap().command else {
                panic!()
            };
            let words = shlex::split(&race_again(&args, &race)).unwrap();
            let matters = !CANNOT_MATTER_TO_A_RACE.contains(&option.as_str());
            assert_eq!(has(&words, &option), matters, "--{option}: {words:?}");
            assert_eq!(*words.last().unwrap(), race.name);
        }
    }

    #[test]
    fn a_shell_reads_back_every_word_of_a_line() {
        let words = ["my script's.txt", "$(touch x)", "", "a b", "\\", "*", "ü", "-x=[1]"];
        let words: Vec<String> = words.map(str::to_owned).to_vec();
        assert_eq!(shlex::split(&line(&words)).unwrap(), words);
    }
}
