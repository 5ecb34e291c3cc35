//! Dates as signatures write them: `20150830T123600Z`.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Reads one.
pub(super) fn read(text: &str) -> Option<OffsetDateTime> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    if day.len() != 8 || time.len() != 6 || !digits(day) || !digits(time) {
        return None;
    }
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = Month::try_from(two(day, 4)?).ok()?;
    let date = Date::from_calendar_date(day.get(..4)?.parse().ok()?, month, two(day, 6)?).ok()?;
    let time = Time::from_hms(two(time, 0)?, two(time, 2)?, two(time, 4)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

/// Writes one.
pub(super) fn written(moment: OffsetDateTime) -> String {
    let (date, time) = (moment.date(), moment.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
