//! Drivers: the correct built-in driver passes, and each of its known defects is detected.

use iamspec_harness::driver::builtin::WRONG;
use iamspec_harness::driver::check::CHECKS;
use iamspec_harness::driver::schema;

/// The command of the built-in driver.
fn builtin(wrong: Option<&str>) -> String {
    let program = env!("CARGO_BIN_EXE_iamspec");
    let wrong = wrong.map(|it| format!(" --wrong {it}")).unwrap_or_default();
    format!("{program} driver{wrong}")
}

/// The exit code and the output of a run through the built-in driver.
fn run(wrong: Option<&str>, more: &[&str]) -> (Option<i32>, String) {
    let driver = builtin(wrong);
    let timeout: &[&str] = if more.contains(&"--timeout") { &[] } else { &["--timeout", "2"] };
    let output = super::iamspec(&[&["run", "--driver", &driver], timeout, more].concat());
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

#[test]
fn a_correct_driver_passes_all_checks_and_a_run() {
    let output = super::iamspec(&["driver-check", &builtin(None)]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(&format!("{} checks, 0 broken", CHECKS.len())), "{text}");
    let (code, text) = run(None, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("0 unexpected, 0 known failures, 0 unsupported, 0 inconclusive, 0 skipped"),
        "{text}"
    );
}

#[test]
fn each_defect_of_a_driver_fails_a_check() {
    // `hangs` would wait for every timeout, and no check counts requests.
    for wrong in WRONG.iter().filter(|it| !["hangs", "sends-twice"].contains(it)) {
        let output = super::iamspec(&["driver-check", &builtin(Some(wrong))]);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {text}");
        assert!(text.contains("BROKEN"), "{wrong}: {text}");
    }
}

#[test]
fn differences_between_calls_and_traffic_are_attributed_to_the_sdk() {
    let scripts =
        ["delete-user/alone/*", "tags/*", "list-policies/*", "create-policy/*", "policy-version/*"];
    for (wrong, expected) in [
        ("forgets-a-member", "leaves out UserName"),
        ("spells-truth-otherwise", "sends OnlyAttached as \"True\" and not as \"true\""),
        ("sends-twice", "retries after 200"),
        ("refuses-and-sends", "rejects the call, but sent it"),
        ("tells-and-sends-nothing", "reports a response, but sent nothing"),
        ("loses-an-item", "returns 0 of 1 members of Tags"),
        ("loses-a-member", "does not return User"),
        (
            "tells-another-code",
            "reports the code \"NoSuchEntityException\" instead of \"DeleteConflict\"",
        ),
        ("takes-refusals-for-successes", "takes DeleteConflict for a success"),
    ] {
        let (code, text) = run(Some(wrong), &scripts);
        assert_eq!(code, Some(1), "{wrong}: {text}");
        assert!(text.contains(expected), "{wrong}: {text}");
    }
}

#[test]
fn a_broken_driver_causes_no_finding() {
    for (wrong, cause, expected) in [
        ("answers-another-call", "driver", "the driver answered call 2; expected call 1"),
        ("says-garbage", "driver", "the driver sent a line that is not a message"),
        ("says-too-much", "driver", "the driver sent a line of more than"),
        ("hangs", "timeout", "the driver sent no message for 7.0 s"),
        ("dies", "driver", "the driver has ended, exit status: 2"),
    ] {
        let (code, text) = run(Some(wrong), &["delete-user/alone/access-key"]);
        assert_eq!(code, Some(3), "{wrong}: {text}");
        assert!(text.contains(expected), "{wrong}: {text}");
        assert!(text.contains(&format!("interrupted {cause} ")), "{wrong}: {text}");
        assert_eq!(text.contains("iamspec driver check"), cause == "driver", "{wrong}: {text}");
        assert!(text.contains("0 unexpected"), "{wrong}: {text}");
    }
}

#[test]
fn known_failures_of_an_sdk_are_expected() {
    let file = super::reports::folder("client").join("known.toml");
    std::fs::write(&file, "[[client]]\ncall = \"*\"\nwhat = \"retries*\"\nreason = \"issue 7\"\n")
        .unwrap();
    let expect = file.to_str().unwrap();
    let (code, text) = run(Some("sends-twice"), &["--expect", expect, "list/*"]);
    assert!(text.contains("known failure: issue 7"), "{text}");
    assert!(!text.contains("DIFFERS"), "{text}");
    assert_eq!(code, Some(1), "creating twice still diverges: {text}");
}

#[test]
fn a_missing_driver_program_is_a_usage_error() {
    let output = super::iamspec(&["run", "--driver", "/nowhere/driver --fast", "delete-user/bare"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("cannot run the driver `/nowhere/driver`"));
}

#[test]
fn the_schema_file_matches_the_messages() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/driver.json");
    super::assert_file(&path, &schema().unwrap());
}

/// A driver that is a shell script: it speaks to nobody and starts a program that would stay.
fn script(folder: &std::path::Path, lines: &str) -> String {
    let file = folder.join("driver.sh");
    std::fs::write(&file, lines).unwrap();
    format!("sh {}", file.display())
}

#[test]
fn the_programs_that_a_driver_starts_end_with_it() {
    let folder = super::reports::folder("driver-group");
    let pid = folder.join("pid");
    let lines = format!("sleep 600 &\necho $! > {}\necho no\nwait\n", pid.display());
    let output = super::iamspec(&["run", "--driver", &script(&folder, &lines), "delete-user/bare"]);
    assert_eq!(output.status.code(), Some(2), "{}", super::stderr(&output));
    let pid = std::fs::read_to_string(pid).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let ended = state.is_empty() || state.contains(") Z ");
    assert!(ended, "{state}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_flood_on_stderr_is_cut() {
    let folder = super::reports::folder("driver-flood");
    let lines = "yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -c 8000000 >&2\necho no\n";
    let output = super::iamspec(&["run", "--driver", &script(&folder, lines), "delete-user/bare"]);
    let error = super::stderr(&output);
    assert!(error.len() < 2 << 20 && error.contains("… (cut: "), "{} bytes", error.len());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_driver_that_stays_silent_is_not_called_again_and_again() {
    let words = ["tags/*", "list/*", "create-policy/*"];
    let (code, text) = run(Some("hangs"), &[&["--timeout", "1"], &words[..]].concat());
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("ended early"), "{text}");
    assert!(text.contains("and is not called again"), "{text}");
}

#[test]
fn a_check_stops_at_the_first_silence() {
    let output = super::iamspec(&["driver", "check", &builtin(Some("hangs"))]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("the driver sent no message for").count(), 1, "{text}");
    assert!(text.contains("not run, because the driver did not answer; repair that"), "{text}");
}

/// The end of a driver whose command is interrupted. The driver prints these lines, and would write
/// into a pipe after a while. The result is the exit code of the command.
#[cfg(unix)]
fn interrupted(name: &str, lines: &str, command: &[&str]) -> Option<i32> {
    let folder = super::reports::folder(name);
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let lines = format!(
        "{lines}\n(echo ready >&2; sleep 60; echo survived) > {} &\nwait\n",
        pipe.display()
    );
    let driver = script(&folder, &lines);
    let words: Vec<&str> =
        command.iter().map(|it| if *it == "DRIVER" { driver.as_str() } else { *it }).collect();
    let mut started = super::command(&words);
    started.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut started = started.spawn().unwrap();
    // The driver opens the pipe first, and then says that it is ready.
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
    let mut stderr = std::io::BufReader::new(started.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
    assert_eq!(line, "ready\n", "{name}");
    let signal = ["-TERM", &started.id().to_string()].map(str::to_owned);
    assert!(std::process::Command::new("kill").args(signal).status().unwrap().success());
    assert_eq!(reader.join().unwrap(), "", "{name}: the driver survived");
    // The rest of stderr is read, so that the command does not wait for a reader.
    std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
    let code = started.wait().unwrap().code();
    std::fs::remove_dir_all(folder).unwrap();
    code
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_group_of_a_driver_in_every_state() {
    let hello = "read line; echo '{\"type\":\"hello\",\"protocol\":1,\"driver\":\"d\",\"sdk\":\"s\",\"version\":\"1\",\"language\":\"sh\",\"ops\":[]}'";
    let session = format!("{hello}; read line; echo '{{\"type\":\"session\"}}'");
    for (state, lines) in [("start", ""), ("hello", hello), ("session", &session)] {
        let run = ["run", "--driver", "DRIVER", "delete-user/bare"];
        let code = interrupted(&format!("run-{state}"), lines, &run);
        assert_eq!(code, Some(3), "{state}");
    }
    let check = ["driver", "check", "DRIVER"];
    assert_eq!(interrupted("check-start", "", &check), Some(3));
}

#[test]
fn a_driver_that_cannot_be_run_is_a_usage_error_of_its_check() {
    let output = super::iamspec(&["driver", "check", "/nowhere/driver"]);
    assert_eq!(output.status.code(), Some(2), "{}", super::stdout(&output));
    assert!(super::stderr(&output).contains("cannot run the driver"));
}
