//! The clock of the server: the time of the machine, within the years that a date can show.
//!
//! A clock before 1970 or after 9999 is wrong, but no reason to stop: the server then shows the
//! nearest date in between.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The last second of the year 9999, as a Unix timestamp.
const LAST_SECOND: i64 = 253_402_300_799;

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

/// A date in an HTTP header: `Thu, 19 Feb 2026 08:30:00 GMT`.
pub(super) fn http_date(time: OffsetDateTime) -> String {
    let (weekday, month) = (time.weekday().to_string(), time.month().to_string());
    let short = |name: &str| name.chars().take(3).collect::<String>();
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        short(&weekday),
        time.day(),
        short(&month),
        time.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn any_clock_gives_a_date_from_1970_to_9999() {
        let year = Duration::from_hours(365 * 24);
        let days = |time| (iso_date(nearest_date(time)), http_date(nearest_date(time)));
        let (first, last) = ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
        for age in [Duration::from_nanos(1), year, year * 200, year * 5000] {
            assert_eq!(days(UNIX_EPOCH - age).0, first, "{age:?}");
        }
        for age in [year * 8100, year * 100_000, year * 1_000_000] {
            let (iso, http) = days(UNIX_EPOCH + age);
            assert_eq!((&*iso, &*http), (last, "Fri, 31 Dec 9999 23:59:59 GMT"), "{age:?}");
        }
        let moment = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let (iso, http) = days(moment);
        assert_eq!((&*iso, &*http), ("1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
