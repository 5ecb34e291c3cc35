//! What an answer shows, in symbols.

use iamspec_conformance::Shown;
use iamspec_model::{
    Class, Extras, Item, Kind, Object, Operation, Part, Path, Status, Thing, User,
};

use super::Element;
use crate::names::Names;
use crate::wire;

/// What a missing element is called.
type Missing = &'static str;

/// What the answer shows, where the model says that it shows something.
pub(super) fn read(
    op: &Operation,
    result: &Element,
    names: &Names,
) -> Result<Option<Shown>, Missing> {
    let mut seen = Reader { names, shown: Shown::default() };
    match *op {
        Operation::List(_, kind) => {
            let Some(listing) = wire::listing(kind) else { return Ok(None) };
            seen.items(kind, listing, result)?;
        }
        Operation::Renew(_, Kind::LoginProfile | Kind::MfaDevice, _) => return Ok(None),
        Operation::Get(_, kind, _) | Operation::Renew(_, kind, _) => {
            let read = match wire::structure(kind) {
                Some(structure) => result.child(structure).ok_or(structure)?,
                None => result,
            };
            let member = kind.row().member;
            seen.item(kind, read.text_of(member).ok_or(member)?, read)?;
        }
        _ => {
            if !seen.view(op, result)? {
                return Ok(None);
            }
        }
    }
    seen.shown.items.sort_unstable();
    Ok(Some(seen.shown))
}

struct Reader<'a> {
    names: &'a Names,
    shown: Shown,
}

impl Reader<'_> {
    /// What is no attachment; whether anything is shown.
    fn view(&mut self, op: &Operation, result: &Element) -> Result<bool, Missing> {
        match *op {
            Operation::CreateUser(_, extras) if extras == Extras::default() => return Ok(false),
            Operation::CreateUser(..) | Operation::GetUser(_) => {
                self.user(result.child("User").ok_or("User")?)?;
            }
            Operation::LastUsed(_) => {
                self.named_user(result.text_of("UserName").ok_or("UserName")?);
            }
            Operation::ListUsers(_) => self.users(result, "Users", true)?,
            Operation::Details => self.users(result, "UserDetailList", true)?,
            Operation::Read(Object { class: Class::Group, .. }) => {
                self.users(result, "Users", false)?;
            }
            Operation::ListAll(class, _) => self.objects(class, result)?,
            Operation::Holders(_) => {
                self.users(result, "PolicyUsers", false)?;
                self.groups(result)?;
            }
            Operation::Add(_, Part::Version, _) | Operation::Part(_, Part::Version, _) => {
                self.version(result.child("PolicyVersion").ok_or("PolicyVersion")?)?;
            }
            Operation::Part(_, Part::InlinePolicy, _) => {
                let name = result.text_of("PolicyName").ok_or("PolicyName")?;
                self.item(Kind::InlinePolicy, name, result)?;
            }
            Operation::Parts(_, part) => self.parts(part, result)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// One thing by its symbol, or by the name that has none.
    fn show(&mut self, thing: Option<Thing>, status: Status, name: &str) {
        match thing {
            Some(thing) => self.shown.items.push((thing, status)),
            None => self.shown.strangers.push(name.to_owned()),
        }
    }

    fn item(&mut self, kind: Kind, name: &str, element: &Element) -> Result<(), Missing> {
        let thing = self.names.symbol(kind, name).map(|item| Thing::of(kind, item));
        self.show(thing, status(kind, element)?, name);
        Ok(())
    }

    fn items(&mut self, kind: Kind, listing: wire::Listing, from: &Element) -> Result<(), Missing> {
        for member in &from.child(listing.list).ok_or(listing.list)?.children {
            let name = listing.name.map_or(Some(member.text.trim()), |it| member.text_of(it));
            self.item(kind, name.ok_or(listing.name.unwrap_or("member"))?, member)?;
        }
        Ok(())
    }

    /// The path where it is not the root, the permissions boundary and the tags of a user.
    fn user(&mut self, user: &Element) -> Result<(), Missing> {
        let path = user.text_of("Path").ok_or("Path")?;
        if path != self.names.path(Path::default()) {
            let known = (1..10).map(Path).find(|it| self.names.path(*it) == path);
            self.show(known.map(Thing::Path), Status::Active, path);
        }
        if let Some(boundary) = user.child("PermissionsBoundary") {
            let arn = boundary.text_of("PermissionsBoundaryArn").ok_or("PermissionsBoundaryArn")?;
            self.item(Kind::ManagedPolicy, arn, boundary)?;
        }
        for tag in user.child("Tags").map(|it| it.children.as_slice()).unwrap_or_default() {
            self.item(Kind::Tag, tag.text_of("Key").ok_or("Key")?, tag)?;
        }
        Ok(())
    }

    fn named_user(&mut self, name: &str) {
        let user = self.names.number("u", name).map(User).map(Thing::User);
        self.show(user, Status::Active, name);
    }

    /// Users by name. Where all of the account are listed, other people's are passed over.
    fn users(&mut self, from: &Element, list: Missing, all: bool) -> Result<(), Missing> {
        for member in &from.child(list).ok_or(list)?.children {
            let name = member.text_of("UserName").ok_or("UserName")?;
            if !all || self.names.number("u", name).is_some() {
                self.named_user(name);
            }
        }
        Ok(())
    }

    /// All objects of a class; other people's are passed over.
    fn objects(&mut self, class: Class, from: &Element) -> Result<(), Missing> {
        let (list, name) = wire::objects(class);
        for member in &from.child(list).ok_or(list)?.children {
            let name = member.text_of(name).ok_or(name)?;
            if let Some(number) = self.names.number(class.row().symbol, name) {
                let object = Object { class, item: Item(number) };
                self.show(Some(Thing::Object(object)), Status::Active, name);
            }
        }
        Ok(())
    }

    fn groups(&mut self, from: &Element) -> Result<(), Missing> {
        for member in &from.child("PolicyGroups").ok_or("PolicyGroups")?.children {
            let name = member.text_of("GroupName").ok_or("GroupName")?;
            self.item(Kind::GroupMembership, name, member)?;
        }
        Ok(())
    }

    fn parts(&mut self, part: Part, from: &Element) -> Result<(), Missing> {
        let kind = match part {
            Part::InlinePolicy => Kind::InlinePolicy,
            Part::AttachedPolicy => Kind::ManagedPolicy,
            Part::Version => {
                let versions = &from.child("Versions").ok_or("Versions")?.children;
                return versions.iter().try_for_each(|version| self.version(version));
            }
        };
        wire::listing(kind).map_or(Ok(()), |listing| self.items(kind, listing, from))
    }

    fn version(&mut self, version: &Element) -> Result<(), Missing> {
        let id = version.text_of("VersionId").ok_or("VersionId")?;
        let default = version.text_of("IsDefaultVersion") == Some("true");
        let number = id.strip_prefix('v').and_then(|it| it.parse().ok());
        self.show(number.map(|number| Thing::Version { number, default }), Status::Active, id);
        Ok(())
    }
}

fn status(kind: Kind, element: &Element) -> Result<Status, Missing> {
    match element.text_of("Status") {
        _ if !kind.row().statuses => Ok(Status::Active),
        Some("Active") => Ok(Status::Active),
        Some("Inactive") => Ok(Status::Inactive),
        _ => Err("Status that is Active or Inactive"),
    }
}
