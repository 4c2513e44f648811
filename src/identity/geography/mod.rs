//! Facts about countries that several fields need: their codes and names, how their
//! telephone numbers are built, and the states of two of them.
//!
//! The facts are in `countries.tsv`, one country a line; this file reads it once.

pub(super) mod states;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::columns::CountryCode;

static GEOGRAPHY: LazyLock<Geography> =
    LazyLock::new(|| Geography::read(include_str!("countries.tsv")));

struct Geography {
    /// By alpha-3 code and by name, in lower-case ASCII letters.
    by_name: HashMap<&'static str, CountryCode>,
    plans: HashMap<CountryCode, NumberingPlan>,
    calling_codes: HashSet<&'static str>,
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
            plans: HashMap::new(),
            calling_codes: GLOBAL_SERVICES.into(),
        };
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            // A test holds every line to this shape.
            let Some((country, alpha3, plan, names)) = read_line(line) else {
                continue;
            };
            geography.calling_codes.insert(plan.calling_code);
            geography.plans.insert(country, plan);
            geography.by_name.insert(alpha3, country);
            geography
                .by_name
                .extend(names.split('|').map(|name| (name, country)));
        }
        geography
    }
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
    GEOGRAPHY.plans.contains_key(&country).then_some(country)
}

/// The country of an alpha-3 code or an English name, given in lower-case ASCII
/// letters only.
pub(super) fn by_name(letters: &str) -> Option<CountryCode> {
    GEOGRAPHY.by_name.get(letters).copied()
}

/// `None` for a code that is no country's.
pub(super) fn numbering_plan(country: CountryCode) -> Option<&'static NumberingPlan> {
    GEOGRAPHY.plans.get(&country)
}

/// The assigned calling code that these digits of an international number begin with.
/// No assigned code is the beginning of another.
pub(super) fn calling_code_of(digits: &str) -> Option<&str> {
    (1..=3)
        .filter_map(|length| digits.get(..length))
        .find(|code| GEOGRAPHY.calling_codes.contains(code))
}

/// The plans behind a calling code: several, where countries share it.
pub(super) fn plans_of(calling_code: &str) -> impl Iterator<Item = &'static NumberingPlan> {
    GEOGRAPHY
        .plans
        .values()
        .filter(move |plan| plan.calling_code == calling_code)
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
        let codes = &GEOGRAPHY.calling_codes;
        for code in codes {
            assert!(
                (1..code.len()).all(|end| !codes.contains(&code[..end])),
                "{code}"
            );
        }
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
