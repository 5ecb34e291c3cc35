//! The text format of scripts: parsing a printed script returns the same script, and errors contain
//! their position.

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

fn resource() -> impl Strategy<Value = Resource> {
    (select(ResourceKind::all().collect::<Vec<_>>()), 0..1000_u32)
        .prop_map(|(class, item)| Resource { kind: class, item: Item(item) })
}

/// Any operation that belongs to an action. `step` makes issued symbols unique.
fn operation(step: u32) -> impl Strategy<Value = Operation> {
    let on_attachment = (
        select(AttachmentKind::all().collect::<Vec<_>>()),
        select(AttachmentAction::ALL.to_vec()),
        0..100_u32,
        0..50_u32,
        status(),
        0..iamspec_model::SERVICES,
        any::<bool>(),
    )
        .prop_map(move |(kind, action, user, item, status, service, same_body)| {
            let row = kind.row();
            let (user, item) =
                (User(user), if row.naming == Naming::Single { Item(0) } else { Item(item) });
            match action {
                AttachmentAction::Attach if row.naming == Naming::Service => {
                    let options = match (row.per_service, row.has_body && same_body) {
                        (true, _) => IssueOptions::Service(Service(service)),
                        (_, true) => IssueOptions::SameBodyAs(item),
                        _ => IssueOptions::None,
                    };
                    Operation::Issue(user, kind, Item(1000 + step), options)
                }
                _ => action.on(user, kind, item, status),
            }
        })
        .prop_filter("the kind has no such action", |op| op.action().is_some());
    let requests = InvalidRequest::all().collect::<Vec<_>>();
    let invalid = (select(requests), 0..100_u32).prop_map(|(request, user)| {
        let user = Operation::Invalid(User(user), request).user();
        Operation::Invalid(user.unwrap_or(User(0)), request)
    });
    prop_oneof![on_user(), on_resource(), on_sub_resource(), on_attachment, invalid]
}

fn on_user() -> impl Strategy<Value = Operation> {
    let item = || proptest::option::of((0..50_u32).prop_map(Item));
    let path = || (0..10_u8).prop_map(Path);
    let user = || (0..100_u32).prop_map(User);
    let options = (path(), item(), item()).prop_map(|(path, boundary, tag)| CreateUserOptions {
        path,
        boundary,
        tag,
    });
    let change = (proptest::option::of(user()), proptest::option::of(path()))
        .prop_map(|(name, path)| UserChange { name, path });
    prop_oneof![
        (user(), options).prop_map(|(user, options)| Operation::CreateUser(user, options)),
        (user(), change).prop_map(|(user, change)| Operation::UpdateUser(user, change)),
        (user(), 0..50_u32).prop_map(|(user, item)| Operation::PutBoundary(user, Item(item))),
        path().prop_map(Operation::ListUsers),
        (0..50_u32).prop_map(|key| Operation::GetAccessKeyLastUsed(Item(key))),
        user().prop_flat_map(|user| select(vec![
            Operation::GetUser(user),
            Operation::DeleteUser(user),
            Operation::DeleteBoundary(user),
            Operation::ChangePassword(user),
            Operation::GetAccountSummary,
            Operation::GetAuthorizationDetails,
        ])),
    ]
}

fn on_resource() -> impl Strategy<Value = Operation> {
    let name = proptest::option::of((0..1000_u32).prop_map(Item));
    let operations = (resource(), name).prop_map(|(resource, name)| {
        vec![
            Operation::CreateResource(resource),
            Operation::GetResource(resource),
            Operation::ListResources(resource.kind, Filter::All),
            Operation::RenameResource(resource, name),
            Operation::ListHolders(resource),
            Operation::DeleteResource(resource),
            Operation::ListResources(ResourceKind::Policy, Filter::InUse),
            Operation::ListResources(ResourceKind::Device, Filter::InUse),
            Operation::ListResources(ResourceKind::Device, Filter::Unused),
        ]
    });
    operations.prop_flat_map(select).prop_filter("no such action", |op| op.action().is_some())
}

fn on_sub_resource() -> impl Strategy<Value = Operation> {
    let kind = select(SubResource::all().collect::<Vec<_>>());
    let operations = (kind, 0..50_u32, 0..50_u32).prop_map(|(kind, of, item)| {
        let (resource, item) = (Resource { kind: kind.row().resource, item: Item(of) }, Item(item));
        let new = if kind == SubResource::Version { Item(0) } else { item };
        vec![
            Operation::AddSubResource(resource, kind, new),
            Operation::ListSubResources(resource, kind),
            Operation::GetSubResource(resource, kind, item),
            Operation::SetDefault(resource, kind, item),
            Operation::RemoveSubResource(resource, kind, item),
        ]
    });
    operations.prop_flat_map(select).prop_filter("no such action", |op| op.action().is_some())
}

