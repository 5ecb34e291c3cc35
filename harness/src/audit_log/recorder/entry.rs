//! One entry of a HAR file: a forwarded exchange without its secrets.
//!
//! The same modules as in a run remove the secrets: `client::trace` for bodies, `wire::redact` for
//! members. An entry contains only known headers, and the `Authorization` header without its
//! signature. For a request to another service than IAM, it contains neither the members nor the
//! body; for an action that the program does not know, only the name.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use iamspec_model::find_action;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::credentials::Identity;
use crate::client::connection::transport::{Disclosure, RawResponse};
use crate::client::trace::{disclose, recorded_body};
use crate::server::is_form;
use crate::wire::names::{RequestForm, VERSION};
use crate::wire::redact::without_secrets;
use crate::wire::secrets::{HIDDEN, redact, remember, remember_signature};

/// The type of the body of a written request (E-018).
const FORM: &str = "application/x-www-form-urlencoded";

/// A compressed response that is longer when it is decompressed is not written.
const DECOMPRESSED_MAX: u64 = 16 << 20;

/// The start of the names of members that sign a request in its URL.
const OF_SIGNATURE: &str = "x-amz-";

/// The headers that are written besides `Authorization`.
const SHOWN_HEADERS: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    header::DATE,
    header::RETRY_AFTER,
    header::LOCATION,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amzn-requestid"),
];

/// A request that was forwarded, and the response.
pub(super) struct ForwardedExchange<'a> {
    /// The URL of the endpoint without the slash at its end.
    pub(super) endpoint: &'a str,
    pub(super) head: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) started: SystemTime,
    pub(super) elapsed: Duration,
    /// `None` if no response arrived.
    pub(super) response: Option<&'a ForwardedResponse>,
}

/// A response that is forwarded.
pub(super) struct ForwardedResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl ForwardedExchange<'_> {
    /// The entry without secrets.
    pub(super) fn har_entry(&self) -> Value {
        let (query, form) = (self.query(), self.form());
        self.remember_signature(&query);
        let members: RequestForm = query.iter().chain(&form).cloned().collect();
        let response = self.response(&members);
        let time = OffsetDateTime::from(self.started);
        // Calls one after the other often start in the same millisecond.
        let time = time.replace_microsecond(time.microsecond()).unwrap_or(time);
        let milliseconds = self.elapsed.as_secs_f64() * 1000.0;
        json!({
            "startedDateTime": time.format(&Rfc3339).unwrap_or_default(),
            "time": milliseconds,
            "request": self.request(&query, &form),
            "response": response,
            "cache": {},
            "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
        })
    }

    /// The members of the query.
    fn query(&self) -> RequestForm {
        let query = self.head.uri.query().unwrap_or_default().as_bytes();
        form_urlencoded::parse(query).into_owned().collect()
    }

    /// The members of the body.
    fn form(&self) -> RequestForm {
        let body = if is_form(&self.head.headers) { self.body } else { &[] };
        form_urlencoded::parse(body).into_owned().collect()
    }

    /// Remembers what signs the request, in case the response repeats it.
    fn remember_signature(&self, query: &RequestForm) {
        let token = HeaderName::from_static("x-amz-security-token");
        remember(text(&self.head.headers, &token));
        let authorization = text(&self.head.headers, &header::AUTHORIZATION);
        if let Some((_, signature)) = authorization.rsplit_once("Signature=") {
            remember_signature(signature.trim());
        }
        for (name, value) in query.iter().filter(|(name, _)| is_of_signature(name)) {
            match name.to_ascii_lowercase().as_str() {
                "x-amz-security-token" => remember(value),
                "x-amz-signature" => remember_signature(value),
                _ => {}
            }
        }
    }

    fn request(&self, query: &RequestForm, form: &RequestForm) -> Value {
        let (is_of_iam, is_known) = (is_of_iam(query, form), has_known_action(query, form));
        let is_shown = |name: &str| {
            let names_action = ["Action", "Version"].contains(&name);
            is_of_iam && !is_of_signature(name) && (is_known || names_action)
        };
        let written = |members: &RequestForm| {
            let mut members = without_secrets(members);
            members.retain(|(name, _)| is_shown(name));
            for (_, value) in &mut members {
                *value = redact(value);
            }
            members
        };
        let (query, form) = (written(query), written(form));
        let path = redact(self.head.uri.path());
        let mut url = format!("{}{path}", self.endpoint);
        if !query.is_empty() {
            url.push('?');
            url.push_str(&encoded(&query));
        }
        let mut headers = shown_headers(&self.head.headers);
        let authorization = text(&self.head.headers, &header::AUTHORIZATION);
        if !authorization.is_empty() {
            let value = without_signature(authorization);
            headers.push(json!({ "name": "authorization", "value": value }));
        }
        let mut request = json!({
            "method": self.head.method.as_str(),
            "url": url,
            "httpVersion": format!("{:?}", self.head.version),
            "cookies": [],
            "headers": headers,
            "queryString": pairs(&query),
            "headersSize": -1,
            "bodySize": self.body.len(),
        });
        if !form.is_empty() {
            let content = json!({ "mimeType": FORM, "text": encoded(&form), "params": [] });
            if let Some(request) = request.as_object_mut() {
                request.insert("postData".to_owned(), content);
            }
        }
        request
    }

    /// The response. Status 0 says that none arrived.
    fn response(&self, members: &RequestForm) -> Value {
        let empty = (HeaderMap::new(), Bytes::new());
        let (status, headers, body) =
            self.response.map_or((0, &empty.0, &empty.1), |it| (it.status, &it.headers, &it.body));
        let content_type = redact(text(headers, &header::CONTENT_TYPE));
        let mut content = json!({ "size": body.len(), "mimeType": content_type });
        let decoded = decoded(headers, body);
        let none = RequestForm::new();
        let is_known = is_of_iam(members, &none) && has_known_action(members, &none);
        let is_shown = decoded.is_some() && is_known;
        let body_read = decoded.unwrap_or_default();
        let disclosure = Disclosure::default();
        let raw = RawResponse { status, content_type, body: body_read, disclosure };
        // The secrets of the request are remembered in any case.
        let disclosed = disclose(members, &Identity::fake(), Ok(raw));
        if let (Ok(raw), true, Some(content)) = (disclosed, is_shown, content.as_object_mut()) {
            content.insert("text".to_owned(), Value::from(recorded_body(members, &raw)));
        }
        json!({
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": shown_headers(headers),
            "content": content,
            "redirectURL": redact(text(headers, &header::LOCATION)),
            "headersSize": -1,
            "bodySize": body.len(),
        })
    }
}

