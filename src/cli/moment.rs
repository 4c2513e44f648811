//! A moment as people write it: a date, a time, or how long ago.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

const FORMS: &str =
    "must be a date (2026-11-01), a time (2026-11-01T08:30:00Z), or how long ago (90m, 36h, 7d)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Unix seconds.
    At(i64),
    /// Seconds before now.
    Ago(i64),
}

impl Moment {
    /// Unix seconds.
    pub(super) fn at(self, now: OffsetDateTime) -> i64 {
        match self {
            Moment::At(seconds) => seconds,
            Moment::Ago(seconds) => now.unix_timestamp().saturating_sub(seconds),
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    /// A date alone is its beginning, in UTC.
    fn from_str(text: &str) -> Result<Moment, &'static str> {
        let text = text.trim();
        if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(Moment::At(time.unix_timestamp()));
        }
        if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Moment::At(date.midnight().assume_utc().unix_timestamp()));
        }
        ago(text).map(Moment::Ago).ok_or(FORMS)
    }
}

fn ago(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    // Without a sign, which `parse` would take.
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse::<i64>()
        .ok()
        .filter(|_| is_plain)?
        .checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_times_and_spans_are_understood() {
        let now = datetime!(2026-11-09 12:00 UTC);
        for (text, moment) in [
            ("2026-11-01", datetime!(2026-11-01 00:00 UTC)),
            ("2026-11-01T08:30:00Z", datetime!(2026-11-01 08:30 UTC)),
            (
                "2026-11-01T08:30:00.9+02:00",
                datetime!(2026-11-01 06:30 UTC),
            ),
            ("36h", datetime!(2026-11-08 00:00 UTC)),
            ("7d", datetime!(2026-11-02 12:00 UTC)),
            (" 90m ", datetime!(2026-11-09 10:30 UTC)),
            ("1w", datetime!(2026-11-02 12:00 UTC)),
            ("0s", now),
        ] {
            let found = text.parse::<Moment>().map(|moment| moment.at(now));
            assert_eq!(found, Ok(moment.unix_timestamp()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_in_one_sentence() {
        for text in [
            "",
            "d",
            "7",
            "-7d",
            "+7d",
            "7 d",
            "1.5h",
            "7ü",
            "2026-13-01",
            "01.11.2026",
            "yesterday",
            "2026-11-01T08:30:00",
            "99999999999999999999d",
            "9223372036854775807w",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(FORMS), "{text}");
        }
    }
}
