//! The page about questions of identity, names and pages: the scripts that ask each question, the mutants
//! that these scripts kill, and the emulators that respond differently. `SNAPSHOTS=overwrite` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Deviation, Endpoint, Mutant, Reference, Script, Suite};

/// A question, and what belongs to it.
struct Question {
    title: &'static str,
    /// The scripts; `*` at the end matches any text.
    scripts: &'static [&'static str],
    /// Whether a mutant breaks what the question is about.
    is_about: fn(&Mutant) -> bool,
    /// The rows of the comparison of emulators: the end of a rule.
    rows: &'static [&'static str],
    /// The words in a reason of a known failure.
    reasons: &'static [&'static str],
}

const QUESTIONS: [Question; 8] = [
    Question {
        title: "A user that is deleted and created again holds nothing",
        scripts: &["recreated/*"],
        is_about: |it| {
            let forgets = it.name.starts_with("forgets-") || it.name == "deletes-despite-refusal";
            let is_kept =
                matches!(it.deviation, Deviation::Resurrects(_) | Deviation::ResurrectsBoundary);
            forgets || is_kept
        },
        rows: &[],
        reasons: &["of a deleted user", "a user that is deleted with"],
    },
    Question {
        title: "The next owner of a name holds nothing of the user that was renamed",
        scripts: &["update-user/next-owner/*"],
        is_about: |it| matches!(it.deviation, Deviation::StaysAtName(_)),
        rows: &[],
        reasons: &[],
    },
    Question {
        title: "Names of groups and policies that differ in their case only",
        scripts: &["validation/names-in-another-case"],
        is_about: |it| {
            it.rule.contains("group-name-other") || it.rule.contains("policy-name-other")
        },
        rows: &["/group-name-other-case", "/policy-name-other-case"],
        reasons: &[],
    },
    Question {
        title: "Calls without UserName",
        scripts: &[
            "validation/without-a-name",
            "validation/get-user-itself",
            "validation/own-access-key",
        ],
        is_about: |it| it.rule.ends_with("/user-name-absent"),
        rows: &["/user-name-absent"],
        reasons: &[],
    },
    Question {
        title: "Calls with an empty UserName",
        scripts: &["validation/empty-name"],
        is_about: |it| it.rule.ends_with("/user-name-empty"),
        rows: &["/user-name-empty"],
        reasons: &[],
    },
    Question {
        title: "Two wrong codes of an MFA device",
        scripts: &["validation/wrong-codes"],
        is_about: |it| it.rule.ends_with("/authentication-code1-wrong"),
        rows: &["/authentication-code1-wrong"],
        reasons: &[],
    },
    Question {
        title: "Pages that are larger than MaxItems, repeat an item, or lose one",
        scripts: &["one-by-one/*"],
        is_about: |it| {
            let is_page = matches!(it.deviation, Deviation::LosesPage | Deviation::RepeatsPage);
            is_page || it.rule.ends_with("/wire-page-size")
        },
        rows: &["/max-items-one-by-one", "/wire-page-size"],
        reasons: &[],
    },
    Question {
        title: "Deletion of a user by its name in another case",
        scripts: &["validation/delete-user-other-case"],
        is_about: |it| it.rule == "DeleteUser/user-name-other-case",
        rows: &["DeleteUser/user-name-other-case"],
        reasons: &[],
    },
];

impl Question {
    fn scripts(&self) -> Vec<Script> {
        let mut scripts = built_in_scripts().unwrap();
        scripts.retain(|script| {
            self.scripts.iter().any(|glob| match glob.strip_suffix('*') {
                Some(start) => script.name.starts_with(start),
                None => script.name == *glob,
            })
        });
        scripts
    }

    /// The names of the mutants that the scripts kill, without the others of the question.
    fn killed(&self) -> Vec<String> {
        let suite = Suite::new(self.scripts());
        let all = Mutant::hand_written().chain(Mutant::systematic());
        let is_killed = |mutant: &Mutant| {
            let run = |endpoint: &mut dyn Endpoint| suite.run(endpoint, &mut |_| (), &|| false);
            let report = if mutant.deviation.is_wire_format() {
                let server = super::server(Some(mutant.clone()));
                run(&mut super::client(&server.url()))
            } else {
                run(&mut Reference::with_mutant(mutant.clone()))
            };
            fate(mutant, &report) != MutantFate::Survives
        };
        all.filter(self.is_about).filter(is_killed).map(|it| it.name).collect()
    }

