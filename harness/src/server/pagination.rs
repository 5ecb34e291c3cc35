//! Pages of listings. A listing is answered whole, in the order of its names, and cut here, whatever
//! call it is: an answer that says `IsTruncated` is a listing.
//!
//! Of a listing of everything, what its page needs. An account may hold many thousands.

use data_encoding::BASE64URL_NOPAD;
use iamspec_conformance::{Deviation, Listing};
use iamspec_model::evidence::{D_012, D_013, D_014};
use iamspec_model::{Entity, Listed, Operation, ResourceKind, Status, User};

use crate::server::fault_injection::BadPage;
use crate::server::parse::{ParsedForm, Refusal};
use crate::server::store::Store;
use crate::wire::attachments::ATTACHMENTS;
use crate::wire::xml_write::{Node, text};

/// How many a page shows where the request does not say (E-009).
const SIZE: usize = 100;

/// What an odd marker begins with.
const ODD: &str = "&+=% /\u{e9};";

/// The elements that name a member of a listing and give the members their order: first those of
/// the attachment kinds, then those of users, roles and policies. If a member has none of these,
/// its text is its name.
fn name_elements() -> impl Iterator<Item = &'static str> {
    let of_kinds = ATTACHMENTS.iter().filter_map(|row| row.listing?.name);
    of_kinds.chain(["PolicyId", "RoleName", "UserName"])
}

/// The page that a request asks for.
pub(crate) struct Page<'a> {
    action: &'a str,
    size: usize,
    after: Option<PageStart>,
    wrong: Option<Deviation>,
    bad: Option<BadPage>,
}

/// A place in a listing, or in several that share their pages: the list, then the name without case
/// (E-010), versions newest first. It stays where it is when what stood there is deleted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PageStart {
    list: usize,
    order: String,
    name: String,
}

impl<'a> Page<'a> {
    /// Read before anything is looked for (D-016); other calls than listings have one page.
    pub(crate) fn asked(form: &'a ParsedForm) -> Result<Self, Refusal> {
        let action = form.get("Action").unwrap_or_default();
        let mut page = Self { action, size: SIZE, after: None, wrong: None, bad: None };
        if !has_pages(action) {
            return Ok(page);
        }
        if let Some(size) = form.get("MaxItems") {
            page.size = read_size(size)?;
        }
        if let Some(marker) = form.get("Marker") {
            let after = page.place_of(marker);
            page.after = Some(after.ok_or(Refusal::As(D_014, D_014.message.map(str::to_owned)))?);
        }
        Ok(page)
    }

    /// The same, with what is wrong about it.
    pub(crate) fn with(self, wrong: Option<Deviation>, bad: Option<BadPage>) -> Self {
        Self { wrong, bad, ..self }
    }

    /// Leaves of a whole listing what this page shows, with the marker of the next if there is one
    /// (E-007).
    pub(crate) fn cut(&self, mut result: Vec<Node>) -> Vec<Node> {
        let Some(flag) = result.iter().position(|it| it.is("IsTruncated")) else { return result };
        let (mut last, mut next, mut truncated) = (None, None, false);
        let mut room = self.size + usize::from(self.repeats() && self.after.is_some());
        if self.bad == Some(BadPage::Empty) {
            room = 0;
            // Before whatever comes next, and another place than the last.
            let (at, name) = self.after.as_ref().map_or((0, ""), |it| (it.list, &it.name));
            last = Some(PageStart::new(at, format!("{name}\0")));
        }
        let lists = result.iter_mut().filter_map(Node::members_mut);
        for (list, members) in lists.enumerate() {
            members.sort_by_cached_key(|member| PageStart::of(list, member));
            members.retain(|member| self.shows(&PageStart::of(list, member)));
            truncated |= members.len() > room;
            next = next.or_else(|| members.get(room).map(|it| PageStart::of(list, it)));
            members.truncate(room);
            room -= members.len();
            last = members.last().map(|member| PageStart::of(list, member)).or(last);
        }
        let until = match (self.wrong, self.bad) {
            (Some(Deviation::LosesPage), _) => next,
            (_, Some(BadPage::SameMarker)) => self.after.clone().or(last),
            _ => last,
        };
        if let Some(until) = until.filter(|_| truncated) {
            let marker = self.marker(&until);
            result.splice(flag..=flag, [text("IsTruncated", "true"), text("Marker", marker)]);
        }
        result
    }

