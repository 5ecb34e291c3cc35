//! One suite in parts: together they are the whole, and what is no such whole is refused.

use std::path::{Path, PathBuf};

use super::reports::folder;
use iamspec_harness::report::RunReport;
use iamspec_harness::report::diff::compare;
use iamspec_harness::report::file::read;

/// What a run tells, of a part or of the whole.
fn run(folder: &Path, name: &str, words: &[&str]) -> (PathBuf, RunReport) {
    let file = folder.join(format!("{name}.jsonl"));
    let report = format!("json={}", file.display());
    let finds = folder.join("finds").display().to_string();
    super::iamspec(&[&["run", "--report", &report, "--regressions", &finds], words].concat());
    let stream = read(&std::fs::read_to_string(&file).unwrap()).unwrap();
    (file, stream)
}

fn parts(folder: &Path, of: usize, words: &[&str]) -> Vec<RunReport> {
    let part = |number: usize| {
        let shard = format!("{number}/{of}");
        run(folder, &format!("{number}"), &[&["--shard", &shard], words].concat()).1
    };
    (1..=of).map(part).collect()
}

#[test]
fn the_parts_together_are_the_whole() {
    let folder = folder("parts");
    let words = ["--mutant", "forgets-mfa-device", "--suite", "scripts", "--suite", "pairs"];
    let (_, whole) = run(&folder, "whole", &words);
    let mut parts = parts(&folder, 3, &words);
    assert!(parts.iter().all(|it| it.end.sums.calls() > 0), "a part is empty");
    parts.reverse();
    let merged = iamspec_harness::report::merge::merge(parts).unwrap();
    let changes = compare(&whole, &merged);
    assert_eq!((changes.new, changes.fixed, changes.calls), (vec![], vec![], vec![]));
    assert_eq!(merged.end.exit, whole.end.exit);
    let sets = |it: &RunReport| {
        let (rules, outcomes) = (&it.coverage.rules.asked, &it.coverage.outcomes.asked);
        let mut names: Vec<String> = rules.iter().chain(outcomes).cloned().collect();
        names.sort();
        names
    };
    assert_eq!(sets(&merged), sets(&whole));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Calls by chance come in portions that do not depend on how many parts there are.
#[test]
fn calls_by_chance_are_the_same_in_however_many_parts() {
    let folder = folder("chance");
    let words = ["--suite", "random", "--calls", "3000"];
    let (_, whole) = run(&folder, "whole", &words);
    let merged = iamspec_harness::report::merge::merge(parts(&folder, 2, &words)).unwrap();
    assert_eq!(merged.end.sums, whole.end.sums);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let folder = folder("order");
    let mut parts = parts(&folder, 2, &["--mutant", "forgets-mfa-device", "delete-user/*"]);
    let one = iamspec_harness::report::merge::merge(parts.clone()).unwrap();
    parts.reverse();
    assert_eq!(iamspec_harness::report::merge::merge(parts).unwrap(), one);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_whole_run_is_refused_with_what_is_wrong() {
    let folder = folder("refused");
    let parts = parts(&folder, 2, &["delete-user/alone/*"]);
    let (_, whole) = run(&folder, "whole", &["delete-user/alone/*"]);
    let [one, two] = parts.as_slice() else { panic!("two parts") };
    let otherwise = |change: &dyn Fn(&mut RunReport)| {
        let mut other = two.clone();
        change(&mut other);
        vec![one.clone(), other]
    };
    let cases = [
        (vec![], "nothing to merge"),
        (vec![one.clone()], "missing: 2/2"),
        (vec![one.clone(), one.clone()], "1/2 is there twice"),
        (vec![whole], "is whole"),
        (otherwise(&|it| it.header.revision = "else".to_owned()), "the revision of part 1"),
        (otherwise(&|it| it.header.target.name = "moto".to_owned()), "--about FILE"),
        (otherwise(&|it| it.header.seed = 2), "the seed of part 1"),
        (otherwise(&|it| it.header.tier = "text".to_owned()), "the tier of part 1"),
        (otherwise(&|it| it.header.shard.as_mut().unwrap().of = 3), "a part of 2 and one of 3"),
        (otherwise(&|it| it.header.shard.as_mut().unwrap().number = 3), "no part 3 of 2"),
    ];
    for (parts, why) in cases {
        let error = format!("{:#}", iamspec_harness::report::merge::merge(parts).unwrap_err());
        assert!(error.contains(why), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// No part knows whether an entry is stale; all of them do.
#[test]
fn a_stale_entry_is_found_where_the_parts_come_together() {
    let folder = folder("stale");
    let known = folder.join("known.toml");
    let entry = |rule: &str| format!("[[expected]]\nrule = \"{rule}\"\nreason = \"known\"\n");
    let text = entry("DeleteUser/holds-mfa-device") + &entry("DeleteUser/holds-access-key");
    std::fs::write(&known, text).unwrap();
    let expect = known.display().to_string();
    let words = ["--mutant", "forgets-mfa-device", "--expect", &expect];
    let parts = parts(&folder, 2, &words);
    assert!(parts.iter().all(|it| it.complaints.is_empty() && it.end.exit == 0));
    let merged = iamspec_harness::report::merge::merge(parts).unwrap();
    assert_eq!(
        merged.complaints,
        [
            "stale known failure: DeleteUser/holds-access-key was tested and conforms; remove the entry"
        ]
    );
    assert_eq!(merged.end.exit, 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn merge_prints_the_run_and_ends_with_its_code() {
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
    assert!(printed.contains("mutant forgets-mfa-device: 9 scripts, in 2 parts"), "{printed}");
    assert!(printed.contains("DeleteUser/holds-mfa-device  must, status"), "{printed}");
    assert_eq!(output.status.code(), Some(1));
    std::fs::remove_dir_all(folder).unwrap();
}
