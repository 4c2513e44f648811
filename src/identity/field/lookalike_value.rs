//! What a person is worth (`LOOKALIKE_VALUE`, audiences only): a JSON number, not negative.
//!
//! `12.50` → `12.5`, `007` → `7`, `0` → `0`. Signs of currency, separators of thousands and
//! exponents are refused, and the row with them: Meta refuses members without a value
//! where an audience is based on it (code 100), and a wrongly read one is worse than a
//! missing row. (Meta, "Customer File Custom Audiences": any non-negative number.)

use super::super::reason::Reason;

/// More digits than any value has, and still exact where a reader uses doubles.
const MOST_DIGITS: usize = 15;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_digits = whole.len() + fraction.len() > 0;
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if !has_digits
        || !is_digits(whole)
        || !is_digits(fraction)
        || whole.len() + fraction.len() > MOST_DIGITS
    {
        return Err(Reason::LookalikeValueNoNumber);
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn a_value_is_a_plain_number_that_is_not_negative() {
        let value = |text: &str| normalized(|out| normalize(text, out));
        for (text, expected) in [
            ("12.50", "12.5"),
            ("007", "7"),
            ("0", "0"),
            ("0.00", "0"),
            (".5", "0.5"),
            ("+3", "3"),
            ("44.0", "44"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "-1",
            "-0",
            ".",
            "+",
            "1e3",
            "1,000",
            "1.000,5",
            "$5",
            "inf",
            "NaN",
            "0x1",
            "٣",
            "1 000",
            "12345678901234567",
        ] {
            assert_eq!(value(text), Err(Reason::LookalikeValueNoNumber), "{text}");
        }
    }
}
