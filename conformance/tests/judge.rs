//! What the judge may not excuse, and what it may not accuse.

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

/// The verdict on the last answer, after calls that were carried out.
fn judged(before: &[Operation], op: Operation, observed: &Response) -> Verdict {
    let mut judge = Oracle::default();
    for op in before {
        judge.judge(op, &Response::DONE);
    }
    judge.judge(&op, observed)
}

/// The rule and the tier of a divergence; nothing where the answer conforms.
fn broken(verdict: Verdict) -> Option<(String, Tier)> {
    match verdict {
        Verdict::Diverges(it) => Some((it.rule.id(), it.tier)),
        _ => None,
    }
}

fn issue(kind: AttachmentKind) -> Operation {
    Operation::Issue(USER, kind, Item(0), IssueOptions::Nothing)
}

fn inactive_certificate() -> [Operation; 3] {
    let kind = AttachmentKind::SigningCertificate;
    let inactive = Operation::SetStatus(USER, kind, Item(0), Status::Inactive);
    [Operation::create_user(USER), issue(kind), inactive]
}

#[test]
fn where_nobody_knows_every_answer_conforms() {
    for observed in [Response::DONE, refused(409, "DeleteConflict"), refused(400, "Strange")] {
        let verdict = judged(&inactive_certificate(), Operation::DeleteUser(USER), &observed);
        assert_eq!(broken(verdict), None, "{observed:?}");
    }
}

#[test]
fn what_is_open_does_not_excuse_another_code_where_a_refusal_is_certain() {
    let mut before = inactive_certificate().to_vec();
    before.push(issue(AttachmentKind::AccessKey));
    let delete = Operation::DeleteUser(USER);
    let rule = "DeleteUser/holds-access-key".to_owned();
    let verdict = judged(&before, delete, &refused(409, "LimitExceeded"));
    assert_eq!(broken(verdict), Some((rule.clone(), Tier::Code)));
    let verdict = judged(&before, delete, &refused(400, "DeleteConflict"));
    assert_eq!(broken(verdict), Some((rule, Tier::Status)));
    assert_eq!(broken(judged(&before, delete, &refused(409, "DeleteConflict"))), None);
}

#[test]
fn what_is_temporarily_unmodifiable_may_be_refused_with_that_code_alone() {
    let device = Resource { class: ResourceKind::Device, item: Item(0) };
    let before = [Operation::create_user(USER), Operation::Create(device)];
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    let verdict = judged(&before, enable, &refused(409, "EntityTemporarilyUnmodifiable"));
    assert_eq!(broken(verdict), None);
    let verdict = judged(&before, enable, &refused(409, "EntityAlreadyExists"));
    assert_eq!(broken(verdict), Some(("EnableMFADevice/carried-out".to_owned(), Tier::Status)));
}

#[test]
fn a_known_code_with_a_status_of_failure_differs_in_its_status() {
    let observed = Response::refused(None, 500, "NoSuchEntity".to_owned(), None);
    let verdict = judged(&[], Operation::DeleteUser(USER), &observed);
    assert_eq!(broken(verdict), Some(("DeleteUser/no-such-user".to_owned(), Tier::Status)));
}

#[test]
fn a_body_may_be_uploaded_again_once_nobody_holds_it() {
    let kind = AttachmentKind::SshPublicKey;
    let again = Operation::Issue(USER, kind, Item(1), IssueOptions::BodyOf(Item(0)));
    let duplicate = refused(400, "DuplicateSSHPublicKey");
    let mut before = vec![Operation::create_user(USER), issue(kind)];
    assert_eq!(broken(judged(&before, again, &duplicate)), None);
    before.push(Operation::Detach(USER, kind, Item(0)));
    let verdict = judged(&before, again, &duplicate);
    assert_eq!(broken(verdict), Some(("UploadSSHPublicKey/carried-out".to_owned(), Tier::Status)));
}

/// The rule that an answer breaks, words aside.
fn wrong(verdict: Verdict) -> Option<String> {
    broken(verdict).filter(|(_, tier)| *tier != Tier::Text).map(|(rule, _)| rule)
}

/// The call that this user is made with, and a path that no user may have.
fn malformed_path() -> Operation {
    let flaw = InvalidRequest::of(Operation::create_user, "Path", InputError::Malformed);
    flaw.map_or(Operation::GetUser(USER), |flaw| Operation::Flawed(USER, flaw))
}

