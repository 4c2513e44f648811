//! What may be wrong with an object's data: a closed list of codes, each with advice for
//! whoever prepares the file. A warning never holds a value.

use crate::identity::key::Key;
use crate::identity::reason::Reason;

/// Something that a person should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: WarningCode,
    /// The key it is about; `None` if it is about rows as a whole.
    pub key: Option<Key>,
    /// Why cells were dropped, where that is what it is about.
    pub reason: Option<Reason>,
    /// How many rows or cells it is about.
    pub count: u64,
    /// Of how many that were looked at.
    pub of: u64,
}

/// Codes are stable: they are in receipts and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningCode {
    RepeatedValue,
    DuplicateRows,
    OneKeyOnly,
    WorkDomains,
    KeyRarelyFilled,
    PhonesWithoutCountry,
    CellsDropped,
    EntriesInvalid,
}

impl WarningCode {
    pub const ALL: [WarningCode; 8] = [
        WarningCode::RepeatedValue,
        WarningCode::DuplicateRows,
        WarningCode::OneKeyOnly,
        WarningCode::WorkDomains,
        WarningCode::KeyRarelyFilled,
        WarningCode::PhonesWithoutCountry,
        WarningCode::CellsDropped,
        WarningCode::EntriesInvalid,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            WarningCode::RepeatedValue => "repeated_value",
            WarningCode::DuplicateRows => "duplicate_rows",
            WarningCode::OneKeyOnly => "one_key_only",
            WarningCode::WorkDomains => "work_domains",
            WarningCode::KeyRarelyFilled => "key_rarely_filled",
            WarningCode::PhonesWithoutCountry => "phones_without_country",
            WarningCode::CellsDropped => "cells_dropped",
            WarningCode::EntriesInvalid => "entries_invalid",
        }
    }

    /// One sentence on what to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            WarningCode::RepeatedValue => {
                "The same value stands in many rows, as a placeholder or a test address would; leave such cells empty."
            }
            WarningCode::DuplicateRows => {
                "Many rows repeat an earlier person; it does no harm, but the audience has fewer people than the file has rows."
            }
            WarningCode::OneKeyOnly => {
                "Most rows hold a single identifier; add what else is known (phone, names, ZIP, country), since each lets Meta find more people."
            }
            WarningCode::WorkDomains => {
                "Most e-mail addresses are at work or school domains, while people use Meta with private ones; add private addresses or telephone numbers."
            }
            WarningCode::KeyRarelyFilled => {
                "The column is there and nearly always empty; check that the export fills it and that it is the right one."
            }
            WarningCode::PhonesWithoutCountry => {
                "Telephone numbers without a country code are left out; write them with +, map a country column, or set default_country."
            }
            WarningCode::CellsDropped => {
                "Many cells of this column could not be used, each for the reason given."
            }
            WarningCode::EntriesInvalid => {
                "Meta calls these entries wrongly formed and does not say which rows they are of; look at the columns that go out unhashed, since sending them again does not help."
            }
        }
    }
}

impl Warning {
    pub(super) const fn new(code: WarningCode, count: u64, of: u64) -> Warning {
        Warning {
            code,
            key: None,
            reason: None,
            count,
            of,
        }
    }

    /// Entries of accepted requests that Meta calls wrongly formed, of so many that were sent.
    pub const fn of_entries(invalid: u64, sent: u64) -> Warning {
        Warning::new(WarningCode::EntriesInvalid, invalid, sent)
    }

    pub(super) const fn of_key(code: WarningCode, key: Key, count: u64, of: u64) -> Warning {
        Warning {
            key: Some(key),
            ..Warning::new(code, count, of)
        }
    }

    pub(super) const fn of_dropped(key: Key, reason: Reason, count: u64, of: u64) -> Warning {
        let code = match reason {
            Reason::PhoneWithoutCountry => WarningCode::PhonesWithoutCountry,
            _ => WarningCode::CellsDropped,
        };
        Warning {
            reason: Some(reason),
            ..Warning::of_key(code, key, count, of)
        }
    }

    /// One sentence on what to do about it: the reason's own, where there is one.
    pub fn advice(&self) -> &'static str {
        match self.reason {
            Some(reason) if self.code == WarningCode::CellsDropped => reason.advice(),
            _ => self.code.advice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_warning_has_a_code_of_its_own_and_one_sentence_of_advice() {
        let codes: BTreeSet<_> = WarningCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), WarningCode::ALL.len());
        for code in WarningCode::ALL {
            assert!(code.advice().ends_with('.'), "{}", code.code());
        }
    }
}
