//! A value of money as Meta wants it: a JSON number, not negative.

use std::fmt;

/// Digits with at most one point, in the form JSON asks for. Kept as text: a
/// conversion to binary and back could change the amount.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount<'a> {
    whole: &'a str,
    fraction: &'a str,
}

/// More digits than any amount has, and still exact where a reader uses doubles.
const MOST_DIGITS: usize = 15;

impl<'a> Amount<'a> {
    /// The error is the reject's code. Signs of currency, separators of thousands,
    /// exponents, NaN and negative amounts are refused: no source says how Meta
    /// reads them, and a wrongly read amount is worse than a missing row.
    pub(super) fn parse(text: &'a str) -> Result<Amount<'a>, &'static str> {
        if text.starts_with('-') {
            return Err("value_negative");
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
            return Err("value_no_number");
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() + fraction.len() > MOST_DIGITS {
            return Err("value_too_long");
        }
        Ok(Amount { whole, fraction })
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.fraction.is_empty()
    }

    pub(super) fn write(&self, body: &mut Vec<u8>) {
        let whole = if self.whole.is_empty() {
            "0"
        } else {
            self.whole
        };
        body.extend_from_slice(whole.as_bytes());
        if !self.fraction.is_empty() {
            body.push(b'.');
            body.extend_from_slice(self.fraction.as_bytes());
        }
    }
}

/// Whether a row could carry this value.
///
/// # Errors
///
/// The stable code of what is wrong with it.
pub(crate) fn check_amount(text: &str) -> Result<(), &'static str> {
    Amount::parse(text).map(|_| ())
}

impl fmt::Debug for Amount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Amount({} digits)",
            self.whole.len() + self.fraction.len()
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn amounts_are_written_as_json_numbers() {
        for (text, expected) in [
            ("12.50", "12.5"),
            ("0", "0"),
            ("007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+3.10", "3.1"),
            ("0.0", "0"),
            ("123456789012.345", "123456789012.345"),
        ] {
            let mut body = Vec::new();
            Amount::parse(text).unwrap().write(&mut body);
            assert_eq!(String::from_utf8(body).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_amount_is_refused() {
        for (text, reason) in [
            ("-1", "value_negative"),
            ("1,50", "value_no_number"),
            ("$5", "value_no_number"),
            ("1e3", "value_no_number"),
            ("NaN", "value_no_number"),
            (".", "value_no_number"),
            ("1.2.3", "value_no_number"),
            ("١٢", "value_no_number"),
            ("1234567890123456", "value_too_long"),
        ] {
            assert_eq!(Amount::parse(text).unwrap_err(), reason, "{text}");
        }
    }
}
