//! Pagination: cuts a whole listing into the page that a request asks for.
//!
//! The responses build a listing in full, sorted by name; [`Page::cut`] keeps one page of it, for
//! any action whose result has `IsTruncated`. For large accounts, [`prefetch`] first drops the
//! entries that the page cannot contain.

use data_encoding::BASE64URL_NOPAD;
use iamspec_conformance::reference::form_fault::FormFault;
use iamspec_conformance::{Deviation, Listing};
use iamspec_model::evidence::{D_012, D_013, D_014};
use iamspec_model::{Entity, Listed, Operation, ResourceKind, Status, User};

use crate::server::fault_injection::PageFault;
use crate::server::outside_model::empty_listings;
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::store::Store;
use crate::wire::attachments::ATTACHMENTS;
use crate::wire::xml_write::{Node, text};

/// The default size of a page (E-009).
const DEFAULT_SIZE: usize = 100;

/// The prefix of a marker that a fault makes hard to encode.
const ODD_PREFIX: &str = "&+=% /\u{e9};";

/// The elements that identify a member of a listing and define its order: first those of the
/// attachment kinds, then those of policies, roles and users. A member without any of these is
/// identified by its text.
fn key_elements() -> impl Iterator<Item = &'static str> {
    let of_kinds = ATTACHMENTS.iter().filter_map(|row| row.listing?.name);
    of_kinds.chain(["PolicyId", "RoleName", "UserName"])
}

/// The page that a request asks for.
pub(super) struct Page<'a> {
    action: &'a str,
    size: usize,
    /// The last entry of the previous page.
    after: Option<ListingPosition>,
    deviation: Option<Deviation>,
    fault: Option<PageFault>,
}

/// A position in a listing, or in several lists that share their pages. Positions sort by list,
/// then by name without case (E-010), versions newest first. A position survives the deletion of
/// its entry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ListingPosition {
    list: usize,
    order: String,
    name: String,
}

impl<'a> Page<'a> {
    /// Reads `MaxItems` and `Marker`, before any lookup (D-016). Actions without pages ignore both.
    pub(super) fn requested(form: &'a ParsedForm) -> Result<Self, RequestError> {
        let action = form.action();
        let mut page =
            Self { action, size: DEFAULT_SIZE, after: None, deviation: None, fault: None };
        if !has_pages(action) {
            return Ok(page);
        }
        if let Some(size) = form.get("MaxItems") {
            page.size = parse_size(size)?;
        }
        if let Some(marker) = form.get("Marker") {
            let error = || RequestError::Fact(D_014, D_014.message.map(str::to_owned));
            page.after = Some(page.parse_marker(marker).ok_or_else(error)?);
        }
        Ok(page)
    }

    /// Adds the deviation of a mutant and an injected fault.
    pub(super) fn with_deviations(
        self,
        deviation: Option<Deviation>,
        fault: Option<PageFault>,
    ) -> Self {
        let ignores_size =
            matches!(deviation, Some(Deviation::WrongForm(_, FormFault::IgnoresMaxItems)));
        let size = if ignores_size { DEFAULT_SIZE } else { self.size };
        Self { size, deviation, fault, ..self }
    }

    /// Reduces a whole listing to this page, and adds the marker of the next page if there is one
    /// (E-007). A result without `IsTruncated` stays as it is.
    pub(super) fn cut(&self, mut result: Vec<Node>) -> Vec<Node> {
        let Some(flag) = result.iter().position(|node| node.is("IsTruncated")) else {
            return result;
        };
        let (mut last, mut next, mut truncated) = (None, None, false);
        let mut room = self.size + usize::from(self.repeats() && self.after.is_some());
        if self.fault == Some(PageFault::Empty) {
            room = 0;
            // A position before the next entry that differs from the last one.
            let (index, entry) =
                self.after.as_ref().map_or((0, ""), |start| (start.list, &start.name));
            last = Some(ListingPosition::new(index, format!("{entry}\0")));
        }
        let lists = result.iter_mut().filter_map(Node::members_mut);
        for (list, members) in lists.enumerate() {
            members.sort_by_cached_key(|member| ListingPosition::of(list, member));
            members.retain(|member| self.may_show(&ListingPosition::of(list, member)));
            truncated |= members.len() > room;
            next = next.or_else(|| members.get(room).map(|it| ListingPosition::of(list, it)));
            members.truncate(room);
            room -= members.len();
            last = members.last().map(|member| ListingPosition::of(list, member)).or(last);
        }
        let end = match (self.deviation, self.fault) {
            (Some(Deviation::LosesPage), _) => next,
            (_, Some(PageFault::SameMarker)) => self.after.clone().or(last),
            _ => last,
        };
        if let Some(end) = end.filter(|_| truncated) {
            let marker = self.marker(&end);
            result.splice(flag..=flag, [text("IsTruncated", "true"), text("Marker", marker)]);
        }
        result
    }

