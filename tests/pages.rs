//! Pages of listings: what is listed does not depend on how much a page shows.

use std::net::{Ipv4Addr, SocketAddr};

use super::server::posted;
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::server::{Options, Server};
use iamspec_harness::wire::payload;
use iamspec_model::{
    Account, AttachmentKind, Item, Listed, Operation, Resource, ResourceKind, User,
};

/// More than two pages of the size that a request gets which names none.
const MANY: u32 = 250;

/// An account in which a user may hold that many.
fn roomy() -> Server {
    let quotas =
        [(AttachmentKind::GroupMembership, MANY), (AttachmentKind::InlinePolicy, MANY * 2048)];
    let account = Account::with_quotas(None, &quotas);
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { account, ..Options::default() }).unwrap()
}

/// The texts between the tags of that name.
fn texts<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    answer.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

/// A user `a` in the groups that these names make.
fn member_of(groups: impl Iterator<Item = String>) -> Server {
    let server = roomy();
    posted(&server, "Action=CreateUser&UserName=a");
    for group in groups {
        posted(&server, &format!("Action=CreateGroup&GroupName={group}"));
        posted(&server, &format!("Action=AddUserToGroup&UserName=a&GroupName={group}"));
    }
    server
}

/// One page of the groups of `a`.
fn page(server: &Server, size: &str, marker: Option<&str>) -> String {
    let marker = marker.map(|it| format!("&Marker={it}")).unwrap_or_default();
    posted(server, &format!("Action=ListGroupsForUser&UserName=a{size}{marker}"))
}

/// Every page, with something done after each.
fn pages(server: &Server, size: &str, mut after_each: impl FnMut(usize)) -> Vec<Vec<String>> {
    let (mut pages, mut marker) = (Vec::new(), None::<String>);
    loop {
        let answer = page(server, size, marker.as_deref());
        pages.push(texts(&answer, "GroupName").into_iter().map(str::to_owned).collect());
        marker = texts(&answer, "Marker").first().map(|it| (*it).to_owned());
        assert_eq!(
            texts(&answer, "IsTruncated"),
            [if marker.is_some() { "true" } else { "false" }]
        );
        if marker.is_none() {
            return pages;
        }
        assert!(pages.len() < MANY as usize, "the pages have no end");
        after_each(pages.len());
    }
}

#[test]
fn every_size_of_page_shows_the_same_groups_in_the_same_order() {
    // In an order that is not that of their names.
    let server = member_of((0..MANY).map(|it| format!("g{}", it * 7 % MANY)));
    let whole = pages(&server, "&MaxItems=1000", |_| ());
    assert_eq!(whole.len(), 1);
    let whole = whole.concat();
    assert_eq!(whole.len(), MANY as usize);
    assert!(whole.is_sorted());
    for (size, each) in [("&MaxItems=1", 1), ("&MaxItems=2", 2), ("&MaxItems=100", 100), ("", 100)]
    {
        let pages = pages(&server, size, |_| ());
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == each), "{size}");
        assert_eq!(pages.concat(), whole, "{size}");
    }
}

#[test]
fn what_is_deleted_between_two_pages_moves_nothing_else() {
    let server = member_of((0..10).map(|it| format!("g{it}")));
    let leave = |group| {
        posted(&server, &format!("Action=RemoveUserFromGroup&UserName=a&GroupName={group}"));
    };
    let shown = pages(&server, "&MaxItems=3", |so_far| {
        if so_far == 1 {
            // One that was shown, the last that was shown, and the next.
            ["g0", "g2", "g3"].into_iter().for_each(leave);
        }
    });
    assert_eq!(shown.concat(), ["g0", "g1", "g2", "g4", "g5", "g6", "g7", "g8", "g9"]);
}

#[test]
fn a_page_that_is_just_full_is_the_last() {
    let server = member_of((0..4).map(|it| format!("g{it}")));
    assert_eq!(pages(&server, "&MaxItems=4", |_| ()).len(), 1);
    assert_eq!(pages(&server, "&MaxItems=2", |_| ()).len(), 2);
    assert_eq!(pages(&server, "&MaxItems=3", |_| ()).concat().len(), 4);
}

#[test]
fn the_client_lists_more_than_one_page_shows() {
    let server = roomy();
    let mut client = super::client(&server.url());
    client.fresh();
    let user = User(0);
    assert_eq!(client.ask(&Operation::create_user(user)), Response::DONE);
    for item in (0..MANY).map(Item) {
        let group = Operation::Create(Resource { class: ResourceKind::Group, item });
        let join = Operation::Attach(user, AttachmentKind::GroupMembership, item);
        let put = Operation::Attach(user, AttachmentKind::InlinePolicy, item);
        for operation in [group, join, put] {
            assert_eq!(client.ask(&operation), Response::DONE);
        }
    }
    for kind in [AttachmentKind::GroupMembership, AttachmentKind::InlinePolicy] {
        let Response::Done(Some(shown)) = client.ask(&Operation::List(user, kind)) else {
            panic!("not listed")
        };
        let items: Vec<Item> = {
            let item = |(it, _): &Listed| it.item(kind);
            shown.items.iter().filter_map(item).collect()
        };
        assert_eq!(items, (0..MANY).map(Item).collect::<Vec<_>>());
        assert!(shown.strangers.is_empty());
    }
}

