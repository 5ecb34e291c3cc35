//! The oracle: which responses it must report, and which ones it must accept.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::{Listing, Oracle, Response, Tier, Verdict};
use iamspec_model::{
    AttachmentKind, Entity, InputError, InvalidRequest, IssueOptions, Item, Level, Operation, Path,
    Resource, ResourceKind, Status, User,
};

const USER: User = User(0);

fn refused(http: u16, code: &str) -> Response {
    Response::Refused { http, code: code.to_owned(), message: None }
}

/// Returns the verdict on a response, after operations that succeeded.
fn verdict_on(before: &[Operation], op: Operation, observed: &Response) -> Verdict {
    let mut oracle = Oracle::default();
    for op in before {
        oracle.check(op, &Response::SUCCESS);
    }
    oracle.check(&op, observed)
}

/// Returns the violated rule and the tier, or `None` if the response does not diverge.
fn violation(verdict: Verdict) -> Option<(String, Tier)> {
    match verdict {
        Verdict::Diverges(it) => Some((it.rule.id(), it.tier)),
        _ => None,
    }
}

fn issue(kind: AttachmentKind) -> Operation {
    Operation::Issue(USER, kind, Item(0), IssueOptions::None)
}

fn inactive_certificate() -> [Operation; 3] {
    let kind = AttachmentKind::SigningCertificate;
    let inactive = Operation::SetStatus(USER, kind, Item(0), Status::Inactive);
    [Operation::create_user(USER), issue(kind), inactive]
}

#[test]
fn unspecified_behavior_accepts_every_response() {
    for observed in [Response::SUCCESS, refused(409, "DeleteConflict"), refused(400, "Strange")] {
        let verdict = verdict_on(&inactive_certificate(), Operation::DeleteUser(USER), &observed);
        assert_eq!(violation(verdict), None, "{observed:?}");
    }
}

#[test]
fn an_unspecified_rule_does_not_excuse_a_wrong_code_if_a_refusal_is_certain() {
    let mut before = inactive_certificate().to_vec();
    before.push(issue(AttachmentKind::AccessKey));
    let delete = Operation::DeleteUser(USER);
    let rule = "DeleteUser/holds-access-key".to_owned();
    let verdict = verdict_on(&before, delete, &refused(409, "LimitExceeded"));
    assert_eq!(violation(verdict), Some((rule.clone(), Tier::Code)));
    let verdict = verdict_on(&before, delete, &refused(400, "DeleteConflict"));
    assert_eq!(violation(verdict), Some((rule, Tier::Status)));
    assert_eq!(violation(verdict_on(&before, delete, &refused(409, "DeleteConflict"))), None);
}

#[test]
fn a_temporary_refusal_conforms_only_with_its_own_code() {
    let device = Resource { kind: ResourceKind::Device, item: Item(0) };
    let before = [Operation::create_user(USER), Operation::CreateResource(device)];
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    let verdict = verdict_on(&before, enable, &refused(409, "EntityTemporarilyUnmodifiable"));
    assert_eq!(violation(verdict), None);
    let verdict = verdict_on(&before, enable, &refused(409, "EntityAlreadyExists"));
    assert_eq!(violation(verdict), Some(("EnableMFADevice/carried-out".to_owned(), Tier::Status)));
}

#[test]
fn a_known_code_with_a_5xx_status_differs_in_its_status() {
    let observed = Response::refused(None, 500, "NoSuchEntity".to_owned(), None);
    let verdict = verdict_on(&[], Operation::DeleteUser(USER), &observed);
    assert_eq!(violation(verdict), Some(("DeleteUser/no-such-user".to_owned(), Tier::Status)));
}

#[test]
fn a_body_can_be_uploaded_again_after_its_removal() {
    let kind = AttachmentKind::SshPublicKey;
    let same_body = Operation::Issue(USER, kind, Item(1), IssueOptions::SameBodyAs(Item(0)));
    let duplicate = refused(400, "DuplicateSSHPublicKey");
    let mut before = vec![Operation::create_user(USER), issue(kind)];
    assert_eq!(violation(verdict_on(&before, same_body, &duplicate)), None);
    before.push(Operation::Detach(USER, kind, Item(0)));
    let verdict = verdict_on(&before, same_body, &duplicate);
    assert_eq!(
        violation(verdict),
        Some(("UploadSSHPublicKey/carried-out".to_owned(), Tier::Status))
    );
}

