//! Shards of a suite: merged, they are the whole run. Incomplete or different shards are refused.

use std::path::{Path, PathBuf};

use super::reports::folder;
use iamspec_harness::report::RunReport;
use iamspec_harness::report::diff::compare;
use iamspec_harness::report::file::read;
use iamspec_harness::report::merge::merge;

/// The report file and the report of a run, of a shard or of the whole suite.
fn run(folder: &Path, name: &str, words: &[&str]) -> (PathBuf, RunReport) {
    let file = folder.join(format!("{name}.jsonl"));
    let report = format!("json={}", file.display());
    let regressions = folder.join("regressions").display().to_string();
    super::iamspec(&[&["run", "--report", &report, "--regressions", &regressions], words].concat());
    let parsed = read(&std::fs::read_to_string(&file).unwrap()).unwrap();
    (file, parsed)
}

fn shards(folder: &Path, of: usize, words: &[&str]) -> Vec<RunReport> {
    let shard = |number: usize| {
        let part = format!("{number}/{of}");
        run(folder, &number.to_string(), &[&["--shard", &part], words].concat()).1
    };
    (1..=of).map(shard).collect()
}

#[test]
fn merged_shards_equal_the_whole_run() {
    let folder = folder("shards");
    let words = ["--mutant", "forgets-mfa-device", "--suite", "scripts", "--suite", "pairs"];
    let (_, whole) = run(&folder, "whole", &words);
    let mut shards = shards(&folder, 3, &words);
    assert!(shards.iter().all(|it| it.end.totals.calls() > 0), "a shard is empty");
    shards.reverse();
    let merged = merge(shards).unwrap();
    let diff = compare(&whole, &merged);
    assert_eq!((diff.new, diff.fixed, diff.calls), (vec![], vec![], vec![]));
    assert_eq!(merged.end.exit, whole.end.exit);
    let covered = |it: &RunReport| {
        let (rules, outcomes) = (&it.coverage.rules.tested, &it.coverage.outcomes.tested);
        let mut names: Vec<String> = rules.iter().chain(outcomes).cloned().collect();
        names.sort();
        names
    };
    assert_eq!(covered(&merged), covered(&whole));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Random calls are generated in blocks that do not depend on the number of shards.
#[test]
fn random_calls_do_not_depend_on_the_number_of_shards() {
    let folder = folder("random");
    let words = ["--suite", "random", "--calls", "3000"];
    let (_, whole) = run(&folder, "whole", &words);
    let merged = merge(shards(&folder, 2, &words)).unwrap();
    assert_eq!(merged.end.totals, whole.end.totals);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let folder = folder("order");
    let mut shards = shards(&folder, 2, &["--mutant", "forgets-mfa-device", "delete-user/*"]);
    let merged = merge(shards.clone()).unwrap();
    shards.reverse();
    assert_eq!(merge(shards).unwrap(), merged);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn incomplete_or_different_shards_are_refused_with_the_reason() {
    let folder = folder("refused");
    let shards = shards(&folder, 2, &["delete-user/alone/*"]);
    let (_, whole) = run(&folder, "whole", &["delete-user/alone/*"]);
    let [one, two] = shards.as_slice() else { panic!("expected two shards") };
    let changed = |change: &dyn Fn(&mut RunReport)| {
        let mut other = two.clone();
        change(&mut other);
        vec![one.clone(), other]
    };
    let cases = [
        (vec![], "nothing to merge"),
        (vec![one.clone()], "missing shards: 2/2"),
        (vec![one.clone(), one.clone()], "1/2 is there twice"),
        (vec![whole], "is whole"),
        (changed(&|it| it.header.revision = "else".to_owned()), "the revision of shard 1"),
        (changed(&|it| it.header.target.name = "moto".to_owned()), "--about FILE"),
        (changed(&|it| it.header.seed = 2), "the seed of shard 1"),
        (changed(&|it| it.header.tier = "text".to_owned()), "the tier of shard 1"),
        (
            changed(&|it| it.header.shard.as_mut().unwrap().of = 3),
            "a shard of 2 and another a shard of 3",
        ),
        (changed(&|it| it.header.shard.as_mut().unwrap().number = 3), "no shard 3 of 2"),
    ];
    for (shards, reason) in cases {
        let error = format!("{:#}", merge(shards).unwrap_err());
        assert!(error.contains(reason), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A single shard cannot tell whether an entry is stale; all shards together can.
#[test]
fn a_stale_entry_is_reported_when_shards_are_merged() {
    let folder = folder("stale");
    let known = folder.join("known.toml");
    let entry = |rule: &str| format!("[[expected]]\nrule = \"{rule}\"\nreason = \"known\"\n");
    let text = entry("DeleteUser/holds-mfa-device") + &entry("DeleteUser/holds-access-key");
    std::fs::write(&known, text).unwrap();
    let expect = known.display().to_string();
    let words = ["--mutant", "forgets-mfa-device", "--expect", &expect];
    let shards = shards(&folder, 2, &words);
    assert!(shards.iter().all(|it| it.known_failure_errors.is_empty() && it.end.exit == 0));
    let merged = merge(shards).unwrap();
    assert_eq!(
        merged.known_failure_errors,
        [
            "stale known failure: DeleteUser/holds-access-key was tested and conforms; remove the entry"
        ]
    );
    assert_eq!(merged.end.exit, 1);
    std::fs::remove_dir_all(folder).unwrap();
}

/// An entry about responses without a verdict is never stale, whether or not the suite is sharded.
#[test]
fn an_entry_about_failures_is_not_stale_when_shards_are_merged() {
    let folder = folder("interrupted");
    let known = folder.join("known.toml");
    let text = "[[known-failure]]\nrule = \"DeleteUser/holds-access-key\"\noutcome = \"interrupted crash\"\nreason = \"known\"\n";
    std::fs::write(&known, text).unwrap();
    let shards = shards(&folder, 2, &["--known-failures", &known.display().to_string()]);
    assert!(shards.iter().any(|it| it.known_failures.iter().any(|it| it.tested)));
    assert_eq!(merge(shards).unwrap().known_failure_errors, [""; 0]);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Other programs divide the suite by script names. The events show what each part knows.
#[test]
fn a_run_of_named_scripts_reports_each_known_failure() {
    let folder = folder("named");
    let known = folder.join("known.toml");
    let text = "[[known-failure]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"known\"\n";
    std::fs::write(&known, text).unwrap();
    let known = known.display().to_string();
    let words = ["--mutant", "forgets-mfa-device", "--known-failures", &known];
    let entries =
        |more: &[&str]| run(&folder, "named", &[&words[..], more].concat()).1.known_failures;
    let [entry] = &entries(&["delete-user/alone/*"])[..] else { panic!("expected one entry") };
    assert!(entry.run && entry.tested && entry.matched);
    let [entry] = &entries(&["delete-user/bare"])[..] else { panic!("expected one entry") };
    assert!(entry.run && !entry.tested && !entry.matched);
    // A whole run judges the entry itself. A run that reads nothing back cannot tell.
    assert_eq!(entries(&[]), []);
    assert_eq!(entries(&["--observe", "off", "delete-user/bare"]), []);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn merge_prints_the_run_and_returns_its_exit_code() {
    let folder = folder("merged");
    let words = ["--mutant", "forgets-mfa-device", "delete-user/alone/*"];
    let file = |number: usize| {
        let shard = format!("{number}/2");
        let (file, _) =
            run(&folder, &number.to_string(), &[&["--shard", &shard], &words[..]].concat());
        file.display().to_string()
    };
    let output = super::iamspec(&["merge", &file(2), &file(1)]);
    let printed = super::stdout(&output);
    assert!(printed.contains("mutant forgets-mfa-device: 9 scripts, in 2 shards"), "{printed}");
    assert!(printed.contains("DeleteUser/holds-mfa-device  must, status"), "{printed}");
    assert_eq!(output.status.code(), Some(1));
    std::fs::remove_dir_all(folder).unwrap();
}
