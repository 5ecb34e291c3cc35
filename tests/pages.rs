//! Pagination of listings: the listed items do not depend on the page size.

use std::net::{Ipv4Addr, SocketAddr};

use super::server::posted;
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::server::{Options, Server};
use iamspec_harness::wire::payload;
use iamspec_model::{
    Account, AttachmentKind, Item, Listed, Operation, Resource, ResourceKind, User,
};

/// More than two pages of the default size.
const MANY: u32 = 250;

/// A server whose quotas allow that many attachments.
fn server_with_high_quotas() -> Server {
    let quotas =
        [(AttachmentKind::GroupMembership, MANY), (AttachmentKind::InlinePolicy, MANY * 2048)];
    let account = Account::with_quotas(None, &quotas);
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { account, ..Options::default() }).unwrap()
}

/// The texts of the elements with that name.
fn texts<'a>(response: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    response.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

/// A server with a user `a` who is a member of these groups.
fn server_with_groups(groups: impl Iterator<Item = String>) -> Server {
    let server = server_with_high_quotas();
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

/// Every page; `after_each` runs after each, with the number of pages so far.
fn pages(server: &Server, size: &str, mut after_each: impl FnMut(usize)) -> Vec<Vec<String>> {
    let (mut pages, mut marker) = (Vec::new(), None::<String>);
    loop {
        let response = page(server, size, marker.as_deref());
        pages.push(texts(&response, "GroupName").into_iter().map(str::to_owned).collect());
        marker = texts(&response, "Marker").first().map(|it| (*it).to_owned());
        assert_eq!(
            texts(&response, "IsTruncated"),
            [if marker.is_some() { "true" } else { "false" }]
        );
        if marker.is_none() {
            return pages;
        }
        assert!(pages.len() < MANY as usize, "the listing does not end");
        after_each(pages.len());
    }
}

#[test]
fn every_page_size_lists_the_same_groups_in_the_same_order() {
    // Created in another order than that of their names.
    let server = server_with_groups((0..MANY).map(|it| format!("g{}", it * 7 % MANY)));
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
fn a_deletion_between_two_pages_does_not_move_other_items() {
    let server = server_with_groups((0..10).map(|it| format!("g{it}")));
    let remove = |group| {
        posted(&server, &format!("Action=RemoveUserFromGroup&UserName=a&GroupName={group}"));
    };
    let listed = pages(&server, "&MaxItems=3", |pages| {
        if pages == 1 {
            // A listed group, the last listed group, and the next one.
            ["g0", "g2", "g3"].into_iter().for_each(remove);
        }
    });
    assert_eq!(listed.concat(), ["g0", "g1", "g2", "g4", "g5", "g6", "g7", "g8", "g9"]);
}

#[test]
fn a_page_that_is_exactly_full_is_the_last() {
    let server = server_with_groups((0..4).map(|it| format!("g{it}")));
    assert_eq!(pages(&server, "&MaxItems=4", |_| ()).len(), 1);
    assert_eq!(pages(&server, "&MaxItems=2", |_| ()).len(), 2);
    assert_eq!(pages(&server, "&MaxItems=3", |_| ()).concat().len(), 4);
}

#[test]
fn the_client_reads_all_pages() {
    let server = server_with_high_quotas();
    let mut client = super::client(&server.url());
    client.enter_new_namespace();
    let user = User(0);
    assert_eq!(client.execute(&Operation::create_user(user)), Response::SUCCESS);
    for item in (0..MANY).map(Item) {
        let group = Operation::CreateResource(Resource { kind: ResourceKind::Group, item });
        let join = Operation::Attach(user, AttachmentKind::GroupMembership, item);
        let put = Operation::Attach(user, AttachmentKind::InlinePolicy, item);
        for operation in [group, join, put] {
            assert_eq!(client.execute(&operation), Response::SUCCESS);
        }
    }
    for kind in [AttachmentKind::GroupMembership, AttachmentKind::InlinePolicy] {
        let Response::Success(Some(listing)) = client.execute(&Operation::List(user, kind)) else {
            panic!("expected a listing")
        };
        let items: Vec<Item> = {
            let item = |(it, _): &Listed| it.item(kind);
            listing.items.iter().filter_map(item).collect()
        };
        assert_eq!(items, (0..MANY).map(Item).collect::<Vec<_>>());
        assert!(listing.unknown_names.is_empty());
    }
}

#[test]
fn an_invalid_page_size_or_marker_is_refused_before_the_user_is_checked() {
    let server = super::server(None);
    for (parameters, code, text) in [
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
        let response = page(&server, parameters, None).replace("&apos;", "'");
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert_eq!(texts(&response, "Code"), [code]);
        assert!(texts(&response, "Message").iter().all(|it| it.ends_with(text)), "{response}");
    }
    for size in ["abc", "", "1.5", "99999999999"] {
        let response = page(&server, &format!("&MaxItems={size}"), None);
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert_eq!(texts(&response, "Code"), ["MalformedInput"]);
        assert!(texts(&response, "Message").is_empty());
    }
}

/// Markers work for items that are identified by name, by id and by ARN.
#[test]
fn every_list_action_is_paginated() {
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
        let key = encoded(&payload::ssh_key(Item(u32::from(name == "y"))));
        posted(&server, &format!("Action=UploadSSHPublicKey&UserName=a&SSHPublicKeyBody={key}"));
        let created =
            posted(&server, &format!("Action=CreateVirtualMFADevice&VirtualMFADeviceName={name}"));
        let seed = data_encoding::BASE64.decode(texts(&created, "Base32StringSeed")[0].as_bytes());
        let [first, second] =
            payload::codes(std::str::from_utf8(&seed.unwrap()).unwrap()).unwrap().codes;
        posted(
            &server,
            &format!(
                "Action=EnableMFADevice&UserName=a&SerialNumber=arn:aws:iam::123456789012:mfa/{name}&AuthenticationCode1={first}&AuthenticationCode2={second}"
            ),
        );
        posted(
            &server,
            &format!(
                "Action=PutUserPolicy&UserName=a&PolicyName={name}&PolicyDocument=%7B%22Statement%22%3A%5B%5D%7D"
            ),
        );
        posted(
            &server,
            &format!(
                "Action=CreatePolicy&PolicyName={name}&PolicyDocument=%7B%22Statement%22%3A%5B%5D%7D"
            ),
        );
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
        .filter_map(|kind| kind.row().action(iamspec_model::AttachmentAction::List))
    {
        if !call.api.starts_with("List") {
            continue;
        }
        let list = |more: &str| {
            posted(&server, &format!("Action={}&UserName=a&MaxItems=1{more}", call.api))
        };
        let first = list("");
        assert_eq!(first.matches("<member>").count(), 1, "{first}");
        let marker = texts(&first, "Marker").concat();
        let second = list(&format!("&Marker={marker}"));
        assert_eq!(second.matches("<member>").count(), 1, "{second}");
        assert_eq!(texts(&second, "IsTruncated"), ["false"]);
        let member = |response: &str| texts(response, "member").concat();
        assert_ne!(member(&first), member(&second));
    }
}

/// Each page but the last has the requested size, and each user is listed once.
#[test]
fn a_thousand_users_are_listed_on_their_pages() {
    let server = server_with_high_quotas();
    let names: Vec<String> = (0..1000).map(|it| format!("User-{it:03}")).collect();
    for name in names.iter().rev() {
        posted(&server, &format!("Action=CreateUser&UserName={name}"));
    }
    for size in [1000, 300, 7] {
        let (mut listed, mut pages, mut marker) = (Vec::new(), 0, String::new());
        loop {
            let response = posted(&server, &format!("Action=ListUsers&MaxItems={size}{marker}"));
            let page = texts(&response, "UserName");
            assert!(page.len() == size || listed.len() + page.len() == 1000);
            listed.extend(page.into_iter().map(str::to_owned));
            pages += 1;
            let Some(next) = texts(&response, "Marker").first().map(|it| format!("&Marker={it}"))
            else {
                break;
            };
            marker = next;
        }
        assert_eq!((listed, pages), (names.clone(), 1000_usize.div_ceil(size)));
    }
}
