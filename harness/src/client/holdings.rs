//! What a user holds that this run has not made: read, and nothing else.

use iamspec_conformance::Observed;
use iamspec_conformance::endpoint::Space;
use iamspec_model::kind::Naming;
use iamspec_model::{Account, Code, Item, Kind, Operation, User, With, apply};

use super::request::{Form, member};
use super::send::Service;
use super::{Http, pages, response, unreadable};
use crate::wire;

/// What a user holds, as far as that may be read.
#[derive(Debug, Default)]
pub struct Holdings {
    /// The account as it was read: this user alone, and what it holds.
    pub account: Account,
    /// Whether there is such a user.
    pub exists: bool,
    /// The calls that were not answered, and what they were answered instead.
    pub unread: Vec<(&'static str, Observed)>,
}

/// The user whose holdings are read.
pub const READ: User = User(0);

impl Http {
    /// Reads what a user holds, kind by kind. Only calls that read are made, by whatever name the user has.
    pub fn holdings(&mut self, user: &str) -> Holdings {
        let mut holdings = Holdings::default();
        self.names.enter(Space(0));
        self.names.bind_user(READ, user);
        match self.read(&Operation::GetUser(READ)) {
            Ok(_) => holdings.exists = true,
            Err(Observed::Refused { code, .. }) if code == Code::NoSuchEntity.name() => {
                return holdings;
            }
            // Whoever may list may still find out.
            Err(answer) => holdings.unread.push(("GetUser", answer)),
        }
        apply(&mut holdings.account, &Operation::create_user(READ));
        for kind in Kind::blockers() {
            match self.read(&Operation::List(READ, kind)) {
                Ok(names) => self.hold(&mut holdings, kind, &names),
                Err(Observed::Refused { code, .. }) if code == Code::NoSuchEntity.name() => {}
                Err(answer) => holdings.unread.push((kind.row().list.api, answer)),
            }
        }
        holdings
    }

    fn hold(&mut self, holdings: &mut Holdings, kind: Kind, names: &[String]) {
        holdings.exists = true;
        let account = &mut holdings.account;
        if kind.row().naming == Naming::Single {
            apply(account, &Operation::Attach(READ, kind, Item(0)));
            return;
        }
        for name in names {
            let item = self.names.adopt(kind, name);
            let held = match kind.row().naming {
                Naming::Service => Operation::Issue(READ, kind, item, With::Nothing),
                _ => Operation::Attach(READ, kind, item),
            };
            apply(account, &held);
        }
    }

    /// The names that a listing shows, page by page; none where it shows none.
    fn read(&mut self, op: &Operation) -> Result<Vec<String>, Observed> {
        let api = op.call().map_or("", |call| call.api);
        let user = self.names.user(READ);
        let mut form: Form =
            vec![member("Action", api), member("Version", wire::VERSION), member("UserName", user)];
        let (mut names, asked) = (Vec::new(), form.len());
        let read = |marker: Option<String>| {
            form.truncate(asked);
            form.extend(marker.map(|marker| member("Marker", marker)));
            let answer = self.sender.post(Service::Iam, &form, None)?;
            let page = response::read((op, &form), &answer, &mut self.names)?;
            match page.observed {
                Observed::Done(shown) => {
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
    pub fn form(&mut self, op: &Operation) -> anyhow::Result<Vec<(String, String)>> {
        super::request::form(op, &mut self.names)
    }
}
