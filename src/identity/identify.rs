//! One row: its cells become identifiers, or it is filtered, or it is rejected.
//!
//! A cell that cannot be normalised is dropped and counted, and the rest of its row goes
//! out; so is one of several values in a cell. A row without any identifier left is
//! rejected, and so is one without a value that decides about it (see
//! [`Key::decides_row`]).

use super::birth::Birth;
use super::columns::{CountryCode, Reading};
use super::field::country;
use super::key::{Api, Key};
use super::limited_use;
use super::mapping::{Mapping, Source};
use super::normalize::{Outcome, normalize};
use super::reason::Reason;
use super::row::IdentifiedRow;
use super::tally::Tally;
use super::text;
use crate::rows::LIST_SEPARATOR;

/// How many values one cell may hold. Meta has no limit; but nobody has as many telephone
/// numbers, and a hostile cell could have hundreds of thousands.
const MOST_VALUES: usize = 100;

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To be sent.
    Keep,
    /// An `only_if` column says that it is not meant to be sent. No reject.
    Filtered,
    Reject(Reject),
}

/// Why a row cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The key of the cell that was refused; `None` if the row as a whole is the reason.
    pub key: Option<Key>,
    pub reason: Reason,
}

/// What a row's cells are written to.
pub(super) struct Ledger<'a> {
    pub row: &'a mut IdentifiedRow,
    pub tally: &'a mut Tally,
    first_refusal: Option<Reject>,
    /// Of a cell that decides about the row.
    decisive_refusal: Option<Reject>,
}

/// What is known of a row's country.
#[derive(Clone, Copy)]
struct CountryOfRow {
    said: Option<CountryCode>,
    /// Where neither the row nor the column says any.
    otherwise: Option<CountryCode>,
}

impl CountryOfRow {
    fn of(self, source: &Source) -> Option<CountryCode> {
        self.said.or(source.reading.country).or(self.otherwise)
    }
}

impl Ledger<'_> {
    pub(super) fn refuse(&mut self, key: Key, reason: Reason) {
        self.tally.count_dropped(key, reason);
        let reject = Reject {
            key: Some(key),
            reason,
        };
        self.first_refusal.get_or_insert(reject);
        if key.decides_row() {
            self.decisive_refusal.get_or_insert(reject);
        }
    }
}

