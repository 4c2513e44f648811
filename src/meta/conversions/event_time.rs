//! When an event happened, and whether Meta still takes it.
//!
//! Meta refuses a whole request for one event older than seven days, or 62 for
//! events in a physical store (100/2804003; Meta, "Server Event Parameters").

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::super::destination::RowReject;
use super::{ActionSource, EventFields, filled};
use crate::object::version::ObjectVersion;
use crate::rows::Record;

const DAY: i64 = 86_400;

/// Taken off the age limit, since Meta measures it by its own clock on arrival.
const MARGIN: i64 = 1_800;

/// Events must not lie in the future; how much is forgiven is not documented. One
/// minute is what third-party senders allow.
const AHEAD: i64 = 60;

/// Beyond this a number counts milliseconds, not seconds: as seconds it would be
/// in the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// Where the events' time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// The object's own time of writing.
    Object,
    /// The column at this position: Unix seconds, RFC 3339, or an ISO date, with or
    /// without a time, in UTC.
    Column(usize),
}

/// Every event would take its time from an object that is older than Meta allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the object is {age_days} days old, and Meta takes such events for {limit_days} days only: \
     export it again, or give the events' own time by `event_time = {{ column = \"…\" }}`"
)]
pub struct TooOld {
    pub age_days: i64,
    pub limit_days: i64,
}

#[derive(Debug)]
pub(super) struct EventTimes {
    source: Source,
    oldest: i64,
    newest: i64,
    /// The age that Meta takes, less the margin.
    limit: i64,
}

#[derive(Debug)]
enum Source {
    Fixed(i64),
    Column(usize),
}

impl EventTimes {
    pub(super) fn new(
        fields: &EventFields,
        object: &ObjectVersion,
        now: i64,
    ) -> Result<EventTimes, TooOld> {
        let limit_days = match fields.action_source {
            ActionSource::PhysicalStore => 62,
            _ => 7,
        };
        let limit = limit_days * DAY - MARGIN;
        let oldest = now - limit;
        let newest = now + AHEAD;
        let source = match fields.event_time {
            EventTime::Column(position) => Source::Column(position),
            EventTime::Object if object.last_modified < oldest => {
                let age_days = (now - object.last_modified) / DAY;
                return Err(TooOld {
                    age_days,
                    limit_days,
                });
            }
            // As it is, though our clock be behind S3's: `now` would be another for
            // the next attempt, and its events other bytes. Only what no clock
            // explains is no event of the future.
            EventTime::Object if object.last_modified <= newest => {
                Source::Fixed(object.last_modified)
            }
            EventTime::Object => Source::Fixed(now),
        };
        Ok(EventTimes {
            source,
            oldest,
            newest,
            limit,
        })
    }

    /// The time of every event, where all have the same.
    pub(super) fn fixed(&self) -> Option<i64> {
        match self.source {
            Source::Fixed(time) => Some(time),
            Source::Column(_) => None,
        }
    }

    /// Whether an event that was young enough when its row was read is too old by now.
    pub(super) fn is_too_old(&self, time: i64, now: i64) -> bool {
        time < now - self.limit
    }

    pub(super) fn of(&self, record: &Record) -> Result<i64, RowReject> {
        let time = match self.source {
            Source::Fixed(time) => return Ok(time),
            Source::Column(position) => parse(filled(record.get(position))),
        };
        let reject = |reason| Err(RowReject::new("event_time", reason));
        match time {
            Err(reason) => reject(reason),
            Ok(time) if time > MILLISECONDS => reject("event_time_in_milliseconds"),
            Ok(time) if time > self.newest => reject("event_time_in_future"),
            Ok(time) if time < self.oldest => reject("event_too_old"),
            Ok(time) => Ok(time),
        }
    }
}

/// Unix seconds of what a cell says.
fn parse(text: &str) -> Result<i64, &'static str> {
    if text.is_empty() {
        return Err("event_time_missing");
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| "event_time_unreadable");
    }
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time.unix_timestamp());
    }
    let date = time::macros::format_description!("[year]-[month]-[day]");
    let with_space = time::macros::format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    let with_t = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    PrimitiveDateTime::parse(text, &with_space)
        .or_else(|_| PrimitiveDateTime::parse(text, &with_t))
        .or_else(|_| Date::parse(text, &date).map(|date| date.with_time(Time::MIDNIGHT)))
        .map(|time| time.assume_utc().unix_timestamp())
        .map_err(|_| "event_time_unreadable")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_clock_behind_s3_changes_no_event_from_one_attempt_to_the_next() {
        let object = ObjectVersion {
            address: crate::object::version::ObjectAddress {
                bucket: "b".to_owned(),
                key: "k".to_owned(),
                version_id: None,
            },
            etag: "e".to_owned(),
            size: 1,
            last_modified: 1_762_902_353,
        };
        let fields = EventFields {
            event_name: "Lead".to_owned(),
            action_source: ActionSource::Other,
            event_time: EventTime::Object,
            event_id: None,
            value: None,
            currency: None,
            order_id: None,
            event_source_url: None,
            app_data: None,
            test_event_code: None,
        };
        for behind in [-3600, 0, 2, AHEAD] {
            let times = EventTimes::new(&fields, &object, object.last_modified - behind).unwrap();
            let time = times.of(&Record::new()).unwrap();
            assert_eq!(time, object.last_modified, "{behind} s behind");
        }
        let now = object.last_modified - 7200;
        let times = EventTimes::new(&fields, &object, now).unwrap();
        assert_eq!(
            times.of(&Record::new()).unwrap(),
            now,
            "no clock is so wrong"
        );
    }

    #[test]
    fn an_event_that_was_young_enough_grows_too_old() {
        let times = EventTimes {
            source: Source::Column(0),
            oldest: 0,
            newest: 0,
            limit: 7 * DAY - MARGIN,
        };
        let now = 1_762_902_353;
        assert!(!times.is_too_old(now - 7 * DAY + MARGIN, now));
        assert!(times.is_too_old(now - 7 * DAY + MARGIN, now + 1));
    }

    #[test]
    fn times_are_read_in_every_form_that_is_offered() {
        for (text, expected) in [
            ("1762902353", Ok(1_762_902_353)),
            ("1762902353000", Ok(1_762_902_353_000)),
            ("2025-11-11T23:05:53Z", Ok(1_762_902_353)),
            ("2025-11-12T00:05:53+01:00", Ok(1_762_902_353)),
            ("2025-11-11T23:05:53", Ok(1_762_902_353)),
            ("2025-11-11 23:05:53", Ok(1_762_902_353)),
            ("2025-11-11 23:05:53.250", Ok(1_762_902_353)),
            ("2025-11-11", Ok(1_762_819_200)),
            ("", Err("event_time_missing")),
            ("11/11/2025", Err("event_time_unreadable")),
            ("2025-02-30", Err("event_time_unreadable")),
            ("99999999999999999999", Err("event_time_unreadable")),
            ("-5", Err("event_time_unreadable")),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
