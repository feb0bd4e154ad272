//! Times: as people type them and as people read them.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Nanoseconds of a day.
pub(crate) const DAY_NS: i64 = 86_400_000_000_000;

/// Reads `2010-12-01` (the start of that day), `2010-12-01T08:26` (both UTC) or an RFC 3339 time; answers ns since the Unix
/// epoch.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let moment = text.parse::<Timestamp>().or_else(|_| {
        let civil = text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(Into::into));
        civil.and_then(|civil| civil.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp())
    });
    let moment =
        moment.map_err(|_| "expected a time as in 2010-12-01 (the start of that day, UTC), 2010-12-01T08:26 (UTC) or 2010-12-01T08:26:00+01:00")?;
    i64::try_from(moment.as_nanosecond()).map_err(|_| "the time is out of range".to_owned())
}

/// A time as people read it, to the millisecond, in UTC.
pub(crate) fn show(nanos: i64) -> String {
    let Ok(moment) = Timestamp::from_nanosecond(i128::from(nanos)) else { return nanos.to_string() };
    moment.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A time in RFC 3339, in full.
pub(crate) fn rfc3339(nanos: i64) -> String {
    Timestamp::from_nanosecond(i128::from(nanos))
        .map_or_else(|_| nanos.to_string(), |moment| moment.to_string())
}

/// The day, counted from the Unix epoch.
pub(crate) const fn day_of(nanos: i64) -> i64 {
    nanos.div_euclid(DAY_NS)
}

/// The day's date.
pub(crate) fn date(day: i64) -> String {
    rfc3339(day.saturating_mul(DAY_NS)).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_a_time_and_an_offset_are_understood_and_nonsense_is_not() {
        let day = parse("2010-12-01").expect("a date");
        assert_eq!(rfc3339(day), "2010-12-01T00:00:00Z");
        assert_eq!(parse("2010-12-01T00:00"), Ok(day));
        assert_eq!(parse("2010-12-01T01:00:00+01:00"), Ok(day));
        assert_eq!(date(day_of(day)), "2010-12-01");
        assert!(parse("yesterday").is_err());
    }

    #[test]
    fn days_before_the_epoch_count_down() {
        assert_eq!(day_of(-1), -1);
        assert_eq!(date(-1), "1969-12-31");
    }
}
