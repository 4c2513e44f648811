//! Postal code (`zp`, `ZIP`): lower case, without spaces and dashes; in the United
//! States the first five digits.
//!
//! `94035-1234` → `94035`, `M1 1AE` → `m11ae`, `100-0001` → `1000001`. In a row without
//! a country, five digits, a separator and four digits are taken for a ZIP+4. A ZIP code
//! that has lost its leading zero is refused rather than padded.

use super::super::columns::CountryCode;
use super::super::reason::Reason;
use super::super::text;
use super::spreadsheet;

const ZIP_DIGITS: usize = 5;
const ZIP_PLUS_4_DIGITS: usize = 9;

pub(super) fn normalize(
    text: &str,
    country: Option<CountryCode>,
    out: &mut String,
) -> Result<(), Reason> {
    text::lower_kept(text, out, |c| {
        !(c.is_whitespace() || c.is_control() || text::is_dash(c))
    });
    if !out.contains(char::is_alphanumeric) {
        return Err(Reason::NothingLeft);
    }
    if spreadsheet::is_rewritten(out) {
        return Err(Reason::SpreadsheetNumber);
    }
    match country {
        Some(country) if country.as_str() == "US" => {
            let complete = matches!(out.len(), ZIP_DIGITS | ZIP_PLUS_4_DIGITS);
            if !(complete && spreadsheet::is_digits(out)) {
                return Err(Reason::ZipNotUs);
            }
            out.truncate(ZIP_DIGITS);
        }
        Some(_) => {}
        None if is_zip_plus_4(text, out) => out.truncate(ZIP_DIGITS),
        None => {}
    }
    Ok(())
}

fn is_zip_plus_4(text: &str, digits: &str) -> bool {
    let (leading, rest) = text.split_at_checked(ZIP_DIGITS).unwrap_or_default();
    digits.len() == ZIP_PLUS_4_DIGITS
        && spreadsheet::is_digits(digits)
        && spreadsheet::is_digits(leading)
        && !rest.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn zip(text: &str, country: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, CountryCode::parse(country), out))
    }

    #[test]
    fn codes_lose_spaces_and_dashes_only() {
        for (text, expected) in [
            ("94035", "94035"),
            ("75018", "75018"),
            ("1987", "1987"),
            ("M1 1AE", "m11ae"),
            ("K1A-0B1", "k1a0b1"),
            ("100-0001", "1000001"),
            ("00-950", "00950"),
            ("01310-100", "01310100"),
            ("D-10115", "d10115"),
            ("114 55", "11455"),
        ] {
            assert_eq!(zip(text, "").as_deref(), Ok(expected));
        }
    }

    #[test]
    fn zip_plus_4_is_cut_to_five_digits() {
        for text in ["94035-1234", "94035 1234", "94035\u{2013}1234"] {
            assert_eq!(zip(text, "").as_deref(), Ok("94035"));
            assert_eq!(zip(text, "US").as_deref(), Ok("94035"));
        }
        assert_eq!(zip("940351234", "US").as_deref(), Ok("94035"));
        assert_eq!(zip("940351234", "").as_deref(), Ok("940351234"));
        assert_eq!(zip("12345-6789", "SA").as_deref(), Ok("123456789"));
    }

    #[test]
    fn damaged_codes_are_refused() {
        assert_eq!(zip("2138", "US"), Err(Reason::ZipNotUs));
        assert_eq!(zip("94035/1234", "US"), Err(Reason::ZipNotUs));
        assert_eq!(zip("94035.0", ""), Err(Reason::SpreadsheetNumber));
        assert_eq!(zip("94 035.0", ""), Err(Reason::SpreadsheetNumber));
        assert_eq!(zip("--- ", ""), Err(Reason::NothingLeft));
        assert_eq!(zip(".", "US"), Err(Reason::NothingLeft));
    }
}
