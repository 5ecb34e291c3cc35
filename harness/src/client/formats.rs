//! What of an answer is not in the form that the facts give it.

use iamspec_conformance::oracle::formats::{FORMS, FormatCheck, FormatDeviation, FormatRow};
use iamspec_model::Operation;

use crate::client::request::RequestForm as Sent;
use crate::client::session::Names;
use crate::wire::xml_read::Element;

/// Every oddity of an answer, each said once. Calls that are put otherwise than they should be are passed
/// over: in which case a name comes back, say, no fact says.
pub(crate) fn oddities(
    op: &Operation,
    sent: &Sent,
    result: &Element,
    names: &Names,
) -> Vec<FormatDeviation> {
    let api = op.call().map_or("", |call| call.api);
    let mut odd = Vec::new();
    if matches!(op, Operation::Flawed(..)) {
        return odd;
    }
    for row in FORMS.iter().filter(|row| row.calls.contains(&api)) {
        let mut look = |beside: &Element, found: &str| {
            if let Some(wanted) = wrong(row, beside, found, sent) {
                let detail = format!("{} {wanted}, not {found:?}", row.member);
                let detail = names.in_symbols(&detail, op);
                odd.push(FormatDeviation { detail, evidence: row.evidence });
            }
        };
        each(result, row.member, &mut look);
    }
    odd.dedup();
    odd
}

/// Every member of that name, with the element that it stands in.
fn each(element: &Element, member: &str, look: &mut dyn FnMut(&Element, &str)) {
    for child in &element.children {
        if child.name == member {
            look(element, child.text.trim());
        }
        each(child, member, look);
    }
}

/// What should be there, where that is not what was found.
fn wrong(row: &FormatRow, beside: &Element, found: &str, sent: &Sent) -> Option<String> {
    let (fits, wanted) = match row.form {
        FormatCheck::Id(prefix, length) => (
            found.starts_with(prefix) && found.len() == length && found.chars().all(is_base32),
            format!("of {length} letters A-Z and digits 2-7 that begin with {prefix}"),
        ),
        FormatCheck::Long(prefix, length) => (
            found.starts_with(prefix) && found.len() == length,
            format!("of {length} letters and digits that begin with {prefix}"),
        ),
        FormatCheck::Begins(prefix) => {
            (found.starts_with(prefix), format!("that begins with {prefix}"))
        }
        FormatCheck::Letters(least) => (
            found.len() >= least && found.chars().all(|it| it.is_ascii_alphanumeric()),
            format!("of {least} or more letters and digits"),
        ),
        FormatCheck::Arn(end) => {
            let end = filled(end, beside, sent)?;
            (is_arn(found, &end), format!("arn:aws:iam::<account>:{end}"))
        }
        FormatCheck::Sent(default) => {
            let named = sent.iter().find(|(name, _)| name == row.member);
            let wanted = named.map_or(default, |(_, value)| value);
            (wanted.is_empty() || found == wanted, format!("{wanted:?}"))
        }
        FormatCheck::Date => (is_date(found, false), "in UTC and whole seconds".to_owned()),
        FormatCheck::DateOrFraction => (is_date(found, true), "in UTC".to_owned()),
    };
    (!fits).then_some(wanted)
}

fn is_base32(char: char) -> bool {
    char.is_ascii_uppercase() || ('2'..='7').contains(&char)
}

/// The end of an ARN with what stands beside it, or was sent. Nothing where that is not known.
fn filled(end: &str, beside: &Element, sent: &Sent) -> Option<String> {
    let mut rest = end;
    let mut out = String::new();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let sent = || sent.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        out.push_str(before);
        out.push_str(beside.text_of(name).or_else(sent)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Of whichever partition: there are accounts elsewhere.
fn is_arn(found: &str, end: &str) -> bool {
    let parts: Vec<&str> = found.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account, it]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.chars().all(|it| it.is_ascii_digit())
            && it == end)
}

/// `2026-02-19T08:30:00Z`, perhaps with a part of a second.
fn is_date(found: &str, fraction: bool) -> bool {
    let Some(local) = found.strip_suffix('Z') else { return false };
    let (whole, part) = local.split_once('.').map_or((local, None), |(it, part)| (it, Some(part)));
    let digits = |it: &str| it.chars().all(|it| it.is_ascii_digit());
    let form: String = whole.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    form == "0000-00-00T00:00:00" && part.is_none_or(|it| fraction && !it.is_empty() && digits(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_and_whole_seconds() {
        assert!(is_date("2026-02-19T08:30:00Z", false));
        assert!(is_date("2017-02-19T08:30:00.679Z", true));
        for odd in ["2017-02-19T08:30:00.679Z", "2026-02-19T08:30:00+00:00", "2026-02-19", ""] {
            assert!(!is_date(odd, false), "{odd}");
        }
        assert!(!is_date("2026-02-19T08:30:00.Z", true));
    }

    /// An access key id of AWS's own documents has an 8, which no id of a user has.
    #[test]
    fn of_which_letters_an_access_key_is_no_fact_says() {
        let of = |member: &str| FORMS.iter().find(|row| row.member == member).unwrap();
        let odd = |member, found: &str| {
            wrong(of(member), &Element::default(), found, &Sent::new()).is_some()
        };
        assert!(!odd("AccessKeyId", "AKIAI44QH8DHBEXAMPLE"));
        assert!(
            odd("AccessKeyId", "AKIAI44QH8DHBEXAMPL") && odd("AccessKeyId", "ASIAI44QH8DHBEXAMPLE")
        );
        assert!(!odd("UserId", "AIDACKCEVSQ6C2EXAMPLE") && odd("UserId", "AIDACKCEVSQ8C2EXAMPLE"));
    }

    #[test]
    fn arns_are_of_an_account_and_end_as_they_should() {
        assert!(is_arn("arn:aws:iam::123456789012:user/a/b", "user/a/b"));
        assert!(is_arn("arn:aws-cn:iam::123456789012:user/b", "user/b"));
        for odd in ["arn:aws:iam::123456789012:user/b", "arn:aws:iam::1:user/a/b", "user/a/b"] {
            assert!(!is_arn(odd, "user/a/b"), "{odd}");
        }
    }
}
