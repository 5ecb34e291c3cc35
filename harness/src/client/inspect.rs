//! What a user holds that this run has not made: read, and nothing else.
//!
//! Whose credentials these are, and whose account.

use anyhow::{Result, bail};
use iamspec_conformance::Response;
use iamspec_conformance::endpoint::Namespace;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, ErrorCode, IssueOptions, Item, Operation, User, apply,
};

use crate::client::request::{RequestForm, member};
use crate::client::transport::SigningService;
use crate::client::{HttpClient, pages, response, unreadable};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// What a user holds, as far as that may be read.
#[derive(Debug, Default)]
pub struct Holdings {
    /// The account as it was read: this user alone, and what it holds.
    pub account: Account,
    /// Whether there is such a user.
    pub exists: bool,
    /// The calls that were not answered, and what they were answered instead.
    pub unread: Vec<(&'static str, Response)>,
}

/// The user whose holdings are read.
pub const READ: User = User(0);

impl HttpClient {
    /// Reads what a user holds, kind by kind. Only calls that read are made, by whatever name the user has.
    pub fn holdings(&mut self, user: &str) -> Holdings {
        let mut holdings = Holdings::default();
        self.names.enter(Namespace(0));
        self.names.bind_user(READ, user);
        match self.read(&Operation::GetUser(READ)) {
            Ok(_) => holdings.exists = true,
            Err(Response::Refused { code, .. }) if code == ErrorCode::NoSuchEntity.name() => {
                return holdings;
            }
            // Whoever may list may still find out.
            Err(answer) => holdings.unread.push(("GetUser", answer)),
        }
        apply(&mut holdings.account, &Operation::create_user(READ));
        for kind in AttachmentKind::blockers() {
            match self.read(&Operation::List(READ, kind)) {
                Ok(names) => self.hold(&mut holdings, kind, &names),
                Err(Response::Refused { code, .. }) if code == ErrorCode::NoSuchEntity.name() => {}
                Err(answer) => holdings.unread.push((kind.row().list.api, answer)),
            }
        }
        holdings
    }

    fn hold(&mut self, holdings: &mut Holdings, kind: AttachmentKind, names: &[String]) {
        holdings.exists = true;
        let account = &mut holdings.account;
        if kind.row().naming == Naming::Single {
            apply(account, &Operation::Attach(READ, kind, Item(0)));
            return;
        }
        for name in names {
            let item = self.names.adopt(kind, name);
            let held = match kind.row().naming {
                Naming::Service => Operation::Issue(READ, kind, item, IssueOptions::Nothing),
                _ => Operation::Attach(READ, kind, item),
            };
            apply(account, &held);
        }
    }

    /// The names that a listing shows, page by page; none where it shows none.
    fn read(&mut self, op: &Operation) -> Result<Vec<String>, Response> {
        let api = op.call().map_or("", |call| call.api);
        let user = self.names.user(READ);
        let mut form: RequestForm = vec![
            member("Action", api),
            member("Version", names::VERSION),
            member("UserName", user),
        ];
        let (mut names, asked) = (Vec::new(), form.len());
        let read = |marker: Option<String>| {
            form.truncate(asked);
            form.extend(marker.map(|marker| member("Marker", marker)));
            let answer = self.sender.post(SigningService::Iam, &form, None)?;
            let page = response::read((op, &form), &answer, &mut self.names)?;
            match page.observed {
                Response::Done(shown) => {
                    names.extend(shown.map(|it| it.strangers).unwrap_or_default());
                    Ok(page.next)
                }
                refused => Err(refused),
            }
        };
        pages::every(read, unreadable)?;
        Ok(names)
    }

    /// The form of a call about what was read. It is not sent.
    ///
    /// # Errors
    /// A call that cannot be put into a form.
    pub fn form(&mut self, op: &Operation) -> Result<Vec<(String, String)>> {
        crate::client::request::form(op, &mut self.names)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the account.
    pub account: String,
    /// The ARN of the user or the role.
    pub arn: String,
}

impl HttpClient {
    /// Asks whose credentials these are.
    ///
    /// # Errors
    /// Nobody answers, or not in the form of AWS.
    pub fn caller(&mut self) -> Result<Caller> {
        let found = self.ask_by_name(SigningService::Sts, "GetCallerIdentity", names::STS_VERSION);
        let found = match found {
            Ok(result) => result,
            Err(answer) => {
                bail!(
                    "GetCallerIdentity was answered {answer}; see who may ask at {}",
                    self.sender.sts()
                )
            }
        };
        let text = |name| found.text_of(name).unwrap_or_default().to_owned();
        let caller = Caller { account: text("Account"), arn: text("Arn") };
        if caller.account.is_empty() {
            bail!("GetCallerIdentity names no account; see what answers at {}", self.sender.sts());
        }
        self.names.learn_account(&caller.arn);
        Ok(caller)
    }

    /// The alias of the account, if it has one and the caller may know.
    pub fn alias(&mut self) -> Option<String> {
        let found =
            self.ask_by_name(SigningService::Iam, "ListAccountAliases", names::VERSION).ok()?;
        Some(found.child("AccountAliases")?.children.first()?.text.trim().to_owned())
    }

    /// The result of a call that takes no members.
    fn ask_by_name(
        &mut self,
        service: SigningService,
        action: &str,
        version: &str,
    ) -> Result<Element, Response> {
        let form = [("Action", action), ("Version", version)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = self.sender.post(service, &form, None)?;
        response::result(action, &answer, &self.names)
    }
}
