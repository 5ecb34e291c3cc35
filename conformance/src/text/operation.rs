//! What stands behind the name of a call: which symbols it takes, by the tables of the model.

use iamspec_model::claim::Call;
use iamspec_model::kind::{Naming, SERVICES};
use iamspec_model::object::part::Act;
use iamspec_model::object::{Deed, user};
use iamspec_model::{
    Change, Class, Extras, Flaw, Item, Kind, Object, Operation, Part, Path, Service, Status, User,
    Verb, Which, With,
};

use super::parse::{Failure, Words};

/// Reads what stands behind a call.
type Read = fn(&mut Words<'_>) -> Result<Operation, Failure>;

/// What the words after a call mean.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Read by a function of its own.
    Own(Read),
    /// An object, or all of a class.
    Object(Class, Deed),
    /// A part of an object.
    Part(Part, Act),
    /// An attachment.
    Kind(Kind, Verb),
}

/// The calls that are in no table.
const OWN: [(&Call, Read); 11] = [
    (&user::CREATE_USER, |it| it.create_user()),
    (&user::GET_USER, |it| Ok(Operation::GetUser(it.user()?))),
    (&user::LIST_USERS, |it| Ok(Operation::ListUsers(it.path().unwrap_or_default()))),
    (&user::UPDATE_USER, |it| it.update_user()),
    (&user::DELETE_USER, |it| Ok(Operation::DeleteUser(it.user()?))),
    (&user::PUT_BOUNDARY, |it| Ok(Operation::PutBoundary(it.user()?, Item(it.number("p")?)))),
    (&user::DELETE_BOUNDARY, |it| Ok(Operation::DeleteBoundary(it.user()?))),
    (&user::CHANGE_PASSWORD, |it| Ok(Operation::ChangePassword(it.user()?))),
    (&user::LAST_USED, |it| Ok(Operation::LastUsed(it.item(Kind::AccessKey)?))),
    (&user::SUMMARY, |_| Ok(Operation::Summary)),
    (&user::DETAILS, |_| Ok(Operation::Details)),
];

impl Shape {
    pub(super) fn of(api: &str) -> Option<Self> {
        let named = |call: Option<&Call>| call.is_some_and(|call| call.api == api);
        let own = OWN.iter().find(|(call, _)| call.api == api).map(|(_, read)| Self::Own(*read));
        let object = || {
            Class::all().find_map(|class| {
                let deed = Deed::ALL.into_iter().find(|it| named(class.row().call(*it)));
                Some(Self::Object(class, deed?))
            })
        };
        let part = || {
            Part::all().find_map(|part| {
                let act = Act::ALL.into_iter().find(|it| named(part.row().call(*it)));
                Some(Self::Part(part, act?))
            })
        };
        let kind = || {
            Kind::all().find_map(|kind| {
                let verb = Verb::ALL.into_iter().find(|it| named(kind.row().call(*it)));
                Some(Self::Kind(kind, verb?))
            })
        };
        own.or_else(object).or_else(part).or_else(kind)
    }
}