/// Returns the violated rule, ignoring differences in text.
fn violated_rule(verdict: Verdict) -> Option<String> {
    violation(verdict).filter(|(_, tier)| *tier != Tier::Text).map(|(rule, _)| rule)
}

/// The creation of a user with a malformed path.
fn malformed_path() -> Operation {
    let invalid = InvalidRequest::of(Operation::create_user, "Path", InputError::Malformed);
    Operation::Invalid(USER, invalid.unwrap())
}

#[test]
fn the_effect_of_an_accepted_invalid_request_is_unknown() {
    let listing = |entity| Response::Success(Some(Listing::of(vec![(entity, Status::Active)])));
    let responses = [
        refused(404, "NoSuchEntity"),
        Response::Success(Some(Listing::default())),
        listing(Entity::Path(Path(7))),
    ];
    for observed in responses {
        let verdict = verdict_on(&[malformed_path()], Operation::GetUser(USER), &observed);
        assert_eq!(violated_rule(verdict), None, "{observed:?}");
    }
    // After a valid request, the effect is known.
    let created = [Operation::create_user(USER)];
    let verdict = verdict_on(&created, Operation::GetUser(USER), &listing(Entity::Path(Path(7))));
    assert_eq!(violated_rule(verdict), Some("GetUser/carried-out".to_owned()));
}

#[test]
fn access_denied_for_an_existing_key_is_inconclusive() {
    let denied = refused(403, "AccessDenied");
    let last_used = Operation::GetAccessKeyLastUsed(Item(0));
    let held = [Operation::create_user(USER), issue(AttachmentKind::AccessKey)];
    assert!(matches!(verdict_on(&held, last_used, &denied), Verdict::Inconclusive(_)));
    assert_eq!(violated_rule(verdict_on(&held[..1], last_used, &denied)), None);
}

#[test]
fn a_lost_membership_is_reported_once_from_either_side() {
    let group = Resource { kind: ResourceKind::Group, item: Item(0) };
    let member = (Entity::User(USER), Status::Active);
    let empty = Response::Success(Some(Listing::default()));
    let mut oracle = Oracle::default();
    for op in [
        Operation::create_user(USER),
        Operation::CreateResource(group),
        Operation::Attach(USER, AttachmentKind::GroupMembership, Item(0)),
    ] {
        oracle.check(&op, &Response::SUCCESS);
    }
    // Either the membership was not created, or only the listing of the group is wrong.
    let first = oracle.check(&Operation::GetResource(group), &empty);
    assert_eq!(violated_rule(first), Some("GetGroup/carried-out".to_owned()));
    let mut other = oracle.clone();
    for _ in 0..2 {
        let second = oracle.check(&Operation::GetResource(group), &empty);
        assert_eq!(violated_rule(second), None);
    }
    assert_eq!(violated_rule(oracle.check(&Operation::DeleteUser(USER), &Response::SUCCESS)), None);
    let conflict = refused(409, "DeleteConflict");
    assert_eq!(violated_rule(other.check(&Operation::DeleteUser(USER), &conflict)), None);
    let listed = Response::Success(Some(Listing::of(vec![member])));
    assert_eq!(violated_rule(other.check(&Operation::GetResource(group), &listed)), None);
}