#[test]
fn a_size_or_a_marker_that_is_none_is_refused_before_the_user_is_looked_for() {
    let server = super::server(None);
    for (asked, code, text) in [
        (
            "&MaxItems=0",
            "ValidationError",
            "'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        ("&MaxItems=-1", "ValidationError", "Member must have value greater than or equal to 1"),
        ("&MaxItems=1001", "ValidationError", "Member must have value less than or equal to 1000"),
        ("&Marker=none", "ValidationError", "Invalid Marker."),
        ("&Marker=", "ValidationError", "Invalid Marker."),
    ] {
        let answer = page(&server, asked, None).replace("&apos;", "'");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(texts(&answer, "Code"), [code]);
        assert!(texts(&answer, "Message").iter().all(|it| it.ends_with(text)), "{answer}");
    }
    for size in ["abc", "", "1.5", "99999999999"] {
        let answer = page(&server, &format!("&MaxItems={size}"), None);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(texts(&answer, "Code"), ["MalformedInput"]);
        assert!(texts(&answer, "Message").is_empty());
    }
}

/// Keys are told apart by their ids, policies by their ARNs.
#[test]
fn every_list_call_has_pages() {
    let server = super::server(None);
    posted(&server, "Action=CreateUser&UserName=a");
    for _ in 0..2 {
        posted(&server, "Action=CreateAccessKey&UserName=a");
        posted(
            &server,
            "Action=CreateServiceSpecificCredential&UserName=a&ServiceName=codecommit.amazonaws.com",
        );
    }
    for name in ["x", "y"] {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let body = encoded(&payload::certificate(name).unwrap());
        posted(
            &server,
            &format!("Action=UploadSigningCertificate&UserName=a&CertificateBody={body}"),
        );
        let key = encoded(payload::ssh_key(Item(u32::from(name == "y"))));
        posted(&server, &format!("Action=UploadSSHPublicKey&UserName=a&SSHPublicKeyBody={key}"));
        posted(&server, &format!("Action=CreateVirtualMFADevice&VirtualMFADeviceName={name}"));
        posted(
            &server,
            &format!(
                "Action=EnableMFADevice&UserName=a&SerialNumber=arn:aws:iam::123456789012:mfa/{name}&AuthenticationCode1=123456&AuthenticationCode2=654321"
            ),
        );
        posted(
            &server,
            &format!("Action=PutUserPolicy&UserName=a&PolicyName={name}&PolicyDocument=%7B%7D"),
        );
        posted(&server, &format!("Action=CreatePolicy&PolicyName={name}&PolicyDocument=%7B%7D"));
        posted(
            &server,
            &format!(
                "Action=AttachUserPolicy&UserName=a&PolicyArn=arn:aws:iam::123456789012:policy/{name}"
            ),
        );
        posted(
            &server,
            &format!("Action=TagUser&UserName=a&Tags.member.1.Key={name}&Tags.member.1.Value="),
        );
        posted(&server, &format!("Action=CreateGroup&GroupName={name}"));
        posted(&server, &format!("Action=AddUserToGroup&UserName=a&GroupName={name}"));
    }
    for call in AttachmentKind::all()
        .filter_map(|kind| kind.row().call(iamspec_model::AttachmentAction::List))
    {
        if !call.api.starts_with("List") {
            continue;
        }
        let ask = |more: &str| {
            posted(&server, &format!("Action={}&UserName=a&MaxItems=1{more}", call.api))
        };
        let first = ask("");
        assert_eq!(first.matches("<member>").count(), 1, "{first}");
        let marker = texts(&first, "Marker").concat();
        let second = ask(&format!("&Marker={marker}"));
        assert_eq!(second.matches("<member>").count(), 1, "{second}");
        assert_eq!(texts(&second, "IsTruncated"), ["false"]);
        let member = |answer: &str| texts(answer, "member").concat();
        assert_ne!(member(&first), member(&second));
    }
}

/// Of many, each page shows as many as were asked for, and all of them show every user once.
#[test]
fn a_thousand_users_stand_on_their_pages() {
    let server = roomy();
    let names: Vec<String> = (0..1000).map(|it| format!("User-{it:03}")).collect();
    for name in names.iter().rev() {
        posted(&server, &format!("Action=CreateUser&UserName={name}"));
    }
    for size in [1000, 300, 7] {
        let (mut shown, mut pages, mut marker) = (Vec::new(), 0, String::new());
        loop {
            let answer = posted(&server, &format!("Action=ListUsers&MaxItems={size}{marker}"));
            let page = texts(&answer, "UserName");
            assert!(page.len() == size || shown.len() + page.len() == 1000);
            shown.extend(page.into_iter().map(str::to_owned));
            pages += 1;
            let Some(next) = texts(&answer, "Marker").first().map(|it| format!("&Marker={it}"))
            else {
                break;
            };
            marker = next;
        }
        assert_eq!((shown, pages), (names.clone(), 1000_usize.div_ceil(size)));
    }
}
