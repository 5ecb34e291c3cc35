//! Reads existing attachments and the identity of the caller. Nothing is created or changed.

use anyhow::{Result, bail};
use iamspec_conformance::Response;
use iamspec_conformance::endpoint::Namespace;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, ErrorCode, IssueOptions, Item, Operation, User, apply,
};

use crate::client::response::unreadable;
use crate::client::transport::SigningService;
use crate::client::{HttpClient, pages, request, response};
use crate::wire::names;
use crate::wire::names::{RequestForm, member};
use crate::wire::secrets::redact_and_cut;
use crate::wire::xml_read::Element;

/// The attachments of a user, as far as the caller may read them.
#[derive(Debug, Default)]
pub struct Holdings {
    /// An account with this user and its attachments only.
    pub account: Account,
    /// Whether the user exists.
    pub exists: bool,
    /// The actions that failed, and their responses.
    pub unread_actions: Vec<(&'static str, Response)>,
}

/// The symbol of the user whose attachments are read.
pub const READ: User = User(0);

impl HttpClient {
    /// Reads the attachments of a user, kind by kind. The user may have any name.
    pub fn holdings(&mut self, user: &str) -> Holdings {
        let mut holdings = Holdings::default();
        self.names.enter(Namespace(0));
        self.names.bind_user(READ, user);
        match self.read(&Operation::GetUser(READ)) {
            Ok(_) => holdings.exists = true,
            Err(Response::Refused { code, .. }) if code == ErrorCode::NoSuchEntity.name() => {
                return holdings;
            }
            // A caller that may list attachments can still find out.
            Err(response) => holdings.unread_actions.push(("GetUser", response)),
        }
        apply(&mut holdings.account, &Operation::create_user(READ));
        for kind in AttachmentKind::blockers() {
            match self.read(&Operation::List(READ, kind)) {
                Ok(names) => self.add(&mut holdings, kind, &names),
                Err(Response::Refused { code, .. }) if code == ErrorCode::NoSuchEntity.name() => {}
                Err(response) => holdings.unread_actions.push((kind.row().list.api, response)),
            }
        }
        holdings
    }

    fn add(&mut self, holdings: &mut Holdings, kind: AttachmentKind, names: &[String]) {
        holdings.exists = true;
        let account = &mut holdings.account;
        if kind.row().naming == Naming::Single {
            apply(account, &Operation::Attach(READ, kind, Item(0)));
            return;
        }
        for name in names {
            let item = self.names.adopt(kind, name);
            let attach = match kind.row().naming {
                Naming::Service => Operation::Issue(READ, kind, item, IssueOptions::None),
                _ => Operation::Attach(READ, kind, item),
            };
            apply(account, &attach);
        }
    }

    /// The names in the response of an operation, from all pages; none if it shows no names.
    fn read(&mut self, op: &Operation) -> Result<Vec<String>, Response> {
        let api = op.action().map_or("", |call| call.api);
        let user = self.names.user(READ);
        let mut form: RequestForm = vec![
            member("Action", api),
            member("Version", names::VERSION),
            member("UserName", user),
        ];
        let (mut names, without_marker) = (Vec::new(), form.len());
        let read_page = |marker: Option<String>| {
            form.truncate(without_marker);
            form.extend(marker.map(|marker| member("Marker", marker)));
            let raw = self.sender.post(SigningService::Iam, &form, None)?;
            let page = response::read((op, &form), &raw, &mut self.names)?;
            match page.response {
                Response::Success(shown) => {
                    names.extend(shown.map(|it| it.unknown_names).unwrap_or_default());
                    Ok(page.next)
                }
                refused => Err(refused),
            }
        };
        pages::every(read_page, unreadable)?;
        Ok(names)
    }

    /// The form of an operation on the user that was read. It is not sent.
    ///
    /// # Errors
    /// The operation has no form.
    pub fn form(&mut self, op: &Operation) -> Result<Vec<(String, String)>> {
        request::form(op, &mut self.names)
    }
}

/// A longer text about the caller is cut.
const SHOWN_MAX: usize = 256;

/// The identity behind the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the account.
    pub account: String,
    /// The ARN of the user or the role.
    pub arn: String,
}

impl HttpClient {
    /// Requests the identity of the caller from STS.
    ///
    /// # Errors
    /// There is no response, or it is not in the form of AWS.
    pub fn caller(&mut self) -> Result<Caller> {
        let found =
            self.call_without_members(SigningService::Sts, "GetCallerIdentity", names::STS_VERSION);
        let found = match found {
            Ok(result) => result,
            Err(response) => {
                bail!(
                    "GetCallerIdentity failed with {response}; check that the credentials are valid at {}",
                    self.sender.sts()
                )
            }
        };
        let text = |name| redact_and_cut(found.text_of(name).unwrap_or_default(), SHOWN_MAX);
        let caller = Caller { account: text("Account"), arn: text("Arn") };
        if caller.account.is_empty() {
            bail!(
                "GetCallerIdentity returned no account; check that {} is an STS endpoint",
                self.sender.sts()
            );
        }
        self.names.learn_account(&caller.arn);
        Ok(caller)
    }

    /// The alias of the account, if it has one and the caller may read it.
    pub fn alias(&mut self) -> Option<String> {
        let found = self
            .call_without_members(SigningService::Iam, "ListAccountAliases", names::VERSION)
            .ok()?;
        let alias = found.child("AccountAliases")?.children.first()?.text.trim();
        Some(redact_and_cut(alias, SHOWN_MAX))
    }

    /// The result of an action without members.
    fn call_without_members(
        &mut self,
        service: SigningService,
        action: &str,
        version: &str,
    ) -> Result<Element, Response> {
        let form = [("Action", action), ("Version", version)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let raw = self.sender.post(service, &form, None)?;
        response::result(action, &raw)
    }
}
