//! The commands that reproduce a finding of a run or of a race.
//!
//! Such a command repeats every typed option except those in [`NOT_REPEATED`]. A new option is
//! repeated unless it is added there with a reason.

use clap::{Args, ValueEnum as _};
use iamspec_conformance::concurrency::Race;
use iamspec_conformance::{Finding, Origin};

use crate::commands::options::{Typed, shell_line};
use crate::commands::selection::SuiteArg;
use crate::commands::test::run_args::RunArgs;

/// The options that a command does not repeat, each with the reason.
const NOT_REPEATED: [(&str, &str); 15] = [
    ("suite", "the command names the script or the suite of the finding"),
    ("shard", "a script is in one shard only; for a suite the command names the shard"),
    ("seed", "only a random suite has one, and the command names it; a race repeats it"),
    ("calls", "only a random suite has them, and the command names them"),
    ("config", "its settings are options of the command"),
    ("journal", "a file of the first run"),
    ("trace", "a file of the first run"),
    ("coverage", "a file of the first run"),
    ("record", "a file of the first run"),
    ("report", "a file of the first run"),
    ("update-known-failures", "it changes the known failures after the verdict"),
    ("show", "it changes only the output"),
    ("site", "it changes only the reports"),
    ("list", "nothing is sent, so there is no finding"),
    ("dry-run", "nothing is sent, so there is no finding"),
];

/// The command that reproduces a finding.
pub(crate) fn run_command(args: &RunArgs, finding: &Finding) -> String {
    let excluded: Vec<&str> = NOT_REPEATED.iter().map(|(name, _)| *name).collect();
    let mut words = vec!["iamspec".to_owned(), "run".to_owned()];
    words.extend(repeated_options::<RunArgs>(&args.typed, &excluded));
    let Some(suite) = generated_suite(finding) else {
        words.push(finding.history.name.clone());
        return shell_line(&words);
    };
    let shard = args.shard.and_then(|it| it.resolve().ok()).map(|it| it.to_string());
    words.extend(shard.into_iter().flat_map(|it| ["--shard".to_owned(), it]));
    if suite == "random" {
        let [seed, calls] = [args.selection.seed.to_string(), args.selection.calls.to_string()];
        words.extend(["--seed".to_owned(), seed, "--calls".to_owned(), calls]);
    }
    words.extend(["--suite".to_owned(), suite]);
    shell_line(&words)
}

/// The generated suite that reproduces a finding, if no script file contains its calls.
fn generated_suite(finding: &Finding) -> Option<String> {
    let name = &finding.history.name;
    let is_file = name.ends_with(".script");
    match finding.origin {
        Origin::Generated => Some(name.clone()),
        // A shrunk script without a file is named after its suite and its rule.
        Origin::Shrunk if !is_file => {
            let suite = name.split('/').next().unwrap_or_default();
            SuiteArg::from_str(suite, false).ok().map(|_| suite.to_owned())
        }
        Origin::Shrunk | Origin::Written => None,
    }
}

/// The command that repeats a race, with the typed options of the command `T`.
pub(crate) fn race_command<T: Args>(typed: &Typed, race: &Race) -> String {
    // The seed of a race is repeated: it decides the delays.
    let excluded = NOT_REPEATED.iter().map(|(name, _)| *name).filter(|it| *it != "seed");
    let excluded: Vec<&str> = excluded.chain(["html"]).collect();
    let mut words = vec!["iamspec".to_owned(), "race".to_owned()];
    words.extend(repeated_options::<T>(typed, &excluded));
    words.push(race.name.clone());
    shell_line(&words)
}

