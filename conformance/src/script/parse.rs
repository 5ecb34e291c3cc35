//! Parses scripts and histories.
//!
//! ```text
//! # Membership of a group blocks deletion; leaving the group clears it.
//! CreateGroup g0
//! CreateUser u0
//! AddUserToGroup u0 g0
//! DeleteUser u0                    -> 409 DeleteConflict
//! ```
//!
//! Grammar of a line, in which `#` begins a comment:
//!
//! ```text
//! line      = ACTION argument* [MEMBER ":" CHANGE] ["->" response]
//! argument  = "u0" | "g0" | "key#0" | "path1" | "Active" | "OnlyAttached" | …
//! response  = 2xx [listing] | STATUS CODE [QUOTED] | "interrupted" FAILURE [QUOTED]
//! listing   = "[" [entry ("," entry)*] "]"
//! entry     = SYMBOL ["Active" | "Inactive"] | "v" NUMBER ["default"] | "?" NAME
//! ```
//!
//! The tables of the model define which arguments an action takes. An error contains the line and
//! column, what was expected, what was found, and the most similar name if there is one. The parser
//! is hand-written: the grammar follows the model's tables, and the errors name the model's terms.

use std::borrow::Cow;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::{actions, resources};
use iamspec_model::{
    Action, AttachmentAction, AttachmentKind, CreateUserOptions, Entity, Filter, InvalidRequest,
    IssueOptions, Item, Operation, Path, Resource, ResourceAction, ResourceKind, SERVICES, Service,
    Status, SubResource, SubResourceAction, User, UserChange,
};

use crate::response::{Failure, FailureKind, Listing, Response};
use crate::script::pattern::suggestion;
use crate::script::{Script, Step};

/// A syntax error in a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
}

/// The column of an error in a line, and its message.
type LineError = (usize, String);

/// Parses a script. The first comment is its idea.
///
/// # Errors
/// Returns the first syntax error, or an error if the script contains no operation.
pub fn parse(name: &str, text: &str) -> Result<Script, ParseError> {
    let mut script = Script { name: name.to_owned(), idea: String::new(), steps: Vec::new() };
    let mut issued = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let with_line =
            |(column, message): LineError| ParseError { line: index + 1, column, message };
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            if script.idea.is_empty() {
                comment.trim().clone_into(&mut script.idea);
            }
        } else if !line.trim().is_empty() {
            let step = LineParser { line, offset: 0 }.step().map_err(with_line)?;
            check_issued_once(&step.operation, &mut issued)
                .map_err(|message| with_line((1, message)))?;
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

/// Rejects an operation that binds the symbol of an issued item a second time.
fn check_issued_once(
    op: &Operation,
    issued: &mut Vec<(AttachmentKind, Item)>,
) -> Result<(), String> {
    if let Operation::Issue(_, kind, item, _) = *op {
        if issued.contains(&(kind, item)) {
            return Err(format!(
                "`{}` was bound by an earlier call; use a new number",
                kind.symbol(item)
            ));
        }
        issued.push((kind, item));
    }
    Ok(())
}

/// The rest of one line.
struct LineParser<'a> {
    line: &'a str,
    /// The number of bytes already parsed.
    offset: usize,
}

/// Words, symbols and errors.
impl<'a> LineParser<'a> {
    fn rest(&self) -> &'a str {
        self.line.get(self.offset..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start().len();
    }

    /// Fails at the current position.
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, LineError> {
        let parsed = self.line.get(..self.offset).unwrap_or_default();
        Err((parsed.chars().count() + 1, message.into()))
    }

    /// Fails at the beginning of `word`, which was parsed last.
    fn fail_at_word<T>(&mut self, word: &str, expected: &str) -> Result<T, LineError> {
        self.offset -= word.len();
        self.fail(format!("expected {expected}, found {}", quoted_or_end(word)))
    }

    /// Fails at the beginning of `word`, and suggests the most similar of `names`.
    fn fail_with_suggestion<T, N: AsRef<str>>(
        &mut self,
        word: &str,
        expected: &str,
        names: impl IntoIterator<Item = N>,
    ) -> Result<T, LineError> {
        self.offset -= word.len();
        // Nobody means a name by a word of this length, and the comparison is slow.
        let is_short = word.len() <= SHOWN_MAX;
        let near = if is_short { suggestion(word, names) } else { String::new() };
        self.fail(format!("expected {expected}, found {}{near}", quoted_or_end(word)))
    }

