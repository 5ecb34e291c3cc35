//! Reads the signature of a request, from the `Authorization` header or from the query.

use hyper::header;

use crate::server::auth::{SignatureError, SignedRequest};

/// A signature that is not verified yet, with its scope and the headers it covers.
pub(super) struct ClaimedSignature {
    pub(super) access_key: String,
    /// Day, region, service, and `aws4_request`.
    pub(super) scope: [String; 4],
    /// The date of the signature, as written in the request.
    pub(super) date: String,
    /// The names of the signed headers, in lower case.
    pub(super) headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    pub(super) place: SignaturePlace,
}

/// The place of the signature in the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SignaturePlace {
    Header,
    Query {
        /// The lifetime of the signature.
        seconds: i64,
    },
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The longest lifetime of a signature in a query, in seconds: seven days.
const MAX_SECONDS: i64 = 604_800;

impl ClaimedSignature {
    pub(super) fn of(request: &SignedRequest<'_>) -> Result<Self, SignatureError> {
        let header = |name| request.headers.get(name).and_then(|it| it.to_str().ok());
        if let Some(authorization) = header(header::AUTHORIZATION.as_str()) {
            let date = header("x-amz-date").ok_or(SignatureError::Incomplete("X-Amz-Date"))?;
            return Self::in_header(authorization, date);
        }
        Self::in_query(request.uri.query().unwrap_or_default())
    }

    fn in_query(query: &str) -> Result<Self, SignatureError> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let member = |name: &'static str| {
            let found = pairs.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
            found.ok_or(SignatureError::Incomplete(name))
        };
        if member("X-Amz-Signature").is_err() {
            return Err(SignatureError::Unsigned);
        }
        if member("X-Amz-Algorithm")? != ALGORITHM {
            return Err(SignatureError::Incomplete("X-Amz-Algorithm"));
        }
        let seconds = member("X-Amz-Expires")?.parse().ok();
        let seconds = seconds.filter(|it| (1..=MAX_SECONDS).contains(it));
        let seconds = seconds.ok_or(SignatureError::Incomplete("X-Amz-Expires"))?;
        Self::new(
            member("X-Amz-Credential")?,
            member("X-Amz-Date")?,
            member("X-Amz-SignedHeaders")?,
            member("X-Amz-Signature")?,
            SignaturePlace::Query { seconds },
        )
    }

    fn in_header(authorization: &str, date: &str) -> Result<Self, SignatureError> {
        let rest = authorization.strip_prefix(ALGORITHM);
        let rest = rest.ok_or(SignatureError::Incomplete(ALGORITHM))?;
        let part = |name: &'static str| {
            let mut parts = rest.split(',').filter_map(|it| it.trim().split_once('='));
            let found = parts.find(|(it, _)| *it == name).map(|(_, value)| value);
            found.ok_or(SignatureError::Incomplete(name))
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
    ) -> Result<Self, SignatureError> {
        let parts: Vec<String> = credential.split('/').map(str::to_owned).collect();
        let Ok([access_key, scope @ ..]): Result<[String; 5], _> = parts.try_into() else {
            return Err(SignatureError::Incomplete("Credential"));
        };
        let signature = data_encoding::HEXLOWER.decode(signature.as_bytes());
        Ok(Self {
            access_key,
            scope,
            date: date.to_owned(),
            headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature: signature.map_err(|_| SignatureError::Incomplete("Signature"))?,
            place,
        })
    }
}
