//! What a request says of its signature: in a header, or in its query.

use hyper::header;

use crate::server::auth::{Refused, SignedRequest};

/// A signature with what it is said to cover.
pub(crate) struct ClaimedSignature {
    pub(crate) key: String,
    /// Day, region, service, and `aws4_request`.
    pub(crate) scope: [String; 4],
    /// When it was made, as it is written.
    pub(crate) date: String,
    /// The names of headers, in small letters.
    pub(crate) headers: Vec<String>,
    pub(crate) signature: Vec<u8>,
    pub(crate) place: SignaturePlace,
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignaturePlace {
    Header,
    Query {
        /// How long it holds.
        seconds: i64,
    },
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

impl ClaimedSignature {
    pub(crate) fn of(request: &SignedRequest<'_>) -> Result<Self, Refused> {
        let text = |name| request.headers.get(name).and_then(|it| it.to_str().ok());
        if let Some(authorization) = text(header::AUTHORIZATION.as_str()) {
            let date = text("x-amz-date").ok_or(Refused::Incomplete("X-Amz-Date"))?;
            return Self::in_header(authorization, date);
        }
        let query = request.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let member = |name: &'static str| {
            let found = pairs.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
            found.ok_or(Refused::Incomplete(name))
        };
        if member("X-Amz-Signature").is_err() {
            return Err(Refused::Unsigned);
        }
        if member("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refused::Incomplete("X-Amz-Algorithm"));
        }
        let seconds = member("X-Amz-Expires")?.parse().ok();
        let seconds = seconds.filter(|it| (1..=604_800).contains(it));
        let place =
            SignaturePlace::Query { seconds: seconds.ok_or(Refused::Incomplete("X-Amz-Expires"))? };
        Self::new(
            member("X-Amz-Credential")?,
            member("X-Amz-Date")?,
            member("X-Amz-SignedHeaders")?,
            member("X-Amz-Signature")?,
            place,
        )
    }

    fn in_header(authorization: &str, date: &str) -> Result<Self, Refused> {
        let rest = authorization.strip_prefix(ALGORITHM);
        let rest = rest.ok_or(Refused::Incomplete("AWS4-HMAC-SHA256"))?;
        let part = |name: &'static str| {
            let mut parts = rest.split(',').filter_map(|it| it.trim().split_once('='));
            let found = parts.find(|(it, _)| *it == name).map(|(_, value)| value);
            found.ok_or(Refused::Incomplete(name))
        };
        let headers = part("SignedHeaders")?;
        Self::new(part("Credential")?, date, headers, part("Signature")?, SignaturePlace::Header)
    }

    fn new(
        credential: &str,
        date: &str,
        headers: &str,
        signature: &str,
        place: SignaturePlace,
    ) -> Result<Self, Refused> {
        let words: Vec<String> = credential.split('/').map(str::to_owned).collect();
        let Ok([key, scope @ ..]): Result<[String; 5], _> = words.try_into() else {
            return Err(Refused::Incomplete("Credential"));
        };
        let signature = data_encoding::HEXLOWER.decode(signature.as_bytes());
        Ok(Self {
            key,
            scope,
            date: date.to_owned(),
            headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature: signature.map_err(|_| Refused::Incomplete("Signature"))?,
            place,
        })
    }
}
