//! Local time of the shop (Europe/London) to points in time. The file says only local times; the rule of
//! summer time stands here, so no time zone database has to be installed.

use daybook_domain::Timestamp;
use jiff::{
    Unit,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// British summer time as it has been since 1996: last Sunday of March 01:00 to last Sunday of October 02:00.
const RULE: &str = "GMT0BST,M3.5.0/1,M10.5.0";

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Turns local times into points in time; remembers the last one, as the lines of an invoice share theirs.
pub(crate) struct London {
    zone: TimeZone,
    last: Option<(Vec<u8>, Moment)>,
}

/// When a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    /// The local date, in days since 1970-01-01.
    pub(crate) day: i32,
}

impl London {
    pub(crate) fn new() -> Self {
        let zone = TimeZone::posix(RULE).expect("the rule is a valid POSIX time zone");
        Self { zone, last: None }
    }

    /// Reads `2010-12-01T08:26:00` (or a space for the T, or without seconds) as London time.
    pub(crate) fn moment(&mut self, text: &[u8]) -> Option<Moment> {
        if let Some((known, moment)) = &self.last
            && known == text
        {
            return Some(*moment);
        }
        // Only plain local times: an offset or a zone would be read and silently ignored.
        let plain = text.len() >= 16 && text.iter().all(|b| b.is_ascii_digit() || b"-:T .".contains(b));
        let local: DateTime = std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()?;
        let moment = Moment { at: self.at(local)?, day: days(local.date()) };
        self.last = Some((text.to_vec(), moment));
        Some(moment)
    }

    fn at(&self, local: DateTime) -> Option<Timestamp> {
        let zoned = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        i64::try_from(zoned.as_nanosecond()).ok().map(Timestamp::from_nanos)
    }
}

fn days(date: Date) -> i32 {
    date.since((Unit::Day, EPOCH)).map_or(0, |span| span.get_days())
}

/// `minutes` after midnight in London on `day`.
pub(crate) fn local_midnight_plus(day: i32, minutes: i16) -> Timestamp {
    let london = London::new();
    let date = EPOCH.saturating_add(jiff::Span::new().days(day));
    let hour = i8::try_from(minutes / 60).unwrap_or(0);
    let minute = i8::try_from(minutes % 60).unwrap_or(0);
    london.at(date.at(hour, minute, 0, 0)).unwrap_or_default()
}

/// Weeks since 1970, beginning on Mondays.
pub(crate) const fn week_of(day: i32) -> i32 {
    // 1970-01-01 was a Thursday.
    (day + 3).div_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        London::new().moment(text.as_bytes()).map(|moment| moment.at.to_string())
    }

    #[test]
    fn winter_is_greenwich_and_summer_is_an_hour_ahead() {
        assert_eq!(at("2010-12-01T08:26:00").as_deref(), Some("2010-12-01T08:26:00Z"));
        assert_eq!(at("2011-03-27T00:59:00").as_deref(), Some("2011-03-27T00:59:00Z"));
        assert_eq!(at("2011-03-27T02:00:00").as_deref(), Some("2011-03-27T01:00:00Z"));
        assert_eq!(at("2011-10-30 00:30").as_deref(), Some("2011-10-29T23:30:00Z"));
        assert_eq!(at("2011-10-31T09:00:00").as_deref(), Some("2011-10-31T09:00:00Z"));
    }

    #[test]
    fn what_is_no_local_time_is_refused() {
        for text in
            ["", "2010-12-01", "12/1/2010 8:26", "2010-13-01T08:26:00", "2010-12-01T08:26:00Z", "yesterday"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        let day = |text: &str| London::new().moment(text.as_bytes()).expect("a time").day;
        assert_eq!(week_of(day("2011-01-02T00:00:00")) + 1, week_of(day("2011-01-03T00:00:00")));
        assert_eq!(week_of(day("2011-01-03T00:00:00")), week_of(day("2011-01-09T23:00:00")));
    }
}
