//! The times of a log, in the forms in which AWS services and tools write them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in microseconds since 1970: `2026-01-01T00:00:00Z`, or `2026-01-01 00:00:00.000` as
/// CloudTrail Lake writes it. A time without an offset is in UTC.
pub(crate) fn microseconds(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(&in_rfc3339(text.trim())?, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1000).ok()
}

/// The precision of a time in microseconds: 1 if the text has them, otherwise 1000, as in most HAR files.
pub(crate) fn precision(text: &str) -> i64 {
    let fraction = text.split_once('.').map_or("", |(_, it)| it);
    let digits = fraction.chars().take_while(char::is_ascii_digit).count();
    if digits < 6 { 1000 } else { 1 }
}

/// The same time with `T` and an offset with a colon.
fn in_rfc3339(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked("2026-01-01".len())?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let is_of_clock = |it: char| it.is_ascii_digit() || it == ':' || it == '.';
    let end = rest.find(|it| !is_of_clock(it)).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(end)?;
    Some(format!("{date}T{clock}{}", offset(zone.trim())?))
}

/// The offset `+01:00` of a zone such as `+0100`. Names of zones other than UTC are ambiguous.
fn offset(zone: &str) -> Option<String> {
    if ["", "Z", "z", "UTC", "GMT"].contains(&zone) {
        return Some("Z".to_owned());
    }
    let sign = zone.chars().next().filter(|it| ['+', '-'].contains(it))?;
    let digits = zone.get(1..)?.replacen(':', "", 1);
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    Some(format!("{sign}{hours}:{minutes}"))
}

/// The message about a time that cannot be read.
pub(crate) fn unreadable_time(member: &str, found: &str) -> String {
    format!("expected a time such as 2026-01-01T00:00:00Z in {member}, found {found:?}")
}

#[cfg(test)]
mod tests {
    use super::{microseconds, precision};

    #[test]
    fn the_forms_of_a_time_are_the_same_time() {
        let expected = microseconds("2022-01-22T16:53:53Z");
        assert_eq!(expected, Some(1_642_870_433_000_000));
        for text in [
            "2022-01-22 16:53:53.000",
            "2022-01-22 16:53:53",
            "2022-01-22T16:53:53",
            "2022-01-22 16:53:53 UTC",
            "2022-01-22 16:53:53.000 UTC",
            "2022-01-22T16:53:53+0000",
            "2022-01-22T16:53:53+00:00",
            "2022-01-22 17:53:53 +01:00",
            "2022-01-22 15:23:53.000-0130",
            "2022-01-22T17:53:53+01",
        ] {
            assert_eq!(microseconds(text), expected, "{text}");
        }
        assert_eq!(microseconds("2022-01-22 16:53:53.250"), expected.map(|it| it + 250_000));
        assert_eq!(microseconds("2022-01-22T16:53:53.000250Z"), expected.map(|it| it + 250));
        assert_eq!(precision("2022-01-22T16:53:53.000250Z"), 1);
        assert_eq!(precision("2022-01-22 16:53:53.250"), 1000);
    }

    #[test]
    fn another_text_is_no_time() {
        for text in [
            "",
            "1642870433",
            "22.01.2022 16:53:53",
            "2022-01-22",
            "2022-01-22 16:53:53 CET",
            "2022-01-22T16:53:53+1",
            "2022-01-22 24:61:00",
            "Jan 22, 2022 4:53:53 PM",
            "2022-01-2\u{e9} 16:53:53",
        ] {
            assert_eq!(microseconds(text), None, "{text}");
        }
    }
}
