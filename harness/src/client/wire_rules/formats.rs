//! Compares the form of ids, ARNs and dates in a response with the form that the facts give.
//!
//! A deviation is not a divergence of behavior: it is reported at tier `text`. A run reports a wrong value
//! that the caller chose as a violation of the wire rule `sent-values`.

use std::collections::BTreeSet;

use iamspec_conformance::oracle::formats::{
    FORMAT_RULES, FormatCheck, FormatDeviation, FormatRule, RECORDED_FORMAT_RULES,
};
use iamspec_model::Operation;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::connection::transport::{Disclosure, RawResponse};
use crate::client::session::Names;
use crate::client::session::sent_values::SentValues;
use crate::wire::names::{RequestForm, value_of};
use crate::wire::xml_read::Element;

/// The number of format deviations of one response that are reported.
const DEVIATIONS_MAX: usize = 20;

/// The format deviations of a response, each once. Responses to invalid requests are skipped,
/// because no fact gives their form, such as the case of a name.
pub(crate) fn deviations(
    op: &Operation,
    (form, raw): (&RequestForm, &RawResponse),
    result: &Element,
    names: &Names,
) -> Vec<FormatDeviation> {
    if matches!(op, Operation::Invalid(..)) {
        return Vec::new();
    }
    let api = op.action().map_or("", |call| call.api);
    let in_symbols = |detail: &str| names.in_symbols(detail, op);
    let sent = |row: &FormatRule, parent: &Element| sent_value(&names.sent, form, row, parent);
    deviations_from(&mut FORMAT_RULES.iter(), api, (form, raw), (result, &in_symbols), &sent)
}

/// The value that an element of a response must show, if it was sent.
fn sent_value(
    sent: &SentValues,
    form: &RequestForm,
    row: &FormatRule,
    parent: &Element,
) -> Option<String> {
    if row.element == "PolicyDocument" {
        return sent.document(form).map(str::to_owned);
    }
    let written = parent.child("Key")?.text.as_str();
    let keys = [written, written.trim()];
    let (key, value) = keys.iter().find_map(|key| Some((*key, sent.tag(form, key)?)))?;
    Some(if row.element == "Key" { key } else { value }.to_owned())
}

/// The format deviations of a recorded response to an action, each once, in the names of the log.
/// A log may write dates in a form of its own. `hidden` has the members of the request whose values are
/// unknown.
pub(crate) fn recorded_deviations(
    api: &str,
    (form, hidden): (&RequestForm, &BTreeSet<String>),
    (result, with_dates): (&Element, bool),
) -> Vec<FormatDeviation> {
    let is_date =
        |it: &FormatCheck| matches!(it, FormatCheck::Date | FormatCheck::DateWithFraction);
    let rules = FORMAT_RULES.iter().chain(&RECORDED_FORMAT_RULES);
    let is_known = |it: &FormatRule| !it.expected.is_sent() || !hidden.contains(it.element);
    // A tool may have masked the account in ARNs.
    let is_arn = |it: &FormatRule| matches!(it.expected, FormatCheck::Arn(_));
    let masks_account = has_masked_account(result);
    let mut rules = rules.filter(|it| {
        (with_dates || !is_date(&it.expected)) && is_known(it) && !(masks_account && is_arn(it))
    });
    let raw = &no_response();
    deviations_from(&mut rules, api, (form, raw), (result, &str::to_owned), &|_, _| None)
}

/// Whether an ARN in the response has no account number.
fn has_masked_account(element: &Element) -> bool {
    let is_masked = |arn: &str| {
        let account = arn.split(':').nth(4).unwrap_or_default();
        account != "aws" && !(account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit()))
    };
    let is_arn = element.children.is_empty() && element.text.trim().starts_with("arn:");
    is_arn && is_masked(element.text.trim()) || element.children.iter().any(has_masked_account)
}

/// The deviations of a recorded response from what was sent before.
pub(crate) fn deviations_from_sent(
    api: &str,
    form: &RequestForm,
    result: &Element,
    sent: &SentValues,
) -> Vec<FormatDeviation> {
    let rules = FORMAT_RULES.iter().chain(&RECORDED_FORMAT_RULES);
    let mut rules = rules.filter(|it| matches!(it.expected, FormatCheck::AsSent));
    let sent = |row: &FormatRule, parent: &Element| sent_value(sent, form, row, parent);
    deviations_from(&mut rules, api, (form, &no_response()), (result, &str::to_owned), &sent)
}

/// The value of an element that a request has sent, by its rule and its parent.
type Sent<'a> = &'a dyn Fn(&FormatRule, &Element) -> Option<String>;

