//! `GetCallerIdentity` of STS: which account and which user the credentials belong to (E-019).
//!
//! The only action of STS here. A run in an account of AWS starts with it, so the reference server
//! can stand in for both services.

use iamspec_model::User;

use crate::server::ResponseBody;
use crate::server::auth::RequestedService;
use crate::server::parse::form::ParsedForm;
use crate::server::store::{ACCOUNT, Store};
use crate::wire::names::STS_VERSION;
use crate::wire::xml_write::{Node, node, sts_success, text};

const ACTION: &str = "GetCallerIdentity";

impl RequestedService {
    /// The service that a form is for.
    pub(crate) fn of(form: &ParsedForm) -> Self {
        match (form.action(), form.get("Version")) {
            (ACTION, Some(STS_VERSION)) => Self::Sts,
            _ => Self::Iam,
        }
    }
}

/// The date on which the simulated account was created.
const ACCOUNT_CREATED: &str = "2020-01-01T00:00:00Z";

/// The result of `GetUser` for the root user: without a name and a path (C-047).
pub(crate) fn root_user() -> Vec<Node> {
    let elements = vec![
        text("UserId", ACCOUNT),
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:root")),
        text("CreateDate", ACCOUNT_CREATED),
    ];
    vec![node("User", elements)]
}

/// The identity of the caller: a user, or else the root user.
pub(crate) fn identity(caller: Option<User>, store: &Store, request_id: &str) -> ResponseBody {
    let (resource, id) = match caller {
        Some(user) => (store.user_path(user), store.user_record(user).id),
        None => ("root".to_owned(), ACCOUNT.to_owned()),
    };
    let result = vec![
        text("Arn", format!("arn:aws:iam::{ACCOUNT}:{resource}")),
        text("UserId", id),
        text("Account", ACCOUNT),
    ];
    ResponseBody::of_xml(200, sts_success(ACTION, result, request_id))
}
