//! Scripts and histories as text: what is printed is read again as it was, and errors say where.

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::parse::parse;
use iamspec_conformance::script::print::print;
use iamspec_conformance::{Listing, Response, Script, Step};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentAction, AttachmentKind, CreateUserOptions, Entity, Filter, InvalidRequest,
    IssueOptions, Item, Operation, Path, Resource, ResourceKind, Service, Status, SubResource,
    User, UserChange,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Active, Status::Inactive])
}

fn object() -> impl Strategy<Value = Resource> {
    (select(ResourceKind::all().collect::<Vec<_>>()), 0..1000_u32)
        .prop_map(|(class, item)| Resource { class, item: Item(item) })
}

/// Any operation that has a call; `place` keeps issued symbols apart.
fn operation(place: u32) -> impl Strategy<Value = Operation> {
    let about_kind = (
        select(AttachmentKind::all().collect::<Vec<_>>()),
        select(AttachmentAction::ALL.to_vec()),
        0..100_u32,
        0..50_u32,
        status(),
        0..iamspec_model::SERVICES,
        any::<bool>(),
    )
        .prop_map(move |(kind, verb, user, item, status, service, again)| {
            let row = kind.row();
            let (user, item) =
                (User(user), if row.naming == Naming::Single { Item(0) } else { Item(item) });
            match verb {
                AttachmentAction::Attach if row.naming == Naming::Service => {
                    let with = match (row.services, row.bodies && again) {
                        (true, _) => IssueOptions::Service(Service(service)),
                        (_, true) => IssueOptions::BodyOf(item),
                        _ => IssueOptions::Nothing,
                    };
                    Operation::Issue(user, kind, Item(1000 + place), with)
                }
                AttachmentAction::Attach => Operation::Attach(user, kind, item),
                AttachmentAction::List => Operation::List(user, kind),
                AttachmentAction::Renew => Operation::Renew(user, kind, item),
                AttachmentAction::Get => Operation::Get(user, kind, item),
                AttachmentAction::SetStatus => Operation::SetStatus(user, kind, item, status),
                AttachmentAction::Detach => Operation::Detach(user, kind, item),
            }
        })
        .prop_filter("the kind has no such call", |op| op.call().is_some());
    let flawed =
        (select(InvalidRequest::all().collect::<Vec<_>>()), 0..100_u32).prop_map(|(flaw, user)| {
            let about = Operation::Flawed(User(user), flaw).user();
            Operation::Flawed(about.unwrap_or(User(0)), flaw)
        });
    prop_oneof![about_user(), about_object(), about_part(), about_kind, flawed]
}

fn about_user() -> impl Strategy<Value = Operation> {
    let item = || proptest::option::of((0..50_u32).prop_map(Item));
    let path = || (0..10_u8).prop_map(Path);
    let user = || (0..100_u32).prop_map(User);
    let extras = (path(), item(), item()).prop_map(|(path, boundary, tag)| CreateUserOptions {
        path,
        boundary,
        tag,
    });
    let change = (proptest::option::of(user()), proptest::option::of(path()))
        .prop_map(|(name, path)| UserChange { name, path });
    prop_oneof![
        (user(), extras).prop_map(|(user, extras)| Operation::CreateUser(user, extras)),
        (user(), change).prop_map(|(user, change)| Operation::UpdateUser(user, change)),
        (user(), 0..50_u32).prop_map(|(user, item)| Operation::PutBoundary(user, Item(item))),
        path().prop_map(Operation::ListUsers),
        (0..50_u32).prop_map(|key| Operation::LastUsed(Item(key))),
        user().prop_flat_map(|user| select(vec![
            Operation::GetUser(user),
            Operation::DeleteUser(user),
            Operation::DeleteBoundary(user),
            Operation::ChangePassword(user),
            Operation::Summary,
            Operation::Details,
        ])),
    ]
}

fn about_object() -> impl Strategy<Value = Operation> {
    let name = proptest::option::of((0..1000_u32).prop_map(Item));
    let operations = (object(), name).prop_map(|(object, name)| {
        vec![
            Operation::Create(object),
            Operation::Read(object),
            Operation::ListAll(object.class, Filter::All),
            Operation::Rename(object, name),
            Operation::Holders(object),
            Operation::Delete(object),
            Operation::ListAll(ResourceKind::Policy, Filter::Held),
            Operation::ListAll(ResourceKind::Device, Filter::Held),
            Operation::ListAll(ResourceKind::Device, Filter::Free),
        ]
    });
    operations.prop_flat_map(select).prop_filter("no such call", |op| op.call().is_some())
}

fn about_part() -> impl Strategy<Value = Operation> {
    let part = select(SubResource::all().collect::<Vec<_>>());
    let operations = (part, 0..50_u32, 0..50_u32).prop_map(|(part, of, item)| {
        let (object, item) = (Resource { class: part.row().of, item: Item(of) }, Item(item));
        let new = if part == SubResource::Version { Item(0) } else { item };
        vec![
            Operation::Add(object, part, new),
            Operation::Parts(object, part),
            Operation::Part(object, part, item),
            Operation::SetDefault(object, part, item),
            Operation::Remove(object, part, item),
        ]
    });
    operations.prop_flat_map(select).prop_filter("no such call", |op| op.call().is_some())
}

/// Anything that an answer can show.
fn thing() -> impl Strategy<Value = Entity> {
    let item = (select(AttachmentKind::all().collect::<Vec<_>>()), 0..50_u32)
        .prop_filter("has no symbol", |(kind, _)| kind.row().naming != Naming::Single)
        .prop_map(|(kind, item)| Entity::of(kind, Item(item)));
    prop_oneof![
        (0..100_u32).prop_map(|user| Entity::User(User(user))),
        any::<u8>().prop_map(|path| Entity::Path(Path(path))),
        (1..50_u32, any::<bool>())
            .prop_map(|(number, default)| Entity::Version { number, default }),
        object().prop_map(Entity::Object),
        item,
    ]
}