/// The deviations from these rules. `in_symbols` replaces the names.
fn deviations_from(
    rules: &mut dyn Iterator<Item = &FormatRule>,
    api: &str,
    (form, raw): (&RequestForm, &RawResponse),
    (result, in_symbols): (&Element, &dyn Fn(&str) -> String),
    sent: Sent<'_>,
) -> Vec<FormatDeviation> {
    let mut deviations = Vec::new();
    for row in rules.filter(|row| row.actions.contains(&api)) {
        let mut check = |parent: &Element, text: &str| {
            if deviations.len() >= DEVIATIONS_MAX {
                return;
            }
            if let Some(expected) = expected_instead(row, parent, text, (form, sent)) {
                let (expected, found) = (raw.shown(&expected), shown(row, raw.shown(text)));
                let detail = format!("{} {expected}, not {found}", row.element);
                let detail = in_symbols(&detail);
                let is_wrong_value = row.expected.is_sent()
                    && !is_same_document(row, text, sent(row, parent).as_deref());
                deviations.push(FormatDeviation { detail, evidence: row.evidence, is_wrong_value });
            }
        };
        visit(result, row.element, &mut check);
    }
    deviations.dedup();
    deviations
}

/// A text in the words of its rule. Reports show a symbol in place of an id, so the form is
/// described.
fn shown(row: &FormatRule, text: impl std::fmt::Debug + AsRef<str>) -> String {
    match row.expected {
        FormatCheck::Id(prefix, _)
        | FormatCheck::IdOfLength(prefix, _)
        | FormatCheck::IdWithPrefix(prefix) => {
            let begin: String = text.as_ref().chars().take(prefix.len()).collect();
            format!("{} characters that begin with {begin:?}", text.as_ref().chars().count())
        }
        _ => format!("{text:?}"),
    }
}

/// Visits every element of this name, at any depth, with its parent and its text as written.
fn visit(element: &Element, name: &str, check: &mut dyn FnMut(&Element, &str)) {
    for child in &element.children {
        if child.name == name {
            check(element, &child.text);
        }
        visit(child, name, check);
    }
}

/// The expected form, if the text does not have it. `parent` and `form` give the values that an ARN
/// contains.
fn expected_instead(
    row: &FormatRule,
    parent: &Element,
    written: &str,
    (form, sent): (&RequestForm, Sent<'_>),
) -> Option<String> {
    let text = written.trim();
    let (fits, expected) = match row.expected {
        FormatCheck::Id(prefix, length) => (
            text.starts_with(prefix) && text.len() == length && text.chars().all(is_base32),
            format!("of {length} letters A-Z and digits 2-7 that begin with {prefix}"),
        ),
        FormatCheck::IdOfLength(prefix, length) => (
            text.starts_with(prefix) && text.len() == length,
            format!("of {length} letters and digits that begin with {prefix}"),
        ),
        FormatCheck::IdWithPrefix(prefix) => {
            (text.starts_with(prefix), format!("that begins with {prefix}"))
        }
        FormatCheck::Alphanumeric(least) => (
            text.len() >= least && text.chars().all(|it| it.is_ascii_alphanumeric()),
            format!("of {least} or more letters and digits"),
        ),
        FormatCheck::Arn(end) => {
            let end = filled(end, parent, form)?;
            (is_arn(text, &end), format!("arn:aws:iam::<account>:{end}"))
        }
        FormatCheck::EchoesRequest(default) => {
            let expected = value_of(form, row.element).unwrap_or(default);
            // A client may write a boolean in another case.
            let is_same_boolean =
                matches!(text, "true" | "false") && text.eq_ignore_ascii_case(expected);
            (expected.is_empty() || text == expected || is_same_boolean, format!("{expected:?}"))
        }
        FormatCheck::AsSent => {
            let sent = sent(row, parent)?;
            // Responses have documents percent-encoded (E-027).
            let is_document = row.element == "PolicyDocument";
            let fits = if is_document {
                percent_decode_str(text).decode_utf8_lossy().trim() == sent.trim()
            } else {
                // No evidence says whether AWS keeps white space at the ends.
                written == sent || (sent != sent.trim() && text == sent.trim())
            };
            (fits, "as it was sent".to_owned())
        }
        FormatCheck::Date => (is_date(text, false), "in UTC and whole seconds".to_owned()),
        FormatCheck::DateWithFraction => (is_date(text, true), "in UTC".to_owned()),
    };
    (!fits).then_some(expected)
}

/// Whether the element is a document, and the same JSON as the one that was sent.
fn is_same_document(row: &FormatRule, shown: &str, sent: Option<&str>) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let shown = percent_decode_str(shown.trim()).decode_utf8_lossy();
    row.element == "PolicyDocument"
        && sent.and_then(read).is_some_and(|it| Some(it) == read(&shown))
}

