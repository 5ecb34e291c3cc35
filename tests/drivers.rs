//! An SDK in the place of our client: a driver that is right is not blamed, and each that is wrong is.

use iamspec_harness::driver::builtin::WRONG;
use iamspec_harness::driver::check::CHECKS;
use iamspec_harness::driver::schema;

/// Our own driver as a command.
fn own(wrong: Option<&str>) -> String {
    let program = env!("CARGO_BIN_EXE_iamspec");
    let wrong = wrong.map(|it| format!(" --wrong {it}")).unwrap_or_default();
    format!("{program} driver{wrong}")
}

/// A run through a driver: its exit code, and what it printed.
fn run(wrong: Option<&str>, more: &[&str]) -> (Option<i32>, String) {
    let driver = own(wrong);
    let output = super::iamspec(&[&["run", "--timeout", "2", "--driver", &driver], more].concat());
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

#[test]
fn a_right_driver_keeps_to_the_protocol_and_is_not_blamed() {
    let output = super::iamspec(&["driver-check", &own(None)]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(&format!("{} checks, 0 broken", CHECKS.len())), "{text}");
    let (code, text) = run(None, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("0 unexpected, 0 expected, 0 unsupported, 0 inconclusive, 0 not"),
        "{text}"
    );
}

#[test]
fn each_wrong_driver_breaks_a_check() {
    // These wait for a driver that says nothing, and for calls that are not made.
    for wrong in WRONG.iter().filter(|it| !["hangs", "sends-twice"].contains(it)) {
        let output = super::iamspec(&["driver-check", &own(Some(wrong))]);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {text}");
        assert!(text.contains("BROKEN"), "{wrong}: {text}");
    }
}

#[test]
fn what_an_sdk_sends_and_hands_out_otherwise_is_told_of_the_sdk() {
    let scripts =
        ["delete-user/alone/*", "tags/*", "list-policies/*", "create-policy/*", "policy-version/*"];
    for (wrong, told) in [
        ("forgets-a-member", "leaves out UserName"),
        ("spells-truth-otherwise", "sends OnlyAttached as \"True\" and not as \"true\""),
        ("sends-twice", "asks again after 200"),
        ("refuses-and-sends", "refuses the call, and has sent it all the same"),
        ("tells-and-sends-nothing", "tells an answer, and has sent nothing"),
        ("loses-an-item", "hands out 0 of 1 members of Tags"),
        ("loses-a-member", "does not hand out User"),
        ("tells-another-code", "tells the code \"NoSuchEntityException\" of \"DeleteConflict\""),
        ("takes-refusals-for-successes", "takes DeleteConflict for a success"),
    ] {
        let (code, text) = run(Some(wrong), &scripts);
        assert_eq!(code, Some(1), "{wrong}: {text}");
        assert!(text.contains(told), "{wrong}: {text}");
    }
}

#[test]
fn a_driver_that_breaks_down_accuses_nobody() {
    for (wrong, cause, told) in [
        ("answers-another-call", "driver", "the driver answered call 2, asked was 1"),
        ("says-garbage", "driver", "the driver said what is no message"),
        ("says-too-much", "driver", "the driver said a line of more than"),
        ("hangs", "timeout", "the driver said nothing for 7.0 s"),
        ("dies", "driver", "the driver has ended, exit status: 2"),
    ] {
        let (code, text) = run(Some(wrong), &["delete-user/alone/access-key"]);
        assert_eq!(code, Some(3), "{wrong}: {text}");
        assert!(text.contains(told), "{wrong}: {text}");
        assert!(text.contains(&format!("interrupted {cause} ")), "{wrong}: {text}");
        assert_eq!(text.contains("iamspec driver-check"), cause == "driver", "{wrong}: {text}");
        assert!(text.contains("0 unexpected"), "{wrong}: {text}");
    }
}

#[test]
fn what_is_known_of_an_sdk_is_expected() {
    let file = super::reports::folder("client").join("known.toml");
    std::fs::write(
        &file,
        "[[client]]\ncall = \"*\"\nwhat = \"asks again*\"\nreason = \"issue 7\"\n",
    )
    .unwrap();
    let expect = file.to_str().unwrap();
    let (code, text) = run(Some("sends-twice"), &["--expect", expect, "list/*"]);
    assert!(text.contains("expected: issue 7"), "{text}");
    assert!(!text.contains("DIFFERS"), "{text}");
    assert_eq!(code, Some(1), "what is created twice diverges all the same: {text}");
}

#[test]
fn a_driver_that_is_not_there_is_a_usage_error() {
    let output = super::iamspec(&["run", "--driver", "/nowhere/driver --fast", "delete-user/bare"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(super::stderr(&output).contains("cannot run the driver `/nowhere/driver`"));
}

#[test]
fn the_schema_is_that_of_the_messages() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/driver.json");
    let schema = schema().unwrap();
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == schema,
        "write it with UPDATE_DOCUMENTS=1"
    );
}
