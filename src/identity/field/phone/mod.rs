//! Telephone number (`ph`, `PHONE`): the digits of the international number, with the
//! country code and without `+`, zeros in front, or anything else.
//!
//! `+1 (650) 555-1212` → `16505551212`, `+44 (0)20 7183 8750` → `442071838750`, and with a
//! country known, `(650)555-1212` (US) → `16505551212`, `030 901820` (DE) → `4930901820`.
//! Conversions want the country code always, audiences when there is no country column;
//! both get it always.
//!
//! [`written`] reads what stands in the cell; this file decides what it means.

mod written;

use super::super::columns::CountryCode;
use super::super::geography::{self, NumberingPlan, Trunk};
use super::super::reason::Reason;
use super::spreadsheet;

/// ITU-T E.164: at most 15 digits with the country code. Fewer than 7 are no number that
/// could be dialled from abroad.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// From this many digits on, no national number is so long, so a number without `+`
/// must have its country code.
const LONGER_THAN_NATIONAL: usize = 12;

pub(super) fn normalize(
    text: &str,
    country: Option<CountryCode>,
    digits: &mut String,
) -> Result<(), Reason> {
    if spreadsheet::is_rewritten(text) {
        return Err(Reason::SpreadsheetNumber);
    }
    let plan = country.and_then(geography::numbering_plan);
    let is_international = written::read(text, digits)? || drop_exit_code(digits, plan);
    if is_international {
        drop_leading_zeros(digits);
        drop_trunk_after_calling_code(digits);
    } else {
        match plan {
            Some(plan) => add_calling_code(digits, plan)?,
            None if digits.len() < *E164_DIGITS.start() => return Err(Reason::PhoneTooShort),
            None if is_complete(digits) => drop_trunk_after_calling_code(digits),
            None => return Err(Reason::PhoneWithoutCountry),
        }
    }
    require_length(digits, &E164_DIGITS)
}

/// What is dialled for "abroad": `00` nearly everywhere, and a few plans' own.
fn drop_exit_code(digits: &mut String, plan: Option<&NumberingPlan>) -> bool {
    let own = match plan.map(|plan| plan.calling_code) {
        Some("1") => "011",
        Some("7" | "375") => "810",
        Some("61") => "0011",
        Some("81") => "010",
        _ => "00",
    };
    let Some(exit_code) = [own, "00"]
        .into_iter()
        .find(|code| digits.starts_with(code))
    else {
        return false;
    };
    digits.drain(..exit_code.len());
    true
}

fn drop_leading_zeros(digits: &mut String) {
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    digits.drain(..zeros);
}

/// Cuts the trunk zero out of `+44 020 …`, which nobody can dial but many write.
fn drop_trunk_after_calling_code(digits: &mut String) {
    let Some(code) = geography::calling_code_of(digits) else {
        return;
    };
    let start = code.len();
    let trunks = geography::plans_of(code).filter_map(|plan| match plan.trunk {
        Trunk::Prefix(prefix) if prefix.starts_with('0') => Some(prefix),
        _ => None,
    });
    // As often as it stands there, so that doing it again changes nothing.
    let is_next = |digits: &str, prefix: &&str| {
        let national = digits.get(start..).unwrap_or_default();
        national.starts_with(prefix)
    };
    while let Some(prefix) = trunks.clone().find(|prefix| is_next(digits, prefix)) {
        digits.drain(start..start + prefix.len());
    }
}

/// Makes a number as it is written inside the country of `plan` international.
fn add_calling_code(digits: &mut String, plan: &NumberingPlan) -> Result<(), Reason> {
    let is_possible = |number: &str| plan.digits.contains(&number.len());
    if let Trunk::Prefix(prefix) = plan.trunk {
        let after_trunk = digits.strip_prefix(prefix);
        // A zero is never the beginning of a national number here; another digit may be,
        // so it is a trunk prefix only where the number is too long otherwise.
        if after_trunk.is_some_and(|number| {
            prefix.starts_with('0') || (is_possible(number) && !is_possible(digits))
        }) {
            digits.drain(..prefix.len());
            drop_leading_zeros(digits);
            return complete_national(digits, plan);
        }
    }
    let has_calling_code = digits
        .strip_prefix(plan.calling_code)
        .is_some_and(|number| {
            // Where both readings are possible: people write the trunk prefix in a national
            // number if there is one, so without it the number is international.
            is_possible(number) && (!is_possible(digits) || matches!(plan.trunk, Trunk::Prefix(_)))
        });
    if has_calling_code || (!is_possible(digits) && is_complete(digits)) {
        drop_trunk_after_calling_code(digits);
        return Ok(());
    }
    if plan.trunk != Trunk::ZeroBelongs {
        drop_leading_zeros(digits);
    }
    complete_national(digits, plan)
}

fn complete_national(digits: &mut String, plan: &NumberingPlan) -> Result<(), Reason> {
    require_length(digits, &plan.digits)?;
    digits.insert_str(0, plan.calling_code);
    Ok(())
}

/// Whether digits without `+` can only be an international number: longer than any
/// national one, or of North America's shape with its 1, as Meta prints `15559876543`.
fn is_complete(digits: &str) -> bool {
    let is_north_american = match digits.as_bytes() {
        [b'1', area, _, _, exchange, rest @ ..] => {
            rest.len() == 6 && *area >= b'2' && *exchange >= b'2'
        }
        _ => false,
    };
    let is_long = digits.len() >= LONGER_THAN_NATIONAL
        && geography::calling_code_of(digits).is_some_and(|code| {
            let national = digits.len() - code.len();
            geography::plans_of(code).any(|plan| plan.digits.contains(&national))
        });
    is_north_american || is_long
}

fn require_length(digits: &str, allowed: &std::ops::RangeInclusive<usize>) -> Result<(), Reason> {
    if digits.len() < *allowed.start() {
        Err(Reason::PhoneTooShort)
    } else if digits.len() > *allowed.end() {
        Err(Reason::PhoneTooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
