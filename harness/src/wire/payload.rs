//! What requests carry besides names: real certificates, keys, codes and documents.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use iamspec_model::Item;

/// RSA keys of 2048 bits, in the encoding that the service accepts (D-021). Their private halves
/// were thrown away.
const SSH_KEYS: &str = include_str!("../../data/ssh-keys.txt");

/// Signs our certificates and opens nothing: making such a key takes longer than a whole run.
const CERTIFICATE_KEY: &[u8] = include_bytes!("../../data/certificate-key.der");

/// What one inline policy counts for: the model reckons with it (`InlinePolicy`, B-IP-08).
pub const INLINE_POLICY_SIZE: usize = 128;

/// How long a code of a device is for, in seconds (RFC 6238).
const WINDOW: u64 = 30;

/// The public key of an item: there are sixteen, more than the quotas of three users, and then they come
/// again.
#[must_use]
pub fn ssh_key(item: Item) -> &'static str {
    let place = item.0 as usize % SSH_KEYS.lines().count().max(1);
    SSH_KEYS.lines().nth(place).unwrap_or_default()
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

/// A password that meets every rule that an account can make: as long as one may be, and with every
/// class of characters.
#[must_use]
pub fn password() -> String {
    let mut password = "Aa1!".to_owned();
    while password.len() < 128 {
        password.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    password.truncate(128);
    password
}

/// Two consecutive codes of a device, and the window of the second one, which is now.
#[derive(Debug)]
pub struct MfaCodes {
    /// The codes, the earlier one first.
    pub codes: [String; 2],
    /// The time by which the second one counts.
    pub window: u64,
}

/// Codes that nobody can have told, for a device that has no seed.
pub const GUESSES: [&str; 2] = ["123456", "654321"];

/// The codes of a device by its seed in base 32. Near the end of a window it waits for the next one,
/// at most a second, so that both codes still count when they arrive; where both codes are the same by
/// chance, once in a million, it waits for another one.
///
/// # Errors
/// The seed is not base 32.
pub fn codes(seed: &str) -> Result<MfaCodes> {
    let secret = totp_rs::Secret::try_from_base32(seed)
        .map_err(|error| anyhow!("the device's seed is not base 32: {error}"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    loop {
        let now = clock()?;
        let into = Duration::from_secs(now.as_secs() % WINDOW)
            + Duration::from_nanos(u64::from(now.subsec_nanos()));
        let rest = Duration::from_secs(WINDOW).saturating_sub(into);
        if rest > Duration::from_secs(1) {
            let times = [now.as_secs().saturating_sub(WINDOW), now.as_secs()];
            let codes = times.map(|time| totp.generate(time).to_string());
            if codes[0] != codes[1] {
                return Ok(MfaCodes { codes, window: now.as_secs() / WINDOW });
            }
        }
        std::thread::sleep(rest);
    }
}

fn clock() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("reading the clock")
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
        let MfaCodes { codes, window } = codes("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let times = [(window - 1) * WINDOW, window * WINDOW];
        assert_eq!(codes, times.map(|time| totp.generate(time).to_string()));
    }
}
