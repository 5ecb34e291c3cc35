//! Verifies Signature Version 4 of a request.
//!
//! Written by hand from the specification, on purpose: the client signs with AWS's library, so the
//! two check each other. `claim` reads the signature of a request; this file builds the text that it
//! covers, and compares. The result is the access key of the caller, so that no other code reads the
//! signature. The secrets of access keys come from the store.

pub(super) mod caller;
mod claim;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use iamspec_model::evidence::{E_013, E_014, E_015};
use iamspec_model::{Account, AttachmentKind, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::aws::credentials::Identity;
use crate::server::ResponseBody;
use crate::server::auth::claim::{ClaimedSignature, SignaturePlace};
use crate::server::store::{NameScope, Secret, Store, item_key};

/// The tolerated clock difference, and the lifetime of a signature in a header. No evidence in the
/// facts; AWS's guide to signatures has fifteen minutes.
const MINUTES: i64 = 15;

/// The longest lifetime of a signature in a query, in seconds: seven days.
const MAX_SECONDS: i64 = 604_800;

/// The region that requests to IAM are signed for (E-018).
const REGION: &str = "us-east-1";

/// The last part of every credential scope.
const TERMINATOR: &str = "aws4_request";

/// RFC 3986: everything but letters, digits and `-._~` is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const UNRESERVED_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The parts of a request that a signature covers.
pub(super) struct SignedRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The reason to refuse a request before it reaches the model.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SignatureError {
    /// The request is not signed (E-013).
    Unsigned,
    /// This part of the signature is missing or malformed. No evidence of IAM's response.
    Incomplete(&'static str),
    /// The request states this part of its signature more than once. No evidence of IAM's response.
    Ambiguous(&'static str),
    /// No active access key has this id (E-014). No evidence of the response to an inactive key.
    UnknownKey,
    /// The signature does not match: another secret, or another request (E-015).
    Mismatch,
    /// The credential scope differs from E-018. No evidence of the message.
    Scope(String),
    /// The signature is expired, or dated in the future. No evidence of the message.
    Date(String),
    /// This header must be signed and is not. No evidence of the message.
    Header(String),
}

/// The service that a request is for. It is part of the credential scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestedService {
    Iam,
    /// STS, which identifies the caller.
    Sts,
}

impl RequestedService {
    /// The name in signatures and in the last use of a key.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }
}

/// Returns the access key that a request names, without verification; `None` if it is not signed.
pub(super) fn claimed_key(request: &SignedRequest<'_>) -> Result<Option<String>, SignatureError> {
    Ok(ClaimedSignature::of(request)?.map(|claimed| claimed.access_key))
}

/// Verifies the signature of a request at this time, and returns the access key that made it.
/// `secret` returns the secret of an active access key.
pub(super) fn verified_key(
    request: &SignedRequest<'_>,
    service: RequestedService,
    now: OffsetDateTime,
    secret: impl FnOnce(&str) -> Option<Secret>,
) -> Result<String, SignatureError> {
    let claimed = ClaimedSignature::of(request)?.ok_or(SignatureError::Unsigned)?;
    let date = claimed.date.as_deref().ok_or(SignatureError::Incomplete("X-Amz-Date"))?;
    let headers = signed_headers(&claimed)?;
    let signature = claimed.signature.as_deref().unwrap_or_default().as_bytes();
    let signature = data_encoding::HEXLOWER.decode(signature).ok().filter(|it| !it.is_empty());
    let signature = signature.ok_or(SignatureError::Incomplete("Signature"))?;
    let secret = secret(&claimed.access_key).ok_or(SignatureError::UnknownKey)?;
    check_scope(&claimed.scope, date, service)?;
    check_date(date, &claimed.place, now)?;
    check_signed_headers(&headers, request.headers)?;
    let digest = hex(&Sha256::digest(canonical_request(&claimed, &headers, request)));
    let scope = claimed.scope.join("/");
    let string_to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let first = format!("AWS4{}", secret.reveal()).into_bytes();
    let signing_key = claimed.scope.iter().fold(first, |key, part| hmac(&key, part.as_bytes()));
    let mut mac = new_hmac(&signing_key);
    mac.update(string_to_sign.as_bytes());
    // Compares in constant time.
    mac.verify_slice(&signature).map_err(|_| SignatureError::Mismatch)?;
    Ok(claimed.access_key)
}

/// The names of the signed headers, in lower case, as the request lists them.
fn signed_headers(claimed: &ClaimedSignature) -> Result<Vec<String>, SignatureError> {
    let names = claimed.signed_headers.as_deref();
    let names = names.ok_or(SignatureError::Incomplete("SignedHeaders"))?;
    Ok(names.split(';').map(str::to_ascii_lowercase).collect())
}

fn new_hmac(key: &[u8]) -> Hmac<Sha256> {
    // HMAC accepts a key of any length, so the fallback is never used.
    Hmac::new_from_slice(key)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = new_hmac(key);
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Method, path, query, signed headers with their names, and the digest of the body.
fn canonical_request(
    claimed: &ClaimedSignature,
    signed: &[String],
    request: &SignedRequest<'_>,
) -> String {
    let header = |name: &String| format!("{name}:{}\n", header_value(name, request.headers));
    let headers: Vec<String> = signed.iter().map(header).collect();
    // The canonical path encodes the path as sent once more.
    let path = utf8_percent_encode(request.uri.path(), UNRESERVED_PATH).to_string();
    [
        request.method.as_str(),
        &path,
        &canonical_query(claimed, request.uri.query().unwrap_or_default()),
        &headers.concat(),
        &signed.join(";"),
        &hex(&Sha256::digest(request.body)),
    ]
    .join("\n")
}

/// The query members, encoded and then sorted, without the signature itself.
fn canonical_query(claimed: &ClaimedSignature, query: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !claimed.is_signature(name))
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// All values of a header: trimmed, inner blanks collapsed, joined by commas.
fn header_value(name: &str, headers: &HeaderMap) -> String {
    let normalized = |value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let values = headers.get_all(name).iter().map(|value| normalized(value.as_bytes()));
    values.collect::<Vec<_>>().join(",")
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn check_scope(
    scope: &[String; 4],
    date: &str,
    requested: RequestedService,
) -> Result<(), SignatureError> {
    let [day, region, service, terminator] = scope;
    let error = |what: &str, got: &str, expected: &str| {
        let text = format!("Credential should be scoped to {what} {expected}, not {got}.");
        Err(SignatureError::Scope(text))
    };
    if !date.starts_with(day.as_str()) || day.len() != 8 {
        return error("the day of the request,", day, date.get(..8).unwrap_or_default());
    }
    let (our_region, our_service) = match requested {
        RequestedService::Iam => (REGION, "iam"),
        // STS has an endpoint in every region, so any region is right.
        RequestedService::Sts => (region.as_str(), "sts"),
    };
    for (what, got, expected) in [
        ("the region", region.as_str(), our_region),
        ("the service", service, our_service),
        ("a credential that ends in", terminator, TERMINATOR),
    ] {
        if got != expected {
            return error(what, got, expected);
        }
    }
    Ok(())
}

fn check_date(
    written: &str,
    place: &SignaturePlace,
    now: OffsetDateTime,
) -> Result<(), SignatureError> {
    let date = parse_date(written).ok_or(SignatureError::Incomplete("X-Amz-Date"))?;
    let tolerance = time::Duration::minutes(MINUTES);
    let lifetime = match place {
        SignaturePlace::Header => tolerance,
        SignaturePlace::Query { expires } => {
            let seconds = expires.as_deref().and_then(|it| it.parse().ok());
            let seconds = seconds.filter(|it| (1..=MAX_SECONDS).contains(it));
            let seconds = seconds.ok_or(SignatureError::Incomplete("X-Amz-Expires"))?;
            time::Duration::seconds(seconds)
        }
    };
    let now_text = format_date(now);
    // Subtract the dates: adding to a date at the end of the calendar overflows.
    if now - date > lifetime {
        return Err(SignatureError::Date(format!(
            "Signature expired: {written} is valid for {} s, and it is {now_text} now.",
            lifetime.whole_seconds()
        )));
    }
    if date - now > tolerance {
        return Err(SignatureError::Date(format!(
            "Signature not yet current: {written} is more than {MINUTES} min later than \
             {now_text}."
        )));
    }
    Ok(())
}

/// The signature must cover `host` and every `x-amz-` header.
fn check_signed_headers(signed: &[String], headers: &HeaderMap) -> Result<(), SignatureError> {
    let is_signed = |name: &str| signed.iter().any(|it| it == name);
    let names = headers.keys().map(hyper::header::HeaderName::as_str);
    let mut required = names.filter(|name| name.starts_with("x-amz-")).chain(["host"]);
    match required.find(|name| !is_signed(name)) {
        Some(name) => Err(SignatureError::Header(name.to_owned())),
        None => Ok(()),
    }
}

impl SignatureError {
    pub(super) fn response(&self, request_id: &str) -> ResponseBody {
        match self {
            Self::Unsigned => ResponseBody::of_fact(E_013, E_013.message, request_id),
            Self::UnknownKey => ResponseBody::of_fact(E_014, E_014.message, request_id),
            Self::Mismatch => ResponseBody::of_fact(E_015, E_015.message, request_id),
            Self::Scope(text) | Self::Date(text) => {
                ResponseBody::of_fact(E_015, Some(text), request_id)
            }
            Self::Header(name) => {
                let text = format!("The header {name} must be signed and is not.");
                ResponseBody::of_fact(E_015, Some(&text), request_id)
            }
            Self::Incomplete(part) => {
                let text = format!("The signature has no valid {part}.");
                ResponseBody::error(400, "IncompleteSignature", Some(&text), request_id)
            }
            Self::Ambiguous(part) => {
                let text = format!("The request has more than one {part}; send exactly one.");
                ResponseBody::error(400, "IncompleteSignature", Some(&text), request_id)
            }
        }
    }
}

/// Parses a date of a signature: `20150830T123600Z`.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if day.len() != 8 || time.len() != 6 || !is_digits(day) || !is_digits(time) {
        return None;
    }
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = Month::try_from(two(day, 4)?).ok()?;
    let date = Date::from_calendar_date(day.get(..4)?.parse().ok()?, month, two(day, 6)?).ok()?;
    let time = Time::from_hms(two(time, 0)?, two(time, 2)?, two(time, 4)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

fn format_date(moment: OffsetDateTime) -> String {
    let (date, time) = (moment.date(), moment.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The secret of an active access key: the root key, which always exists, or a key that was created
/// here.
pub(super) fn secret_of(
    id: &str,
    root: &Identity,
    store: &Store,
    account: &Account,
) -> Option<Secret> {
    if id == root.key_id() {
        return Some(Secret::new(root.credentials().secret_access_key().to_owned()));
    }
    let key = item_key(NameScope::Account, AttachmentKind::AccessKey, id);
    let item = *store.items.get(&key)?;
    let user = account.holders(AttachmentKind::AccessKey, item).next()?;
    let active =
        account.attachment(user, AttachmentKind::AccessKey, item)?.status == Status::Active;
    active.then(|| store.item_record(AttachmentKind::AccessKey, item).secret)
}
