//! Signature version 4, by AWS's own library.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;

use super::request::CONTENT_TYPE;

/// Signs requests with one set of credentials.
pub(super) struct Signer {
    credentials: Credentials,
}

impl Signer {
    /// Credentials that open nothing, for endpoints on this machine.
    pub(super) fn fake() -> Self {
        Self::with("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    }

    /// An access key.
    pub(super) fn with(id: &str, secret: &str) -> Self {
        Self { credentials: Credentials::new(id, secret, None, None, "iamspec") }
    }

    /// The headers that sign this body, for the region and service of E-018.
    pub(super) fn sign(&self, url: &Url, body: &[u8]) -> Result<Vec<(String, String)>> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("iam")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .context("cannot describe the signature")?
            .into();
        let headers = [("content-type", CONTENT_TYPE)].into_iter();
        let request =
            SignableRequest::new("POST", url.as_str(), headers, SignableBody::Bytes(body))
                .context("cannot prepare the signature")?;
        let (instructions, _) = sign(request, &params).context("cannot sign")?.into_parts();
        Ok(instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}
