//! The only reader of the signature of a request: in the `Authorization` header, or in the query.
//!
//! A request that names its signer twice is refused, so that no two readers can disagree about who
//! the caller is.

use hyper::HeaderMap;
use hyper::header;

use crate::server::auth::{SignatureError, SignedRequest};

/// A signature as the request states it. It is not verified, except that the request states
/// it once.
pub(super) struct ClaimedSignature {
    pub(super) access_key: String,
    /// Day, region, service, and `aws4_request`.
    pub(super) scope: [String; 4],
    /// The date of the signature, as written in the request.
    pub(super) date: Option<String>,
    /// The names of the signed headers, separated by `;`.
    pub(super) signed_headers: Option<String>,
    /// The signature in hexadecimal digits.
    pub(super) signature: Option<String>,
    pub(super) place: SignaturePlace,
}

/// The place of the signature in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignaturePlace {
    Header,
    Query {
        /// The lifetime of the signature, as written in the request.
        expires: Option<String>,
    },
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The date header, and the query member of the same meaning.
const DATE_HEADER: &str = "x-amz-date";

/// The members of a query that state its signature. Their names are case-sensitive.
const QUERY_MEMBERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

impl ClaimedSignature {
    /// Reads the signature of a request; `None` if the request is not signed.
    pub(super) fn of(request: &SignedRequest<'_>) -> Result<Option<Self>, SignatureError> {
        let query = QuerySignature::of(request.uri.query().unwrap_or_default())?;
        match single(request.headers, header::AUTHORIZATION.as_str())? {
            Some(_) if query.states_anything() => Err(SignatureError::Ambiguous("signature")),
            Some(authorization) => {
                let date = single(request.headers, DATE_HEADER)?.map(str::to_owned);
                Self::in_header(authorization, date).map(Some)
            }
            None => query.claim(),
        }
    }

    fn in_header(authorization: &str, date: Option<String>) -> Result<Self, SignatureError> {
        let parts = authorization.strip_prefix(ALGORITHM).filter(|it| it.starts_with([' ', '\t']));
        let parts = parts.ok_or(SignatureError::Incomplete(ALGORITHM))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let (name, value) =
                part.trim().split_once('=').ok_or(SignatureError::Incomplete("Authorization"))?;
            let (name, stated) = match name {
                "Credential" => ("Credential", &mut credential),
                "SignedHeaders" => ("SignedHeaders", &mut signed_headers),
                "Signature" => ("Signature", &mut signature),
                _ => return Err(SignatureError::Incomplete("Authorization")),
            };
            if stated.replace(value.to_owned()).is_some() {
                return Err(SignatureError::Ambiguous(name));
            }
        }
        let place = SignaturePlace::Header;
        let (access_key, scope) = credential_parts(credential)?;
        Ok(Self { access_key, scope, date, signed_headers, signature, place })
    }

    /// Returns true if this query member is the signature itself, which no signature covers.
    pub(super) fn is_signature(&self, member: &str) -> bool {
        self.place != SignaturePlace::Header && member == "X-Amz-Signature"
    }
}

/// The values of [`QUERY_MEMBERS`] in a query, in their order.
struct QuerySignature([Option<String>; 6]);

impl QuerySignature {
    fn of(query: &str) -> Result<Self, SignatureError> {
        let mut values: [Option<String>; 6] = Default::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let mut members = QUERY_MEMBERS.into_iter().zip(&mut values);
            if let Some((member, stated)) = members.find(|(member, _)| *member == name)
                && stated.replace(value.into_owned()).is_some()
            {
                return Err(SignatureError::Ambiguous(member));
            }
        }
        Ok(Self(values))
    }

    fn states_anything(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    fn claim(self) -> Result<Option<ClaimedSignature>, SignatureError> {
        if !self.states_anything() {
            return Ok(None);
        }
        let [algorithm, credential, date, expires, signed_headers, signature] = self.0;
        if algorithm.as_deref() != Some(ALGORITHM) {
            return Err(SignatureError::Incomplete("X-Amz-Algorithm"));
        }
        let place = SignaturePlace::Query { expires };
        let (access_key, scope) = credential_parts(credential)?;
        Ok(Some(ClaimedSignature { access_key, scope, date, signed_headers, signature, place }))
    }
}

/// The value of a header that may occur once; `None` if it is absent.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<Option<&'a str>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(SignatureError::Ambiguous(name));
    }
    value.to_str().map(Some).map_err(|_| SignatureError::Incomplete(name))
}

/// The access key and the scope of a credential.
fn credential_parts(credential: Option<String>) -> Result<(String, [String; 4]), SignatureError> {
    let credential = credential.ok_or(SignatureError::Incomplete("Credential"))?;
    let parts: Vec<String> = credential.split('/').map(str::to_owned).collect();
    match <[String; 5]>::try_from(parts) {
        Ok([access_key, scope @ ..]) if !access_key.is_empty() => Ok((access_key, scope)),
        _ => Err(SignatureError::Incomplete("Credential")),
    }
}