    /// The entries of one unsorted list that [`Self::cut`] needs for this page.
    fn needed<T>(&self, names: impl Iterator<Item = (T, String)>) -> Vec<T> {
        let positions = names.map(|(entry, name)| (ListingPosition::new(0, name), entry));
        let mut needed: Vec<_> = positions.filter(|(at, _)| self.may_show(at)).collect();
        let (_, most) = self.range();
        if needed.len() > most {
            needed.select_nth_unstable_by(most, |(a, _), (b, _)| a.cmp(b));
            needed.truncate(most);
        }
        needed.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The entries of one sorted list that [`Self::cut`] needs: the first name, and the number of
    /// entries. Beyond the page, these are the last entry of the previous page and one of the next.
    fn range(&self) -> (&str, usize) {
        (self.after.as_ref().map_or("", |after| &after.order), self.size + 2)
    }

    fn repeats(&self) -> bool {
        self.deviation == Some(Deviation::RepeatsPage)
    }

    /// Returns true if the position comes after the previous page.
    fn may_show(&self, at: &ListingPosition) -> bool {
        self.after.as_ref() < Some(at) || self.repeats() && self.after.as_ref() == Some(at)
    }

    /// A marker contains its action, and is valid for that action only.
    fn marker(&self, at: &ListingPosition) -> String {
        let plain = format!("{} {} {}", self.action, at.list, at.name);
        let prefix = if self.fault == Some(PageFault::OddMarker) { ODD_PREFIX } else { "" };
        format!("{prefix}{}", BASE64URL_NOPAD.encode(plain.as_bytes()))
    }

    fn parse_marker(&self, marker: &str) -> Option<ListingPosition> {
        let marker = marker.strip_prefix(ODD_PREFIX).unwrap_or(marker);
        let plain = BASE64URL_NOPAD.decode(marker.as_bytes()).ok()?;
        let plain = String::from_utf8(plain).ok()?;
        let (list, name) = plain.strip_prefix(self.action)?.strip_prefix(' ')?.split_once(' ')?;
        Some(ListingPosition::new(list.parse().ok()?, name.to_owned()))
    }
}

/// Returns true if the action takes `MaxItems` and `Marker` (D-023).
pub(super) fn has_pages(action: &str) -> bool {
    action.starts_with("List") && !empty_listings::is_without_pages(action)
        || ["GetGroup", "GetAccountAuthorizationDetails"].contains(&action)
}

/// Parses a page size from 1 to 1000 (E-009). D-012 has one message for each bound.
fn parse_size(text: &str) -> Result<usize, RequestError> {
    let number: i32 = text.parse().map_err(|_| RequestError::Fact(D_013, None))?;
    let error = |bound| {
        let message = D_012.message.map(|template| alternative(template, bound));
        Err(RequestError::Fact(D_012, message))
    };
    match usize::try_from(number) {
        Ok(0) | Err(_) => error(0),
        Ok(size) if size > 1000 => error(1),
        Ok(size) => Ok(size),
    }
}

/// Selects one alternative of a template such as `a {b|c} d`.
fn alternative(template: &str, index: usize) -> String {
    let parts =
        template.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    parts.map_or(template.to_owned(), |(before, (alternatives, after))| {
        format!("{before}{}{after}", alternatives.split('|').nth(index).unwrap_or_default())
    })
}

impl ListingPosition {
    fn of(list: usize, member: &Node) -> Self {
        let name = key_elements().find_map(|key| member.text_of(key)).or(member.own_text());
        let newest_first = |version: &str| {
            let number: Option<u32> = version.strip_prefix('v').and_then(|it| it.parse().ok());
            number.map(|it| format!("{:010}", u32::MAX - it))
        };
        let name = member.text_of("VersionId").and_then(newest_first).or(name.map(str::to_owned));
        Self::new(list, name.unwrap_or_default())
    }