#[test]
fn remains_of_a_wrongly_deleted_user_are_not_reported_again() {
    let group = Resource { kind: ResourceKind::Group, item: Item(0) };
    let member = (Entity::User(USER), Status::Active);
    let mut oracle = Oracle::default();
    let join = Operation::Attach(USER, AttachmentKind::GroupMembership, Item(0));
    for op in [Operation::CreateResource(group), Operation::create_user(USER), join] {
        oracle.check(&op, &Response::SUCCESS);
    }
    let deleted = oracle.check(&Operation::DeleteUser(USER), &Response::SUCCESS);
    assert_eq!(violated_rule(deleted), Some("DeleteUser/holds-group-membership".to_owned()));
    // No fact says whether the group still lists the user, or whether leaving the group succeeds.
    for members in [vec![member], Vec::new()] {
        let mut oracle = oracle.clone();
        let leave = Operation::Detach(USER, AttachmentKind::GroupMembership, Item(0));
        assert_eq!(violated_rule(oracle.check(&leave, &refused(404, "NoSuchEntity"))), None);
        let read = oracle
            .check(&Operation::GetResource(group), &Response::Success(Some(Listing::of(members))));
        assert_eq!(violated_rule(read), None);
    }
    // A user that is created again is checked again.
    assert_eq!(
        violated_rule(oracle.check(&Operation::create_user(USER), &Response::SUCCESS)),
        None
    );
    assert_eq!(
        violated_rule(oracle.check(&issue(AttachmentKind::AccessKey), &Response::SUCCESS)),
        None
    );
    let deleted = oracle.check(&Operation::DeleteUser(USER), &Response::SUCCESS);
    assert_eq!(violated_rule(deleted), Some("DeleteUser/holds-access-key".to_owned()));
}

#[test]
fn a_rename_may_lose_what_no_fact_says_it_preserves() {
    let (renamed, tag) = (User(1), Item(0));
    let change = iamspec_model::UserChange { name: Some(renamed), path: None };
    let rename = Operation::UpdateUser(USER, change);
    let tagged =
        [Operation::create_user(USER), Operation::Attach(USER, AttachmentKind::Tag, tag), rename];
    let empty = Response::Success(Some(Listing::default()));
    let tags = Operation::List(renamed, AttachmentKind::Tag);
    assert_eq!(violation(verdict_on(&tagged, tags, &empty)), None);
    let with_tag = Response::Success(Some(Listing::of(vec![(
        Entity::Item(AttachmentKind::Tag, tag),
        Status::Active,
    )])));
    assert_eq!(violation(verdict_on(&tagged, tags, &with_tag)), None);
    // C-032: access keys stay with their user.
    let with_key = [Operation::create_user(USER), issue(AttachmentKind::AccessKey), rename];
    let keys = Operation::List(renamed, AttachmentKind::AccessKey);
    let rule = "ListAccessKeys/carried-out".to_owned();
    assert_eq!(violation(verdict_on(&with_key, keys, &empty)), Some((rule, Tier::Code)));
}

/// A refusal with this message.
fn refused_with(http: u16, code: &str, text: &str) -> Response {
    Response::Refused { http, code: code.to_owned(), message: Some(text.into()) }
}

/// The message names what the account's own password policy requires.
#[test]
fn every_message_about_the_password_policy_of_an_account_conforms() {
    let profile = |user| Operation::Attach(user, AttachmentKind::LoginProfile, Item(0));
    let invalid = InvalidRequest::of(profile, "Password", InputError::TooShort).unwrap();
    let short = Operation::Invalid(USER, invalid);
    let verdict = |http, text: &str| {
        let refusal = refused_with(http, "PasswordPolicyViolation", text);
        violation(verdict_on(&[Operation::create_user(USER)], short, &refusal))
    };
    for text in [
        "Password should have a minimum length of 14",
        "Password should have at least one symbol",
        "Password should meet 2 more of the following requirements: Password should have at least \
         one number, Password should have at least one symbol",
        "",
    ] {
        assert_eq!(verdict(400, text), None, "{text}");
    }
    // The status and the code are the same for every policy.
    let rule = "CreateLoginProfile/password-too-short".to_owned();
    assert_eq!(verdict(409, "x"), Some((rule, Tier::Status)));
}

