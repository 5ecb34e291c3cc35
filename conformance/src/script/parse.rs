//! Scripts and histories as text, for people.
//!
//! ```text
//! # Membership of a group stands in the way of deletion; leaving the group clears it.
//! CreateGroup g0
//! CreateUser u0
//! AddUserToGroup u0 g0
//! DeleteUser u0                    -> 409 DeleteConflict
//! ```
//!
//! A line is a call by AWS's name, its symbols, and after `->` what is answered: `200`, `200` with
//! a listing in brackets, or a status, a code and a text in quotes. `#` begins a comment.
//!
//! From text to scripts. Every error says where, what was expected, and what came.
//!
//! What stands behind the name of a call: which symbols it takes, by the tables of the model.
//!
//! From text to answers: what stands behind `->`.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::{calls, resources};
use iamspec_model::{
    Action, AttachmentAction, AttachmentKind, CreateUserOptions, Entity, Filter, InvalidRequest,
    IssueOptions, Item, Operation, Path, Resource, ResourceAction, ResourceKind, SERVICES, Service,
    Status, SubResource, SubResourceAction, User, UserChange,
};

use crate::response::{Failure, FailureKind, Listing, Response};
use crate::script::pattern::suggestion;
use crate::script::{Script, Step};

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What was expected and what came.
    pub message: String,
}

/// Reads a script.
///
/// # Errors
/// The first line that is not a call of this model, with its place.
pub fn parse(name: &str, text: &str) -> Result<Script, ParseError> {
    let mut script = Script { name: name.to_owned(), idea: String::new(), steps: Vec::new() };
    let mut bound = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let at = |(column, message): WordError| ParseError { line: index + 1, column, message };
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            if script.idea.is_empty() {
                comment.trim().clone_into(&mut script.idea);
            }
        } else if !line.trim().is_empty() {
            let mut words = Words { line, place: 0 };
            let step = words.step().map_err(at)?;
            binds_anew(&step.operation, &mut bound).map_err(|message| at((1, message)))?;
            script.steps.push(step);
        }
    }
    if script.steps.is_empty() {
        return Err(ParseError {
            line: 1,
            column: 1,
            message: "expected a call such as `CreateUser u0`, found none".to_owned(),
        });
    }
    Ok(script)
}

/// A symbol that the service's answer gives a meaning is given it once.
fn binds_anew(op: &Operation, bound: &mut Vec<(AttachmentKind, Item)>) -> Result<(), String> {
    if let Operation::Issue(_, kind, item, _) = *op {
        if bound.contains(&(kind, item)) {
            return Err(format!(
                "`{}` was bound by an earlier call; use a new number",
                kind.symbol(item)
            ));
        }
        bound.push((kind, item));
    }
    Ok(())
}

/// The column, and what is wrong there.
pub(crate) type WordError = (usize, String);

/// What is left of a line.
pub(crate) struct Words<'a> {
    line: &'a str,
    pub(crate) place: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn rest(&self) -> &'a str {
        self.line.get(self.place..).unwrap_or_default()
    }

    pub(crate) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.place += rest.len() - rest.trim_start().len();
    }

    pub(crate) fn fail<T>(&self, message: impl Into<String>) -> Result<T, WordError> {
        let before = self.line.get(..self.place).unwrap_or_default();
        Err((before.chars().count() + 1, message.into()))
    }

    /// The next word, which ends at a blank or one of `stops`; empty at the end or at a comment.
    pub(crate) fn word(&mut self, stops: &[char]) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        if rest.starts_with('#') {
            return "";
        }
        let end =
            rest.find(|it: char| it.is_whitespace() || stops.contains(&it)).unwrap_or(rest.len());
        self.place += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Puts a word back, so that an error points at its beginning.
    pub(crate) fn back<T>(
        &mut self,
        word: &str,
        message: impl Into<String>,
    ) -> Result<T, WordError> {
        self.place -= word.len();
        self.fail(message)
    }

    pub(crate) fn found(word: &str) -> String {
        if word.is_empty() { "the end of the line".to_owned() } else { format!("`{word}`") }
    }

    fn step(&mut self) -> Result<Step, WordError> {
        let api = self.word(&[]);
        let Some(shape) = Shape::of(api) else {
            let near = suggestion(api, calls().map(|call| call.api));
            return self.back(api, format!("expected a call, found `{api}`{near}"));
        };
        let operation = self.arguments(shape)?;
        let operation = self.flaw(operation)?;
        let answer = match self.word(&[]) {
            "" => None,
            "->" => Some(self.answer()?),
            word => {
                return self
                    .back(word, format!("expected `->` or the end of the line, found `{word}`"));
            }
        };
        match self.word(&[]) {
            "" => Ok(Step { operation, answer }),
            word => self.back(word, format!("expected the end of the line, found `{word}`")),
        }
    }
}

