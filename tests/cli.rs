//! The output and the exit codes of the commands, without ports, run ids and rates.

use insta::assert_snapshot;

/// The output with placeholders for the values that differ between runs.
fn stable(text: &str) -> String {
    let mut words = String::new();
    for line in text.lines() {
        let line: Vec<String> = line.split(' ').map(word).collect();
        words.push_str(line.join(" ").trim_end());
        words.push('\n');
    }
    words
}

fn word(word: &str) -> String {
    if let Some((before, after)) = word.split_once("127.0.0.1:") {
        let rest = after.trim_start_matches(|it: char| it.is_ascii_digit());
        return format!("{before}127.0.0.1:PORT{rest}");
    }
    match word.strip_prefix("iamspec-").and_then(|rest| rest.split_once('-')) {
        Some((run, rest)) if run.len() == 8 => format!("iamspec-RUN-{rest}"),
        _ => word.to_owned(),
    }
}

fn printed(arguments: &[&str], code: i32) -> String {
    let output = super::iamspec(arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}{}",
        super::stdout(&output),
        super::stderr(&output)
    );
    stable(&super::stdout(&output))
}

#[test]
fn a_finding_is_an_argument() {
    let text = printed(
        &[
            "run",
            "--mutant",
            "forgets-group-membership",
            "delete-user/alone/group-membership",
            "delete-user/cleared/group-membership",
        ],
        1,
    );
    assert_snapshot!(text);
}

#[test]
fn a_run_that_conforms_shows_open_points_and_the_nine_rows() {
    assert_snapshot!(printed(&["run", "delete-user/*"], 0));
}

#[test]
fn a_text_that_differs_is_shown_and_fails_only_when_asked_for() {
    let arguments =
        ["run", "--mutant", "conflict-has-other-words", "delete-user/alone/inline-policy"];
    assert_snapshot!(printed(&arguments, 0));
    printed(&[&arguments[..], &["--tier", "text"]].concat(), 1);
}

#[test]
fn a_script_file_runs() {
    let text = printed(&["run", "conformance/scripts/delete-user/bare.script"], 0);
    assert!(text.contains("1 script, 4 planned calls"), "{text}");
}

#[test]
fn a_script_is_read_from_stdin_and_contradictions_in_it_are_named() {
    let run = |text: &str| {
        let mut command = super::command(&["run", "-"]);
        let pipe = std::process::Stdio::piped;
        let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), super::stdout(&output), super::stderr(&output))
    };
    let right = "\u{feff}# A bare user is deleted.\nCreateUser u0\nDeleteUser u0 -> 200\n";
    let (code, text, error) = run(right);
    assert_eq!(code, Some(0), "{error}");
    assert!(text.contains("1 script, ") && !error.contains("contradicts"), "{text}{error}");
    let (code, _, error) = run(&right.replace("200", "409 DeleteConflict"));
    assert_eq!(code, Some(0), "{error}");
    let expected = "-: `DeleteUser u0 -> 409 DeleteConflict` contradicts the specification; `run` \
                    ignores the responses in a script, and `iamspec audit` checks them";
    assert!(error.contains(expected), "{error}");
    let (code, _, error) = run("CreateUsers u0\n");
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("the script - is invalid"), "{error}");
}

#[test]
fn an_empty_selection_is_not_a_pass() {
    printed(&["run", "--rule", "DeleteUser/holds-nothing"], 4);
    printed(&["run", "no/such/script"], 2);
    printed(&["run", "--mutant", "none-of-ours"], 2);
    printed(&["explain", "none/such"], 2);
}

#[test]
fn a_rule_chooses_the_scripts_that_reach_it() {
    assert_snapshot!(printed(&["run", "--list", "--rule", "DeleteUser/holds-ssh-public-key"], 0));
}

