//! The payloads of requests: valid certificates, SSH keys, MFA codes, passwords and policy
//! documents.
//!
//! The endpoint parses them, so they must be real. None of them gives access to anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use data_encoding::BASE64;
use iamspec_model::Item;

/// RSA public keys of 2048 bits, in the encoding that the service accepts (D-021). Their private
/// keys do not exist any more.
const SSH_KEYS: &str = include_str!("../../data/ssh-keys.txt");

/// The key that signs certificates. It is fixed, because generating one takes longer than a run.
const CERTIFICATE_KEY: &[u8] = include_bytes!("../../data/certificate-key.der");

/// The size of an inline policy, which the model uses for the quota (B-IP-08).
pub const INLINE_POLICY_SIZE: usize = 128;

/// The validity of an MFA code in seconds (RFC 6238).
const WINDOW: u64 = 30;

/// The public key of an item, which differs for each item. After the keys of the file, a key has the modulus
/// of one of them with other bits in its middle: nothing signs with it.
#[must_use]
pub fn ssh_key(item: Item) -> String {
    let count = SSH_KEYS.lines().count().max(1);
    let number = item.0 as usize;
    let line = SSH_KEYS.lines().nth(number % count).unwrap_or_default();
    let round = u32::try_from(number / count).unwrap_or(u32::MAX);
    if round == 0 {
        return line.to_owned();
    }
    let mut words = line.split(' ');
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else { return line.to_owned() };
    let mut blob = BASE64.decode(blob.as_bytes()).unwrap_or_default();
    // The modulus is the last and by far the longest part.
    let middle = blob.len() / 2;
    for (byte, other) in blob.iter_mut().skip(middle).zip(round.to_be_bytes()) {
        *byte ^= other;
    }
    let comment = words.next().unwrap_or_default();
    format!("{kind} {} {comment}", BASE64.encode(&blob))
}

/// A self-signed certificate for a name, which differs for each item and run.
///
/// # Errors
/// The certificate cannot be created.
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

/// A policy document that grants nothing, with the size [`INLINE_POLICY_SIZE`].
#[must_use]
pub fn policy_document() -> String {
    let document = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}]}}"#
        )
    };
    let padding = INLINE_POLICY_SIZE.saturating_sub(document("").len());
    document(&"x".repeat(padding))
}

/// A policy document with line breaks, blanks, percent and plus signs, which grants nothing. Without its white
/// space, which no quota counts (B-IP-08), it has the size [`INLINE_POLICY_SIZE`].
#[must_use]
pub fn unusual_policy_document() -> String {
    let document = |path: &str| {
        format!(
            "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\"Effect\": \"Deny\", \"Action\": \
             \"iam:CreateUser\",\n    \"Resource\": \"arn:aws:iam::*:user/50%2B+%25{path}\"}}]\n}}"
        )
    };
    let size = document("").chars().filter(|it| !it.is_whitespace()).count();
    document(&"x".repeat(INLINE_POLICY_SIZE.saturating_sub(size)))
}

/// Another policy document of the same size, for an endpoint that knows only `Allow`. It allows one
/// read of a user that no run creates.
#[must_use]
pub fn second_policy_document() -> String {
    let document = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/-"}}]}}"#
        )
    };
    let padding = INLINE_POLICY_SIZE.saturating_sub(document("").len());
    document(&"x".repeat(padding))
}

/// Another password, for an endpoint that refuses long ones.
#[must_use]
pub fn second_password() -> String {
    password().chars().take(20).collect()
}

/// A password that meets every possible password policy: of the maximum length, with every
/// character class.
#[must_use]
pub fn password() -> String {
    let mut password = "Aa1!".to_owned();
    while password.len() < 128 {
        password.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    password.truncate(128);
    password
}

/// Two consecutive codes of a device, and the time window of the second one.
#[derive(Debug)]
pub struct MfaCodes {
    /// The codes, earlier first.
    pub codes: [String; 2],
    /// The current window: the number of thirty-second periods since 1970.
    pub window: u64,
}

/// Codes for a device without a known seed.
pub const GUESSES: [&str; 2] = ["123456", "654321"];

/// The codes of a device with this base 32 seed. In the last second of a window, waits for the next
/// window, so that both codes are still valid when they arrive. Also waits if both codes are equal
/// by chance.
///
/// # Errors
/// The seed is not base 32.
pub fn codes(seed: &str) -> Result<MfaCodes> {
    let secret = totp_rs::Secret::try_from_base32(seed)
        .map_err(|error| anyhow!("the device's seed is not base 32: {error}"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    loop {
        let now = clock()?;
        let elapsed = Duration::from_secs(now.as_secs() % WINDOW)
            + Duration::from_nanos(u64::from(now.subsec_nanos()));
        let rest = Duration::from_secs(WINDOW).saturating_sub(elapsed);
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

/// Returns true if the codes are two consecutive codes of the device, of now or of an earlier window.
/// `now` is in seconds since 1970; `oldest` is the number of windows to look back.
pub(crate) fn is_pair_of_codes(seed: &str, codes: [&str; 2], now: u64, oldest: u64) -> bool {
    let Ok(secret) = totp_rs::Secret::try_from_base32(seed) else { return false };
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let code = |window: u64| totp.generate(window * WINDOW).to_string();
    // A clock may be one window ahead.
    let last = now / WINDOW + 1;
    (last.saturating_sub(oldest)..=last)
        .rev()
        .any(|window| code(window) == codes[1] && code(window.saturating_sub(1)) == codes[0])
}

fn clock() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("reading the clock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_keys_are_distinct_rsa_keys_of_at_least_2048_bits() {
        let mut seen = Vec::new();
        for item in (0..40).chain([1000, 100_000]) {
            let key = ssh_key::PublicKey::from_openssh(&ssh_key(Item(item))).unwrap();
            let modulus = key.key_data().rsa().unwrap().n.as_positive_bytes().unwrap().to_vec();
            assert!(modulus.len() >= 256);
            assert!(!seen.contains(&modulus));
            seen.push(modulus);
        }
    }

    #[test]
    fn every_policy_document_takes_the_same_part_of_the_quota() {
        let documents = [policy_document(), unusual_policy_document(), second_policy_document()];
        for document in documents {
            let counted = document.chars().filter(|it| !it.is_whitespace()).count();
            assert_eq!(counted, INLINE_POLICY_SIZE, "{document}");
            serde_json::from_str::<serde_json::Value>(&document).unwrap();
        }
    }

    #[test]
    fn two_certificates_differ_and_are_x509() {
        let [one, two] = ["one", "two"].map(|name| certificate(name).unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("-----BEGIN CERTIFICATE-----"));
    }

    /// The example of RFC 6238: at second 59 the key `12345678901234567890` gives 287082.
    #[test]
    fn codes_follow_rfc_6238() {
        let secret = totp_rs::Secret::try_from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
        assert_eq!(totp.generate(59).to_string(), "287082");
        let MfaCodes { codes, window } = codes("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        let times = [(window - 1) * WINDOW, window * WINDOW];
        assert_eq!(codes, times.map(|time| totp.generate(time).to_string()));
    }
}