#[test]
fn what_a_call_did_that_should_have_been_refused_is_not_known() {
    let shows = |thing| Response::Done(Some(Listing::of(vec![(thing, Status::Active)])));
    let answers = [
        refused(404, "NoSuchEntity"),
        Response::Done(Some(Listing::default())),
        shows(Entity::Path(Path(7))),
    ];
    for observed in answers {
        let verdict = judged(&[malformed_path()], Operation::GetUser(USER), &observed);
        assert_eq!(wrong(verdict), None, "{observed:?}");
    }
    // Where it was made as it should be, it is.
    let made = [Operation::create_user(USER)];
    let verdict = judged(&made, Operation::GetUser(USER), &shows(Entity::Path(Path(7))));
    assert_eq!(wrong(verdict), Some("GetUser/carried-out".to_owned()));
}

#[test]
fn a_caller_who_may_not_ask_about_a_key_is_not_told_that_it_is_missing() {
    let denied = refused(403, "AccessDenied");
    let ask = Operation::LastUsed(Item(0));
    let held = [Operation::create_user(USER), issue(AttachmentKind::AccessKey)];
    assert!(matches!(judged(&held, ask, &denied), Verdict::Inconclusive(_)));
    assert_eq!(wrong(judged(&held[..1], ask, &denied)), None);
}

#[test]
fn what_is_wrong_once_is_charged_once_from_whichever_side_it_is_seen() {
    let group = Resource { class: ResourceKind::Group, item: Item(0) };
    let member = (Entity::User(USER), Status::Active);
    let nobody = Response::Done(Some(Listing::default()));
    let mut judge = Oracle::default();
    for op in [
        Operation::create_user(USER),
        Operation::Create(group),
        Operation::Attach(USER, AttachmentKind::GroupMembership, Item(0)),
    ] {
        judge.judge(&op, &Response::DONE);
    }
    // The membership was lost on the way; or it is there, and only the group does not know of it.
    let first = judge.judge(&Operation::Read(group), &nobody);
    assert_eq!(wrong(first), Some("GetGroup/carried-out".to_owned()));
    let mut other = judge.clone();
    for _ in 0..2 {
        let again = judge.judge(&Operation::Read(group), &nobody);
        assert_eq!(wrong(again), None);
    }
    assert_eq!(wrong(judge.judge(&Operation::DeleteUser(USER), &Response::DONE)), None);
    let conflict = refused(409, "DeleteConflict");
    assert_eq!(wrong(other.judge(&Operation::DeleteUser(USER), &conflict)), None);
    let knows = Response::Done(Some(Listing::of(vec![member])));
    assert_eq!(wrong(other.judge(&Operation::Read(group), &knows)), None);
}

#[test]
fn what_is_left_of_a_user_that_was_wrongly_deleted_is_charged_to_nobody_else() {
    let group = Resource { class: ResourceKind::Group, item: Item(0) };
    let member = (Entity::User(USER), Status::Active);
    let mut judge = Oracle::default();
    let join = Operation::Attach(USER, AttachmentKind::GroupMembership, Item(0));
    for op in [Operation::Create(group), Operation::create_user(USER), join] {
        judge.judge(&op, &Response::DONE);
    }
    let deleted = judge.judge(&Operation::DeleteUser(USER), &Response::DONE);
    assert_eq!(wrong(deleted), Some("DeleteUser/holds-group-membership".to_owned()));
    // The group may still list it or not; leaving it may work or not; and no fact says so.
    for members in [vec![member], Vec::new()] {
        let mut judge = judge.clone();
        let leave = Operation::Detach(USER, AttachmentKind::GroupMembership, Item(0));
        assert_eq!(wrong(judge.judge(&leave, &refused(404, "NoSuchEntity"))), None);
        let read =
            judge.judge(&Operation::Read(group), &Response::Done(Some(Listing::of(members))));
        assert_eq!(wrong(read), None);
    }
    // Who is made again is judged again.
    assert_eq!(wrong(judge.judge(&Operation::create_user(USER), &Response::DONE)), None);
    assert_eq!(wrong(judge.judge(&issue(AttachmentKind::AccessKey), &Response::DONE)), None);
    let deleted = judge.judge(&Operation::DeleteUser(USER), &Response::DONE);
    assert_eq!(wrong(deleted), Some("DeleteUser/holds-access-key".to_owned()));
}