    /// Whether a single list of so many is no longer than its page.
    pub(crate) const fn holds(&self, many: usize) -> bool {
        many <= self.size
    }

    /// Of a single list, given as names, no more than [`Self::cut`] needs to make this page of it, so
    /// that a long listing need not be written out for every page.
    pub(crate) fn needs<T>(&self, names: impl Iterator<Item = (T, String)>) -> Vec<T> {
        let placed = names.map(|(it, name)| (PageStart::new(0, name), it));
        let mut left: Vec<_> = placed.filter(|(place, _)| self.shows(place)).collect();
        let (_, most) = self.span();
        if left.len() > most {
            left.select_nth_unstable_by(most, |(a, _), (b, _)| a.cmp(b));
            left.truncate(most);
        }
        left.into_iter().map(|(_, it)| it).collect()
    }

    /// The same of a list that is kept in its order: from which name on, and how many. Beside those
    /// of the page there is the one after which it comes, and one that tells of another page.
    pub(crate) fn span(&self) -> (&str, usize) {
        (self.after.as_ref().map_or("", |it| &it.order), self.size + 2)
    }

    fn repeats(&self) -> bool {
        self.wrong == Some(Deviation::RepeatsPage)
    }

    /// What comes after the last that was shown.
    fn shows(&self, place: &PageStart) -> bool {
        self.after.as_ref() < Some(place) || self.repeats() && self.after.as_ref() == Some(place)
    }

    /// A marker serves the call that gave it.
    fn marker(&self, place: &PageStart) -> String {
        let plain = format!("{} {} {}", self.action, place.list, place.name);
        let odd = if self.bad == Some(BadPage::OddMarker) { ODD } else { "" };
        format!("{odd}{}", BASE64URL_NOPAD.encode(plain.as_bytes()))
    }

    fn place_of(&self, marker: &str) -> Option<PageStart> {
        let marker = marker.strip_prefix(ODD).unwrap_or(marker);
        let plain = BASE64URL_NOPAD.decode(marker.as_bytes()).ok()?;
        let plain = String::from_utf8(plain).ok()?;
        let (list, name) = plain.strip_prefix(self.action)?.strip_prefix(' ')?.split_once(' ')?;
        Some(PageStart::new(list.parse().ok()?, name.to_owned()))
    }
}

/// The calls that take `MaxItems` and `Marker` (D-023).
pub(crate) fn has_pages(action: &str) -> bool {
    action.starts_with("List") || ["GetGroup", "GetAccountAuthorizationDetails"].contains(&action)
}

/// From 1 to 1000 (E-009); the texts are the two that D-012 gives.
fn read_size(written: &str) -> Result<usize, Refusal> {
    let number: i32 = written.parse().map_err(|_| Refusal::As(D_013, None))?;
    let wrong = |which| Err(Refusal::As(D_012, D_012.message.map(|it| alternative(it, which))));
    match usize::try_from(number) {
        Ok(0) | Err(_) => wrong(0),
        Ok(size) if size > 1000 => wrong(1),
        Ok(size) => Ok(size),
    }
}

/// A text with one of the wordings that it gives in braces.
fn alternative(text: &str, which: usize) -> String {
    let parts =
        text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    parts.map_or(text.to_owned(), |(before, (words, after))| {
        format!("{before}{}{after}", words.split('|').nth(which).unwrap_or_default())
    })
}

