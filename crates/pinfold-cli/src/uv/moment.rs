//! Moments as `exclude-newer` has them: RFC 3339, a day, or how long ago.
//!
//! Deliberately not here: what is left out because of them, which is uv's affair.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// An RFC 3339 timestamp, or a date, which is the whole day, in UTC.
pub fn read(text: &str) -> Option<Timestamp> {
    let day = || {
        let date: Date = text.parse().ok()?;
        Some(date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    // A timestamp begins with a date, which would do as one.
    text.parse().ok().or_else(|| day().filter(|_| !text.contains('T')))
}

/// The earlier of `moment` and of what somebody wrote down, which may be how long before `moment` it is.
pub fn earlier(moment: &str, written: &str) -> String {
    let ago = || {
        let span: Span = written.parse().ok()?;
        let now = read(moment)?.to_zoned(TimeZone::UTC);
        Some(now.checked_sub(span.abs()).ok()?.timestamp())
    };
    match (read(moment), read(written)) {
        (Some(now), Some(limit)) if limit < now => written.to_owned(),
        (_, Some(_)) => moment.to_owned(),
        (_, None) => ago().map_or_else(|| moment.to_owned(), |ago| ago.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_counts_however_it_is_written() {
        let of = |written| earlier("2024-06-16T00:00:00Z", written);
        assert_eq!(of("2024-06-01T00:00:00Z"), "2024-06-01T00:00:00Z");
        assert_eq!(of("2024-06-01"), "2024-06-01");
        // The whole day, which ends with the other.
        assert_eq!(of("2024-06-15"), "2024-06-16T00:00:00Z");
        assert_eq!(of("2024-07-01"), "2024-06-16T00:00:00Z");
        assert_eq!(of("7 days"), "2024-06-09T00:00:00Z");
        assert_eq!(of("P1W"), "2024-06-09T00:00:00Z");
        assert_eq!(of("soon"), "2024-06-16T00:00:00Z");
    }
}