/// Reads what stands behind a call.
type Read = fn(&mut Words<'_>) -> Result<Operation, WordError>;

/// What the words after a call mean.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Read by a function of its own.
    Own(Read),
    /// An object, or all of a class.
    Object(ResourceKind, ResourceAction),
    /// A part of an object.
    Part(SubResource, SubResourceAction),
    /// An attachment.
    Kind(AttachmentKind, AttachmentAction),
}

/// The calls that are in no table.
const OWN: [(&Action, Read); 11] = [
    (&resources::CREATE_USER, |it| it.create_user()),
    (&resources::GET_USER, |it| Ok(Operation::GetUser(it.user()?))),
    (&resources::LIST_USERS, |it| Ok(Operation::ListUsers(it.path().unwrap_or_default()))),
    (&resources::UPDATE_USER, |it| it.update_user()),
    (&resources::DELETE_USER, |it| Ok(Operation::DeleteUser(it.user()?))),
    (&resources::PUT_BOUNDARY, |it| Ok(Operation::PutBoundary(it.user()?, Item(it.number("p")?)))),
    (&resources::DELETE_BOUNDARY, |it| Ok(Operation::DeleteBoundary(it.user()?))),
    (&resources::CHANGE_PASSWORD, |it| Ok(Operation::ChangePassword(it.user()?))),
    (&resources::LAST_USED, |it| Ok(Operation::LastUsed(it.item(AttachmentKind::AccessKey)?))),
    (&resources::SUMMARY, |_| Ok(Operation::Summary)),
    (&resources::DETAILS, |_| Ok(Operation::Details)),
];

impl Shape {
    pub(crate) fn of(api: &str) -> Option<Self> {
        let named = |call: Option<&Action>| call.is_some_and(|call| call.api == api);
        let own = OWN.iter().find(|(call, _)| call.api == api).map(|(_, read)| Self::Own(*read));
        let object = || {
            ResourceKind::all().find_map(|class| {
                let deed = ResourceAction::ALL.into_iter().find(|it| named(class.row().call(*it)));
                Some(Self::Object(class, deed?))
            })
        };
        let part = || {
            SubResource::all().find_map(|part| {
                let act = SubResourceAction::ALL.into_iter().find(|it| named(part.row().call(*it)));
                Some(Self::Part(part, act?))
            })
        };
        let kind = || {
            AttachmentKind::all().find_map(|kind| {
                let verb = AttachmentAction::ALL.into_iter().find(|it| named(kind.row().call(*it)));
                Some(Self::Kind(kind, verb?))
            })
        };
        own.or_else(object).or_else(part).or_else(kind)
    }
}