#[test]
fn scripts_are_listed_for_other_programs() {
    let text = printed(&["list", "scripts", "--format", "json", "delete-user/alone/mfa*"], 0);
    assert_snapshot!(text);
    let all = printed(&["list", "scripts", "--format", "json"], 0);
    let lines = printed(&["list", "scripts"], 0);
    assert_eq!(all.lines().count(), lines.lines().count());
    let output = super::iamspec(&["list", "rules", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let error = super::stderr(&output);
    assert!(error.contains("belong to `iamspec list scripts`"), "{error}");
}

/// The printed script is the script, so that a copy of it can be changed.
#[test]
fn a_script_is_printed_in_the_syntax_of_script_files() {
    let one = printed(&["show", "delete-user/alone/mfa-device"], 0);
    assert_snapshot!(one);
    let folder = super::reports::folder("show");
    let copy = folder.join("copy.script");
    std::fs::write(&copy, &one).unwrap();
    assert_eq!(printed(&["show", copy.to_str().unwrap()], 0), one);
    let all = printed(&["show", "delete-user/alone/*"], 0);
    assert!(all.contains(&format!("\n# delete-user/alone/mfa-device\n{one}")), "{all}");
    printed(&["show"], 2);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The settings are found from a folder below. Another target does not get the known failures of the file.
#[test]
fn a_run_reads_the_settings_of_its_project() {
    let project = super::reports::folder("settings");
    let below = project.join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let write = |name: &str, text: &str| std::fs::write(project.join(name), text).unwrap();
    let settings =
        "known-failures = \"known.toml\"\ntier = \"status\"\nreports = [\"json=run.jsonl\"]\n";
    write("iamspec.toml", settings);
    let entry = "[[known-failure]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"none\"\n";
    write("known.toml", &format!("{entry}expires = \"2026-01-02\"\n"));
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_iamspec"));
        let output = command.arg("run").args(words).current_dir(&below).output().unwrap();
        (output.status.code(), super::stdout(&output), super::stderr(&output))
    };
    let (code, printed, error) = run(&["delete-user/bare"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(printed.contains("was accepted until 2026-01-02"), "{printed}");
    let named = format!("iamspec: {}: --known-failures ", project.join("iamspec.toml").display());
    assert!(error.contains(&named), "{error}");
    let report = std::fs::read_to_string(project.join("run.jsonl")).unwrap();
    assert!(report.contains("\"tier\":\"status\""), "{report}");
    assert_eq!(run(&["--mutant", "forgets-mfa-device", "delete-user/bare"]).0, Some(0));
    assert_eq!(run(&["--config", "none", "delete-user/bare"]).0, Some(0));
    write("iamspec.toml", "end-point = \"x\"\n");
    let (code, _, error) = run(&["delete-user/bare"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("is not a settings file: unknown field `end-point`"), "{error}");
    std::fs::remove_dir_all(project).unwrap();
}

#[test]
fn colors_follow_the_option_and_then_the_environment() {
    let is_colored = |option: &str, variables: &[(&str, &str)]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_iamspec"))
            .args(["run", "delete-user/alone/mfa-device", "--mutant", "forgets-mfa-device"])
            .args(["--color", option])
            .env_remove("NO_COLOR")
            .env_remove("FORCE_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        super::stdout(&output).contains("\u{1b}[")
    };
    assert!(!is_colored("auto", &[]));
    assert!(is_colored("always", &[("NO_COLOR", "1")]));
    assert!(is_colored("auto", &[("FORCE_COLOR", "1")]));
    assert!(!is_colored("auto", &[("FORCE_COLOR", "0")]));
    assert!(!is_colored("auto", &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!is_colored("never", &[("FORCE_COLOR", "1")]));
}

#[test]
fn an_invalid_script_is_reported_with_line_and_column() {
    let path = std::env::temp_dir().join(format!("iamspec-wrong-{}.script", std::process::id()));
    std::fs::write(&path, "# Wrong.\nCreateUser u0\nDeleteuser u0\n").unwrap();
    let output = super::iamspec(&["run", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = super::stderr(&output);
    assert!(
        text.contains(
            "line 3, column 1: expected a call, found `Deleteuser`; did you mean `DeleteUser`?"
        ),
        "{text}"
    );
}

#[test]
fn explain_gives_the_contradiction_of_the_mfa_text() {
    assert_snapshot!(printed(&["explain", "DeleteUser/holds-mfa-device"], 0));
}

#[test]
fn verify_prints_every_scope_and_every_property() {
    let text = printed(&["verify"], 0);
    let rows = text.lines().filter(|line| line.starts_with("  ")).count();
    assert!(rows > 8, "{text}");
    let without_rates = text.lines().map(|line| {
        let rates = if line.starts_with("  ") { 3 } else { 0 };
        let last = |line: &str| line.trim_end().rsplit_once(' ').unwrap().0.trim_end().to_owned();
        (0..rates).fold(line.to_owned(), |line, _| last(&line))
    });
    assert_snapshot!(without_rates.collect::<Vec<_>>().join("\n"));
}

#[test]
fn help_is_as_reviewed() {
    let pages = [
        &["--help"][..],
        &["run", "--help"],
        &["verify", "--help"],
        &["serve", "--help"],
        &["list", "--help"],
        &["explain", "--help"],
    ];
    let text: Vec<String> = pages.iter().map(|page| printed(page, 0)).collect();
    assert_snapshot!(text.join("\n----\n"));
}

#[test]
fn the_rules_are_as_reviewed() {
    assert_snapshot!(printed(&["list", "rules"], 0));
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_code() {
    let wrong = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/mfa-device"];
    for (arguments, code) in [(&["explain", "*"][..], 0), (&wrong, 1)] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_iamspec"))
            .args(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", super::stderr(&output));
    }
}

#[test]
fn the_plan_of_a_user_that_holds_two_of_everything() {
    let output = super::iamspec(&["plan", "delete-user/two-of-everything", "--devices"]);
    assert_eq!(output.status.code(), Some(5));
    assert_snapshot!(super::stdout(&output));
    let bare = super::iamspec(&["plan", "create-user/exists"]);
    assert_eq!(bare.status.code(), Some(0));
    assert_eq!(super::stdout(&bare), "# u0 is deleted in 1 call.\nDeleteUser u0\n");
}

#[test]
fn stale_evidence_is_listed() {
    let text = super::stdout(&super::iamspec(&["evidence", "stale", "--before", "2017"]));
    assert!(text.contains("2016-09-02 A-031 (reported) DeleteUser"), "{text}");
    assert!(!text.contains("A-006"), "{text}");
    let contradicted = text.split("Contradicted").nth(1).unwrap();
    assert!(contradicted.contains("A-012 (reported) DeleteUser"), "{text}");
    let wrong = super::iamspec(&["evidence", "stale", "--before", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        super::stderr(&wrong)
            .contains("expected a date such as 2022-01-01, 2022-01 or 2022, found `yesterday`")
    );
}

/// The arguments of the command that reproduces a finding of a run or a race, as a shell splits them.
pub(super) fn printed_command(text: &str) -> Vec<String> {
    let line = text.lines().find_map(|it| it.trim_start().strip_prefix("reproduce "));
    let words = shlex::split(line.unwrap_or_else(|| panic!("no command in {text}"))).unwrap();
    let (program, arguments) = words.split_first().unwrap();
    assert_eq!(program, "iamspec", "{text}");
    arguments.to_vec()
}

#[test]
fn a_printed_command_reproduces_its_finding() {
    let server =
        super::server(Some(iamspec_conformance::Mutant::find("forgets-mfa-device").unwrap()));
    let url = server.url();
    let typed =
        ["--i-own-this-account", "123456789012", "--rule", "DeleteUser/*", "--timeout", "7"];
    let words = [&["run", "--endpoint", &url], &typed[..], &["delete-user/alone/mfa-device"]];
    let text = printed_text(&words.concat());
    let command = printed_command(&text);
    for pair in typed.chunks(2) {
        assert!(command.windows(2).any(|it| it == pair), "{pair:?} is missing in {command:?}");
    }
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let repeated = printed_text(&command);
    assert!(repeated.contains("DeleteUser/holds-mfa-device  must, status"), "{repeated}");
}

/// The output of a command that has a finding.
fn printed_text(words: &[&str]) -> String {
    let output = super::iamspec(words);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{words:?}: {text}{}", super::stderr(&output));
    text
}

#[test]
fn a_suite_that_is_named_twice_runs_once() {
    let words = ["run", "--list", "--suite", "lattice", "--suite", "pairs", "--suite", "lattice"];
    let text = printed(&words, 0);
    let lattice = text.lines().filter(|it| it.split_whitespace().nth(1) == Some("lattice")).count();
    assert_eq!(lattice, 1, "{text}");
    assert!(text.contains(": lattice, pairs, "), "{text}");
}

#[test]
fn a_rule_and_a_generated_suite_are_refused_together() {
    for suites in [["--suite", "lattice"].as_slice(), &["--suite", "scripts", "--suite", "lattice"]]
    {
        let words = [&["run", "--rule", "DeleteUser/holds-mfa-device"], suites].concat();
        let output = super::iamspec(&words);
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{}{error}", super::stdout(&output));
        assert!(error.contains("--rule") && error.contains("--suite lattice"), "{error}");
        assert!(!error.contains("none of the selected scripts"), "{error}");
    }
}

/// The first 100 names for findings of the rule are in use by scripts of the user.
#[test]
fn a_finding_is_saved_without_overwriting_a_script() {
    let folder = super::reports::folder("saved-findings");
    let name = |number: usize| {
        let number = if number == 0 { String::new() } else { format!("-{number}") };
        folder.join(format!("DeleteUser-holds-mfa-device-status{number}.script"))
    };
    let own = |number: usize| format!("# Number {number}.\nCreateUser u0\n");
    for number in 0..100 {
        std::fs::write(name(number), own(number)).unwrap();
    }
    let regressions = folder.display().to_string();
    let mutant = ["--mutant", "forgets-mfa-device", "--suite", "pairs"];
    printed_text(&[&["run", "--regressions", &regressions], &mutant[..]].concat());
    for number in 0..100 {
        assert_eq!(std::fs::read_to_string(name(number)).unwrap(), own(number), "{number}");
    }
    let saved = std::fs::read_to_string(name(100)).unwrap();
    assert!(saved.contains("DeleteUser u0"), "{saved}");
    printed_text(&[&["run", "--regressions", &regressions], &mutant[..]].concat());
    assert!(!name(101).exists(), "a finding is not saved twice");
    std::fs::remove_dir_all(folder).unwrap();
}

/// The arguments that the action passes to iamspec. A script that prints its
/// arguments replaces the program.
fn action(name: &str, options: &str) -> Vec<String> {
    let folder = super::reports::folder(name);
    let action = std::fs::read_to_string(super::root().join("action.yml"));
    let action = action.unwrap();
    let (_, step) = action.split_once("- name: Run iamspec\n").unwrap();
    let (_, step) = step.split_once("run: |\n").unwrap();
    let step = step.split("\n    - name: ").next().unwrap();
    let program = folder.join("iamspec");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\" > arguments\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step])
        .current_dir(&folder)
        .env("PATH", path)
        .envs([("ENDPOINT", "http://127.0.0.1:1"), ("WAIT", "60s"), ("EXPECT", "")])
        .env("REPORTS", "reports")
        .envs([("OPTIONS", options), ("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "page")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", super::stderr(&output));
    assert!(!folder.join("executed").exists(), "the action has executed its input");
    let arguments = std::fs::read_to_string(folder.join("arguments")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let start = "run\n--endpoint\nhttp://127.0.0.1:1\n--wait\n60s\n--report\n";
    assert!(arguments.starts_with(start), "{arguments}");
    arguments.lines().skip(15).map(str::to_owned).collect()
}

#[test]
fn the_action_executes_no_input() {
    for hostile in
        ["$(touch executed)", "`touch executed`", "x); touch executed; (", "a;touch executed"]
    {
        assert_eq!(action("hostile-action", hostile), [hostile]);
    }
}

#[test]
fn the_action_takes_one_option_a_line() {
    assert_eq!(action("action", ""), [""; 0]);
    let lines = "--observe end\n\n  --rule=DeleteUser/*  \n--until-coverage\n--known-failures my known.toml\nmy own.script";
    let words = ["--observe", "end", "--rule=DeleteUser/*", "--until-coverage", "--known-failures"];
    assert_eq!(action("action", lines), [&words[..], &["my known.toml", "my own.script"]].concat());
}

/// The words of the first edition, each in a command line with its exit code and a part of its output.
#[test]
fn the_words_of_the_first_edition_still_work() {
    let folder = super::reports::folder("old-words");
    let file = |name: &str| folder.join(name).display().to_string();
    let (run, known, new) = (file("run.jsonl"), file("expected.toml"), file("new.toml"));
    let (script, report) = (file("history.script"), format!("json={}", file("run.jsonl")));
    std::fs::write(&known, "[[expected]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"known\"\nfacts = [\"A-015\"]\n").unwrap();
    std::fs::write(&script, "CreateUser u0 -> 200\n").unwrap();
    let mutant = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/mfa-device"];
    let write = [&mutant[..], &["--report", &report]].concat();
    printed(&write, 1);
    let driver = format!("{} driver", env!("CARGO_BIN_EXE_iamspec"));
    for (words, code, part) in [
        (vec!["judge", &script], 0, "1 file"),
        (vec!["issue", &run, "DeleteUser/*"], 0, "holds an MFA device"),
        (vec!["diff", &run, &run], 0, ""),
        (vec!["report", &run], 1, "holds-mfa-device"),
        (vec!["report", &run, "--as", "markdown"], 1, "holds-mfa-device"),
        (vec!["driver-check", "--schema"], 0, "schema"),
        (vec!["driver-check", &driver], 0, "0 broken"),
        (vec!["run", "--may", "accept", "delete-user/bare"], 0, ""),
        ([&mutant[..], &["--expect", &known]].concat(), 0, ""),
        ([&mutant[..], &["--expect", &new, "--update-expectations"]].concat(), 0, ""),
        (vec!["run", "--suite", "checkers", "--list"], 0, ""),
        (vec!["run", "--suite", "defects", "--list"], 0, "/create-user-name"),
        (vec!["run", "defects/*", "--list"], 0, "/create-user-name"),
        (vec!["run", "validation/*", "--list"], 0, "/create-user-name"),
        (vec!["run", "of-another/*", "--list"], 0, "other-user/"),
        (vec!["run", "created-again/*", "--list"], 0, "recreated/"),
        (vec!["run", "renew/*", "--list"], 0, "reset/"),
        (vec!["list", "calls"], 0, "DeleteUser"),
    ] {
        let text = printed(&words, code);
        assert!(text.contains(part), "{words:?}: {text}");
    }
    let saved = std::fs::read_to_string(&new).unwrap();
    assert!(saved.contains("[[known-failure]]\nrule = \"DeleteUser/holds-mfa-device\""), "{saved}");
    // Options of commands that need another machine or a long run are only parsed.
    for words in [
        &["serve", "--anybody-may-connect", "--may", "7", "--mutant", "no-such-mutant"][..],
        &["evidence", "add", "--whatever-it-is", "--to", &new, "no-such-run.jsonl"],
        &["merge", "no-such-run.jsonl"],
        &["driver-probe", "/no/such/driver"],
    ] {
        let output = super::iamspec(words);
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.starts_with("iamspec: "), "{words:?}: {error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_short_help_fits_on_one_screen() {
    for (words, most) in [(&["-h"][..], 24), (&["run", "-h"], 44)] {
        let output = super::command(words).env("COLUMNS", "80").output().unwrap();
        let text = super::stdout(&output);
        assert!(text.lines().count() <= most, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn iamspec_without_arguments_prints_the_first_steps() {
    let output = super::iamspec(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("First steps:"), "{}", super::stderr(&output));
}

#[test]
fn the_version_contains_the_rule_set() {
    let revision = iamspec_harness::report::diff::revision();
    let version = env!("CARGO_PKG_VERSION");
    let text = super::stdout(&super::iamspec(&["--version"]));
    let set = &iamspec_conformance::results::rule_set::RuleSet::current().name;
    assert_eq!(text, format!("iamspec {version} (rules {set}, revision {revision})\n"));
}

#[test]
fn a_folder_of_scripts_is_named_with_its_pattern() {
    for name in ["delete-user/alone", "delete-user/alone/"] {
        let output = super::iamspec(&["run", name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(super::stderr(&output).contains("to run all of them: 'delete-user/alone/*'"));
    }
}

#[test]
fn an_action_is_explained_by_all_its_rules() {
    let all = super::stdout(&super::iamspec(&["explain", "DeleteUser"]));
    let rules = super::stdout(&super::iamspec(&["explain", "DeleteUser/*"]));
    let removal = all.strip_prefix(&rules).unwrap();
    assert!(removal.contains("DeactivateMFADevice before DeleteVirtualMFADevice (C-025"), "{all}");
    assert!(removal.contains("DeleteAccessKey: its secret"), "{all}");
    let is_word = |line: &str| !line.trim().contains(' ');
    assert!(all.lines().all(|line| is_word(line) || line.chars().count() <= 100), "{all}");
}