/// Any entry of a listing.
fn entity() -> impl Strategy<Value = Entity> {
    let item = (select(AttachmentKind::all().collect::<Vec<_>>()), 0..50_u32)
        .prop_filter("has no symbol", |(kind, _)| kind.row().naming != Naming::Single)
        .prop_map(|(kind, item)| Entity::of(kind, Item(item)));
    prop_oneof![
        (0..100_u32).prop_map(|user| Entity::User(User(user))),
        any::<u8>().prop_map(|path| Entity::Path(Path(path))),
        (1..50_u32, any::<bool>())
            .prop_map(|(number, default)| Entity::Version { number, default }),
        resource().prop_map(Entity::Resource),
        item,
    ]
}

fn response() -> impl Strategy<Value = Option<Response>> {
    let with_listing = (vec((entity(), status()), 0..4), vec(any::<String>(), 0..3)).prop_map(
        |(items, strangers)| Response::Success(Some(Listing { items, unknown_names: strangers })),
    );
    let success = prop_oneof![with_listing, Just(Response::SUCCESS)];
    let code = prop_oneof!["[A-Za-z.]{1,20}", any::<String>()]
        .prop_filter("an error contains a code", |it| !it.is_empty());
    let refusal = (200..600_u16, code, proptest::option::of(any::<String>())).prop_map(
        |(http, code, message)| {
            let message = message.map(Into::into);
            Response::Refused { http, code, message }
        },
    );
    let failure = (select(FailureKind::ALL.to_vec()), any::<String>())
        .prop_map(|(cause, detail)| Response::failed(cause, detail));
    proptest::option::of(prop_oneof![success, refusal, failure])
}

fn step(index: u32) -> impl Strategy<Value = Step> {
    (operation(index), response())
        .prop_map(|(operation, answer)| Step { operation, response: answer })
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
    fn parsing_a_printed_script_returns_the_same_script(script in script()) {
        let text = print(&script);
        prop_assert_eq!(parse("any", &text), Ok(script), "{}", text);
    }

    #[test]
    fn the_parser_never_panics(text in any::<String>(), line in "[A-Za-z]{0,12} ?[ugpd]?[0-9]{0,12}.{0,40}") {
        let _ = parse("any", &text);
        let _ = parse("any", &line);
        let _ = parse("any", &format!("DeleteUser u0 -> {line}"));
    }
}

#[test]
fn errors_contain_the_position_and_what_was_expected() {
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
            "line 1, column 22: expected the end of the line, or a listing such as `[key#0]`, after `201`, found `Created`; an error code follows a status such as 409, or is in quotes",
        ),
        ("DeleteUser u0 -> 409 X y", "line 1, column 24: expected the end of the line, found `y`"),
        (
            "ListAccessKeys u0 -> 200 [key#0 key#1]",
            "line 1, column 33: expected `,` or `]` in the listing, found `key#1`",
        ),
        (
            "CreateServiceSpecificCredential u0 cred#0 s9",
            "line 1, column 43: expected a service, `s0` or `s1`, found `s9`",
        ),
        (
            "UpdateAccessKey u0 key#0 inactive",
            "line 1, column 26: expected `Active` or `Inactive`, found `inactive`; did you mean `Inactive`?",
        ),
        (
            "DeleteUser u0 UserName:to-long",
            "line 1, column 15: expected `->`, `UserName:too-long`, `UserName:bad-character`, `UserName:other-case` or the end of the line, found `UserName:to-long`; did you mean `UserName:too-long`?",
        ),
        (
            "DeleteUser u0 -> interrupted timeot",
            "line 1, column 30: expected a kind of failure such as `timeout`, found `timeot`; did you mean `timeout`?",
        ),
        (
            "DeleteUser u0 -> 409 X \"\\u1\"",
            "line 1, column 24: expected an escape such as `\\n`, found `\\u`",
        ),
    ] {
        assert_eq!(parse("wrong", text).unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn comments_and_blank_lines_are_ignored() {
    let script = parse("any", "\n# The idea.\n# More.\n  CreateUser u0   # why\n\n").unwrap();
    assert_eq!((script.idea.as_str(), script.steps.len()), ("The idea.", 1));
}

#[test]
fn every_status_of_success_means_success() {
    for text in ["CreateUser u0 -> 201", "CreateUser u0 -> 204 # no content"] {
        let script = parse("s", text).unwrap();
        assert_eq!(script.steps[0].response, Some(Response::SUCCESS), "{text}");
    }
    let listed = parse("s", "ListAccessKeys u0 -> 203 [key#0]").unwrap();
    assert!(matches!(&listed.steps[0].response, Some(Response::Success(Some(_)))));
}

#[test]
fn an_error_code_with_a_success_status_is_quoted() {
    let code = "NoSuchEntity".to_owned();
    let response = Response::Refused { http: 200, code, message: None };
    assert_eq!(response.to_string(), "200 \"NoSuchEntity\"");
    let script = parse("any", &format!("GetUser u0 -> {response}")).unwrap();
    assert_eq!(script.steps[0].response, Some(response));
}

#[test]
fn an_error_shows_the_beginning_of_a_long_word() {
    let long = "x".repeat(1_000_000);
    for text in [format!("CreateUser {long}"), long.clone(), format!("GetUser u0 -> 201{long}")] {
        let error = parse("long", &text).unwrap_err().to_string();
        assert!(error.len() < 500 && error.contains("xxx…`"), "{}", error.len());
    }
}