impl Words<'_> {
    pub(crate) fn number(&mut self, prefix: &str) -> Result<u32, WordError> {
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

    fn user(&mut self) -> Result<User, WordError> {
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

    fn create_user(&mut self) -> Result<Operation, WordError> {
        let user = self.user()?;
        let path = self.path().unwrap_or_default();
        let boundary = self.optional("p").map(Item);
        let tag = self.optional("t").map(Item);
        Ok(Operation::CreateUser(user, CreateUserOptions { path, boundary, tag }))
    }

    fn update_user(&mut self) -> Result<Operation, WordError> {
        let user = self.user()?;
        let name = self.optional("u").map(User);
        Ok(Operation::UpdateUser(user, UserChange { name, path: self.path() }))
    }

    pub(crate) fn item(&mut self, kind: AttachmentKind) -> Result<Item, WordError> {
        let row = kind.row();
        match row.naming {
            Naming::Single => Ok(Item(0)),
            Naming::Service => self.number(&format!("{}#", row.symbol)).map(Item),
            Naming::Caller => self.number(row.symbol).map(Item),
        }
    }

    pub(crate) fn arguments(&mut self, shape: Shape) -> Result<Operation, WordError> {
        match shape {
            Shape::Own(read) => read(self),
            Shape::Object(class, ResourceAction::ListAll) => {
                Ok(Operation::ListAll(class, self.which(class)))
            }
            Shape::Object(class, deed) => self.deed(class, deed),
            Shape::Part(part, act) => self.act(part, act),
            Shape::Kind(kind, verb) => self.verb(kind, verb),
        }
    }

    /// `UserName:too-long` behind a call: how it is put otherwise.
    pub(crate) fn flaw(&mut self, sound: Operation) -> Result<Operation, WordError> {
        let place = self.place;
        let word = self.word(&[]);
        if word.is_empty() || word == "->" {
            self.place = place;
            return Ok(sound);
        }
        let user = sound.user().unwrap_or(User(0));
        let named = |flaw: &InvalidRequest| {
            let row = flaw.row();
            (row.sound)(user) == sound
                && word.split_once(':') == Some((row.member, row.defect.name()))
        };
        if let Some(flaw) = InvalidRequest::all().find(named) {
            return Ok(Operation::Flawed(user, flaw));
        }
        let known =
            InvalidRequest::all().map(InvalidRequest::row).filter(|row| (row.sound)(user) == sound);
        let known = known.map(|row| format!("`{}:{}`", row.member, row.defect.name()));
        let known: Vec<String> = ["`->`".to_owned()].into_iter().chain(known).collect();
        let known = known.join(", ");
        self.back(word, format!("expected {known} or the end of the line, found `{word}`"))
    }

    fn object(&mut self, class: ResourceKind) -> Result<Resource, WordError> {
        Ok(Resource { class, item: Item(self.number(class.row().symbol)?) })
    }

    fn deed(&mut self, class: ResourceKind, deed: ResourceAction) -> Result<Operation, WordError> {
        let object = self.object(class)?;
        Ok(match deed {
            ResourceAction::Create => Operation::Create(object),
            ResourceAction::Read => Operation::Read(object),
            ResourceAction::ListAll => Operation::ListAll(class, Filter::All),
            ResourceAction::Rename => {
                Operation::Rename(object, self.optional(class.row().symbol).map(Item))
            }
            ResourceAction::Holders => Operation::Holders(object),
            ResourceAction::Delete => Operation::Delete(object),
        })
    }

    fn which(&mut self, class: ResourceKind) -> Filter {
        let place = self.place;
        let word = self.word(&[]);
        let which = [Filter::Held, Filter::Free].into_iter();
        which.into_iter().find(|it| which_word(class, *it) == Some(word)).unwrap_or_else(|| {
            self.place = place;
            Filter::All
        })
    }

    fn act(&mut self, part: SubResource, act: SubResourceAction) -> Result<Operation, WordError> {
        let object = self.object(part.row().of)?;
        if act == SubResourceAction::List {
            return Ok(Operation::Parts(object, part));
        }
        if act == SubResourceAction::Add && part == SubResource::Version {
            return Ok(Operation::Add(object, part, Item::default()));
        }
        let item = Item(self.number(part.row().symbol)?);
        Ok(act.on(object, part, item))
    }

    fn verb(
        &mut self,
        kind: AttachmentKind,
        verb: AttachmentAction,
    ) -> Result<Operation, WordError> {
        let user = self.user()?;
        match verb {
            AttachmentAction::List => Ok(Operation::List(user, kind)),
            AttachmentAction::Attach if kind.row().naming == Naming::Service => {
                self.issue(user, kind)
            }
            AttachmentAction::Attach => Ok(Operation::Attach(user, kind, self.item(kind)?)),
            AttachmentAction::Renew => Ok(Operation::Renew(user, kind, self.item(kind)?)),
            AttachmentAction::Get => Ok(Operation::Get(user, kind, self.item(kind)?)),
            AttachmentAction::Detach => Ok(Operation::Detach(user, kind, self.item(kind)?)),
            AttachmentAction::SetStatus => {
                let item = self.item(kind)?;
                Ok(Operation::SetStatus(user, kind, item, self.status()?))
            }
        }
    }

    fn issue(&mut self, user: User, kind: AttachmentKind) -> Result<Operation, WordError> {
        let item = self.item(kind)?;
        let with = if kind.row().services {
            let service = self.number("s")?;
            match u8::try_from(service) {
                Ok(service) if service < SERVICES => IssueOptions::Service(Service(service)),
                _ => return self.fail("expected a service, `s0` or `s1`"),
            }
        } else if kind.row().bodies && self.rest().starts_with('=') {
            self.place += 1;
            IssueOptions::BodyOf(self.item(kind)?)
        } else {
            IssueOptions::Nothing
        };
        Ok(Operation::Issue(user, kind, item, with))
    }

    pub(crate) fn status(&mut self) -> Result<Status, WordError> {
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
pub(crate) const fn which_word(class: ResourceKind, which: Filter) -> Option<&'static str> {
    match (class, which) {
        (ResourceKind::Policy, Filter::Held) => Some("OnlyAttached"),
        (ResourceKind::Device, Filter::Held) => Some("Assigned"),
        (ResourceKind::Device, Filter::Free) => Some("Unassigned"),
        _ => None,
    }
}

impl Words<'_> {
    pub(crate) fn answer(&mut self) -> Result<Response, WordError> {
        let word = self.word(&[]);
        if word == "interrupted" {
            return self.interruption();
        }
        let Some(http) = word.parse().ok().filter(|it| (100..600).contains(it)) else {
            let found = Self::found(word);
            return self
                .back(word, format!("expected an HTTP status such as 200 or 409, found {found}"));
        };
        let at = self.place - word.len();
        self.skip_blanks();
        match http {
            200 if self.rest().starts_with('[') => Ok(Response::Done(Some(self.listing()?))),
            200 if self.rest().is_empty() || self.rest().starts_with('#') => Ok(Response::DONE),
            // An error in an answer of success is written with its code in quotes.
            200..300 if !self.rest().starts_with('"') => self.no_success(word, at),
            _ => {
                let code = self.text(&['"'])?;
                if code.is_empty() {
                    return self.fail("expected an error code such as `DeleteConflict`, found the end of the line");
                }
                Ok(Response::Refused { http, code, message: self.quoted()? })
            }
        }
    }

    /// The error for a word other than a listing after a status of success, which begins at this place.
    fn no_success(&mut self, status: &str, at: usize) -> Result<Response, WordError> {
        let other = "an error code follows a status such as 409, or is in quotes";
        if status != "200" {
            self.place = at;
            return self.fail(format!(
                "expected `200` for a call that is carried out, found `{status}`; {other}"
            ));
        }
        let word = self.word(&[]);
        let found = Self::found(word);
        self.back(
            word,
            format!(
                "expected the end of the line, or a listing such as `[key#0]`, after `200`, found {found}; {other}"
            ),
        )
    }

    fn interruption(&mut self) -> Result<Response, WordError> {
        let word = self.word(&[]);
        let Some(cause) = FailureKind::ALL.into_iter().find(|cause| cause.name() == word) else {
            let found = Self::found(word);
            return self.back(
                word,
                format!("expected what interrupted the call, such as `timeout`, found {found}"),
            );
        };
        let detail = self.quoted()?.unwrap_or_default();
        Ok(Response::Interrupted(Failure { cause, detail }))
    }

    fn listing(&mut self) -> Result<Listing, WordError> {
        let mut shown = Listing::default();
        self.place += 1;
        loop {
            self.skip_blanks();
            if self.rest().starts_with('?') {
                self.place += 1;
                shown.strangers.push(self.text(&[',', ']'])?);
            } else if !self.rest().starts_with(']') {
                let thing = self.thing()?;
                self.skip_blanks();
                let more = self.rest().starts_with(['A', 'I']);
                shown.items.push((thing, if more { self.status()? } else { Status::Active }));
            }
            self.skip_blanks();
            let end = self.rest().starts_with(']');
            if !end && !self.rest().starts_with(',') {
                return self.fail("expected `,` or `]` in the listing");
            }
            self.place += 1;
            if end {
                return Ok(shown);
            }
        }
    }

    /// A symbol of anything that an answer can show.
    fn thing(&mut self) -> Result<Entity, WordError> {
        let word = self.word(&[',', ']']);
        let numbered = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
        let user = numbered("u").map(|it| Entity::User(User(it)));
        let path =
            numbered("path").and_then(|it| u8::try_from(it).ok()).map(|it| Entity::Path(Path(it)));
        let object = ResourceKind::all().find_map(|class| {
            let item = Item(numbered(class.row().symbol)?);
            Some(Entity::Object(Resource { class, item }))
        });
        let named = |kind: &AttachmentKind| {
            kind.row().refers.is_none() && kind.row().naming != Naming::Single
        };
        let item = AttachmentKind::all().filter(named).find_map(|kind| {
            let of_service = kind.row().naming == Naming::Service;
            let prefix = format!("{}{}", kind.row().symbol, if of_service { "#" } else { "" });
            Some(Entity::Item(kind, Item(numbered(&prefix)?)))
        });
        if let Some(thing) = user.or(path).or(object).or(item) {
            return Ok(thing);
        }
        if let Some(number) = numbered("v") {
            let place = self.place;
            let default = self.word(&[',', ']']) == "default";
            self.place = if default { self.place } else { place };
            return Ok(Entity::Version { number, default });
        }
        let found = Self::found(word);
        self.back(word, format!("expected a symbol such as `u0` or `key#0`, found {found}"))
    }

    /// A word, or a text in quotes.
    fn text(&mut self, stops: &[char]) -> Result<String, WordError> {
        match self.quoted()? {
            Some(text) => Ok(text),
            None => Ok(self.word(stops).to_owned()),
        }
    }

    /// A text in quotes, with the escapes that Rust's `{:?}` writes.
    fn quoted(&mut self) -> Result<Option<String>, WordError> {
        self.skip_blanks();
        let Some(inner) = self.rest().strip_prefix('"') else { return Ok(None) };
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((index, char)) = chars.next() {
            match char {
                '"' => {
                    self.place += index + 2;
                    return Ok(Some(text));
                }
                '\\' => match unescape(&mut chars) {
                    Some(char) => text.push(char),
                    None => return self.fail("expected an escape such as `\\n` or `\\\"`"),
                },
                _ => text.push(char),
            }
        }
        self.fail("expected a closing `\"`, found the end of the line")
    }
}

fn unescape(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    match chars.next()?.1 {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        'u' => {
            chars.next().filter(|(_, it)| *it == '{')?;
            let digits: String =
                chars.by_ref().map(|(_, it)| it).take_while(|it| *it != '}').collect();
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
        }
        other => Some(other),
    }
}
