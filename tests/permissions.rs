//! Endpoints that evaluate policies: what `permissions` prints suffices, and users of a run get what they
//! need for their own calls.

use std::collections::BTreeSet;
use std::process::Output;
use std::sync::{Arc, Mutex};

use iamspec_harness::server::fault_injection::FaultPlan;

use super::plan_apply;
use super::port::{Port, http};

/// The scripts in which a user signs a call.
const OWN_CALLS: [&str; 4] = [
    "change-password/changed",
    "change-password/none",
    "validation/get-user-itself",
    "validation/own-access-key",
];

fn denied() -> Vec<u8> {
    let body = b"<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
        <Code>AccessDenied</Code><Message>User: u is not authorized</Message></Error>\
        <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>";
    http("403 Forbidden", "text/xml", body)
}

/// A parameter of a request, as it is encoded.
fn parameter<'a>(body: &'a str, name: &str) -> &'a str {
    let mut pairs = body.split('&').filter_map(|it| it.split_once('='));
    pairs.find(|(it, _)| *it == name).map_or("", |(_, it)| it)
}

/// The actions in a printed policy.
fn allowed_actions(output: &Output) -> BTreeSet<String> {
    let policy: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap().iter();
    actions.map(|it| it.as_str().unwrap().strip_prefix("iam:").unwrap().to_owned()).collect()
}

/// A proxy that denies all other actions. It records those that it allows.
fn allowing(other: &str, allowed: BTreeSet<String>) -> (Port, Arc<Mutex<BTreeSet<String>>>) {
    let used = Arc::new(Mutex::new(BTreeSet::new()));
    let recorded = Arc::clone(&used);
    let port = Port::guarding(other, move |_, body| {
        let action = parameter(body, "Action");
        // The endpoint has no such action, and nothing to allow.
        if !allowed.contains(action) && action != "IamspecControlCall" {
            return Some(denied());
        }
        recorded.lock().unwrap().insert(action.to_owned());
        None
    });
    (port, used)
}

/// A proxy that denies the calls of a user unless a policy allows the action. `delay` is the number of
/// calls until a policy takes effect. Records the policies that exist.
fn evaluating(other: &str, delay: usize) -> (Port, Arc<Mutex<BTreeSet<String>>>) {
    let policies = Arc::new(Mutex::new(BTreeSet::new()));
    let shared = Arc::clone(&policies);
    let mut early = 0;
    let port = Port::guarding(other, move |head, body| {
        let mut policies = shared.lock().unwrap();
        let action = parameter(body, "Action");
        let policy = parameter(body, "PolicyName");
        if policy.ends_with("-own") {
            let user = parameter(body, "UserName");
            assert_eq!(policy, format!("{user}-own"));
            match action {
                "PutUserPolicy" => {
                    let document = parameter(body, "PolicyDocument");
                    assert!(document.contains(user), "{document}");
                    policies.insert(document.to_owned());
                    early = delay;
                }
                "DeleteUserPolicy" => policies.clear(),
                other => panic!("{other} names the policy"),
            }
        }
        // The run signs with the example key of the documentation.
        let is_own = !head.contains("AKIAIOSFODNN7EXAMPLE");
        let is_allowed = policies.iter().any(|it| it.contains(&format!("iam%3A{action}%22")));
        if is_own && is_allowed && early > 0 {
            early -= 1;
            return Some(denied());
        }
        (is_own && !is_allowed).then(denied)
    });
    (port, policies)
}

fn run(url: &str, words: &[&str]) -> Output {
    let options = ["run", "--credentials", "test", "--endpoint", url];
    super::iamspec(&[&options[..], words].concat())
}

#[test]
fn a_user_gets_the_policy_that_its_own_call_needs() {
    for delay in [0, 2] {
        let server = super::server(None);
        let (port, policies) = evaluating(&server.url(), delay);
        let output = run(&port.url, &OWN_CALLS);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}{}", super::stderr(&output));
        assert!(text.contains("0 inconclusive, 0 skipped"), "{text}");
        assert!(policies.lock().unwrap().is_empty());
    }
}

#[test]
fn a_denial_in_spite_of_the_policy_is_reported_once_with_the_policy() {
    let server = super::server(None);
    let port = Port::guarding(&server.url(), |head, _| {
        (!head.contains("AKIAIOSFODNN7EXAMPLE")).then(denied)
    });
    let output = run(&port.url, &OWN_CALLS[2..3]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", super::stderr(&output));
    assert_eq!(text.matches("had the inline policy").count(), 1, "{text}");
    assert!(text.contains("iam:GetUser"), "{text}");
}

#[test]
fn a_policy_that_cannot_be_removed_makes_the_call_inconclusive() {
    let server = super::server(None);
    let (evaluating, _) = evaluating(&server.url(), 0);
    let port = Port::before(&evaluating.url, |body| {
        let is_removal = body.contains("DeleteUserPolicy") && body.contains("-own");
        is_removal.then(|| http("503 Slow Down", "text/xml", b""))
    });
    let output = run(&port.url, &OWN_CALLS[2..3]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", super::stderr(&output));
    assert!(
        text.contains("0 findings") && text.contains("needs for a call that a user signs"),
        "{text}"
    );
}

#[test]
fn the_printed_permissions_of_a_run_suffice() {
    let server = super::server(None);
    let allowed = allowed_actions(&super::iamspec(&["permissions", "run"]));
    let (port, used) = allowing(&server.url(), allowed.clone());
    let output = run(&port.url, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    let unused: Vec<_> = allowed.difference(&used.lock().unwrap()).cloned().collect();
    // The alias is shown for a real account only.
    assert_eq!(unused, ["ListAccountAliases"]);

    let few = allowed_actions(&super::iamspec(&["permissions", "run", "delete-user/bare"]));
    assert!(few.len() < 12 && few.contains("DeleteUser"), "{few:?}");
}

#[test]
fn the_printed_permissions_of_a_plan_suffice() {
    let (server, _) = plan_apply::with_everything(FaultPlan::default());
    for apply in [false, true] {
        let option = if apply { &["--apply"][..] } else { &[] };
        let allowed =
            allowed_actions(&super::iamspec(&[&["permissions", "plan"], option].concat()));
        let (port, used) = allowing(&server.url(), allowed.clone());
        let mut words =
            vec!["plan", plan_apply::NAME, "--credentials", "test", "--endpoint", &port.url];
        if apply {
            words.extend(["--apply", "--delete-user", "--devices", "--yes"]);
        }
        let output = super::iamspec(&words);
        let text = super::stdout(&output) + &super::stderr(&output);
        // The user can be deleted only after the plan was applied.
        assert_eq!(output.status.code(), Some(if apply { 0 } else { 5 }), "{text}");
        assert!(!text.contains("incomplete"), "{text}");
        let unused: Vec<_> = allowed.difference(&used.lock().unwrap()).cloned().collect();
        // Only a plan of several users lists them.
        assert_eq!(unused, ["ListUsers"]);
    }
}
