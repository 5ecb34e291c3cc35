//! Endpoints and clients side by side.

use std::path::{Path, PathBuf};

use super::reports::{folder, run_report};

/// A target description whose start script serves an endpoint with these options.
fn served(folder: &Path, options: &str) -> PathBuf {
    let start = folder.join("start.sh");
    let program = env!("CARGO_BIN_EXE_iamspec");
    let serve = format!("#!/bin/sh\nexec {program} serve --listen 127.0.0.1:0 {options}\n");
    std::fs::write(&start, serve).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&start, executable).unwrap();
    let target = folder.join("target.toml");
    std::fs::write(&target, "name = \"forgetful\"\nversion = \"1\"\nlicense = \"MIT\"\n").unwrap();
    target
}

#[test]
fn endpoints_are_compared_side_by_side() {
    run_report("matrix-right", &["delete-user/alone/*"]);
    let at = folder("matrix");
    let target = served(&at, "--mutant forgets-mfa-device");
    let (out, target) = (at.display().to_string(), target.display().to_string());
    let right = folder("reports").join("matrix-right.jsonl").display().to_string();
    let words = ["matrix", "--out", &out, &right, &target, "--", "delete-user/alone/*"];
    let output = super::iamspec(&words);
    let table = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{}", super::stderr(&output));
    assert!(table.contains("| MFA device | ✓ ✓ ✓ | ✗ · · 200 |"), "{table}");
    assert!(table.contains("| access key | ✓ ✓ ✓ | ✓ ✓ ✓ |"), "{table}");
    assert!(table.contains("| `DeleteUser/holds-mfa-device` | ✓ | status: 200 |"), "{table}");
    assert!(table.contains("forgetful 1<br>MIT"), "{table}");
    let page = std::fs::read_to_string(at.join("matrix.html")).unwrap();
    assert!(page.contains("<td class=\"wrong\">✗ · · 200</td>"), "{page}");
    assert!(page.contains("href=\"2-forgetful.html\"") && at.join("2-forgetful.html").is_file());
    run_report("matrix-other", &["delete-user/bare"]);
    let other = folder("reports").join("matrix-other.jsonl").display().to_string();
    let refused = super::iamspec(&["matrix", "--out", &out, &right, &other]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("run both with this iamspec"));
    std::fs::remove_dir_all(at).unwrap();
}

#[test]
fn the_table_separates_divergences_of_the_endpoint_and_of_the_client() {
    let folder = folder("blame");
    let program = env!("CARGO_BIN_EXE_iamspec");
    let target = served(&folder, "--mutant forgets-mfa-device");
    let (out, target) = (folder.display().to_string(), target.display().to_string());
    let good = format!("{program} driver builtin");
    let bad = format!("{program} driver builtin --wrong tells-another-code");
    let words =
        ["matrix", "--out", &out, "--driver", &good, "--driver", &bad, "reference", &target];
    let output = super::iamspec(&[&words[..], &["--", "delete-user/alone/*"]].concat());
    let table = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{}", super::stderr(&output));
    let row = |name: &str| {
        let row = table.lines().find(|it| it.starts_with(&format!("| {name} |")));
        row.unwrap_or_else(|| panic!("no row {name} in {table}"))
            .split(" | ")
            .skip(1)
            .collect::<Vec<_>>()
    };
    let alone = row("rules broken through this client alone");
    assert_eq!(alone[..2], ["–", "0"], "{table}");
    assert_eq!(alone[3..5], ["–", "0"], "the endpoint's own is not the client's: {table}");
    assert!(alone[2].contains("DeleteUser/holds-mfa-device"), "{table}");
    assert!(!alone[5].contains("DeleteUser/holds-mfa-device"), "{table}");
    assert!(alone[5].contains("DeleteUser/holds-access-key"), "{table}");
    let otherwise = row("unexpected deviations");
    assert!(otherwise[1] == "0" && otherwise[2].contains("reports the code"), "{table}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_unreachable_endpoint_does_not_hide_a_divergence() {
    let (_, wrong, _) =
        run_report("matrix-wrong", &["--mutant", "forgets-mfa-device", "delete-user/alone/*"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (_, gone, _) = run_report("matrix-gone", &["--endpoint", &url, "delete-user/alone/*"]);
    assert_eq!((wrong, gone), (Some(1), Some(3)));
    let at = folder("matrix-codes");
    let file = |name: &str| folder("reports").join(format!("{name}.jsonl")).display().to_string();
    let (out, wrong, gone) = (at.display().to_string(), file("matrix-wrong"), file("matrix-gone"));
    for files in [[&wrong, &gone], [&gone, &wrong]] {
        let output = super::iamspec(&["matrix", "--out", &out, files[0], files[1]]);
        assert_eq!(output.status.code(), Some(1), "{files:?}: {}", super::stderr(&output));
    }
    std::fs::remove_dir_all(at).unwrap();
}

#[test]
fn known_failures_beside_a_target_are_read_under_both_names() {
    for name in ["known-failures.toml", "expected.toml"] {
        let folder = folder(&format!("matrix-{name}"));
        let target = served(&folder, "--mutant forgets-mfa-device").display().to_string();
        let entry = "[[expected]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"known\"\nfacts = [\"A-015\"]\n";
        std::fs::write(folder.join(name), entry).unwrap();
        let out = folder.display().to_string();
        let words = ["matrix", "--out", &out, &target, "--", "delete-user/alone/*"];
        let output = super::iamspec(&words);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", super::stderr(&output));
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_history_has_one_row_for_each_version() {
    let at = folder("matrix-history");
    let target = served(&at, "--mutant forgets-mfa-device");
    let (out, file) = (at.display().to_string(), at.join("history.jsonl").display().to_string());
    let path = target.display().to_string();
    let words = ["matrix", "--out", &out, "--history", &file, &path, "--", "delete-user/alone/*"];
    let version = |number: &str| {
        let about = format!("name = \"forgetful\"\nversion = \"{number}\"\n");
        std::fs::write(&target, about).unwrap();
        let output = super::iamspec(&words);
        assert_eq!(output.status.code(), Some(1), "{}", super::stderr(&output));
        super::stdout(&output)
    };
    version("1.10");
    version("1.9");
    // A version that is run again replaces its row.
    let text = version("1.10");
    let rows: Vec<_> = text.lines().filter(|it| it.starts_with("| forgetful |")).collect();
    assert!(rows[0].starts_with("| forgetful | 1.9 |"), "{rows:?}");
    assert!(rows[1].starts_with("| forgetful | 1.10 |"), "{rows:?}");
    assert!(rows[1].contains("| 8 of 9 | mfa-device | 1 + 0 + 0"), "{rows:?}");
    assert_eq!((rows.len(), std::fs::read_to_string(&file).unwrap().lines().count()), (2, 2));
    let badge = std::fs::read_to_string(at.join("badge-forgetful.json")).unwrap();
    assert!(badge.contains("8 of 9 blockers"), "{badge}");
    // A file that is something else is not overwritten.
    std::fs::write(&file, "something else\n").unwrap();
    let output = super::iamspec(&words);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        super::stderr(&output).contains("line 1 is not a result"),
        "{}",
        super::stderr(&output)
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "something else\n");
    std::fs::remove_dir_all(at).unwrap();
}
