//! Date of birth in parts (`DOBY`, `DOBM`, `DOBD`): four, two and two digits.
//!
//! `7` and `7.0` → `07`: the guidance's sample data has birth parts as floats.

use time::Date;

use super::super::key::Key;
use super::super::reason::Reason;
use super::birth_date::EARLIEST_YEAR;
use super::spreadsheet::{is_digits, without_zero_fraction};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BirthPart {
    Year,
    Month,
    Day,
}

impl BirthPart {
    pub(crate) const ALL: [BirthPart; 3] = [BirthPart::Year, BirthPart::Month, BirthPart::Day];

    pub(crate) const fn key(self) -> Key {
        match self {
            BirthPart::Year => Key::BirthYear,
            BirthPart::Month => Key::BirthMonth,
            BirthPart::Day => Key::BirthDay,
        }
    }

    /// This part of a whole date.
    pub(crate) fn of(self, date: Date) -> u16 {
        match self {
            // Birth dates begin with 1900, and `time` ends with 9999.
            BirthPart::Year => date.year().unsigned_abs() as u16,
            BirthPart::Month => u16::from(u8::from(date.month())),
            BirthPart::Day => u16::from(date.day()),
        }
    }

    /// Reads the part; the year must lie between 1900 and that of `as_of`.
    pub(crate) fn parse(self, text: &str, as_of: Date) -> Result<u16, Reason> {
        let text = without_zero_fraction(text).unwrap_or(text);
        let has_length = match self {
            BirthPart::Year => text.len() == 4,
            BirthPart::Month | BirthPart::Day => text.len() <= 2,
        };
        if !is_digits(text) || !has_length {
            return Err(Reason::DatePartInvalid);
        }
        let number: u16 = text.parse().map_err(|_| Reason::DatePartInvalid)?;
        let (range, reason) = match self {
            BirthPart::Year => (
                EARLIEST_YEAR.unsigned_abs() as u16..=BirthPart::Year.of(as_of),
                Reason::DateOutOfRange,
            ),
            BirthPart::Month => (1..=12, Reason::DatePartInvalid),
            BirthPart::Day => (1..=31, Reason::DatePartInvalid),
        };
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(reason)
        }
    }

    /// Appends the part as Meta writes it.
    pub(crate) fn write(self, number: u16, out: &mut String) {
        let places: &[u16] = match self {
            BirthPart::Year => &[1000, 100, 10, 1],
            BirthPart::Month | BirthPart::Day => &[10, 1],
        };
        let digits = places
            .iter()
            .filter_map(|place| char::from_digit(u32::from(number / place % 10), 10));
        out.extend(digits);
    }

    pub(super) fn normalize(self, text: &str, as_of: Date, out: &mut String) -> Result<(), Reason> {
        self.write(self.parse(text, as_of)?, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::super::testing::normalized;
    use super::*;

    fn part(part: BirthPart, text: &str) -> Result<String, Reason> {
        normalized(|out| part.normalize(text, date!(2026 - 11 - 20), out))
    }

    #[test]
    fn parts_are_padded_and_lose_a_float_s_zero() {
        assert_eq!(part(BirthPart::Day, "1").as_deref(), Ok("01"));
        assert_eq!(part(BirthPart::Day, "31").as_deref(), Ok("31"));
        assert_eq!(part(BirthPart::Month, "7.0").as_deref(), Ok("07"));
        assert_eq!(part(BirthPart::Month, "02").as_deref(), Ok("02"));
        assert_eq!(part(BirthPart::Year, "1900").as_deref(), Ok("1900"));
        assert_eq!(part(BirthPart::Year, "2026.0").as_deref(), Ok("2026"));
    }

    #[test]
    fn what_is_no_part_of_a_date_is_refused() {
        for text in ["0", "32", "-1", "+5", "1.5", "a", "0x1", "001", "５"] {
            assert_eq!(
                part(BirthPart::Day, text),
                Err(Reason::DatePartInvalid),
                "{text}"
            );
        }
        for text in ["0", "13", "january", "1e1", "1 2"] {
            assert_eq!(
                part(BirthPart::Month, text),
                Err(Reason::DatePartInvalid),
                "{text}"
            );
        }
        for text in ["97", "19970", "1_997", "199a", "+1997"] {
            assert_eq!(
                part(BirthPart::Year, text),
                Err(Reason::DatePartInvalid),
                "{text}"
            );
        }
        for text in ["1899", "0000", "2027"] {
            assert_eq!(
                part(BirthPart::Year, text),
                Err(Reason::DateOutOfRange),
                "{text}"
            );
        }
    }
}