impl Mapping {
    /// Turns a row's cells into identifiers.
    ///
    /// `cell` gives the cell at a position of the header, and `""` where the row is too
    /// short. `row` is cleared first; unless the verdict is [`Verdict::Keep`] it is left
    /// empty. Phones, states and postal codes are understood by the country of the row
    /// where it says one, else by the default country of their column, else by the static
    /// value of the country.
    ///
    /// Static values stand in for the row's own where its columns of the key, if there
    /// are any, are all blank. They are added last: a row that holds nothing but them and
    /// the cells of constant columns would be nobody in particular, and is rejected as if
    /// they were not there.
    ///
    /// A rejected row has the reason of the value that it may not be sent without, or else
    /// of its first refused cell (in the order of [`Key::ALL`], birth dates and constant columns last),
    /// `no_identifiers` if none was refused, or, for Conversions, `weak_identifiers`.
    pub fn identify<'r>(
        &self,
        cell: impl Fn(usize) -> &'r str,
        row: &mut IdentifiedRow,
        tally: &mut Tally,
    ) -> Verdict {
        row.clear();
        let is_filtered = self.filters.iter().any(|filter| {
            let found = text::trim(cell(filter.position));
            !filter.values.iter().any(|value| value == found)
        });
        if is_filtered {
            return Verdict::Filtered;
        }
        tally.count_row();
        let country = self.country_of_row(&cell, &mut row.scratch.normal);
        let mut ledger = Ledger {
            row,
            tally,
            first_refusal: None,
            decisive_refusal: None,
        };
        let mut birth = Birth::default();
        let (own, constant) = self.sources.split_at(self.own_sources);
        let take = |source: &Source, birth: &mut Birth, ledger: &mut Ledger<'_>| {
            let raw = cell(source.position);
            if matches!(
                source.key,
                Key::BirthDate | Key::BirthYear | Key::BirthMonth | Key::BirthDay
            ) {
                birth.take(source.key, raw, source.reading, &self.context, ledger);
            } else {
                self.take_all(source, raw, country, ledger);
            }
        };
        for source in own {
            take(source, &mut birth, &mut ledger);
        }
        let is_somebody = ledger.row.identifies() || birth.has_parts();
        for source in constant {
            take(source, &mut birth, &mut ledger);
        }
        birth.finish(&self.context, &mut ledger);
        if !self.statics.is_empty() && is_somebody {
            self.add_statics(&cell, ledger.row);
        }
        let verdict = match self.complete(&mut ledger) {
            Ok(()) => self.judge(&ledger, is_somebody),
            Err(reject) => Verdict::Reject(reject),
        };
        if matches!(verdict, Verdict::Reject(_)) {
            ledger.row.clear();
        }
        verdict
    }

    fn country_of_row<'r>(
        &self,
        cell: impl Fn(usize) -> &'r str,
        buffer: &mut String,
    ) -> CountryOfRow {
        let mut is_blank = true;
        for source in self.sources_of(Key::Country) {
            let name = text::trim(cell(source.position));
            if text::is_blank(name) {
                continue;
            }
            is_blank = false;
            if let Ok(code) = country::resolve(name, buffer) {
                return CountryOfRow {
                    said: Some(code),
                    otherwise: None,
                };
            }
        }
        CountryOfRow {
            said: None,
            otherwise: self.static_country.filter(|_| is_blank),
        }
    }

    /// Takes each value of a cell.
    fn take_all(&self, source: &Source, raw: &str, country: CountryOfRow, ledger: &mut Ledger<'_>) {
        let reading = Reading {
            country: country.of(source),
            ..source.reading
        };
        let is_list = source.key.may_have_several()
            && (source.separator.is_some() || raw.as_bytes().contains(&(LIST_SEPARATOR as u8)));
        if !is_list {
            return self.take(source.key, raw, reading, ledger);
        }
        let ends_value = |c| Some(c) == source.separator || c == LIST_SEPARATOR;
        let values = raw.split(ends_value);
        let filled = values.filter(|value| !text::is_blank(text::trim(value)));
        for (index, value) in filled.enumerate() {
            if index == MOST_VALUES {
                return ledger.refuse(source.key, Reason::TooManyValues);
            }
            self.take(source.key, value, reading, ledger);
        }
    }

    fn take(&self, key: Key, raw: &str, reading: Reading, ledger: &mut Ledger<'_>) {
        let normalized = normalize(key, raw, reading, &self.context, &mut ledger.row.scratch);
        let changed = normalized.changed;
        match normalized.outcome {
            Outcome::Empty => {}
            Outcome::Rejected(reason) => ledger.refuse(key, reason),
            Outcome::Hashed(digest) => {
                if key == Key::Email {
                    ledger.tally.count_address(&ledger.row.scratch.normal);
                }
                ledger.row.add_digest(key, digest);
                ledger.tally.count_sent(key, changed, false);
            }
            Outcome::AlreadyHashed(digest) => {
                ledger.row.add_digest(key, digest);
                ledger.tally.count_sent(key, changed, true);
            }
            Outcome::Plain => {
                ledger.row.add_unhashed(key, self.api());
                ledger.tally.count_sent(key, changed, false);
            }
        }
    }

    fn add_statics<'r>(&self, cell: impl Fn(usize) -> &'r str, row: &mut IdentifiedRow) {
        for value in &self.statics {
            let has_own = self
                .sources_of(value.key())
                .any(|source| !text::is_blank(text::trim(cell(source.position))));
            if !has_own {
                value.add_to(row, self.api());
            }
        }
        row.sort();
    }

    fn sources_of(&self, key: Key) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.key == key)
    }

    /// Sees to the values that a row may not be sent without.
    fn complete(&self, ledger: &mut Ledger<'_>) -> Result<(), Reject> {
        if let Some(reject) = ledger.decisive_refusal {
            return Err(reject);
        }
        let of_key = |key: Key| {
            move |reason| Reject {
                key: Some(key),
                reason,
            }
        };
        if self.has_options {
            limited_use::complete(ledger.row, self.api())
                .map_err(of_key(Key::ProcessingOptions))?;
            ledger.row.sort();
        }
        if self.has_value && !ledger.row.has(Key::LookalikeValue) {
            return Err(of_key(Key::LookalikeValue)(Reason::LookalikeValueMissing));
        }
        Ok(())
    }

    fn judge(&self, ledger: &Ledger<'_>, is_somebody: bool) -> Verdict {
        let of_row = |reason| Reject { key: None, reason };
        if !(is_somebody && ledger.row.identifies()) {
            let reject = ledger
                .first_refusal
                .unwrap_or(of_row(Reason::NoIdentifiers));
            Verdict::Reject(reject)
        } else if self.api() == Api::Conversions && ledger.row.is_weak() {
            Verdict::Reject(of_row(Reason::WeakIdentifiers))
        } else {
            Verdict::Keep
        }
    }
}

#[cfg(test)]
mod tests;
