//! Reads one page of what a user holds, strictly: a part that cannot be interpreted is an error and
//! never an empty list.

use iamspec_model::AttachmentKind;

use crate::client::pages;
use crate::wire::attachments::wire;
use crate::wire::xml_read::Element;

/// The user of a `GetUser` response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundUser {
    pub(super) name: String,
    /// The id that the service gave to the user. A user that is created again gets another one.
    pub(super) id: Option<String>,
}

/// The user in the result of `GetUser`.
pub(super) fn user(result: &Element, requested: &str) -> Result<FoundUser, String> {
    let user = only_child(result, "User")?;
    let name = user.text_of("UserName").unwrap_or_default();
    check_user(Some(name), requested)?;
    let id = user.text_of("UserId").filter(|it| !it.is_empty()).map(str::to_owned);
    Ok(FoundUser { name: name.to_owned(), id })
}

/// The names of the items in the result of a list action, or in that of `GetLoginProfile`.
pub(super) fn items(
    kind: AttachmentKind,
    result: &Element,
    user: &str,
) -> Result<Vec<String>, String> {
    let Some(listing) = wire(kind).listing else {
        let structure = wire(kind).structure.unwrap_or_default();
        check_user(only_child(result, structure)?.text_of("UserName"), user)?;
        return Ok(vec![String::new()]);
    };
    let list = only_child(result, listing.list)?;
    if !list.text.trim().is_empty() {
        return Err(format!("text in <{}> instead of members", listing.list));
    }
    let name = |member: &Element| {
        check_user(member.text_of("UserName"), user)?;
        let name = listing.name.map_or(Some(member.text.trim()), |it| member.text_of(it));
        let name = name.filter(|it| !it.is_empty());
        name.map(str::to_owned)
            .ok_or_else(|| format!("a member of <{}> without a name", listing.list))
    };
    list.children.iter().map(name).collect()
}

/// Why a listing without `IsTruncated` is not known to be complete. AWS always sends the member
/// (E-007).
pub(super) const UNCONFIRMED: &str =
    "the listing does not say whether it is complete: no IsTruncated";

/// What a page says about the rest of its listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// There is another page, with this marker.
    Page(String),
    /// There is nothing more.
    None,
    /// The page does not say whether there is more.
    Unknown,
}

/// What the page with this result says about the rest of its listing.
pub(super) fn rest(result: &Element) -> Result<Rest, String> {
    let marker = result.text_of("Marker").filter(|it| !it.is_empty());
    match result.text_of("IsTruncated") {
        Some("true") => {
            let next = pages::next(true, marker).map_err(str::to_owned)?;
            Ok(next.map_or(Rest::None, Rest::Page))
        }
        Some("false") => Ok(Rest::None),
        None if marker.is_none() => Ok(Rest::Unknown),
        None => Err("a Marker without IsTruncated".to_owned()),
        Some(other) => Err(format!("IsTruncated is {other:?}")),
    }
}

/// The child of that name. Two of them are ambiguous.
pub(super) fn only_child<'a>(result: &'a Element, name: &str) -> Result<&'a Element, String> {
    let mut found = result.children.iter().filter(|it| it.name == name);
    match (found.next(), found.next()) {
        (Some(child), None) => Ok(child),
        (None, _) => Err(format!("no <{name}> in the response")),
        (Some(_), Some(_)) => Err(format!("more than one <{name}> in the response")),
    }
}

/// Checks that a part of a response is about the user. AWS ignores case (C-043).
fn check_user(found: Option<&str>, requested: &str) -> Result<(), String> {
    match found {
        Some(name) if !name.eq_ignore_ascii_case(requested) => {
            Err(format!("the response is about the user {name:?}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(inner: &str) -> Element {
        Element::parse(&format!("<Result>{inner}</Result>")).unwrap()
    }

    fn keys(inner: &str) -> Result<Vec<String>, String> {
        items(AttachmentKind::AccessKey, &result(inner), "alice")
    }

    #[test]
    fn members_are_read_and_what_is_no_list_is_an_error() {
        let key = "<member><UserName>Alice</UserName><AccessKeyId>AKIA0</AccessKeyId></member>";
        assert_eq!(
            keys(&format!("<AccessKeyMetadata>{key}</AccessKeyMetadata>")).unwrap(),
            ["AKIA0"]
        );
        assert_eq!(keys("<AccessKeyMetadata/>").unwrap(), [""; 0]);
        for broken in [
            "",
            "<Keys/>",
            "<AccessKeyMetadata/><AccessKeyMetadata/>",
            "<AccessKeyMetadata>AKIA0</AccessKeyMetadata>",
            "<AccessKeyMetadata><AccessKeyId>AKIA0</AccessKeyId></AccessKeyMetadata>",
            "<AccessKeyMetadata><member><AccessKeyId/></member></AccessKeyMetadata>",
            "<AccessKeyMetadata><member><UserName>bob</UserName><AccessKeyId>AKIA0</AccessKeyId></member></AccessKeyMetadata>",
        ] {
            assert!(keys(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_page_says_clearly_whether_there_is_another() {
        assert_eq!(rest(&result("")), Ok(Rest::Unknown));
        assert_eq!(rest(&result("<Marker/>")), Ok(Rest::Unknown));
        assert_eq!(rest(&result("<IsTruncated>false</IsTruncated>")), Ok(Rest::None));
        let more = "<IsTruncated>true</IsTruncated><Marker>m</Marker>";
        assert_eq!(rest(&result(more)), Ok(Rest::Page("m".to_owned())));
        for unclear in [
            "<IsTruncated>true</IsTruncated>",
            "<IsTruncated>True</IsTruncated><Marker>m</Marker>",
            "<IsTruncated>1</IsTruncated>",
            "<IsTruncated/>",
            "<Marker>m</Marker>",
        ] {
            assert!(rest(&result(unclear)).is_err(), "{unclear}");
        }
    }

    #[test]
    fn a_user_and_a_login_profile_belong_to_the_name() {
        let found =
            user(&result("<User><UserName>ALICE</UserName><UserId>A1</UserId></User>"), "alice");
        assert_eq!(found, Ok(FoundUser { name: "ALICE".to_owned(), id: Some("A1".to_owned()) }));
        for broken in ["", "<User/>", "<User><UserName>bob</UserName></User>"] {
            assert!(user(&result(broken), "alice").is_err(), "{broken}");
        }
        let profile = |inner: &str| items(AttachmentKind::LoginProfile, &result(inner), "alice");
        assert!(profile("<LoginProfile><UserName>alice</UserName></LoginProfile>").is_ok());
        assert!(
            profile("").is_err()
                && profile("<LoginProfile><UserName>bob</UserName></LoginProfile>").is_err()
        );
    }
}
