//! The digits that stand in a cell of telephone numbers, and whether it says that the
//! country code is among them.

use super::super::super::geography::{self, Trunk};
use super::super::super::reason::Reason;
use super::super::super::text;

/// With this many digits before them, letters or `#` announce an extension.
const DIGITS_BEFORE_EXTENSION: usize = 7;

const EXTENSION_WORDS: [&str; 5] = ["x", "ex", "ext", "extn", "extension"];

/// Appends the ASCII digits of the cell to `digits`, without a bracketed trunk zero
/// behind a country code. `true` if the number begins with `+`, or has such a zero.
pub(super) fn read(cell: &str, digits: &mut String) -> Result<bool, Reason> {
    let mut is_international = false;
    let mut rest = cell.chars();
    while let Some(c) = rest.next() {
        if let Some(digit) = text::digit_value(c).and_then(|value| char::from_digit(value, 10)) {
            digits.push(digit);
        } else if matches!(c, '+' | '\u{ff0b}') && digits.is_empty() && !is_international {
            is_international = true;
        } else if c == '(' && is_bracketed_trunk(rest.as_str(), digits, is_international) {
            is_international = true;
            if zero_belongs(digits) {
                digits.push('0');
            }
            rest = rest
                .as_str()
                .trim_start()
                .get(1..)
                .unwrap_or_default()
                .chars();
        } else if c.is_alphabetic() || c == '#' {
            return Err(of_letters(c, rest.as_str(), digits.len()));
        } else if !is_separator(c) {
            return Err(Reason::PhoneForbiddenCharacter);
        }
    }
    Ok(is_international)
}

/// `0)` behind an opening bracket and a calling code.
fn is_bracketed_trunk(after_bracket: &str, digits: &str, has_plus: bool) -> bool {
    let is_zero = after_bracket
        .trim_start()
        .strip_prefix('0')
        .is_some_and(|rest| rest.trim_start().starts_with(')'));
    let code = digits.trim_start_matches('0');
    let is_code = geography::calling_code_of(code).is_some_and(|found| found == code);
    is_zero && is_code && (has_plus || code.len() == digits.len() || digits.starts_with("00"))
}

fn zero_belongs(digits: &str) -> bool {
    geography::plans_of(digits.trim_start_matches('0')).any(|plan| plan.trunk == Trunk::ZeroBelongs)
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        '.' | '/' | '(' | ')' | '[' | ']' | '\'' | '_' | '\u{2019}' | '\u{b7}'
    ) || c.is_whitespace()
        || text::is_dash(c)
        || text::is_format(c)
}

fn of_letters(first: char, rest: &str, digits_before: usize) -> Reason {
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (tail, _) = rest.split_at(end);
    let is_extension = |word: &&str| {
        word.strip_prefix(first.to_ascii_lowercase())
            .is_some_and(|word| word.eq_ignore_ascii_case(tail))
    };
    match first {
        _ if digits_before < DIGITS_BEFORE_EXTENSION => {}
        '#' => return Reason::PhoneWithExtension,
        _ if EXTENSION_WORDS.iter().any(is_extension) => return Reason::PhoneWithExtension,
        _ => {}
    }
    if first == '#' {
        Reason::PhoneForbiddenCharacter
    } else {
        Reason::PhoneWithLetters
    }
}