/// Whether the program knows the action, and so which of its members are secrets.
fn has_known_action(query: &RequestForm, form: &RequestForm) -> bool {
    let mut members = query.iter().chain(form);
    members.any(|(name, value)| name == "Action" && find_action(value).is_some())
}

/// Whether the members are those of a request of IAM.
fn is_of_iam(query: &RequestForm, form: &RequestForm) -> bool {
    let members = || query.iter().chain(form);
    members().any(|(name, _)| name == "Action")
        && members().any(|(name, value)| name == "Version" && value == VERSION)
}

fn is_of_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(OF_SIGNATURE) || name == "signature"
}

/// The header as text; empty if there is none.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

fn shown_headers(headers: &HeaderMap) -> Vec<Value> {
    let shown = headers.iter().filter(|(name, _)| SHOWN_HEADERS.contains(name));
    let pair = |(name, value): (&HeaderName, &header::HeaderValue)| json!({ "name": name.as_str(), "value": redact(value.to_str().unwrap_or_default()) });
    shown.map(pair).collect()
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=(secret)`; of another scheme, nothing.
fn without_signature(authorization: &str) -> String {
    match authorization.rsplit_once("Signature=") {
        Some((signed, _)) if signed.starts_with("AWS4-") => {
            redact(&format!("{signed}Signature={HIDDEN}"))
        }
        _ => HIDDEN.to_owned(),
    }
}

fn encoded(members: &RequestForm) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish()
}

fn pairs(members: &RequestForm) -> Vec<Value> {
    members.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The body without its compression. `None` if it cannot be decompressed.
fn decoded(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    match text(headers, &header::CONTENT_ENCODING) {
        "" | "identity" => Some(body.to_vec()),
        "gzip" => {
            let mut content = Vec::new();
            let mut decoder = MultiGzDecoder::new(body).take(DECOMPRESSED_MAX + 1);
            decoder.read_to_end(&mut content).ok()?;
            (content.len() as u64 <= DECOMPRESSED_MAX).then_some(content)
        }
        _ => None,
    }
}