/// The typed options of the command `T`, without the excluded ones.
fn repeated_options<T: Args>(typed: &Typed, excluded: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for (name, values) in typed.options::<T>() {
        if excluded.contains(&name.as_str()) {
            continue;
        }
        if values.is_empty() {
            words.push(format!("--{name}"));
        }
        for value in values {
            // Without `=`, a value that begins with a hyphen would be parsed as an option.
            if value.starts_with('-') {
                words.push(format!("--{name}={value}"));
            } else {
                words.extend([format!("--{name}"), value]);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use iamspec_conformance::concurrency::catalog::races;
    use iamspec_conformance::results::findings;
    use iamspec_conformance::script::corpus::built_in_scripts;
    use iamspec_conformance::{Mutant, Reference, Suite};

    use super::*;
    use crate::commands::test::race::RaceArgs;

    /// The options of `run` that cannot change its verdicts.
    const WITHOUT_EFFECT: [&str; 11] = [
        // Its settings become options, which are repeated.
        "config",
        // Files to write.
        "journal",
        "trace",
        "coverage",
        "record",
        "report",
        // Changes the known failures after the verdict.
        "update-known-failures",
        // Change only the output.
        "show",
        "site",
        // Nothing is sent, so there is no finding.
        "list",
        "dry-run",
    ];

    /// The options that a script name replaces. The command of a generated suite has its own form
    /// of them.
    const REPLACED_BY_SCRIPT: [&str; 4] = ["suite", "shard", "seed", "calls"];

    /// The same for `race`.
    const WITHOUT_EFFECT_ON_A_RACE: [&str; 4] = ["journal", "trace", "html", "list"];

    /// A value other than the default for each option that takes one.
    fn value(option: &str) -> Option<&'static str> {
        let value = match option {
            "endpoint" => "http://127.0.0.1:5000",
            "i-own-this-account" => "123456789012",
            "timeout" => "7",
            "wait" => "30s",
            "profile" => "mine",
            "credentials" => "env",
            "ca-bundle" => "ca.pem",
            "rate" => "2.5",
            "mutant" => "CreateAccessKey/carried-out has an odd AccessKeyId",
            "unspecified" => "accept",
            "driver" => "python3 driver.py --fast",
            "tier" => "text",
            "level" => "info",
            "rules" => "2026-11",
            "suite" => "random",
            "observe" => "each",
            "settle" | "jitter" => "3s",
            "seed" | "clients" => "3",
            "calls" | "repeats" => "300",
            "budget" | "max-wait" => "60s",
            "jobs" => "auto",
            "shard" => "2/3",
            "report" => "json=run.jsonl",
            "show" => "unspecified",
            "site" => "https://example.com",
            "rule" => "DeleteUser/*",
            "journal" | "trace" | "coverage" | "record" | "about" | "regressions"
            | "known-failures" | "html" | "config" => "it's a file",
            _ => return None,
        };
        Some(value)
    }

    /// A command line with this option and the options that it requires.
    fn words_with(command: &str, option: &str) -> Vec<String> {
        let mut words = vec!["iamspec".to_owned(), command.to_owned(), format!("--{option}")];
        words.extend(value(option).map(str::to_owned));
        let required = match option {
            "i-own-this-account" | "journal" | "wait" => "endpoint",
            "update-known-failures" => "known-failures",
            _ => return words,
        };
        words.push(format!("--{required}"));
        words.extend(value(required).map(str::to_owned));
        words
    }

    /// The long options of a command.
    fn options<T: Args>() -> Vec<String> {
        let command = T::augment_args(Command::new("iamspec"));
        command.get_arguments().filter_map(|it| it.get_long().map(str::to_owned)).collect()
    }

    /// Parses the arguments of a command line `iamspec COMMAND …`.
    fn parsed<T: Args>(words: &[String]) -> T {
        let command = T::augment_args(Command::new("iamspec"));
        let matches = command.try_get_matches_from(words.get(1..).unwrap()).unwrap();
        T::from_arg_matches(&matches).unwrap()
    }

    fn finding() -> Finding {
        let scripts = built_in_scripts().unwrap();
        let scripts = scripts.into_iter().filter(|it| it.name == "delete-user/alone/mfa-device");
        let mutant = Mutant::find("forgets-mfa-device");
        let mut endpoint = Reference::with_mutant(mutant.unwrap());
        let report = Suite::new(scripts.collect()).run(&mut endpoint, &mut |_| (), &|| false);
        findings(&report.script_runs).into_iter().next().unwrap()
    }

    /// The command that reproduces the finding after this command line, as a shell splits it.
    fn reproduced(words: &[String], finding: &Finding) -> Vec<String> {
        shlex::split(&run_command(&parsed(words), finding)).unwrap()
    }

    fn has(words: &[String], option: &str) -> bool {
        let option_words = words_with("run", option);
        let mut wanted = option_words.get(2..).unwrap();
        wanted = wanted.get(..1 + usize::from(value(option).is_some())).unwrap();
        words.windows(wanted.len()).any(|it| it == wanted)
    }

    #[test]
    fn the_command_of_a_script_repeats_every_option_with_an_effect() {
        let finding = finding();
        for option in options::<RunArgs>() {
            let words = reproduced(&words_with("run", &option), &finding);
            let excluded = WITHOUT_EFFECT.contains(&option.as_str())
                || REPLACED_BY_SCRIPT.contains(&option.as_str());
            assert_eq!(has(&words, &option), !excluded, "--{option}: {words:?}");
            assert_eq!(words.last().unwrap(), "delete-user/alone/mfa-device");
        }
    }

    #[test]
    fn the_command_of_a_random_suite_repeats_every_option_with_an_effect() {
        let mut finding = finding();
        for (origin, name) in
            [(Origin::Generated, "random"), (Origin::Shrunk, "random/DeleteUser/holds-mfa-device")]
        {
            finding.origin = origin;
            finding.history.name = name.to_owned();
            for option in options::<RunArgs>() {
                let words = reproduced(&words_with("run", &option), &finding);
                let has_effect = !WITHOUT_EFFECT.contains(&option.as_str());
                assert_eq!(has(&words, &option), has_effect, "--{option}: {words:?}");
                assert!(has(&words, "suite"), "{words:?}");
            }
        }
        finding.history.name = "regressions/DeleteUser.script".to_owned();
        let words = reproduced(&words_with("run", "suite"), &finding);
        assert_eq!(words, ["iamspec", "run", "regressions/DeleteUser.script"]);
    }

    #[test]
    fn the_command_of_a_race_repeats_every_option_with_an_effect() {
        let race = races().into_iter().next().unwrap();
        for option in options::<RaceArgs>() {
            let words = words_with("race", &option);
            let args: RaceArgs = parsed(&words);
            let words = shlex::split(&race_command::<RaceArgs>(&args.typed, &race)).unwrap();
            let has_effect = !WITHOUT_EFFECT_ON_A_RACE.contains(&option.as_str());
            assert_eq!(has(&words, &option), has_effect, "--{option}: {words:?}");
            assert_eq!(*words.last().unwrap(), race.name);
        }
    }

    #[test]
    fn a_shell_parses_a_line_into_the_same_words() {
        let words = ["my script's.txt", "$(touch x)", "", "a b", "\\", "*", "ü", "-x=[1]"];
        let words: Vec<String> = words.map(str::to_owned).to_vec();
        assert_eq!(shlex::split(&shell_line(&words)).unwrap(), words);
    }
}
