//! Ids that Meta gave out, all of them numbers: of a person towards a page
//! (`page_scoped_user_id`, `PAGEUID`), an app (`fb_login_id`, `APPUID`) or an Instagram
//! account (`ig_sid`), of a lead (`lead_id`), of a page (`page_id`) and of an Instagram
//! account (`ig_account_id`). Never hashed.
//!
//! `1234567890123456` stays as it is. Conversions take those of logins and leads as
//! integers and the others as text, audiences take text. A zero in front or more than 64
//! bits is no id of Meta's. (Meta, "Customer Information Parameters", for the types.)

use super::super::reason::Reason;
use super::spreadsheet;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    if spreadsheet::is_rewritten(text) {
        return Err(Reason::SpreadsheetNumber);
    }
    let is_id = spreadsheet::is_digits(text) && !text.starts_with('0');
    if !is_id || text.parse::<u64>().is_err() {
        return Err(Reason::IdNoNumber);
    }
    out.push_str(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn an_id_is_a_number_of_64_bits() {
        let id = |text: &str| normalized(|out| normalize(text, out));
        for text in ["1", "1234567890123456", "18446744073709551615"] {
            assert_eq!(id(text).as_deref(), Ok(text));
        }
        for text in [
            "0",
            "007",
            "-1",
            "12 34",
            "l:1234",
            "00Q5e00000ABCDE",
            "18446744073709551616",
        ] {
            assert_eq!(id(text), Err(Reason::IdNoNumber), "{text}");
        }
        for text in ["1.23457E+15", "1234567890123456.0"] {
            assert_eq!(id(text), Err(Reason::SpreadsheetNumber), "{text}");
        }
    }
}