    /// Parses a word, which ends at a blank or at one of `delimiters`. Returns an empty word at the
    /// end of the line or at a comment.
    fn word(&mut self, delimiters: &[char]) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        if rest.starts_with('#') {
            return "";
        }
        let is_end = |it: char| it.is_whitespace() || delimiters.contains(&it);
        let end = rest.find(is_end).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Parses a symbol with this prefix, and returns its number.
    fn number(&mut self, prefix: &str) -> Result<u32, LineError> {
        let word = self.word(&['=', ',', ']']);
        let number = word.strip_prefix(prefix).and_then(|digits| digits.parse().ok());
        // The packed state stores a number in 23 bits.
        match number.filter(|it| *it < 1 << 23) {
            Some(number) => Ok(number),
            None => self.fail_at_word(word, &format!("a symbol such as `{prefix}0`")),
        }
    }

    /// Parses a symbol with this prefix if the next word is one.
    fn optional_number(&mut self, prefix: &str) -> Option<u32> {
        let start = self.offset;
        let number = self.number(prefix).ok();
        if number.is_none() {
            self.offset = start;
        }
        number
    }

    fn user(&mut self) -> Result<User, LineError> {
        self.number("u").map(User)
    }

    /// Parses a path if the next word is one: `path0` to `path9`, so that none is a prefix of
    /// another.
    fn optional_path(&mut self) -> Option<Path> {
        let start = self.offset;
        let number = self.optional_number("path").and_then(|it| u8::try_from(it).ok());
        let path = number.filter(|it| *it < 10).map(Path);
        if path.is_none() {
            self.offset = start;
        }
        path
    }

    fn resource(&mut self, class: ResourceKind) -> Result<Resource, LineError> {
        Ok(Resource { kind: class, item: Item(self.number(class.row().prefix)?) })
    }

    fn item(&mut self, kind: AttachmentKind) -> Result<Item, LineError> {
        let row = kind.row();
        match row.naming {
            Naming::Single => Ok(Item(0)),
            Naming::Service => self.number(&format!("{}#", row.prefix)).map(Item),
            Naming::Caller => self.number(row.prefix).map(Item),
        }
    }

    fn status(&mut self) -> Result<Status, LineError> {
        match self.word(&[',', ']']) {
            "Active" => Ok(Status::Active),
            "Inactive" => Ok(Status::Inactive),
            word => {
                self.fail_with_suggestion(word, "`Active` or `Inactive`", ["Active", "Inactive"])
            }
        }
    }
}

/// The most characters of a word that an error shows.
const SHOWN_MAX: usize = 80;

/// The beginning of a word that is too long for an error.
fn cut(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()).into(),
        None => word.into(),
    }
}

fn quoted_or_end(word: &str) -> String {
    if word.is_empty() { "the end of the line".to_owned() } else { format!("`{}`", cut(word)) }
}

