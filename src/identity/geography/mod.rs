//! Facts about countries that several fields need: their codes and names, how their
//! telephone numbers are built, and the states of two of them.
//!
//! The facts are in `countries.tsv`, one country a line; this file reads it once.

pub(super) mod states;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::columns::CountryCode;

static GEOGRAPHY: LazyLock<Geography> =
    LazyLock::new(|| Geography::read(include_str!("countries.tsv")));

struct Geography {
    /// By alpha-3 code and by name, in lower-case ASCII letters.
    by_name: HashMap<&'static str, CountryCode>,
    /// By the letters of the country's code: every phone, state and country asks here.
    plans: Vec<Option<NumberingPlan>>,
    /// By calling code as a number; `None` where it is not assigned.
    plans_of_code: Vec<Option<Vec<NumberingPlan>>>,
}

/// How a country's telephone numbers are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberingPlan {
    pub calling_code: &'static str,
    pub trunk: Trunk,
    /// Digits of a national number, without trunk prefix.
    pub digits: RangeInclusive<usize>,
}

/// What is dialled before a national number inside the country, and never from abroad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trunk {
    None,
    Prefix(&'static str),
    /// A leading zero is part of the number.
    ZeroBelongs,
}

/// Calling codes without a country: satellite and other global services (ITU-T E.164).
const GLOBAL_SERVICES: [&str; 7] = ["800", "808", "870", "878", "881", "882", "883"];

impl Geography {
    fn read(table: &'static str) -> Geography {
        let mut geography = Geography {
            by_name: HashMap::new(),
            plans: vec![None; 26 * 26],
            plans_of_code: vec![None; 1_000],
        };
        for code in GLOBAL_SERVICES {
            geography.assign(code);
        }
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            // A test holds every line to this shape.
            let Some((country, alpha3, plan, names)) = read_line(line) else {
                continue;
            };
            if let Some(plans) = geography.assign(plan.calling_code) {
                plans.push(plan.clone());
            }
            if let Some(place) = geography.plans.get_mut(country.index()) {
                *place = Some(plan);
            }
            geography.by_name.insert(alpha3, country);
            geography
                .by_name
                .extend(names.split('|').map(|name| (name, country)));
        }
        geography
    }

    fn assign(&mut self, calling_code: &str) -> Option<&mut Vec<NumberingPlan>> {
        let place = self.plans_of_code.get_mut(code_number(calling_code)?)?;
        Some(place.get_or_insert_default())
    }
}

/// A calling code as a number. None begins with zero, so that no two are the same one.
fn code_number(calling_code: &str) -> Option<usize> {
    let is_code = !calling_code.starts_with('0') && !calling_code.starts_with('+');
    is_code.then_some(calling_code)?.parse().ok()
}

fn read_line(
    line: &'static str,
) -> Option<(CountryCode, &'static str, NumberingPlan, &'static str)> {
    let mut cells = line.split('\t');
    let country = CountryCode::parse(cells.next()?)?;
    let alpha3 = cells.next()?;
    let calling_code = cells.next()?;
    let trunk = match cells.next()? {
        "-" => Trunk::None,
        "keep" => Trunk::ZeroBelongs,
        prefix => Trunk::Prefix(prefix),
    };
    let digits = cells.next()?;
    let (fewest, most) = digits.split_once('-').unwrap_or((digits, digits));
    let plan = NumberingPlan {
        calling_code,
        trunk,
        digits: fewest.parse().ok()?..=most.parse().ok()?,
    };
    Some((country, alpha3, plan, cells.next()?))
}

/// The country of an ISO 3166-1 code (or `XK`, Kosovo), whose letters may be of any case.
pub(super) fn by_alpha2(text: &str) -> Option<CountryCode> {
    let country = CountryCode::parse(text)?;
    numbering_plan(country).map(|_| country)
}

/// The country of an alpha-3 code or an English name, given in lower-case ASCII
/// letters only.
pub(super) fn by_name(letters: &str) -> Option<CountryCode> {
    GEOGRAPHY.by_name.get(letters).copied()
}

/// `None` for a code that is no country's.
pub(super) fn numbering_plan(country: CountryCode) -> Option<&'static NumberingPlan> {
    GEOGRAPHY.plans.get(country.index())?.as_ref()
}

/// The assigned calling code that these digits of an international number begin with.
/// No assigned code is the beginning of another.
pub(super) fn calling_code_of(digits: &str) -> Option<&str> {
    (1..=3)
        .filter_map(|length| digits.get(..length))
        .find(|code| plans_of_assigned(code).is_some())
}

/// The plans behind a calling code: several, where countries share it.
pub(super) fn plans_of(calling_code: &str) -> std::slice::Iter<'static, NumberingPlan> {
    plans_of_assigned(calling_code).unwrap_or_default().iter()
}

/// `None` for a code that is not assigned.
fn plans_of_assigned(calling_code: &str) -> Option<&'static [NumberingPlan]> {
    let plans = GEOGRAPHY.plans_of_code.get(code_number(calling_code)?)?;
    plans.as_deref()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(country: &str) -> &'static NumberingPlan {
        numbering_plan(CountryCode::parse(country).unwrap()).unwrap()
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let table: &'static str = include_str!("countries.tsv");
        let lines: Vec<_> = table
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        // ISO 3166-1 lists 249; Kosovo is the 250th.
        assert_eq!(lines.len(), 250);
        for line in lines {
            let (_, alpha3, plan, names) = read_line(line).unwrap();
            assert_eq!(alpha3.len(), 3, "{line}");
            assert!(!plan.digits.is_empty(), "{line}");
            assert!(
                names.bytes().all(|b| b.is_ascii_lowercase() || b == b'|') && !names.is_empty(),
                "{line}"
            );
        }
    }

    #[test]
    fn no_calling_code_is_the_beginning_of_another() {
        let codes: Vec<_> = (1..1_000_u32).map(|code| code.to_string()).collect();
        let assigned = codes
            .iter()
            .filter(|code| plans_of_assigned(code).is_some());
        for code in assigned {
            assert!(
                (1..code.len()).all(|end| plans_of_assigned(&code[..end]).is_none()),
                "{code}"
            );
        }
        assert_eq!(calling_code_of("0165055"), None);
        assert_eq!(calling_code_of("16505551212"), Some("1"));
        assert_eq!(calling_code_of("3545551234"), Some("354"));
        assert_eq!(calling_code_of("2101234567"), None);
    }

    #[test]
    fn well_known_plans_are_right() {
        assert_eq!(plan("US").trunk, Trunk::Prefix("1"));
        assert_eq!(plan("US").digits, 10..=10);
        assert_eq!(plan("GB").trunk, Trunk::Prefix("0"));
        assert_eq!(plan("IT").trunk, Trunk::ZeroBelongs);
        assert_eq!(plan("ES").trunk, Trunk::None);
        assert_eq!(plan("HU").trunk, Trunk::Prefix("06"));
        assert_eq!(plan("XK").calling_code, "383");
    }
}
