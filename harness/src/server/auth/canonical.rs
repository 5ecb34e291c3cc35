//! The one form of a request in which it is signed.

use hyper::header::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::server::auth::SignedRequest;
use crate::server::auth::claimed::{ClaimedSignature, SignaturePlace};

/// RFC 3986: everything but letters, digits and `-._~`.
const KEEP: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const KEEP_PATH: &AsciiSet = &KEEP.remove(b'/');

/// Method, path, query, headers, the names of those, and the digest of the body.
pub(crate) fn canonical(claimed: &ClaimedSignature, request: &SignedRequest<'_>) -> String {
    let header = |name: &String| format!("{name}:{}\n", value(name, request.headers));
    let headers: Vec<String> = claimed.headers.iter().map(header).collect();
    // A path is encoded once more than it is sent.
    let path = utf8_percent_encode(request.uri.path(), KEEP_PATH).to_string();
    [
        request.method.as_str(),
        &path,
        &query(claimed, request.uri.query().unwrap_or_default()),
        &headers.concat(),
        &claimed.headers.join(";"),
        &hex(&Sha256::digest(request.body)),
    ]
    .join("\n")
}

/// Encoded, then sorted; without the signature itself.
fn query(claimed: &ClaimedSignature, sent: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, KEEP).to_string();
    let itself = |name: &str| {
        matches!(claimed.place, SignaturePlace::Query { .. }) && name == "X-Amz-Signature"
    };
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(sent.as_bytes())
        .filter(|(name, _)| !itself(name))
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// All values of a header, each without blanks around it and with single ones within.
fn value(name: &str, headers: &HeaderMap) -> String {
    let one = |value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        text.split(' ').filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
    };
    headers.get_all(name).iter().map(|it| one(it.as_bytes())).collect::<Vec<_>>().join(",")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
