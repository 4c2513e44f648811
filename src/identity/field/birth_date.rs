//! Date of birth in one cell (`db`): `YYYYMMDD`.
//!
//! `1997-02-16`, `19970216`, `1997/2/16`, and a time after any of them, are read as they
//! stand. `2/16/1997` (Meta's example) and `16.02.1997` are read because only one order
//! of day and month gives a real date; `03/04/1997` could be two dates and is refused.

use time::{Date, Month};

use super::super::reason::Reason;
use super::birth_part::BirthPart;
use super::spreadsheet::{is_digits, without_zero_fraction};

/// Meta takes birth years from 1900 on.
pub(super) const EARLIEST_YEAR: i32 = 1900;

pub(super) fn normalize(text: &str, as_of: Date, out: &mut String) -> Result<(), Reason> {
    write_whole(parse(text, as_of)?, out);
    Ok(())
}

/// Appends the date as `YYYYMMDD`.
pub(crate) fn write_whole(date: Date, out: &mut String) {
    for part in BirthPart::ALL {
        part.write(part.of(date), out);
    }
}

/// Reads a whole date of birth that lies between 1900 and `as_of`.
pub(crate) fn parse(text: &str, as_of: Date) -> Result<Date, Reason> {
    let text = without_time(text)?;
    let text = without_zero_fraction(text).unwrap_or(text);
    let date = if is_digits(text) && text.len() == 8 {
        let (year, month_day) = text.split_at(4);
        let (month, day) = month_day.split_at(2);
        real_date(year, month, day)
    } else {
        parse_separated(text)
    }?;
    within_range(date, as_of)
}

pub(crate) fn within_range(date: Date, as_of: Date) -> Result<Date, Reason> {
    if date.year() < EARLIEST_YEAR || date > as_of {
        return Err(Reason::DateOutOfRange);
    }
    Ok(date)
}

fn parse_separated(text: &str) -> Result<Date, Reason> {
    let separator = text
        .find(['-', '/', '.'])
        .and_then(|at| text[at..].chars().next())
        .ok_or(Reason::DateUnreadable)?;
    let mut parts = text.split(separator);
    let (Some(first), Some(second), Some(third), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Reason::DateUnreadable);
    };
    let is_short = |part: &str| part.len() <= 2;
    if ![first, second, third].into_iter().all(is_digits) || !is_short(second) {
        return Err(Reason::DateUnreadable);
    }
    if first.len() == 4 && is_short(third) {
        return real_date(first, second, third);
    }
    if third.len() != 4 || !is_short(first) {
        return Err(Reason::DateUnreadable);
    }
    match (
        real_date(third, first, second),
        real_date(third, second, first),
    ) {
        (Ok(month_first), Ok(day_first)) if month_first != day_first => Err(Reason::DateAmbiguous),
        (Ok(date), _) | (Err(_), Ok(date)) => Ok(date),
        (Err(reason), Err(_)) => Err(reason),
    }
}

/// The date before a time of day, which many exports append.
fn without_time(text: &str) -> Result<&str, Reason> {
    let Some(at) = text.find(|c: char| c == 'T' || c == 't' || c.is_whitespace()) else {
        return Ok(text);
    };
    let (date, time) = text.split_at(at);
    let is_of_a_time =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || ":.,+-TtZzAaPpMm".contains(c);
    if time.contains(':') && time.chars().all(is_of_a_time) {
        Ok(date)
    } else {
        Err(Reason::DateUnreadable)
    }
}

/// The day of the calendar, of three texts of digits.
fn real_date(year: &str, month: &str, day: &str) -> Result<Date, Reason> {
    let read = || {
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
    };
    read().ok_or(Reason::DateNotInCalendar)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::super::testing::normalized;
    use super::*;

    fn birth_date(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, date!(2026 - 11 - 20), out))
    }

    #[test]
    fn dates_of_one_reading_are_read() {
        for text in [
            "2/16/1997",
            "16/02/1997",
            "16.02.1997",
            "16-2-1997",
            "1997-02-16",
            "1997/2/16",
            "1997-02-16T23:30:00+02:00",
            "1997-02-16 00:00:00.000",
            "2/16/1997 12:00:00 AM",
            "19970216",
            "19970216.0",
        ] {
            assert_eq!(birth_date(text).as_deref(), Ok("19970216"), "{text}");
        }
        assert_eq!(birth_date("03/03/1997").as_deref(), Ok("19970303"));
        assert_eq!(birth_date("29.2.2000").as_deref(), Ok("20000229"));
        assert_eq!(birth_date("2026-11-20").as_deref(), Ok("20261120"));
    }

    #[test]
    fn other_dates_are_refused_by_cause() {
        for (text, reason) in [
            ("03/04/1997", Reason::DateAmbiguous),
            ("1997-02-29", Reason::DateNotInCalendar),
            ("1997-16-02", Reason::DateNotInCalendar),
            ("30/02/1997", Reason::DateNotInCalendar),
            ("16021997", Reason::DateNotInCalendar),
            ("0000-00-00", Reason::DateNotInCalendar),
            ("1899-12-31", Reason::DateOutOfRange),
            ("2026-11-21", Reason::DateOutOfRange),
            ("2/16/97", Reason::DateUnreadable),
            ("970216", Reason::DateUnreadable),
            ("Feb 16, 1997", Reason::DateUnreadable),
            ("856051200000", Reason::DateUnreadable),
            ("1997", Reason::DateUnreadable),
            ("1997-02-16-01", Reason::DateUnreadable),
            ("1997-02-16 or so", Reason::DateUnreadable),
            ("平成9年2月16日", Reason::DateUnreadable),
            ("-1997-02-16", Reason::DateUnreadable),
        ] {
            assert_eq!(birth_date(text), Err(reason), "{text}");
        }
    }
}