    /// What emulators do differently, with the names of the emulators.
    fn differences(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (rule, emulator, response) in broken_rows() {
            if self.rows.iter().any(|end| rule.ends_with(end)) {
                found.entry(format!("`{rule}` {response}")).or_default().push(emulator);
            }
        }
        for (emulator, rule, reason) in known_failures() {
            if self.reasons.iter().any(|words| reason.contains(words)) {
                found.entry(format!("`{rule}`: {reason}")).or_default().push(emulator);
            }
        }
        found
    }
}

/// The cells of the comparison of emulators that break a rule: rule, emulator, response.
fn broken_rows() -> Vec<(String, String, String)> {
    let page = std::fs::read_to_string(super::root().join("harness/data/emulators.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|it| it.trim().to_owned()).collect()
    };
    let mut table = page.lines().skip_while(|it| !it.starts_with("| rule |"));
    let head = cells(table.next().unwrap());
    let name = |column: usize| head[column].split("<br>").next().unwrap().to_owned();
    let rows = table.skip(1).take_while(|it| it.starts_with('|')).map(cells);
    let broken = rows.flat_map(|row| {
        let rule = row[0].trim_matches('`').to_owned();
        let cells: Vec<_> = row.into_iter().enumerate().skip(1).collect();
        let differs = cells.into_iter().filter(|(_, it)| it != "✓" && it != "–");
        differs.map(|(column, it)| (rule.clone(), name(column), it)).collect::<Vec<_>>()
    });
    broken.collect()
}

/// The known failures of the emulators: emulator, rule, reason.
fn known_failures() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let folders = std::fs::read_dir(super::root().join("tests/emulators")).unwrap();
    let mut folders: Vec<_> = folders.map(|it| it.unwrap().path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|it| it.is_dir()) {
        let text = std::fs::read_to_string(folder.join("known-failures.toml")).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap();
        for entry in file.get("known-failure").and_then(|it| it.as_array()).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(|it| it.as_str()).unwrap_or_default();
            found.push((name.to_owned(), text("rule").to_owned(), text("reason").to_owned()));
        }
    }
    found
}

#[test]
fn the_page_of_questions_is_current() {
    let mut page = "# Questions about identity, names and pages\n\n\
        After this page you know which scripts ask these questions, which mutants of the reference endpoint they kill,\n\
        and which emulators respond differently.\n\n\
        `tests/questions.rs` writes this page. A mutant is in a list if the scripts of the question alone kill it, which\n\
        `iamspec run --mutant NAME --tier wire SCRIPTS` repeats. The differences of emulators are those of the last comparison\n\
        (`harness/data/emulators.md`), which has the rules of level *must*, and of the known failures in `tests/emulators`.\n\
        An emulator that is not named conforms, does not support the call, or was not tested.\n"
        .to_owned();
    for question in &QUESTIONS {
        let scripts = question.scripts();
        assert!(scripts.len() >= question.scripts.len(), "{}", question.title);
        let quoted: Vec<String> = question.scripts.iter().map(|it| format!("'{it}'")).collect();
        write!(
            page,
            "\n## {}\n\nScripts: `iamspec run {}` ({} in total).\n\nMutants that they kill:\n\n",
            question.title,
            quoted.join(" "),
            scripts.len()
        )
        .unwrap();
        let killed = question.killed();
        assert!(!killed.is_empty(), "{}: no script kills a mutant", question.title);
        for name in killed {
            writeln!(page, "- `{name}`").unwrap();
        }
        let differences = question.differences();
        let none = if differences.is_empty() { " none." } else { "\n" };
        writeln!(page, "\nRecorded differences of emulators:{none}").unwrap();
        for (difference, emulators) in differences {
            writeln!(page, "- {difference} ({})", emulators.join(", ")).unwrap();
        }
    }
    super::assert_file(&super::root().join("docs/guide/questions.md"), &page);
}
