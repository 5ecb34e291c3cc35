//! The canonical form of a request, which its signature covers.

use hyper::header::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::server::auth::SignedRequest;
use crate::server::auth::claimed::{ClaimedSignature, SignaturePlace};

/// RFC 3986: everything but letters, digits and `-._~` is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const UNRESERVED_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Method, path, query, signed headers with their names, and the digest of the body.
pub(super) fn canonical_request(claimed: &ClaimedSignature, request: &SignedRequest<'_>) -> String {
    let header = |name: &String| format!("{name}:{}\n", header_value(name, request.headers));
    let headers: Vec<String> = claimed.headers.iter().map(header).collect();
    // The canonical path encodes the path as sent once more.
    let path = utf8_percent_encode(request.uri.path(), UNRESERVED_PATH).to_string();
    [
        request.method.as_str(),
        &path,
        &canonical_query(claimed, request.uri.query().unwrap_or_default()),
        &headers.concat(),
        &claimed.headers.join(";"),
        &hex(&Sha256::digest(request.body)),
    ]
    .join("\n")
}

/// The query members, encoded and then sorted, without the signature itself.
fn canonical_query(claimed: &ClaimedSignature, query: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let is_signature = |name: &str| {
        matches!(claimed.place, SignaturePlace::Query { .. }) && name == "X-Amz-Signature"
    };
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !is_signature(name))
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

pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
