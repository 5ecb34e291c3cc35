//! What requests carry besides names: real certificates, keys, codes and documents.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use iamspec_model::Item;

/// RSA keys of 2048 bits, in the encoding that the service accepts (D-021). Their private halves
/// were thrown away.
const SSH_KEYS: &str = include_str!("../data/ssh-keys.txt");

/// Signs our certificates and opens nothing: making such a key takes longer than a whole run.
const CERTIFICATE_KEY: &[u8] = include_bytes!("../data/certificate-key.der");

/// What one inline policy counts for: the model reckons with it (`InlinePolicy`, B-IP-08).
pub const INLINE_POLICY_SIZE: usize = 128;

/// The public key of an item.
#[must_use]
pub fn ssh_key(item: Item) -> &'static str {
    let keys: Vec<&str> = SSH_KEYS.lines().collect();
    keys.get(item.0 as usize % keys.len().max(1)).copied().unwrap_or_default()
}

/// A self-signed certificate, another one for each item and run.
///
/// # Errors
/// What the certificate library says.
pub fn certificate(name: &str) -> Result<String> {
    let key = rcgen::KeyPair::try_from(CERTIFICATE_KEY).context("reading the signing key")?;
    let mut params =
        rcgen::CertificateParams::new(Vec::new()).context("describing a certificate")?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    Ok(params.self_signed(&key).context("signing a certificate")?.pem())
}

/// A document that grants nothing, with exactly the size the model reckons with.
#[must_use]
pub fn policy_document() -> String {
    let with = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}]}}"#
        )
    };
    let padding = INLINE_POLICY_SIZE.saturating_sub(with("").len());
    with(&"x".repeat(padding))
}

/// A password that meets every rule that an account can make.
#[must_use]
pub fn password() -> String {
    format!("Aa1!{}", uuid::Uuid::new_v4().simple())
}

/// Two consecutive codes of a device, the second one for now. Without a seed they are guesses.
///
/// # Errors
/// The seed is not base 32.
pub fn codes(seed: Option<&str>) -> Result<[String; 2]> {
    let Some(seed) = seed else { return Ok(["123456".to_owned(), "654321".to_owned()]) };
    let secret = totp_rs::Secret::try_from_base32(seed)
        .map_err(|error| anyhow!("the device's seed is not base 32: {error}"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("reading the clock")?.as_secs();
    Ok([now.saturating_sub(30), now].map(|time| totp.generate(time).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ssh_key_is_a_different_rsa_key_of_at_least_2048_bits() {
        let mut seen = Vec::new();
        for item in 0..16 {
            let key = ssh_key::PublicKey::from_openssh(ssh_key(Item(item))).unwrap();
            let modulus = key.key_data().rsa().unwrap().n.as_positive_bytes().unwrap().to_vec();
            assert!(modulus.len() >= 256);
            assert!(!seen.contains(&modulus));
            seen.push(modulus);
        }
    }

    #[test]
    fn a_policy_document_has_the_size_that_the_model_reckons_with() {
        let quota = iamspec_model::Kind::InlinePolicy.row().quota;
        let document = policy_document();
        assert_eq!(document.chars().filter(|it| !it.is_whitespace()).count() as u64, quota.each);
    }

    #[test]
    fn two_certificates_differ_and_are_x509() {
        let [one, two] = ["one", "two"].map(|name| certificate(name).unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("-----BEGIN CERTIFICATE-----"));
    }

    /// RFC 6238's own example: at second 59 the key `12345678901234567890` gives 287082.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = totp_rs::Secret::try_from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
        assert_eq!(totp.generate(59).to_string(), "287082");
        let [before, now] = codes(Some("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
        assert!(before.len() == 6 && now.len() == 6);
    }
}