#[test]
fn what_a_rename_leaves_behind_is_held_against_nobody_where_no_fact_says_that_it_stays() {
    let (renamed, tag) = (User(1), Item(0));
    let change = iamspec_model::UserChange { name: Some(renamed), path: None };
    let rename = Operation::UpdateUser(USER, change);
    let tagged =
        [Operation::create_user(USER), Operation::Attach(USER, AttachmentKind::Tag, tag), rename];
    let nothing = Response::Done(Some(Listing::default()));
    let tags = Operation::List(renamed, AttachmentKind::Tag);
    assert_eq!(broken(judged(&tagged, tags, &nothing)), None);
    let kept = Response::Done(Some(Listing::of(vec![(
        Entity::Item(AttachmentKind::Tag, tag),
        Status::Active,
    )])));
    assert_eq!(broken(judged(&tagged, tags, &kept)), None);
    // C-032: access keys stay with their user.
    let keyed = [Operation::create_user(USER), issue(AttachmentKind::AccessKey), rename];
    let keys = Operation::List(renamed, AttachmentKind::AccessKey);
    let rule = "ListAccessKeys/carried-out".to_owned();
    assert_eq!(broken(judged(&keyed, keys, &nothing)), Some((rule, Tier::Code)));
}

/// A refusal with this text.
fn refused_with(http: u16, code: &str, text: &str) -> Response {
    Response::Refused { http, code: code.to_owned(), message: Some(text.to_owned()) }
}

#[test]
fn a_broken_order_of_refusals_differs_in_the_first_tier_in_which_the_answer_does() {
    let enable = Operation::Attach(USER, AttachmentKind::MfaDevice, Item(0));
    // D-018: the user is checked first. Neither the user nor the device exists.
    let no_codes = refused(403, "InvalidAuthenticationCode");
    let Verdict::Diverges(it) = judged(&[], enable, &no_codes) else { panic!("403 conforms") };
    assert_eq!((it.tier, it.level), (Tier::Status, Level::Must));
    assert!(Threshold::default().counts(&it), "a default run passes");
    assert!(it.evidence.contains(&"D-018") && it.evidence.contains(&"B-MF-07"), "{it:?}");
    let allowed: Vec<&str> = it.allowed.iter().map(|(answer, _)| answer.as_str()).collect();
    assert!(allowed.iter().all(|it| it.starts_with("404 NoSuchEntity")), "{allowed:?}");
    // The same status and code with the text of the device differs in the text.
    let of_device = refused_with(404, "NoSuchEntity", "MFA Device invalid");
    let verdict = judged(&[], enable, &of_device);
    assert!(matches!(&verdict, Verdict::Diverges(it) if it.tier == Tier::Text), "{verdict:?}");
    // the text of the access key comes after that of the login profile.
    let profile = Operation::Attach(USER, AttachmentKind::LoginProfile, Item(0));
    let before = [Operation::create_user(USER), issue(AttachmentKind::AccessKey), profile];
    let key =
        refused_with(409, "DeleteConflict", "Cannot delete entity, must delete access keys first.");
    let verdict = judged(&before, Operation::DeleteUser(USER), &key);
    assert!(matches!(&verdict, Verdict::Diverges(it) if it.tier == Tier::Text), "{verdict:?}");
    // The refusal that wins conforms.
    let user = refused(404, "NoSuchEntity");
    assert_eq!(wrong(judged(&[], enable, &user)), None);
}

#[test]
fn a_code_that_a_rule_of_the_call_names_is_a_refusal() {
    for rule in iamspec_model::rules() {
        let iamspec_model::Expected::Refused(code) = rule.claim.answer else { continue };
        let observed =
            Response::refused(Some(rule.call), code.http(), code.name().to_owned(), None);
        assert_eq!(observed, refused(code.http(), code.name()), "{}", rule.id());
    }
    // Of any other call it speaks of the caller.
    let others =
        iamspec_model::tables::calls().filter(|it| it.api != "GetAccessKeyLastUsed").map(Some);
    for call in others.chain([None]) {
        let observed = Response::refused(call, 403, "AccessDenied".to_owned(), None);
        assert!(
            matches!(&observed, Response::Interrupted(it) if it.cause == FailureKind::Denied),
            "{call:?}: {observed}"
        );
    }
}
