//! Shell completions and the manual pages.

use std::process::Command;

#[test]
fn bash_completes_commands_and_options() {
    let folder = super::reports::folder("completions");
    let file = folder.join("iamspec");
    std::fs::write(&file, super::iamspec(&["completions", "bash"]).stdout).unwrap();
    let complete = |words: &str, place: usize| {
        let script = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={place}; _iamspec iamspec \"${{COMP_WORDS[$COMP_CWORD]}}\" \"${{COMP_WORDS[$COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        super::stdout(&output).trim().to_owned()
    };
    assert_eq!(complete("iamspec ru", 1), "run");
    assert_eq!(complete("iamspec run --endp", 2), "--endpoint");
    assert!(complete("iamspec export --as ", 3).contains("pytest"));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = super::reports::folder("man");
    let output = super::iamspec(&["man", "--out", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    let page = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
    assert!(page("iamspec").contains(".TH iamspec 1"));
    assert!(page("iamspec-run").contains("\\-\\-until\\-coverage"));
    assert!(page("iamspec-report-merge").contains("\\-\\-report"));
    assert!(super::stdout(&super::iamspec(&["man"])).contains(".TH iamspec 1"));
    std::fs::remove_dir_all(folder).unwrap();
}
