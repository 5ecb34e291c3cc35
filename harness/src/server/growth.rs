//! Nothing is kept of what is gone.

use iamspec_conformance::reference::ReferenceOptions;
use iamspec_model::Account;

use crate::server::ModelState;
use crate::server::handler::{HandledRequest, answer};
use crate::server::parse::ParsedForm;
use crate::server::store::Store;

/// The world after these calls, each of which must be carried out.
fn after(calls: &[&str]) -> ModelState {
    let registry = Store::default();
    let account = Account::default();
    let mut world = ModelState { account, registry, behaviour: ReferenceOptions::default() };
    for call in calls {
        let form = ParsedForm::new(form_urlencoded::parse(call.as_bytes()).into_owned());
        let (status, body) =
            answer(&mut world, &HandledRequest { form: &form, signer: None, id: "", bad: None });
        assert_eq!(status, 200, "{call}: {body}");
    }
    world
}

const POLICY: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";

/// What a user called so has and loses, in the end itself.
fn life(name: &str) -> Vec<String> {
    let calls = "CreateUser&UserName=NAME&Tags.member.1.Key=k&Tags.member.1.Value=v
CreateLoginProfile&UserName=NAME&Password=Aa1!aaaaaaaaaaaaaaaaaaaa
AddUserToGroup&UserName=NAME&GroupName=g
AttachUserPolicy&UserName=NAME&PolicyArn=arn:aws:iam::123456789012:policy/p
PutUserPolicy&UserName=NAME&PolicyName=own&PolicyDocument=POLICY
DeleteUserPolicy&UserName=NAME&PolicyName=own
DetachUserPolicy&UserName=NAME&PolicyArn=arn:aws:iam::123456789012:policy/p
RemoveUserFromGroup&UserName=NAME&GroupName=g
DeleteLoginProfile&UserName=NAME
DeleteUser&UserName=NAME";
    let filled = calls.replace("NAME", name).replace("POLICY", POLICY);
    filled.lines().map(|it| format!("Action={it}")).collect()
}

/// Two that hold the same do not keep anything of each other.
#[test]
fn what_is_deleted_is_forgotten() {
    let make = format!("Action=CreatePolicy&PolicyName=p&PolicyDocument={POLICY}");
    let version = format!(
        "Action=CreatePolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/p&PolicyDocument={POLICY}"
    );
    let lives: Vec<(String, String)> = life("a").into_iter().zip(life("b")).collect();
    let mut calls = vec!["Action=CreateGroup&GroupName=g", &make, &version];
    calls.extend(lives.iter().flat_map(|(a, b)| [a.as_str(), b]));
    calls.extend([
        "Action=DeletePolicyVersion&PolicyArn=arn:aws:iam::123456789012:policy/p&VersionId=v2",
        "Action=DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/p",
        "Action=DeleteGroup&GroupName=g",
    ]);
    let world = after(&calls);
    assert!(world.account.is_empty());
    let it = &world.registry;
    let kept = [
        ("users", it.users.len()),
        ("objects", it.objects.len()),
        ("items", it.items.len()),
        ("user records", it.user_records.len()),
        ("object records", it.object_records.len()),
        ("item records", it.item_records.len()),
        ("versions", it.versions.len()),
        ("since", it.since.len()),
    ];
    for (what, number) in kept {
        assert_eq!(number, 0, "{what}");
    }
}
