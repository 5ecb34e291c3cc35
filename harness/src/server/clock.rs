//! The clock of the server: the time of the machine, within the years that a date can show.
//!
//! HTTP has no dates before 1970 or after 9999, and hyper panics if the clock shows one. Therefore
//! the server does not start with such a clock, and refuses connections while the clock is wrong.
//! If a response must contain a date nevertheless, it contains the nearest valid one.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The last second of the year 9999, as a Unix timestamp.
const LAST_SECOND: i64 = 253_402_300_799;

/// The reason why the server does not respond at a wrong time.
pub(super) const WRONG_CLOCK: &str = "expected a clock between the years 1970 and 9999, found \
                                      another date; set the clock of this machine";

/// Returns true if HTTP can show the current date.
pub(super) fn is_right() -> bool {
    can_be_shown(SystemTime::now())
}

fn can_be_shown(time: SystemTime) -> bool {
    let seconds = time.duration_since(UNIX_EPOCH).map(|since| i64::try_from(since.as_secs()));
    matches!(seconds, Ok(Ok(seconds)) if seconds <= LAST_SECOND)
}

/// The current time in UTC, in whole seconds.
pub(super) fn now() -> OffsetDateTime {
    nearest_date(SystemTime::now())
}

fn nearest_date(time: SystemTime) -> OffsetDateTime {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(LAST_SECOND).min(LAST_SECOND);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A date in a response body: `2026-02-19T08:30:00Z` (E-008).
pub(super) fn iso_date(time: OffsetDateTime) -> String {
    let (date, time) = (time.date(), time.time());
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn any_clock_gives_a_date_from_1970_to_9999() {
        let year = Duration::from_hours(365 * 24);
        let date = |time| iso_date(nearest_date(time));
        let (first, last) = ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
        for age in [Duration::from_nanos(1), year, year * 200, year * 5000] {
            assert_eq!(date(UNIX_EPOCH - age), first, "{age:?}");
            assert!(!can_be_shown(UNIX_EPOCH - age), "{age:?}");
        }
        let end = Duration::from_secs(LAST_SECOND.unsigned_abs());
        for age in [end + Duration::from_secs(1), year * 8100, year * 100_000, year * 1_000_000] {
            assert_eq!(date(UNIX_EPOCH + age), last, "{age:?}");
            assert!(!can_be_shown(UNIX_EPOCH + age), "{age:?}");
        }
        let moment = Duration::from_secs(784_111_777);
        for (age, shown) in [(Duration::ZERO, first), (moment, "1994-11-06T08:49:37Z"), (end, last)]
        {
            assert_eq!(date(UNIX_EPOCH + age), shown);
            assert!(can_be_shown(UNIX_EPOCH + age), "{age:?}");
        }
    }
}
