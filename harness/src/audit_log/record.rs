//! One recorded call, with all data that its format has. Every format is read into this type.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit_log::replaced_values::{is_choice, is_replaced, remove_replaced, take_replaced};
use crate::wire::xml_read::Element;

/// A recorded IAM request and its response.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedCall {
    /// The id of the event, or else the id of the request.
    pub(crate) id: String,
    /// The file and the place in it.
    pub(crate) source: String,
    /// When the request was sent, in microseconds since 1970. `None`: only the order is known.
    pub(crate) start: Option<i64>,
    /// The same as the log writes it; empty if it has no times.
    pub(crate) time: String,
    /// When the response had arrived.
    pub(crate) end: Option<i64>,
    /// The id of the account, or the host of the endpoint.
    pub(crate) account: String,
    pub(crate) caller: RecordedCaller,
    /// The name of the action.
    pub(crate) action: String,
    /// The members of the request, by their names in forms, such as `Tags.member.1.Key`.
    pub(crate) members: BTreeMap<String, String>,
    /// The names of the members whose values a tool has replaced. `members` does not have them.
    pub(crate) hidden: BTreeSet<String>,
    pub(crate) response: RecordedResponse,
    /// Whether the response has the form of the wire: dates, and every element.
    pub(crate) has_wire_format: bool,
    /// Whether the format has nothing of the request but its action.
    pub(crate) lacks_request: bool,
}

/// Who sent a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RecordedCaller {
    #[default]
    Unknown,
    /// A user, by its name.
    User(String),
    /// The user that has this access key.
    AccessKey(String),
    /// No user: a role, a service, or the root of the account.
    Other,
}

/// The response to a recorded request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RecordedResponse {
    /// Success, with the result if the format has it.
    Success(Option<Element>),
    /// An error with its HTTP status, if the format has it. A tool may have replaced a part of the
    /// message.
    Error { status: Option<u16>, code: String, message: Option<String> },
    /// No response that says whether the call had an effect.
    #[default]
    Lost,
}

impl RecordedCall {
    /// Whether another record is the same one: a file may be given twice, or be in two folders. Different
    /// calls may share an id.
    pub(crate) fn is_repeated_by(&self, other: &Self) -> bool {
        !self.id.is_empty()
            && self.id == other.id
            && (self.start, self.end) == (other.start, other.end)
            && (&self.account, &self.caller) == (&other.account, &other.caller)
            && (&self.action, &self.members) == (&other.action, &other.members)
            && self.hidden == other.hidden
            && self.response == other.response
    }

    /// A member of the request, unless it is empty.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// Whether a boolean member is true. A client may write it in another case.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.member(name).is_some_and(|it| it.eq_ignore_ascii_case("true"))
    }

    /// Whether a value is hidden on which the meaning of the call depends.
    pub(crate) fn hides_a_choice(&self) -> bool {
        self.hidden.iter().any(|it| is_choice(it))
    }

    /// The members of a list, numbered from 1. `suffix` follows the number.
    pub(crate) fn list<'a>(&'a self, list: &'a str, suffix: &'a str) -> Vec<&'a str> {
        let numbered = |number| self.member(&format!("{list}.member.{number}{suffix}"));
        (1..).map_while(numbered).collect()
    }
}

/// The HTTP request and response that a recording contains.
pub(crate) struct RecordedExchange<'a> {
    pub(crate) url: &'a str,
    /// The body of the request, decoded.
    pub(crate) body: &'a str,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) status: Option<u16>,
    /// The body of the response, decoded.
    pub(crate) response: &'a str,
}

impl RecordedExchange<'_> {
    /// The call, if the request is one of the IAM Query API.
    pub(crate) fn call(&self) -> Option<RecordedCall> {
        let url = reqwest::Url::parse(self.url).ok()?;
        let form = url.query_pairs().chain(form_urlencoded::parse(self.body.as_bytes()));
        let mut members: BTreeMap<String, String> =
            form.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let action = members.remove("Action")?;
        if members.remove("Version")? != crate::wire::names::VERSION {
            return None;
        }
        let hidden = take_replaced(&mut members);
        let is_blank = |it: char| it == '\u{feff}' || it.is_whitespace();
        let root = Element::parse(self.response.trim_start_matches(is_blank)).unwrap_or_default();
        let key = self.authorization.and_then(access_key);
        let id = root.child("ResponseMetadata").unwrap_or(&root).text_of("RequestId");
        Some(RecordedCall {
            id: id.filter(|it| !is_replaced(it)).unwrap_or_default().to_owned(),
            account: host_and_port(&url),
            caller: key.map_or(RecordedCaller::Unknown, RecordedCaller::AccessKey),
            response: response_of(&action, self.status, &root),
            action,
            members,
            hidden,
            has_wire_format: true,
            ..RecordedCall::default()
        })
    }
}

/// The response to an action. A success and a refusal are known only from a whole response of IAM.
pub(crate) fn response_of(action: &str, status: Option<u16>, root: &Element) -> RecordedResponse {
    let error = match root.name.as_str() {
        "ErrorResponse" => root.child("Error"),
        "Error" => Some(root),
        _ => None,
    };
    let code = error.and_then(|it| it.text_of("Code"));
    let code = code.filter(|it| !it.is_empty() && !is_replaced(it));
    match (status, code) {
        (Some(200..300), None) if root.name == format!("{action}Response") => {
            let mut result = root.child(&format!("{action}Result")).cloned();
            result.iter_mut().for_each(remove_replaced);
            RecordedResponse::Success(result)
        }
        (Some(status @ 200..500), Some(code)) => RecordedResponse::Error {
            status: Some(status),
            code: code.to_owned(),
            message: error.and_then(|it| it.text_of("Message")).map(str::to_owned),
        },
        _ => RecordedResponse::Lost,
    }
}

/// `127.0.0.1:4566`, without the usual port of the scheme.
fn host_and_port(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The access key in an `Authorization` header: `AWS4-HMAC-SHA256 Credential=AKIA…/20260101/…`.
fn access_key(header: &str) -> Option<String> {
    let (_, credential) = header.split_once("Credential=")?;
    let key = credential.split('/').next()?;
    (!key.is_empty()).then(|| key.to_owned())
}
