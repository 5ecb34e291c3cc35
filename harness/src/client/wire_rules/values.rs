//! Single values: dates, booleans, numbers, blobs, enumerations and policy documents.

use data_encoding::{BASE32_NOPAD, BASE64};
use iamspec_conformance::oracle::wire::{
    BASE32_SEED, BLOB, BOOLEAN, DOCUMENT_ENCODING, EMPTY_VALUE, ENUMERATION, INTEGER, NAME_FORM,
    OUTER_SPACE, QR_CODE, SECRET_KEY_FORM, TIMESTAMP, WireRule, WireViolation,
};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::wire_rules::Inspection;
use crate::wire::service_model::shapes::{ValueShape, structure};
use crate::wire::xml_read::Element;

/// The first bytes of every PNG picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The enumeration whose values AWS does not use (B-PB-01).
const UNUSED_ENUMERATION: &str = "PermissionsBoundaryType";

/// The ends of the names of texts that have no white space (D-021, E-017, B-AK-01).
const WITHOUT_SPACE: [&str; 6] = ["Name", "Path", "Id", "Arn", "SerialNumber", "SecretAccessKey"];

/// The actions whose responses have policy documents (E-027).
const WITH_DOCUMENTS: [&str; 4] =
    ["GetUserPolicy", "GetGroupPolicy", "GetPolicyVersion", "GetAccountAuthorizationDetails"];

impl Inspection<'_> {
    /// Checks a value at this place of the response.
    pub(super) fn value(&mut self, shape: &'static ValueShape, element: &Element, place: &str) {
        let text = element.text.as_str();
        let name = place.rsplit('.').next().unwrap_or(place);
        match shape {
            ValueShape::Map(value) => self.map(value, element, place),
            ValueShape::Structure(name) => {
                if let Some(shape) = structure(name) {
                    self.structure(shape, element, place);
                }
            }
            ValueShape::List(entry) => self.list(entry, element, place),
            ValueShape::Text => {
                self.bare_text(text, place);
                if name.ends_with("Document") && WITH_DOCUMENTS.contains(&self.api) {
                    self.document(text, place);
                }
            }
            ValueShape::Timestamp => {
                let fits = OffsetDateTime::parse(text, &Rfc3339).is_ok() && text.contains('T');
                self.unless(fits, &TIMESTAMP, place, ("a date such as 2026-02-19T08:30:00Z", text));
            }
            ValueShape::Boolean => {
                let fits = matches!(text, "true" | "false");
                self.unless(fits, &BOOLEAN, place, ("true or false", text));
            }
            ValueShape::Integer => {
                let fits = text.parse::<i64>().is_ok() && !text.starts_with('+');
                self.unless(fits, &INTEGER, place, ("a decimal number", text));
            }
            ValueShape::Enumeration(values) => {
                let fits = name == UNUSED_ENUMERATION || values.iter().any(|it| it == text);
                self.unless(fits, &ENUMERATION, place, (&values.join(" or "), text));
            }
            ValueShape::Blob => self.blob(text, name, place),
        }
    }

    /// Checks a text that cannot be empty or have white space around it: a name, a path, an id, an ARN or
    /// a secret key. Other texts, such as the values of tags, can.
    fn bare_text(&mut self, text: &str, place: &str) {
        // The entries of a list of names are called `member`.
        let name = place.trim_end_matches(".member").trim_end_matches('s');
        let is_without = WITHOUT_SPACE.iter().any(|it| name.ends_with(it));
        let (rule, detail) = match text.trim() {
            _ if !is_without => return,
            "" => (&EMPTY_VALUE, format!("{place}: a value, not an empty one")),
            bare if bare != text => {
                (&OUTER_SPACE, format!("{place}: no white space around the value"))
            }
            _ => return,
        };
        let is_secret = name.ends_with("SecretAccessKey");
        let evidence = if is_secret { SECRET_KEY_FORM } else { NAME_FORM };
        self.report(WireViolation { evidence, ..WireViolation::of(rule, detail) });
    }

    /// Checks a blob. Its value may be secret, so no detail contains it.
    fn blob(&mut self, text: &str, name: &str, place: &str) {
        let text: String = text.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
        let Ok(bytes) = BASE64.decode(text.as_bytes()) else {
            let detail = format!("{place}: base64, not another encoding");
            return self.report(WireViolation::of(&BLOB, detail));
        };
        if name == "Base32StringSeed" && !is_base32(&bytes) {
            let detail = format!("{place}: base32 in base64, not something else in base64");
            self.report(WireViolation::of(&BASE32_SEED, detail));
        }
        if name == "QRCodePNG" && !bytes.starts_with(PNG) {
            let detail = format!("{place}: a PNG picture in base64, not something else in base64");
            self.report(WireViolation::of(&QR_CODE, detail));
        }
    }

    /// Checks a policy document: decoded once, it must be JSON, and before that it must not be.
    fn document(&mut self, text: &str, place: &str) {
        let decoded = percent_decode_str(text).decode_utf8();
        let is_json = decoded.is_ok_and(|it| serde_json::from_str::<Value>(&it).is_ok());
        if !is_json || text.contains(['{', '"']) {
            let found = if text.contains('{') { "not encoded" } else { "in another encoding" };
            let detail = format!("{place}: percent-encoded JSON, not a document that is {found}");
            self.report(WireViolation::of(&DOCUMENT_ENCODING, detail));
        }
    }

    fn unless(
        &mut self,
        fits: bool,
        rule: &'static WireRule,
        place: &str,
        (expected, found): (&str, &str),
    ) {
        if !fits {
            let found = self.raw.shown(found);
            self.report(WireViolation::of(rule, format!("{place}: {expected}, not {found:?}")));
        }
    }
}

fn is_base32(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|it| *it != b'=').map_or(0, |it| it + 1);
    let digits = bytes.get(..end).unwrap_or_default();
    !digits.is_empty() && BASE32_NOPAD.decode(digits).is_ok()
}
