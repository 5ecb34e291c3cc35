//! What the judge may not excuse, and what it may not accuse.

use iamspec_conformance::verdict::Tier;
use iamspec_conformance::{Judge, Observed, Verdict};
use iamspec_model::{Class, Item, Kind, Object, Operation, Status, User, With};

const USER: User = User(0);

fn refused(http: u16, code: &str) -> Observed {
    Observed::Refused { http, code: code.to_owned(), message: None }
}

/// The verdict on the last answer, after calls that were carried out.
fn judged(before: &[Operation], op: Operation, observed: &Observed) -> Verdict {
    let mut judge = Judge::default();
    for op in before {
        judge.judge(op, &Observed::DONE);
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

fn issue(kind: Kind) -> Operation {
    Operation::Issue(USER, kind, Item(0), With::Nothing)
}

fn inactive_certificate() -> [Operation; 3] {
    let kind = Kind::SigningCertificate;
    let inactive = Operation::SetStatus(USER, kind, Item(0), Status::Inactive);
    [Operation::create_user(USER), issue(kind), inactive]
}

#[test]
fn where_nobody_knows_every_answer_conforms() {
    for observed in [Observed::DONE, refused(409, "DeleteConflict"), refused(400, "Strange")] {
        let verdict = judged(&inactive_certificate(), Operation::DeleteUser(USER), &observed);
        assert_eq!(broken(verdict), None, "{observed:?}");
    }
}

#[test]
fn what_is_open_does_not_excuse_another_code_where_a_refusal_is_certain() {
    let mut before = inactive_certificate().to_vec();
    before.push(issue(Kind::AccessKey));
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
    let device = Object { class: Class::Device, item: Item(0) };
    let before = [Operation::create_user(USER), Operation::Create(device)];
    let enable = Operation::Attach(USER, Kind::MfaDevice, Item(0));
    let verdict = judged(&before, enable, &refused(409, "EntityTemporarilyUnmodifiable"));
    assert_eq!(broken(verdict), None);
    let verdict = judged(&before, enable, &refused(409, "EntityAlreadyExists"));
    assert_eq!(broken(verdict), Some(("EnableMFADevice/carried-out".to_owned(), Tier::Status)));
}

#[test]
fn a_known_code_with_a_status_of_failure_differs_in_its_status() {
    let observed = Observed::refused(500, "NoSuchEntity".to_owned(), None);
    let verdict = judged(&[], Operation::DeleteUser(USER), &observed);
    assert_eq!(broken(verdict), Some(("DeleteUser/no-such-user".to_owned(), Tier::Status)));
}

#[test]
fn a_body_may_be_uploaded_again_once_nobody_holds_it() {
    let kind = Kind::SshPublicKey;
    let again = Operation::Issue(USER, kind, Item(1), With::BodyOf(Item(0)));
    let duplicate = refused(400, "DuplicateSSHPublicKey");
    let mut before = vec![Operation::create_user(USER), issue(kind)];
    assert_eq!(broken(judged(&before, again, &duplicate)), None);
    before.push(Operation::Detach(USER, kind, Item(0)));
    let verdict = judged(&before, again, &duplicate);
    assert_eq!(broken(verdict), Some(("UploadSSHPublicKey/carried-out".to_owned(), Tier::Status)));
}
