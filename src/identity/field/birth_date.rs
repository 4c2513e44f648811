//! Date of birth in one cell (`db`): `YYYYMMDD`.
//!
//! `1997-02-16`, `19970216`, `1997/2/16`, and a time after any of them, are read as they
//! stand. `2/16/1997` (Meta's example) and `16.02.1997` are read because only one order
//! of day and month gives a real date; `03/04/1997` could be two dates and is refused,
//! unless the column's order is configured. Then that order alone is read: a date that
//! is real only the other way round shows that the order is not the file's, or not
//! everywhere, and is refused as well.

use time::{Date, Month};

use super::super::columns::DateOrder;
use super::super::reason::Reason;
use super::birth_part::BirthPart;
use super::spreadsheet::{is_digits, without_zero_fraction};

/// Meta takes birth years from 1900 on.
pub(super) const EARLIEST_YEAR: i32 = 1900;

pub(super) fn normalize(
    text: &str,
    order: DateOrder,
    as_of: Date,
    out: &mut String,
) -> Result<(), Reason> {
    write_whole(parse(text, order, as_of)?, out);
    Ok(())
}

/// Appends the date as `YYYYMMDD`.
pub(crate) fn write_whole(date: Date, out: &mut String) {
    for part in BirthPart::ALL {
        part.write(part.of(date), out);
    }
}

/// Reads a whole date of birth that lies between 1900 and `as_of`.
pub(crate) fn parse(text: &str, order: DateOrder, as_of: Date) -> Result<Date, Reason> {
    let text = without_time(text)?;
    let text = without_zero_fraction(text).unwrap_or(text);
    let date = if is_digits(text) && text.len() == 8 {
        let (year, month_day) = text.split_at(4);
        let (month, day) = month_day.split_at(2);
        real_date(year, month, day)
    } else {
        parse_separated(text, order)
    }?;
    within_range(date, as_of)
}

pub(crate) fn within_range(date: Date, as_of: Date) -> Result<Date, Reason> {
    if date.year() < EARLIEST_YEAR || date > as_of {
        return Err(Reason::DateOutOfRange);
    }
    Ok(date)
}

fn parse_separated(text: &str, order: DateOrder) -> Result<Date, Reason> {
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
    let month_first = real_date(third, first, second);
    let day_first = real_date(third, second, first);
    match order {
        DateOrder::MonthFirst => month_first,
        DateOrder::DayFirst => day_first,
        DateOrder::Unknown => only_reading(month_first, day_first),
    }
}

fn only_reading(
    month_first: Result<Date, Reason>,
    day_first: Result<Date, Reason>,
) -> Result<Date, Reason> {
    match (month_first, day_first) {
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
        in_order(text, DateOrder::Unknown)
    }

    fn in_order(text: &str, order: DateOrder) -> Result<String, Reason> {
        normalized(|out| normalize(text, order, date!(2026 - 11 - 20), out))
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
    fn a_configured_order_is_the_only_one_that_is_read() {
        let (day, month) = (DateOrder::DayFirst, DateOrder::MonthFirst);
        for (text, order, expected) in [
            ("03/04/1997", day, Ok("19970403")),
            ("03/04/1997", month, Ok("19970304")),
            ("3.4.1997 00:00:00", day, Ok("19970403")),
            ("2/16/1997", month, Ok("19970216")),
            ("16-2-1997", day, Ok("19970216")),
            ("29/02/2000", day, Ok("20000229")),
            ("2/16/1997", day, Err(Reason::DateNotInCalendar)),
            ("16/02/1997", month, Err(Reason::DateNotInCalendar)),
            ("29/02/1999", day, Err(Reason::DateNotInCalendar)),
            ("03/04/97", day, Err(Reason::DateUnreadable)),
            ("03/04/2027", day, Err(Reason::DateOutOfRange)),
        ] {
            let found = in_order(text, order);
            assert_eq!(found.as_deref(), expected.as_ref().copied(), "{text}");
        }
        for order in [day, month] {
            for text in ["1997-03-04", "1997/3/4", "19970304"] {
                assert_eq!(in_order(text, order).as_deref(), Ok("19970304"), "{text}");
            }
        }
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