/// G-002: AWS raises the quota of managed policies for an account.
#[test]
fn the_number_in_a_message_about_a_raised_quota_is_not_compared() {
    let policy = |item| Resource { kind: ResourceKind::Policy, item: Item(item) };
    let attach = |item| Operation::Attach(USER, AttachmentKind::ManagedPolicy, Item(item));
    let mut before = vec![Operation::create_user(USER)];
    before.extend((0..=20).map(|it| Operation::CreateResource(policy(it))));
    before.extend((0..20).map(attach));
    let verdict = |text: &str| {
        violation(verdict_on(&before, attach(20), &refused_with(409, "LimitExceeded", text)))
    };
    for conforming in ["20", "10"] {
        let text = format!("Cannot exceed quota for PoliciesPerUser: {conforming}");
        assert_eq!(verdict(&text), None, "{text}");
    }
    let rule = "AttachUserPolicy/quota-reached".to_owned();
    for other in [
        "Cannot exceed quota for PoliciesPerUser: ",
        "Cannot exceed quota for PoliciesPerUser: many",
        "Cannot exceed quota for GroupsPerUser: 20",
        "Too many policies: 20",
    ] {
        assert_eq!(verdict(other), Some((rule.clone(), Tier::Text)), "{other}");
    }
    // No fact says that the quota of access keys can be raised.
    let key =
        |item| Operation::Issue(USER, AttachmentKind::AccessKey, Item(item), IssueOptions::None);
    let full = [Operation::create_user(USER), key(0), key(1)];
    let refusal =
        refused_with(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 3");
    let rule = "CreateAccessKey/quota-reached".to_owned();
    assert_eq!(violation(verdict_on(&full, key(2), &refusal)), Some((rule, Tier::Text)));
}

#[test]
fn a_violated_precedence_differs_in_the_first_tier_that_differs_from_the_winner() {
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    // D-018: the user is checked first. Neither the user nor the device exists.
    let invalid_code = refused(403, "InvalidAuthenticationCode");
    let Verdict::Diverges(it) = verdict_on(&[], enable, &invalid_code) else {
        panic!("403 conforms")
    };
    assert_eq!((it.tier, it.level), (Tier::Status, Level::Must));
    assert!(Threshold::default().includes(&it), "the default threshold ignores it");
    assert!(it.evidence.contains(&"D-018") && it.evidence.contains(&"B-MF-07"), "{it:?}");
    let expected: Vec<&str> = it.expected.iter().map(|(response, _)| response.as_str()).collect();
    assert!(expected.iter().all(|it| it.starts_with("404 NoSuchEntity")), "{expected:?}");
    // The status and code of the user with the message of the device differ only in the text.
    let of_device = refused_with(404, "NoSuchEntity", "MFA Device invalid");
    let verdict = verdict_on(&[], enable, &of_device);
    assert!(matches!(&verdict, Verdict::Diverges(it) if it.tier == Tier::Text), "{verdict:?}");
    // the message about the login profile precedes the one about access keys.
    let profile = Operation::Attach(USER, AttachmentKind::LoginProfile, Item(0));
    let before = [Operation::create_user(USER), issue(AttachmentKind::AccessKey), profile];
    let key =
        refused_with(409, "DeleteConflict", "Cannot delete entity, must delete access keys first.");
    let verdict = verdict_on(&before, Operation::DeleteUser(USER), &key);
    assert!(matches!(&verdict, Verdict::Diverges(it) if it.tier == Tier::Text), "{verdict:?}");
    // The refusal that takes precedence conforms.
    let user = refused(404, "NoSuchEntity");
    assert_eq!(violated_rule(verdict_on(&[], enable, &user)), None);
}

#[test]
fn a_code_that_a_rule_of_the_action_names_is_a_refusal() {
    for rule in iamspec_model::rules() {
        let iamspec_model::Expected::Refused(code) = rule.clause.expected else { continue };
        let observed =
            Response::refused(Some(rule.action), code.http_status(), code.name().to_owned(), None);
        assert_eq!(observed, refused(code.http_status(), code.name()), "{}", rule.id());
    }
    // In response to any other action, the code is about the caller.
    let other_actions =
        iamspec_model::tables::actions().filter(|it| it.api != "GetAccessKeyLastUsed").map(Some);
    for action in other_actions.chain([None]) {
        let observed = Response::refused(action, 403, "AccessDenied".to_owned(), None);
        assert!(
            matches!(&observed, Response::Failed(it) if it.kind == FailureKind::Denied),
            "{action:?}: {observed}"
        );
    }
}
