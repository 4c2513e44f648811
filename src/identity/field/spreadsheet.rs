//! Numbers that a spreadsheet or a float column has rewritten: `1.65E+10`, `7.0`.

/// Whether the text is a number in scientific notation, or an integer with `.0`.
pub(super) fn is_rewritten(text: &str) -> bool {
    is_scientific(text) || without_zero_fraction(text).is_some()
}

/// The integer in `7.0`; `None` for anything else, a plain integer too.
pub(super) fn without_zero_fraction(text: &str) -> Option<&str> {
    let (integer, fraction) = text.split_once('.')?;
    let is_zero = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
    (is_zero && is_digits(integer.trim_start_matches(['+', '-']))).then_some(integer)
}

/// At least one digit, and ASCII digits only.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_scientific(text: &str) -> bool {
    text.split_once(['e', 'E'])
        .is_some_and(|(mantissa, exponent)| {
            let mantissa = mantissa.trim_start_matches(['+', '-']);
            let (integer, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
            is_digits(integer)
                && is_digits(fraction)
                && is_digits(exponent.trim_start_matches(['+', '-']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewritten_numbers_are_told_from_dotted_ones() {
        for text in [
            "1.65E+10",
            "1,65e10",
            "4E+11",
            "16505551212.0",
            "94035.00",
            "-7.0",
        ] {
            assert!(is_rewritten(text), "{text}");
        }
        for text in [
            "16505551212",
            "650.555.1212",
            "650.5551212",
            "1E",
            "E5",
            "7.",
            ".0",
            "",
        ] {
            assert!(!is_rewritten(text), "{text}");
        }
        assert_eq!(without_zero_fraction("7.0"), Some("7"));
    }
}