impl PageStart {
    fn of(list: usize, member: &Node) -> Self {
        let name = name_elements().find_map(|name| member.text_of(name)).or(member.own_text());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml_write::node;

    fn form(members: &[(&str, &str)]) -> ParsedForm {
        ParsedForm::new(
            members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn cut(asked: &[(&str, &str)], whole: Vec<Node>) -> Vec<Node> {
        Page::asked(&form(asked)).ok().unwrap().cut(whole)
    }

    fn listing(list: &str, element: &str, names: &[&str]) -> Node {
        node(list, names.iter().map(|it| node("member", vec![text(element, *it)])).collect())
    }

    /// The names that the lists of a page show.
    fn names(page: &mut [Node]) -> Vec<String> {
        let members = page.iter_mut().filter_map(|it| it.members_mut().map(std::mem::take));
        members.flatten().map(|it| PageStart::of(0, &it).name).collect()
    }

    /// What the pages of one member show, page by page.
    fn one_by_one(action: &str, whole: impl Fn() -> Vec<Node>) -> Vec<Vec<String>> {
        let (mut shown, mut marker) = (Vec::new(), None);
        loop {
            let mut asked = vec![("Action", action), ("MaxItems", "1")];
            asked.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let mut page = cut(&asked, whole());
            let next = page.iter().find(|it| it.is("Marker")).and_then(Node::own_text);
            marker = next.map(str::to_owned);
            shown.push(names(&mut page));
            if marker.is_none() {
                return shown;
            }
            assert!(shown.len() < 10, "the pages have no end");
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
        assert_eq!(one_by_one("ListEntitiesForPolicy", whole), [["a"], ["B"], ["a"]]);
    }

    #[test]
    fn a_structure_beside_a_list_stands_on_every_page() {
        let whole = || {
            let group = node("Group", vec![text("GroupName", "g")]);
            vec![group, listing("Users", "UserName", &["b", "a"]), text("IsTruncated", "false")]
        };
        assert_eq!(one_by_one("GetGroup", whole), [["a"], ["b"]]);
        let page = cut(&[("Action", "GetGroup"), ("MaxItems", "1")], whole());
        assert_eq!(page.first().and_then(|it| it.text_of("GroupName")), Some("g"));
    }

    #[test]
    fn versions_stand_newest_first() {
        let versions = listing("Versions", "VersionId", &["v9", "v10", "v2"]);
        let page = cut(
            &[("Action", "ListPolicyVersions"), ("MaxItems", "2")],
            vec![versions, text("IsTruncated", "false")],
        );
        let mut listed = page.into_iter().next().unwrap();
        let shown = listed.members_mut().unwrap();
        assert_eq!(
            shown.iter().filter_map(|it| it.text_of("VersionId")).collect::<Vec<_>>(),
            ["v10", "v9"]
        );
    }

    #[test]
    fn a_call_that_lists_nothing_does_not_look_at_its_pages() {
        let asked = form(&[("Action", "GetUser"), ("MaxItems", "0"), ("Marker", "*")]);
        assert!(Page::asked(&asked).is_ok());
    }

    #[test]
    fn a_marker_serves_the_call_that_gave_it() {
        let asked = form(&[("Action", "ListUsers")]);
        let marker = Page::asked(&asked).ok().unwrap().marker(&PageStart::new(0, "bob".to_owned()));
        let with = |action| Page::asked(&form(&[("Action", action), ("Marker", &marker)])).is_ok();
        assert!(with("ListUsers"));
        assert!(!with("ListGroups"));
    }
}

/// What the page shows of what could be shown, in the order that it was in; the whole where that is
/// no listing of users, groups, policies or devices.
pub(crate) fn narrowed(
    op: &Operation,
    mut shown: Listing,
    page: &Page<'_>,
    registry: &Store,
) -> Listing {
    if page.holds(shown.items.len()) {
        return shown;
    }
    match op {
        Operation::ListUsers(_) => {
            let (from, most) = page.span();
            let of = |(_, user): (&String, &User)| (Entity::User(*user), Status::Active);
            let users = registry.users.range(from.to_owned()..).map(of);
            let could_be = |it: &Listed| shown.items.binary_search(it).is_ok();
            shown.items = users.filter(could_be).take(most).collect();
        }
        Operation::ListAll(..) => {
            let named =
                |seen: Listed| (seen, name(seen.0, registry).unwrap_or_default().to_owned());
            shown.items = page.needs(shown.items.iter().copied().map(named));
        }
        _ => return shown,
    }
    shown.items.sort_unstable();
    shown
}

/// What gives a member its place among the others: see the names in `page.rs`.
fn name(thing: Entity, registry: &Store) -> Option<&str> {
    Some(match thing {
        Entity::Object(object) => {
            let record = registry.object_records.get(&object)?;
            match object.class {
                ResourceKind::Group => &record.name,
                ResourceKind::Policy => &record.other,
                ResourceKind::Device => &record.id,
            }
        }
        _ => return None,
    })
}
