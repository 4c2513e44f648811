//! What an object's data tells about itself while its rows pass: faults that no rule
//! catches row by row, since each row by itself is fine.
//!
//! [`Quality`] looks at the first rows in detail and keeps 64-bit fingerprints of them,
//! which never leave it; what it finds are [`Warning`]s: a code, counts and advice. It
//! decides nothing: an object with warnings is delivered like any other.

mod findings;
mod mailbox;
mod warning;

use std::fmt;

use super::key::{Api, Key};
use super::row::{IdentifiedRow, Identifier};
use super::tally::Tally;

pub use findings::QualityFindings;
pub(super) use mailbox::is_consumer;
pub use warning::{Warning, WarningCode};

/// Rows that are looked at in detail. A fault of an export shows in them, and what is
/// kept of them stays below half a megabyte.
pub const LOOKED_AT: usize = 10_000;

/// Keys of which each person has values of their own.
const OF_ONE_PERSON: [Key; 4] = [
    Key::ExternalId,
    Key::Email,
    Key::Phone,
    Key::MobileAdvertiserId,
];

// All thresholds are judgement: high enough that a good file has no warning.

/// With a larger share of the rows a value is a placeholder, not a person's.
const REPEATED: f64 = 0.01;
/// And below this number it may be a family's telephone.
const REPEATED_ROWS: usize = 10;
const DUPLICATES: f64 = 0.05;
const ONE_KEY_ONLY: f64 = 0.5;
const WORK_DOMAINS: f64 = 0.5;
/// Fewer addresses say nothing about all.
const ADDRESSES: u64 = 100;
const RARELY_FILLED: f64 = 0.01;
/// Fewer rows say nothing about how often a column is filled.
const ROWS: u64 = 10;
const DROPPED: f64 = 0.05;

/// Watches the identifiers of an object's first rows.
#[derive(Default)]
pub struct Quality {
    values: [Vec<u64>; OF_ONE_PERSON.len()],
    rows: Vec<u64>,
    one_key_only: u64,
    /// Once all are seen; then the fingerprints are gone.
    settled: Option<QualityFindings>,
}

impl From<Option<QualityFindings>> for Quality {
    /// Goes on where another has settled; with `None`, from the rows that come.
    fn from(settled: Option<QualityFindings>) -> Quality {
        Quality {
            settled,
            ..Quality::default()
        }
    }
}

impl Quality {
    /// Once for each row that goes out, in order.
    pub fn row(&mut self, row: &IdentifiedRow) {
        if self.settled.is_some() {
            return;
        }
        let mut whole = 0_u64;
        let mut telling = None;
        let mut keys = 0_u32;
        for (key, identifier) in row.iter() {
            let value = fingerprint(identifier);
            whole = mixed(mixed(whole, key.index() as u64), value);
            if let Some(place) = OF_ONE_PERSON.iter().position(|one| *one == key)
                && let Some(values) = self.values.get_mut(place)
                // Of several values of a row the first: a row counts once.
                && telling != Some(key)
            {
                values.push(value);
            }
            // A country tells no two people apart.
            if key.identifies() && key != Key::Country && telling != Some(key) {
                telling = Some(key);
                keys += 1;
            }
        }
        self.rows.push(whole);
        self.one_key_only += u64::from(keys <= 1);
        if self.rows.len() == LOOKED_AT {
            self.settled = Some(self.settle());
        }
    }

    /// What was found, once as many rows as are looked at have passed.
    pub const fn settled(&self) -> Option<&QualityFindings> {
        self.settled.as_ref()
    }

    /// What there is to warn of, once the rows have passed. `mapped` are the keys that
    /// columns were mapped to.
    pub fn warnings(mut self, api: Api, mapped: &[Key], tally: &Tally) -> Vec<Warning> {
        let findings = match self.settled.take() {
            Some(findings) => findings,
            None => self.settle(),
        };
        let mut warnings = findings.warnings(api, tally);
        for &key in mapped {
            warnings.extend(of_cells(key, tally));
        }
        warnings
    }

    fn settle(&mut self) -> QualityFindings {
        let rows = self.rows.len();
        let mut values = std::mem::take(&mut self.values);
        let repeated = OF_ONE_PERSON.into_iter().zip(&mut values);
        let repeated = repeated.map(|(key, values)| (key, repeated_rows(values, rows)));
        QualityFindings::new(
            rows as u64,
            repeated,
            duplicates(&mut std::mem::take(&mut self.rows)),
            self.one_key_only,
        )
    }
}

/// What the counts of a key's cells tell.
fn of_cells(key: Key, tally: &Tally) -> Vec<Warning> {
    let cells = tally.of(key);
    let rows = tally.rows();
    let mut warnings = Vec::new();
    // Few people are under Limited Data Use, and the blank of the others says so.
    if !key.is_processing() && rows >= ROWS && (cells.rows as f64) < RARELY_FILLED * rows as f64 {
        warnings.push(Warning::of_key(
            WarningCode::KeyRarelyFilled,
            key,
            cells.rows,
            rows,
        ));
    }
    for (reason, count) in cells.dropped() {
        if is_notable(count, cells.filled, DROPPED) {
            warnings.push(Warning::of_dropped(key, reason, count, cells.filled));
        }
    }
    warnings
}

fn is_notable(count: u64, of: u64, share: f64) -> bool {
    count as f64 > share * of as f64
}

/// In how many of `rows` a value stands that stands in too many of them.
fn repeated_rows(values: &mut [u64], rows: usize) -> u64 {
    values.sort_unstable();
    let runs = values.chunk_by(|one, other| one == other).map(<[u64]>::len);
    let absurd =
        |run: &usize| *run >= REPEATED_ROWS && is_notable(*run as u64, rows as u64, REPEATED);
    runs.filter(absurd).sum::<usize>() as u64
}

/// How many rows equal an earlier one.
fn duplicates(rows: &mut [u64]) -> u64 {
    rows.sort_unstable();
    let distinct = rows.chunk_by(|one, other| one == other).count();
    (rows.len() - distinct) as u64
}

/// Among ten thousand values two of one fingerprint are as good as never two values.
fn fingerprint(identifier: Identifier<'_>) -> u64 {
    match identifier {
        Identifier::Sha256(digest) => digest
            .as_bytes()
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first)),
        Identifier::Plain(text) | Identifier::Json(text) => text
            .bytes()
            .fold(text.len() as u64, |sum, byte| mixed(sum, u64::from(byte))),
    }
}

/// One step of a sum in which the order matters, as in FNV and its like.
fn mixed(sum: u64, value: u64) -> u64 {
    (sum.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quality({} rows)", self.rows.len())
    }
}

#[cfg(test)]
mod tests;
