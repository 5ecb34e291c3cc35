//! Signature version 4, reckoned once more: from the specification, and not with the library that
//! the client signs with.
//!
//! Dates as signatures write them: `20150830T123600Z`.
//!
//! The secrets of access keys, which nothing prints.

mod canonical;
mod claimed;
#[cfg(test)]
mod tests;

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use iamspec_model::evidence::{E_013, E_014, E_015};
use iamspec_model::{Account, AttachmentKind, Fact, Status};
use sha2::{Digest as _, Sha256};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::aws::credentials::FAKE;
use crate::server::auth::canonical::{canonical, hex};
use crate::server::auth::claimed::{ClaimedSignature, SignaturePlace};
use crate::server::store::{Store, Within, item_key};
use crate::wire::xml_write;

/// How far a clock may be off, and how long a signature holds. No evidence of the minutes in the
/// facts; AWS's guide to signatures has fifteen.
const MINUTES: i64 = 15;

/// Region and service of the scope (E-018).
const SCOPE: [&str; 3] = ["us-east-1", "iam", "aws4_request"];

/// A request, as far as a signature covers it.
pub(crate) struct SignedRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Why a request is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is not signed (E-013).
    Unsigned,
    /// What is said of the signature lacks this. No evidence in the facts of how IAM says so.
    Incomplete(&'static str),
    /// No active access key has this id (E-014); of an inactive one there is no evidence.
    UnknownKey,
    /// Another secret, or another request (E-015).
    Differs,
    /// The scope is another one than E-018 has. No evidence of the text.
    Scope(String),
    /// Signed too long ago, or not yet. No evidence of the text.
    Date(String),
    /// This header should be signed and is not. No evidence of the text.
    Header(String),
}

/// Checks a request at this moment; `secret` knows the secrets of the access keys that may be used.
pub(crate) fn check(
    request: &SignedRequest<'_>,
    now: OffsetDateTime,
    secret: impl FnOnce(&str) -> Option<Secret>,
) -> Result<(), Refused> {
    let claimed = ClaimedSignature::of(request)?;
    let secret = secret(&claimed.key).ok_or(Refused::UnknownKey)?;
    in_scope(&claimed)?;
    in_time(&claimed, now)?;
    covers(&claimed, request.headers)?;
    let digest = hex(&Sha256::digest(canonical(&claimed, request)));
    let (date, scope) = (&claimed.date, claimed.scope.join("/"));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let first = format!("AWS4{}", secret.reveal()).into_bytes();
    let key = claimed.scope.iter().fold(first, |key, part| keyed(&key, part.as_bytes()));
    let mut mac = hmac_of(&key);
    mac.update(text.as_bytes());
    // Takes as long wherever the two differ.
    mac.verify_slice(&claimed.signature).map_err(|_| Refused::Differs)
}

fn hmac_of(key: &[u8]) -> Hmac<Sha256> {
    // A key of any length will do; the other one is never used.
    Hmac::new_from_slice(key)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = hmac_of(key);
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn in_scope(claimed: &ClaimedSignature) -> Result<(), Refused> {
    let [day, region, service, end] = &claimed.scope;
    let wrong = |what: &str, given: &str, wanted: &str| {
        Err(Refused::Scope(format!("Credential should be scoped to {what} {wanted}, not {given}.")))
    };
    let [its_region, its_service, its_end] = SCOPE;
    if !claimed.date.starts_with(day.as_str()) || day.len() != 8 {
        return wrong("the day of the request,", day, claimed.date.get(..8).unwrap_or_default());
    }
    for (what, given, wanted) in [
        ("the region", region, its_region),
        ("the service", service, its_service),
        ("a credential that ends in", end, its_end),
    ] {
        if given != wanted {
            return wrong(what, given, wanted);
        }
    }
    Ok(())
}

fn in_time(claimed: &ClaimedSignature, now: OffsetDateTime) -> Result<(), Refused> {
    let date = read(&claimed.date).ok_or(Refused::Incomplete("X-Amz-Date"))?;
    let minutes = time::Duration::minutes(MINUTES);
    let holds = match claimed.place {
        SignaturePlace::Header => minutes,
        SignaturePlace::Query { seconds } => time::Duration::seconds(seconds),
    };
    let (said, now_said) = (&claimed.date, written(now));
    // The two are subtracted: a sum may be no date any more.
    if now - date > holds {
        return Err(Refused::Date(format!(
            "Signature expired: {said} holds for {} s, and it is {now_said} now.",
            holds.whole_seconds()
        )));
    }
    if date - now > minutes {
        return Err(Refused::Date(format!(
            "Signature not yet current: {said} is later than {now_said} by more than {MINUTES} min."
        )));
    }
    Ok(())
}

/// The host must be signed, and whatever AWS reads of the headers.
fn covers(claimed: &ClaimedSignature, headers: &HeaderMap) -> Result<(), Refused> {
    let is_signed = |name: &str| claimed.headers.iter().any(|it| it == name);
    let amz = headers.keys().map(hyper::header::HeaderName::as_str);
    let needed = amz.filter(|name| name.starts_with("x-amz-")).chain(["host"]);
    match needed.into_iter().find(|name| !is_signed(name)) {
        Some(name) => Err(Refused::Header(name.to_owned())),
        None => Ok(()),
    }
}

impl Refused {
    /// The answer.
    pub(crate) fn respond(&self, request_id: &str) -> (u16, String) {
        let said = |fact: &Fact, text: Option<&str>| {
            let code = fact.code.unwrap_or_default();
            let text = text.or(fact.message);
            (fact.http.unwrap_or(403), xml_write::error(code, text, request_id))
        };
        match self {
            Self::Unsigned => said(E_013, None),
            Self::UnknownKey => said(E_014, None),
            Self::Differs => said(E_015, None),
            Self::Scope(text) | Self::Date(text) => said(E_015, Some(text)),
            Self::Header(name) => {
                said(E_015, Some(&format!("The header {name} is not signed and must be.")))
            }
            Self::Incomplete(what) => {
                let text = format!("The signature lacks {what}.");
                (400, xml_write::error("IncompleteSignature", Some(&text), request_id))
            }
        }
    }
}

/// Reads one.
pub(crate) fn read(text: &str) -> Option<OffsetDateTime> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    if day.len() != 8 || time.len() != 6 || !digits(day) || !digits(time) {
        return None;
    }
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = Month::try_from(two(day, 4)?).ok()?;
    let date = Date::from_calendar_date(day.get(..4)?.parse().ok()?, month, two(day, 6)?).ok()?;
    let time = Time::from_hms(two(time, 0)?, two(time, 2)?, two(time, 4)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

/// Writes one.
pub(crate) fn written(moment: OffsetDateTime) -> String {
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

/// A secret.
#[derive(Clone, Default)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The secret of an access key that may be used: the one with which everybody begins, and those that
/// were issued, are active, and belong to somebody.
pub(crate) fn secret_of(id: &str, registry: &Store, account: &Account) -> Option<Secret> {
    let (root, its_secret) = FAKE;
    if id == root {
        return Some(Secret::new(its_secret.to_owned()));
    }
    let item = *registry.items.get(&item_key(Within::Everything, AttachmentKind::AccessKey, id))?;
    let user = account.holders(AttachmentKind::AccessKey, item).next()?;
    let active = account.held(user, AttachmentKind::AccessKey, item)?.status == Status::Active;
    active.then(|| registry.item_record(AttachmentKind::AccessKey, item).secret)
}
