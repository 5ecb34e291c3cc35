//! Signature version 4, by AWS's own library.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;

use crate::aws::Identity;

/// The headers that sign this body (E-018), with the token of a temporary key.
pub(super) fn headers(
    identity: &Identity,
    (service, region): (&str, &str),
    url: &Url,
    (content_type, body): (&str, &[u8]),
) -> Result<Vec<(String, String)>> {
    let credentials = identity.credentials().clone().into();
    let params = v4::SigningParams::builder()
        .identity(&credentials)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .context("cannot describe the signature")?
        .into();
    let headers = [("content-type", content_type)].into_iter();
    let request = SignableRequest::new("POST", url.as_str(), headers, SignableBody::Bytes(body))
        .context("cannot prepare the signature")?;
    let (instructions, _) = sign(request, &params).context("cannot sign")?.into_parts();
    let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(instructions.headers().map(named).collect())
}