impl Words<'_> {
    pub(super) fn number(&mut self, prefix: &str) -> Result<u32, Failure> {
        let word = self.word(&['=', ',', ']']);
        let number = word.strip_prefix(prefix).and_then(|digits| digits.parse().ok());
        // A symbol is a small number; the state packs it into fewer bits.
        if let Some(number) = number.filter(|it| *it < 1 << 23) {
            return Ok(number);
        }
        let found = Self::found(word);
        self.back(word, format!("expected a symbol such as `{prefix}0`, found {found}"))
    }

    /// A symbol that may be left out.
    fn optional(&mut self, prefix: &str) -> Option<u32> {
        let place = self.place;
        let number = self.number(prefix).ok();
        if number.is_none() {
            self.place = place;
        }
        number
    }

    fn user(&mut self) -> Result<User, Failure> {
        self.number("u").map(User)
    }

    fn path(&mut self) -> Option<Path> {
        let place = self.place;
        let path = self.optional("path").and_then(|it| u8::try_from(it).ok()).map(Path);
        // Ten paths are enough, and none of them is the beginning of another.
        let path = path.filter(|it| it.0 < 10);
        if path.is_none() {
            self.place = place;
        }
        path
    }

    fn create_user(&mut self) -> Result<Operation, Failure> {
        let user = self.user()?;
        let path = self.path().unwrap_or_default();
        let boundary = self.optional("p").map(Item);
        let tag = self.optional("t").map(Item);
        Ok(Operation::CreateUser(user, Extras { path, boundary, tag }))
    }

    fn update_user(&mut self) -> Result<Operation, Failure> {
        let user = self.user()?;
        let name = self.optional("u").map(User);
        Ok(Operation::UpdateUser(user, Change { name, path: self.path() }))
    }

    pub(super) fn item(&mut self, kind: Kind) -> Result<Item, Failure> {
        let row = kind.row();
        match row.naming {
            Naming::Single => Ok(Item(0)),
            Naming::Service => self.number(&format!("{}#", row.symbol)).map(Item),
            Naming::Caller => self.number(row.symbol).map(Item),
        }
    }

    pub(super) fn arguments(&mut self, shape: Shape) -> Result<Operation, Failure> {
        match shape {
            Shape::Own(read) => read(self),
            Shape::Object(class, Deed::ListAll) => Ok(Operation::ListAll(class, self.which(class))),
            Shape::Object(class, deed) => self.deed(class, deed),
            Shape::Part(part, act) => self.act(part, act),
            Shape::Kind(kind, verb) => self.verb(kind, verb),
        }
    }

    /// `UserName:too-long` behind a call: how it is put otherwise.
    pub(super) fn flaw(&mut self, sound: Operation) -> Result<Operation, Failure> {
        let place = self.place;
        let word = self.word(&[]);
        if word.is_empty() || word == "->" {
            self.place = place;
            return Ok(sound);
        }
        let user = sound.user().unwrap_or(User(0));
        let named = |flaw: &Flaw| {
            let row = flaw.row();
            (row.sound)(user) == sound
                && word.split_once(':') == Some((row.member, row.defect.name()))
        };
        if let Some(flaw) = Flaw::all().find(named) {
            return Ok(Operation::Flawed(user, flaw));
        }
        let known = Flaw::all().map(Flaw::row).filter(|row| (row.sound)(user) == sound);
        let known = known.map(|row| format!("`{}:{}`", row.member, row.defect.name()));
        let known: Vec<String> = ["`->`".to_owned()].into_iter().chain(known).collect();
        let known = known.join(", ");
        self.back(word, format!("expected {known} or the end of the line, found `{word}`"))
    }

    fn object(&mut self, class: Class) -> Result<Object, Failure> {
        Ok(Object { class, item: Item(self.number(class.row().symbol)?) })
    }

    fn deed(&mut self, class: Class, deed: Deed) -> Result<Operation, Failure> {
        let object = self.object(class)?;
        Ok(match deed {
            Deed::Create => Operation::Create(object),
            Deed::Read => Operation::Read(object),
            Deed::ListAll => Operation::ListAll(class, Which::All),
            Deed::Rename => Operation::Rename(object, self.optional(class.row().symbol).map(Item)),
            Deed::Holders => Operation::Holders(object),
            Deed::Delete => Operation::Delete(object),
        })
    }

    fn which(&mut self, class: Class) -> Which {
        let place = self.place;
        let word = self.word(&[]);
        let which = [Which::Held, Which::Free].into_iter();
        which.into_iter().find(|it| which_word(class, *it) == Some(word)).unwrap_or_else(|| {
            self.place = place;
            Which::All
        })
    }

    fn act(&mut self, part: Part, act: Act) -> Result<Operation, Failure> {
        let object = self.object(part.row().of)?;
        if act == Act::List {
            return Ok(Operation::Parts(object, part));
        }
        if act == Act::Add && part == Part::Version {
            return Ok(Operation::Add(object, part, Item::default()));
        }
        let item = Item(self.number(part.row().symbol)?);
        Ok(act.on(object, part, item))
    }

    fn verb(&mut self, kind: Kind, verb: Verb) -> Result<Operation, Failure> {
        let user = self.user()?;
        match verb {
            Verb::List => Ok(Operation::List(user, kind)),
            Verb::Attach if kind.row().naming == Naming::Service => self.issue(user, kind),
            Verb::Attach => Ok(Operation::Attach(user, kind, self.item(kind)?)),
            Verb::Renew => Ok(Operation::Renew(user, kind, self.item(kind)?)),
            Verb::Get => Ok(Operation::Get(user, kind, self.item(kind)?)),
            Verb::Detach => Ok(Operation::Detach(user, kind, self.item(kind)?)),
            Verb::SetStatus => {
                let item = self.item(kind)?;
                Ok(Operation::SetStatus(user, kind, item, self.status()?))
            }
        }
    }

    fn issue(&mut self, user: User, kind: Kind) -> Result<Operation, Failure> {
        let item = self.item(kind)?;
        let with = if kind.row().services {
            let service = self.number("s")?;
            match u8::try_from(service) {
                Ok(service) if service < SERVICES => With::Service(Service(service)),
                _ => return self.fail("expected a service, `s0` or `s1`"),
            }
        } else if kind.row().bodies && self.rest().starts_with('=') {
            self.place += 1;
            With::BodyOf(self.item(kind)?)
        } else {
            With::Nothing
        };
        Ok(Operation::Issue(user, kind, item, with))
    }

    pub(super) fn status(&mut self) -> Result<Status, Failure> {
        match self.word(&[',', ']']) {
            "Active" => Ok(Status::Active),
            "Inactive" => Ok(Status::Inactive),
            word => {
                let found = Self::found(word);
                self.back(word, format!("expected `Active` or `Inactive`, found {found}"))
            }
        }
    }
}

/// AWS's word for a choice among the objects of a class, where it has one.
pub(super) const fn which_word(class: Class, which: Which) -> Option<&'static str> {
    match (class, which) {
        (Class::Policy, Which::Held) => Some("OnlyAttached"),
        (Class::Device, Which::Held) => Some("Assigned"),
        (Class::Device, Which::Free) => Some("Unassigned"),
        _ => None,
    }
}