/// Parses the arguments of one action.
type ParseArguments = fn(&mut LineParser<'_>) -> Result<Operation, LineError>;

/// The syntax of the arguments of an action.
#[derive(Clone, Copy)]
enum Syntax {
    /// The arguments of an action of [`USER_ACTIONS`].
    Custom(ParseArguments),
    /// A resource, or all resources of a kind.
    Resource(ResourceKind, ResourceAction),
    /// A sub-resource of a resource.
    SubResource(SubResource, SubResourceAction),
    /// A user and an attachment.
    Attachment(AttachmentKind, AttachmentAction),
}

/// The actions about users and the account, which are in no table of the model.
const USER_ACTIONS: [(&Action, ParseArguments); 11] = [
    (&resources::CREATE_USER, |it| it.create_user()),
    (&resources::GET_USER, |it| Ok(Operation::GetUser(it.user()?))),
    (&resources::LIST_USERS, |it| Ok(Operation::ListUsers(it.optional_path().unwrap_or_default()))),
    (&resources::UPDATE_USER, |it| it.update_user()),
    (&resources::DELETE_USER, |it| Ok(Operation::DeleteUser(it.user()?))),
    (&resources::PUT_USER_PERMISSIONS_BOUNDARY, |it| {
        Ok(Operation::PutBoundary(it.user()?, Item(it.number("p")?)))
    }),
    (&resources::DELETE_USER_PERMISSIONS_BOUNDARY, |it| Ok(Operation::DeleteBoundary(it.user()?))),
    (&resources::CHANGE_PASSWORD, |it| Ok(Operation::ChangePassword(it.user()?))),
    (&resources::GET_ACCESS_KEY_LAST_USED, |it| {
        Ok(Operation::GetAccessKeyLastUsed(it.item(AttachmentKind::AccessKey)?))
    }),
    (&resources::GET_ACCOUNT_SUMMARY, |_| Ok(Operation::GetAccountSummary)),
    (&resources::GET_ACCOUNT_AUTHORIZATION_DETAILS, |_| Ok(Operation::GetAuthorizationDetails)),
];

impl Syntax {
    /// Finds the syntax of an action by its AWS name.
    fn of_action(name: &str) -> Option<Self> {
        let is_named = |it: Option<&Action>| it.is_some_and(|it| it.api == name);
        if let Some((_, parse)) = USER_ACTIONS.iter().find(|(action, _)| action.api == name) {
            return Some(Self::Custom(*parse));
        }
        let resource = ResourceKind::all().find_map(|class| {
            let mut actions = ResourceAction::ALL.into_iter();
            let action = actions.find(|it| is_named(class.row().action(*it)))?;
            Some(Self::Resource(class, action))
        });
        let sub_resource = || {
            SubResource::all().find_map(|kind| {
                let mut actions = SubResourceAction::ALL.into_iter();
                let action = actions.find(|it| is_named(kind.row().action(*it)))?;
                Some(Self::SubResource(kind, action))
            })
        };
        let attachment = || {
            AttachmentKind::all().find_map(|kind| {
                let mut actions = AttachmentAction::ALL.into_iter();
                let action = actions.find(|it| is_named(kind.row().action(*it)))?;
                Some(Self::Attachment(kind, action))
            })
        };
        resource.or_else(sub_resource).or_else(attachment)
    }
}

/// Operations.
impl LineParser<'_> {
    fn step(&mut self) -> Result<Step, LineError> {
        let action = self.word(&[]);
        let Some(syntax) = Syntax::of_action(action) else {
            return self.fail_with_suggestion(action, "a call", actions().map(|it| it.api));
        };
        let operation = match syntax {
            Syntax::Custom(parse) => parse(self),
            Syntax::Resource(class, action) => self.resource_operation(class, action),
            Syntax::SubResource(kind, action) => self.sub_resource_operation(kind, action),
            Syntax::Attachment(kind, action) => self.attachment_operation(kind, action),
        }?;
        let operation = self.input_error(operation)?;
        let answer = match self.word(&[]) {
            "" => None,
            "->" => Some(self.response()?),
            word => return self.fail_at_word(word, "`->` or the end of the line"),
        };
        match self.word(&[]) {
            "" => Ok(Step { operation, response: answer }),
            word => self.fail_at_word(word, "the end of the line"),
        }
    }

    fn create_user(&mut self) -> Result<Operation, LineError> {
        let user = self.user()?;
        let path = self.optional_path().unwrap_or_default();
        let boundary = self.optional_number("p").map(Item);
        let tag = self.optional_number("t").map(Item);
        Ok(Operation::CreateUser(user, CreateUserOptions { path, boundary, tag }))
    }

    fn update_user(&mut self) -> Result<Operation, LineError> {
        let user = self.user()?;
        let name = self.optional_number("u").map(User);
        Ok(Operation::UpdateUser(user, UserChange { name, path: self.optional_path() }))
    }

    fn resource_operation(
        &mut self,
        class: ResourceKind,
        action: ResourceAction,
    ) -> Result<Operation, LineError> {
        if action == ResourceAction::List {
            return Ok(Operation::ListResources(class, self.optional_filter(class)));
        }
        let resource = self.resource(class)?;
        Ok(match action {
            ResourceAction::Create => Operation::CreateResource(resource),
            ResourceAction::Get => Operation::GetResource(resource),
            ResourceAction::List => Operation::ListResources(class, Filter::All),
            ResourceAction::Rename => Operation::RenameResource(
                resource,
                self.optional_number(class.row().prefix).map(Item),
            ),
            ResourceAction::ListHolders => Operation::ListHolders(resource),
            ResourceAction::Delete => Operation::DeleteResource(resource),
        })
    }

    fn optional_filter(&mut self, class: ResourceKind) -> Filter {
        let start = self.offset;
        let word = self.word(&[]);
        let filter = [Filter::InUse, Filter::Unused]
            .into_iter()
            .find(|it| filter_word(class, *it) == Some(word));
        filter.unwrap_or_else(|| {
            self.offset = start;
            Filter::All
        })
    }

    fn sub_resource_operation(
        &mut self,
        kind: SubResource,
        action: SubResourceAction,
    ) -> Result<Operation, LineError> {
        let resource = self.resource(kind.row().resource)?;
        if action == SubResourceAction::List {
            return Ok(Operation::ListSubResources(resource, kind));
        }
        if action == SubResourceAction::Add && kind == SubResource::Version {
            return Ok(Operation::AddSubResource(resource, kind, Item::default()));
        }
        let item = Item(self.number(kind.row().prefix)?);
        Ok(action.on(resource, kind, item))
    }

    fn attachment_operation(
        &mut self,
        kind: AttachmentKind,
        action: AttachmentAction,
    ) -> Result<Operation, LineError> {
        let user = self.user()?;
        match action {
            AttachmentAction::List => Ok(Operation::List(user, kind)),
            AttachmentAction::Attach if kind.row().naming == Naming::Service => {
                self.issue(user, kind)
            }
            AttachmentAction::Attach => Ok(Operation::Attach(user, kind, self.item(kind)?)),
            AttachmentAction::ResetSecret => {
                Ok(Operation::ResetSecret(user, kind, self.item(kind)?))
            }
            AttachmentAction::Get => Ok(Operation::Get(user, kind, self.item(kind)?)),
            AttachmentAction::Detach => Ok(Operation::Detach(user, kind, self.item(kind)?)),
            AttachmentAction::SetStatus => {
                let item = self.item(kind)?;
                Ok(Operation::SetStatus(user, kind, item, self.status()?))
            }
        }
    }

    fn issue(&mut self, user: User, kind: AttachmentKind) -> Result<Operation, LineError> {
        let item = self.item(kind)?;
        let options = if kind.row().per_service {
            let word = self.word(&[]);
            let number = word.strip_prefix('s').and_then(|digits| digits.parse().ok());
            let Some(service) = number.filter(|it| *it < SERVICES) else {
                let known: Vec<String> = (0..SERVICES).map(|it| format!("`s{it}`")).collect();
                return self.fail_at_word(word, &format!("a service, {}", known.join(" or ")));
            };
            IssueOptions::Service(Service(service))
        } else if kind.row().has_body && self.rest().starts_with('=') {
            self.offset += 1;
            IssueOptions::SameBodyAs(self.item(kind)?)
        } else {
            IssueOptions::None
        };
        Ok(Operation::Issue(user, kind, item, options))
    }

    /// Parses an input error such as `UserName:too-long` after an operation, if there is one.
    fn input_error(&mut self, valid: Operation) -> Result<Operation, LineError> {
        let start = self.offset;
        let word = self.word(&[]);
        if word.is_empty() || word == "->" {
            self.offset = start;
            return Ok(valid);
        }
        let user = valid.user().unwrap_or(User(0));
        let applicable =
            || InvalidRequest::all().filter(|it| (it.row().well_formed)(user) == valid);
        let name = |request: InvalidRequest| {
            let row = request.row();
            format!("{}:{}", row.parameter, row.error.name())
        };
        if let Some(invalid) = applicable().find(|it| name(*it) == word) {
            return Ok(Operation::Invalid(user, invalid));
        }
        let names: Vec<String> = applicable().map(name).collect();
        let quoted = names.iter().map(|it| format!("`{it}`"));
        let quoted: Vec<String> = ["`->`".to_owned()].into_iter().chain(quoted).collect();
        let expected = format!("{} or the end of the line", quoted.join(", "));
        self.fail_with_suggestion(word, &expected, names)
    }
}

