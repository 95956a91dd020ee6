//! The day on which an update is played: now, or the one that `--exclude-newer` names.
//!
//! Deliberately not here: what uv leaves out because of it, which is told the moment as it stands here.

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use pinfold_core::lock::{Lock, Wheel};

use crate::failure::hinted;
use crate::uv::moment;

/// A moment, and whether somebody named it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    now: Timestamp,
    given: bool,
    /// What the machine's clock says, whatever day is played.
    machine: Timestamp,
}

/// Today ends later than now, and elsewhere it is tomorrow already.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);

/// The clocks of two machines may differ by so much, and a lock be written by one and read by the other.
const APART: SignedDuration = SignedDuration::from_hours(24);

impl Clock {
    /// Now, or the moment that is given: an RFC 3339 timestamp, or a date, which is a whole day of UTC; today is that
    /// as far as it has come.
    ///
    /// # Errors
    /// When it is neither, or a day that is yet to come.
    pub fn new(given: Option<&str>) -> Result<Self> {
        let machine = Timestamp::now();
        let Some(text) = given else {
            return Ok(Clock { now: machine, given: false, machine });
        };
        let now = moment::read(text).ok_or_else(|| {
            hinted(
                anyhow!("`--exclude-newer {text}` is neither a date nor a timestamp"),
                "write it like `2024-06-16` (the whole day, UTC) or `2024-06-16T12:00:00Z`",
            )
        })?;
        if now.duration_since(machine) > AHEAD {
            let what = anyhow!("`--exclude-newer {text}` is yet to come: the clock says {}", whole(machine));
            return Err(hinted(what, "name a day of the past, leave it out, or mend the clock"));
        }
        Ok(Clock { now: now.min(machine), given: true, machine })
    }

    /// Whether nothing can have happened at this moment yet, neither by the day that is played nor by the machine's
    /// clock.
    pub fn is_to_come(&self, moment: Timestamp) -> bool {
        moment.duration_since(self.now.max(self.machine)) > APART
    }

    /// What uv is told, where a moment was given.
    pub fn limit(&self) -> Option<String> {
        self.given.then(|| self.text())
    }

    /// The moment itself.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The moment in RFC 3339, to the second.
    pub fn text(&self) -> String {
        whole(self.now)
    }

    /// Packages of which nobody can tell what was there at the moment that was given: their index does not say when
    /// files were uploaded.
    pub fn unknown<'a>(&self, wheels: impl Iterator<Item = &'a Wheel>) -> Vec<&'a str> {
        let undated = wheels.filter(|wheel| self.given && wheel.index.is_some() && wheel.uploaded.is_none());
        let mut names: Vec<&str> = undated.map(|wheel| wheel.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What of `lock` is newer than the clock, in words: by this clock the lock cannot be.
    pub fn behind(&self, lock: &Lock) -> Option<String> {
        let uploaded = |text: &str| text.parse::<Timestamp>().ok();
        let newest =
            lock.wheels.iter().filter_map(|wheel| Some((uploaded(wheel.uploaded.as_deref()?)?, wheel)));
        let (moment, wheel) = newest.max_by_key(|(moment, _)| *moment)?;
        (moment > self.now)
            .then(|| format!("pinfold.lock has {} {}, uploaded {}", wheel.name, wheel.version, moment))
    }
}

/// In RFC 3339, to the second.
fn whole(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_date_is_its_whole_day_and_what_is_neither_is_refused() {
        let text =
            |given| Clock::new(Some(given)).map(|clock| clock.text()).unwrap_or_else(|e| e.to_string());
        assert_eq!(text("2024-06-16"), "2024-06-17T00:00:00Z");
        assert_eq!(text("2024-06-16T12:00:00+02:00"), "2024-06-16T10:00:00Z");
        for wrong in ["yesterday", "2024-13-01", "2024-06-16T", "", "14d"] {
            assert!(text(wrong).contains("is neither a date nor a timestamp"), "{wrong}: {}", text(wrong));
        }
        assert_eq!(Clock::new(None).unwrap().limit(), None);
    }

    #[test]
    fn today_ends_now_and_a_day_that_is_yet_to_come_is_refused() {
        let date = |days: i64| {
            let day = Timestamp::now() + SignedDuration::from_hours(days * 24);
            day.to_zoned(TimeZone::UTC).date().to_string()
        };
        assert!(Clock::new(Some(&date(0))).unwrap().now() <= Timestamp::now());
        for far in [date(4), "2206-06-01".to_owned(), "9998-12-30".to_owned()] {
            let said = Clock::new(Some(&far)).unwrap_err().to_string();
            assert!(
                said.starts_with(&format!("`--exclude-newer {far}` is yet to come: the clock says ")),
                "{said}"
            );
        }
    }
}
