//! The comparison of two endpoints: what differs, shown by the shortest script, and what the
//! specification says about each side.

/// Runs `iamspec compare`. Returns the exit code and the output.
fn compare(arguments: &[&str]) -> (Option<i32>, String) {
    let output = super::iamspec(&[&["compare"], arguments].concat());
    (output.status.code(), format!("{}{}", super::stdout(&output), super::stderr(&output)))
}

#[test]
fn an_endpoint_does_not_differ_from_itself() {
    let (code, text) = compare(&["reference", "reference", "delete-user/alone/*"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\n0 differences in 0 of "), "{text}");
    assert!(text.contains("every script was compared"), "{text}");
}

#[test]
fn a_difference_is_shown_by_the_shortest_script_with_both_verdicts() {
    let server = super::server(iamspec_conformance::Mutant::find("forgets-mfa-device"));
    let (code, text) = compare(&["reference", &server.url(), "delete-user/*"]);
    assert_eq!(code, Some(1), "{text}");
    let expected =
        "  A: 409 DeleteConflict \"Cannot delete entity, must remove tokens from principal first.\"
     conforms
  B: 200
     diverges at must: DeleteUser/holds-mfa-device
    CreateVirtualMFADevice d0
    CreateUser u0
    EnableMFADevice u0 d0
    DeleteUser u0
";
    assert!(text.contains(expected), "{text}");
    assert!(server.is_empty(), "{text}");
}

/// No rule is needed: both endpoints break the same rule, with different responses.
#[test]
fn two_endpoints_with_the_same_defect_differ_in_nothing() {
    let mutant = "reference:forgets-mfa-device";
    let (code, text) = compare(&[mutant, mutant, "delete-user/alone/*"]);
    assert_eq!(code, Some(0), "{text}");
}

/// The named script does not show the defect.
#[test]
fn random_calls_show_a_difference_by_the_shortest_script() {
    let mutant = "reference:group-with-members-goes";
    let (code, text) = compare(&["reference", mutant, "delete-user/bare", "--calls", "900"]);
    assert_eq!(code, Some(1), "{text}");
    let shown = text.split("\nDIFFERS  DeleteGroup  random/1/").nth(1).unwrap_or_default();
    let is_call = |it: &&str| it.starts_with("    ") && !it.starts_with("     ");
    let calls: Vec<&str> = shown.lines().filter(is_call).collect();
    let actions: Vec<&str> = calls.iter().filter_map(|it| it.split_whitespace().next()).collect();
    assert_eq!(actions.len(), 4, "{text}");
    assert_eq!(actions[2..], ["AddUserToGroup", "DeleteGroup"], "{text}");
}

#[test]
fn an_unknown_mutant_and_an_absent_endpoint_are_errors_in_one_line() {
    let (code, text) = compare(&["reference", "reference:nonsense"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("cannot test B") && text.contains("nonsense"), "{text}");
    let (code, text) = compare(&["http://127.0.0.1:9", "reference"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot test A"), "{text}");
}