fn is_base32(char: char) -> bool {
    char.is_ascii_uppercase() || ('2'..='7').contains(&char)
}

/// The end of an ARN with its placeholders replaced by sibling elements, request members, or the
/// default. `None` if none of them has the value.
fn filled(end: &str, parent: &Element, form: &RequestForm) -> Option<String> {
    let mut rest = end;
    let mut out = String::new();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let (name, default) =
            name.split_once('=').map_or((name, None), |(name, default)| (name, Some(default)));
        out.push_str(before);
        out.push_str(parent.text_of(name).or_else(|| value_of(form, name)).or(default)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Whether a text is an IAM ARN with this end, in any partition and account.
fn is_arn(text: &str, end: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account, it]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.chars().all(|it| it.is_ascii_digit())
            && it == end)
}

/// Whether a text is a date such as `2026-02-19T08:30:00Z`. `fraction` allows fractions of a
/// second.
fn is_date(text: &str, fraction: bool) -> bool {
    text.contains('T')
        && text.ends_with('Z')
        && (fraction || !text.contains('.'))
        && OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// Stands for the response that was read already.
pub(crate) fn no_response() -> RawResponse {
    RawResponse {
        status: 200,
        content_type: String::new(),
        body: Vec::new(),
        disclosure: Disclosure::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_and_whole_seconds() {
        assert!(is_date("2026-02-19T08:30:00Z", false));
        assert!(is_date("2017-02-19T08:30:00.679Z", true));
        for text in ["2017-02-19T08:30:00.679Z", "2026-02-19T08:30:00+00:00", "2026-02-19", ""] {
            assert!(!is_date(text, false), "{text}");
        }
        assert!(!is_date("2026-02-19T08:30:00.Z", true));
    }

    /// An access key id in AWS's documents has an 8, which user ids cannot have.
    #[test]
    fn access_key_ids_may_have_any_digit() {
        let of = |member: &str| FORMAT_RULES.iter().find(|row| row.element == member).unwrap();
        let deviates = |member, text: &str| {
            let form = RequestForm::new();
            expected_instead(of(member), &Element::default(), text, (&form, &|_, _| None)).is_some()
        };
        assert!(!deviates("AccessKeyId", "AKIAI44QH8DHBEXAMPLE"));
        assert!(
            deviates("AccessKeyId", "AKIAI44QH8DHBEXAMPL")
                && deviates("AccessKeyId", "ASIAI44QH8DHBEXAMPLE")
        );
        assert!(
            !deviates("UserId", "AIDACKCEVSQ6C2EXAMPLE")
                && deviates("UserId", "AIDACKCEVSQ8C2EXAMPLE")
        );
    }

    #[test]
    fn an_arn_has_an_account_id_and_the_expected_end() {
        assert!(is_arn("arn:aws:iam::123456789012:user/a/b", "user/a/b"));
        assert!(is_arn("arn:aws-cn:iam::123456789012:user/b", "user/b"));
        for text in ["arn:aws:iam::123456789012:user/b", "arn:aws:iam::1:user/a/b", "user/a/b"] {
            assert!(!is_arn(text, "user/a/b"), "{text}");
        }
    }

    #[test]
    fn the_serial_number_of_a_device_contains_the_path_of_the_request() {
        let row = FORMAT_RULES.iter().find(|row| row.element == "SerialNumber").unwrap();
        let deviates = |path: Option<&str>, serial: &str| {
            let device = ("VirtualMFADeviceName".to_owned(), "d".to_owned());
            let path = path.map(|path| ("Path".to_owned(), path.to_owned()));
            let form: RequestForm = path.into_iter().chain([device]).collect();
            let arn = format!("arn:aws:iam::123456789012:{serial}");
            expected_instead(row, &Element::default(), &arn, (&form, &|_, _| None)).is_some()
        };
        for (path, right, wrong) in [
            (None, "mfa/d", "mfa/a/d"),
            (Some("/"), "mfa/d", "mfa//d"),
            (Some("/a/"), "mfa/a/d", "mfa/d"),
            (Some("/a//b/"), "mfa/a//b/d", "mfa/a/b/d"),
        ] {
            assert!(!deviates(path, right), "{path:?}: {right}");
            assert!(deviates(path, wrong), "{path:?}: {wrong}");
        }
    }
}