    fn new(list: usize, name: String) -> Self {
        Self { list, order: name.to_lowercase(), name }
    }
}

/// Drops the entries of a listing of the whole account that [`Page::cut`] does not need for this
/// page, so that a large account is not written out for each page. Other listings stay as they are.
pub(super) fn prefetch(
    op: &Operation,
    mut listing: Listing,
    page: &Page<'_>,
    store: &Store,
) -> Listing {
    if listing.items.len() <= page.size {
        return listing;
    }
    match op {
        Operation::ListUsers(_) => {
            let (first, most) = page.range();
            let entry = |(_, user): (&String, &User)| (Entity::User(*user), Status::Active);
            let users = store.users.range(first.to_owned()..).map(entry);
            let is_listed = |entry: &Listed| listing.items.binary_search(entry).is_ok();
            listing.items = users.filter(is_listed).take(most).collect();
        }
        Operation::ListResources(..) => {
            let with_key =
                |entry: Listed| (entry, key(entry.0, store).unwrap_or_default().to_owned());
            listing.items = page.needed(listing.items.iter().copied().map(with_key));
        }
        _ => return listing,
    }
    listing.items.sort_unstable();
    listing
}

/// The text by which [`key_elements`] identify and sort an entity.
fn key(entity: Entity, store: &Store) -> Option<&str> {
    let Entity::Resource(resource) = entity else { return None };
    let record = store.resource_records.get(&resource)?;
    Some(match resource.kind {
        ResourceKind::Group => &record.name,
        ResourceKind::Policy => &record.alternate_id,
        ResourceKind::Device => &record.id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml_write::node;

    fn form(members: &[(&str, &str)]) -> ParsedForm {
        ParsedForm::new(
            members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn cut(members: &[(&str, &str)], whole: Vec<Node>) -> Vec<Node> {
        Page::requested(&form(members)).ok().unwrap().cut(whole)
    }

    fn listing(list: &str, element: &str, names: &[&str]) -> Node {
        node(list, names.iter().map(|it| node("member", vec![text(element, *it)])).collect())
    }

    /// The names of the entries of a page.
    fn names(page: &mut [Node]) -> Vec<String> {
        let members = page.iter_mut().filter_map(|it| it.members_mut().map(std::mem::take));
        members.flatten().map(|it| ListingPosition::of(0, &it).name).collect()
    }

    /// The names on each page, with pages of one entry.
    fn single_entry_pages(action: &str, whole: impl Fn() -> Vec<Node>) -> Vec<Vec<String>> {
        let (mut pages, mut marker) = (Vec::new(), None);
        loop {
            let mut members = vec![("Action", action), ("MaxItems", "1")];
            members.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let mut page = cut(&members, whole());
            let next = page.iter().find(|it| it.is("Marker")).and_then(Node::own_text);
            marker = next.map(str::to_owned);
            pages.push(names(&mut page));
            if marker.is_none() {
                return pages;
            }
            assert!(pages.len() < 10, "the listing never ends");
        }
    }

    #[test]
    fn several_lists_share_their_pages() {
        let whole = || {
            vec![
                listing("PolicyGroups", "GroupName", &["B", "a"]),
                node("PolicyRoles", Vec::new()),
                listing("PolicyUsers", "UserName", &["a"]),
                text("IsTruncated", "false"),
            ]
        };
        assert_eq!(single_entry_pages("ListEntitiesForPolicy", whole), [["a"], ["B"], ["a"]]);
    }

    #[test]
    fn a_structure_beside_a_list_is_on_every_page() {
        let whole = || {
            let group = node("Group", vec![text("GroupName", "g")]);
            vec![group, listing("Users", "UserName", &["b", "a"]), text("IsTruncated", "false")]
        };
        assert_eq!(single_entry_pages("GetGroup", whole), [["a"], ["b"]]);
        let page = cut(&[("Action", "GetGroup"), ("MaxItems", "1")], whole());
        assert_eq!(page.first().and_then(|it| it.text_of("GroupName")), Some("g"));
    }

    #[test]
    fn versions_are_listed_newest_first() {
        let versions = listing("Versions", "VersionId", &["v9", "v10", "v2"]);
        let page = cut(
            &[("Action", "ListPolicyVersions"), ("MaxItems", "2")],
            vec![versions, text("IsTruncated", "false")],
        );
        let mut listed = page.into_iter().next().unwrap();
        let versions = listed.members_mut().unwrap();
        assert_eq!(
            versions.iter().filter_map(|it| it.text_of("VersionId")).collect::<Vec<_>>(),
            ["v10", "v9"]
        );
    }

    #[test]
    fn an_action_without_pages_ignores_page_members() {
        let form = form(&[("Action", "GetUser"), ("MaxItems", "0"), ("Marker", "*")]);
        assert!(Page::requested(&form).is_ok());
    }

    #[test]
    fn a_marker_is_valid_for_its_own_action_only() {
        let first = form(&[("Action", "ListUsers")]);
        let marker = Page::requested(&first)
            .ok()
            .unwrap()
            .marker(&ListingPosition::new(0, "bob".to_owned()));
        let accepts =
            |action| Page::requested(&form(&[("Action", action), ("Marker", &marker)])).is_ok();
        assert!(accepts("ListUsers"));
        assert!(!accepts("ListGroups"));
    }
}
