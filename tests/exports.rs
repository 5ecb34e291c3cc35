//! Exports: every script can be exported in every language, and the shell exports are valid.

use std::io::Write as _;
use std::process::{Command, Stdio};

use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_harness::export::{Language, export};

const LANGUAGES: [Language; 4] =
    [Language::AwsCli, Language::Boto3, Language::Curl, Language::Pytest];

#[test]
fn every_script_is_exported_in_every_language() {
    for script in built_in_scripts().unwrap() {
        for language in LANGUAGES {
            let text = export(&script, language, "http://127.0.0.1:5000").unwrap();
            let calls = text.matches("call(\"").count() + text.matches("\ncall '").count();
            let signed = text.matches("\" call '").count();
            assert_eq!(calls + signed, script.steps.len(), "{} as {language:?}", script.name);
            assert!(!text.contains(['\u{1}', '\u{2}', '@']) || !text.contains("@IDEA@"));
            assert!(!text.contains("RUN0"), "{} as {language:?}: {text}", script.name);
        }
    }
}

#[test]
fn shell_exports_are_valid_bash() {
    for script in built_in_scripts().unwrap() {
        for language in [Language::AwsCli, Language::Curl] {
            let text = export(&script, language, "http://127.0.0.1:5000").unwrap();
            let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            bash.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            assert!(bash.wait().unwrap().success(), "{} as {language:?}\n{text}", script.name);
        }
    }
}

#[test]
fn quotes_and_backslashes_of_the_idea_are_escaped() {
    let mut script =
        built_in_scripts().unwrap().into_iter().find(|it| it.name == "delete-user/bare").unwrap();
    script.idea = "a \"\"\"quote\"\"\" and a back\\slash".to_owned();
    let text = export(&script, Language::Boto3, "http://127.0.0.1:5000").unwrap();
    assert!(text.contains("a '''quote''' and a back\\\\slash"), "{text}");
}

#[test]
fn an_export_error_names_the_operation_and_the_script() {
    let file = super::reports::folder("exports").join("password.script");
    std::fs::write(&file, "# No user can sign this.\nCreateUser u0\nChangePassword u0\n").unwrap();
    let output = super::iamspec(&["export", "--as", "curl", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let text = super::stderr(&output);
    assert!(text.contains("cannot export `ChangePassword u0` of"), "{text}");
    assert!(text.contains("u0 has no access key to sign with"), "{text}");
}

/// The name of a script is the name of its file, and both it and the endpoint may hold shell syntax.
#[test]
fn the_name_of_a_script_and_the_endpoint_are_no_code() {
    let hostile =
        "x\ntouch $(touch hostile) \"\"\"\nimport os #'`touch hostile`}\u{1b}@ENDPOINT@@IDEA@\\";
    let mut script =
        built_in_scripts().unwrap().into_iter().find(|it| it.name == "delete-user/bare").unwrap();
    hostile.clone_into(&mut script.name);
    hostile.clone_into(&mut script.idea);
    let endpoint = "http://127.0.0.1:1/$(touch hostile)`touch hostile`}'\"\\";
    let folder = super::reports::folder("export-hostile");
    for language in LANGUAGES {
        let text = export(&script, language, endpoint).unwrap();
        assert!(!text.contains('\u{1b}'), "{text}");
        let bash = matches!(language, Language::AwsCli | Language::Curl);
        // Everything up to the first function: comments, the endpoint and other settings.
        let (head, _) = text.split_once(if bash { "\n# S" } else { "\nMISSING" }).unwrap();
        let program = if bash {
            format!("{head}\nprintf %s \"$endpoint\"")
        } else {
            let imports = |it: &&str| !it.contains("boto");
            let lines = head.lines().filter(imports).collect::<Vec<_>>().join("\n");
            format!("{lines}\nprint(ENDPOINT, end='')")
        };
        let mut command = Command::new(if bash { "bash" } else { "python3" });
        command.current_dir(&folder).args(["-c", &program]).env_remove("AWS_ENDPOINT_URL_IAM");
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(printed, endpoint, "{language:?}: {error}\n{program}");
        assert!(!folder.join("hostile").exists(), "{language:?}: {program}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