/// Returns AWS's word for a filter of a listing, if AWS has one.
pub(crate) const fn filter_word(class: ResourceKind, filter: Filter) -> Option<&'static str> {
    match (class, filter) {
        (ResourceKind::Policy, Filter::InUse) => Some("OnlyAttached"),
        (ResourceKind::Device, Filter::InUse) => Some("Assigned"),
        (ResourceKind::Device, Filter::Unused) => Some("Unassigned"),
        _ => None,
    }
}

/// Responses.
impl LineParser<'_> {
    fn response(&mut self) -> Result<Response, LineError> {
        let word = self.word(&[]);
        if word == "interrupted" {
            return self.failure();
        }
        let Some(http) = word.parse().ok().filter(|it| (100..600).contains(it)) else {
            return self.fail_at_word(word, "an HTTP status such as 200 or 409");
        };
        self.skip_blanks();
        match http {
            200..300 if self.rest().starts_with('[') => {
                Ok(Response::Success(Some(self.listing()?)))
            }
            200..300 if self.rest().is_empty() || self.rest().starts_with('#') => {
                Ok(Response::SUCCESS)
            }
            // Quotes distinguish an error with a success status from a success.
            200..300 if !self.rest().starts_with('"') => {
                let word = self.word(&[]);
                self.offset -= word.len();
                self.fail(format!(
                    "expected the end of the line, or a listing such as `[key#0]`, \
                     after `{http}`, found {}; \
                     an error code follows a status such as 409, or is in quotes",
                    quoted_or_end(word)
                ))
            }
            _ => {
                let code = self.word_or_quoted(&['"'])?;
                if code.is_empty() {
                    return self.fail(
                        "expected an error code such as `DeleteConflict`, \
                         found the end of the line",
                    );
                }
                let message = self.optional_quoted()?.map(Into::into);
                Ok(Response::Refused { http, code, message })
            }
        }
    }

    fn failure(&mut self) -> Result<Response, LineError> {
        let word = self.word(&[]);
        let Some(cause) = FailureKind::ALL.into_iter().find(|it| it.name() == word) else {
            let names = FailureKind::ALL.map(FailureKind::name);
            return self.fail_with_suggestion(word, "a kind of failure such as `timeout`", names);
        };
        let detail = self.optional_quoted()?.unwrap_or_default();
        Ok(Response::Failed(Failure { kind: cause, detail }))
    }

    fn listing(&mut self) -> Result<Listing, LineError> {
        let mut listing = Listing::default();
        self.offset += 1;
        loop {
            self.skip_blanks();
            if self.rest().starts_with('?') {
                self.offset += 1;
                listing.unknown_names.push(self.word_or_quoted(&[',', ']'])?);
            } else if !self.rest().starts_with(']') {
                let entity = self.entity()?;
                self.skip_blanks();
                let has_status = self.rest().starts_with(['A', 'I']);
                let status = if has_status { self.status()? } else { Status::Active };
                listing.items.push((entity, status));
            }
            self.skip_blanks();
            let is_end = self.rest().starts_with(']');
            if !is_end && !self.rest().starts_with(',') {
                let word = self.word(&[',', ']']);
                return self.fail_at_word(word, "`,` or `]` in the listing");
            }
            self.offset += 1;
            if is_end {
                return Ok(listing);
            }
        }
    }

    /// Parses the symbol of any entry of a listing.
    fn entity(&mut self) -> Result<Entity, LineError> {
        let word = self.word(&[',', ']']);
        let number = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
        if let Some(number) = number("u") {
            return Ok(Entity::User(User(number)));
        }
        if let Some(number) = number("path").and_then(|it| u8::try_from(it).ok()) {
            return Ok(Entity::Path(Path(number)));
        }
        let resource = ResourceKind::all().find_map(|class| {
            Some(Resource { kind: class, item: Item(number(class.row().prefix)?) })
        });
        if let Some(resource) = resource {
            return Ok(Entity::Resource(resource));
        }
        let has_symbol = |kind: &AttachmentKind| {
            kind.row().refers_to.is_none() && kind.row().naming != Naming::Single
        };
        let item = AttachmentKind::all().filter(has_symbol).find_map(|kind| {
            let is_issued = kind.row().naming == Naming::Service;
            let prefix = format!("{}{}", kind.row().prefix, if is_issued { "#" } else { "" });
            Some(Entity::Item(kind, Item(number(&prefix)?)))
        });
        if let Some(item) = item {
            return Ok(item);
        }
        if let Some(number) = number("v") {
            let start = self.offset;
            let default = self.word(&[',', ']']) == "default";
            if !default {
                self.offset = start;
            }
            return Ok(Entity::Version { number, default });
        }
        self.fail_at_word(word, "a symbol such as `u0` or `key#0`")
    }

    fn word_or_quoted(&mut self, delimiters: &[char]) -> Result<String, LineError> {
        match self.optional_quoted()? {
            Some(text) => Ok(text),
            None => Ok(self.word(delimiters).to_owned()),
        }
    }

    /// Parses a text in quotes, with the escapes that Rust's `{:?}` prints, if there is one.
    fn optional_quoted(&mut self) -> Result<Option<String>, LineError> {
        self.skip_blanks();
        let Some(inner) = self.rest().strip_prefix('"') else { return Ok(None) };
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((index, char)) = chars.next() {
            match char {
                '"' => {
                    self.offset += index + 2;
                    return Ok(Some(text));
                }
                '\\' => {
                    let Some(char) = unescape(&mut chars) else {
                        let rest = inner.get(index..).unwrap_or_default();
                        let found: String = rest.chars().take(2).collect();
                        return self
                            .fail(format!("expected an escape such as `\\n`, found `{found}`"));
                    };
                    text.push(char);
                }
                _ => text.push(char),
            }
        }
        self.fail("expected a closing `\"`, found the end of the line")
    }
}

/// Returns the character of an escape sequence, without the backslash.
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