fn answer() -> impl Strategy<Value = Option<Response>> {
    let shown = (vec((thing(), status()), 0..4), vec(any::<String>(), 0..3))
        .prop_map(|(items, strangers)| Response::Done(Some(Listing { items, strangers })));
    let done = prop_oneof![shown, Just(Response::DONE)];
    let code = prop_oneof!["[A-Za-z.]{1,20}", any::<String>()]
        .prop_filter("an error has a code", |it| !it.is_empty());
    let refused = (200..600_u16, code, proptest::option::of(any::<String>()))
        .prop_map(|(http, code, message)| Response::Refused { http, code, message });
    let interrupted = (select(FailureKind::ALL.to_vec()), any::<String>())
        .prop_map(|(cause, detail)| Response::interrupted(cause, detail));
    proptest::option::of(prop_oneof![done, refused, interrupted])
}

fn step(place: u32) -> impl Strategy<Value = Step> {
    (operation(place), answer()).prop_map(|(operation, answer)| Step { operation, answer })
}

fn script() -> impl Strategy<Value = Script> {
    let steps = (1..12_u32).prop_flat_map(|length| (0..length).map(step).collect::<Vec<_>>());
    ("[A-Za-z][A-Za-z ,.]{0,40}[a-z]", steps).prop_map(|(idea, steps)| Script {
        name: "any".to_owned(),
        idea,
        steps,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_again_as_it_was(script in script()) {
        let text = print(&script);
        prop_assert_eq!(parse("any", &text), Ok(script), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>(), line in "[A-Za-z]{0,12} ?[ugpd]?[0-9]{0,12}.{0,40}") {
        let _ = parse("any", &text);
        let _ = parse("any", &line);
        let _ = parse("any", &format!("DeleteUser u0 -> {line}"));
    }
}

#[test]
fn errors_say_where_and_what_was_expected() {
    for (text, error) in [
        ("", "line 1, column 1: expected a call such as `CreateUser u0`, found none"),
        (
            "# only a comment",
            "line 1, column 1: expected a call such as `CreateUser u0`, found none",
        ),
        (
            "CreateUser u0\nCreateUsr u1",
            "line 2, column 1: expected a call, found `CreateUsr`; did you mean `CreateUser`?",
        ),
        ("Frobnicate u0", "line 1, column 1: expected a call, found `Frobnicate`"),
        (
            "CreateUser",
            "line 1, column 11: expected a symbol such as `u0`, found the end of the line",
        ),
        ("CreateUser g0", "line 1, column 12: expected a symbol such as `u0`, found `g0`"),
        (
            "CreateUser u99999999",
            "line 1, column 12: expected a symbol such as `u0`, found `u99999999`",
        ),
        (
            "CreateAccessKey u0",
            "line 1, column 19: expected a symbol such as `key#0`, found the end of the line",
        ),
        (
            "CreateAccessKey u0 key#0\nCreateAccessKey u0 key#0",
            "line 2, column 1: `key#0` was bound by an earlier call; use a new number",
        ),
        (
            "UpdateAccessKey u0 key#0 Off",
            "line 1, column 26: expected `Active` or `Inactive`, found `Off`",
        ),
        (
            "DeleteUser u0 409",
            "line 1, column 15: expected `->`, `UserName:too-long`, `UserName:bad-character`, `UserName:other-case` or the end of the line, found `409`",
        ),
        (
            "DeleteUser u0 -> no",
            "line 1, column 18: expected an HTTP status such as 200 or 409, found `no`",
        ),
        (
            "DeleteUser u0 -> 409",
            "line 1, column 21: expected an error code such as `DeleteConflict`, found the end of the line",
        ),
        (
            "DeleteUser u0 -> 409 X \"y",
            "line 1, column 24: expected a closing `\"`, found the end of the line",
        ),
        (
            "CreateUser u0 -> 200 OK",
            "line 1, column 22: expected the end of the line, or a listing such as `[key#0]`, after `200`, found `OK`; an error code follows a status such as 409, or is in quotes",
        ),
        (
            "CreateUser u0 -> 201 Created",
            "line 1, column 18: expected `200` for a call that is carried out, found `201`; an error code follows a status such as 409, or is in quotes",
        ),
        (
            "CreateUser u0 -> 204",
            "line 1, column 18: expected `200` for a call that is carried out, found `204`; an error code follows a status such as 409, or is in quotes",
        ),
        ("DeleteUser u0 -> 409 X y", "line 1, column 24: expected the end of the line, found `y`"),
        (
            "ListAccessKeys u0 -> 200 [key#0 key#1]",
            "line 1, column 33: expected `,` or `]` in the listing",
        ),
        (
            "CreateServiceSpecificCredential u0 cred#0 s9",
            "line 1, column 45: expected a service, `s0` or `s1`",
        ),
    ] {
        assert_eq!(parse("wrong", text).unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn comments_and_blank_lines_are_passed_over() {
    let script = parse("any", "\n# The idea.\n# More.\n  CreateUser u0   # why\n\n").unwrap();
    assert_eq!((script.idea.as_str(), script.steps.len()), ("The idea.", 1));
}

#[test]
fn an_error_under_a_status_of_success_is_written_in_quotes() {
    let code = "NoSuchEntity".to_owned();
    let answer = Response::Refused { http: 200, code, message: None };
    assert_eq!(answer.to_string(), "200 \"NoSuchEntity\"");
    let script = parse("any", &format!("GetUser u0 -> {answer}")).unwrap();
    assert_eq!(script.steps[0].answer, Some(answer));
}
