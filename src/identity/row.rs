//! The identifiers of one row, in buffers that are used again for the next.

use std::fmt;
use std::ops::Range;

use super::digest::Digest;
use super::key::Key;
use super::normalize::Scratch;
use super::weak;

/// The identifiers of one row, in the order of [`Key::ALL`] and, within a key, of the columns.
///
/// Keep one per worker and fill it row by row with
/// [`Mapping::identify`](super::Mapping::identify): once warm, it allocates nothing.
#[derive(Default)]
pub struct IdentifiedRow {
    entries: Vec<Entry>,
    /// Plain values, end to end.
    plain: String,
    pub(super) scratch: Scratch,
}

/// A value as it goes to Meta.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identifier<'a> {
    /// To be written in lower-case hexadecimal.
    Sha256(Digest),
    Plain(&'a str),
}

impl fmt::Debug for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identifier::Sha256(digest) => digest.fmt(f),
            Identifier::Plain(text) => write!(f, "Plain({} bytes)", text.len()),
        }
    }
}

struct Entry {
    key: Key,
    value: Value,
}

enum Value {
    Sha256(Digest),
    Plain(Range<usize>),
}

impl IdentifiedRow {
    pub fn iter(&self) -> impl Iterator<Item = (Key, Identifier<'_>)> {
        self.entries
            .iter()
            .map(|entry| (entry.key, self.identifier(&entry.value)))
    }

    /// The values of one key, each once.
    pub fn values(&self, key: Key) -> impl Iterator<Item = Identifier<'_>> {
        self.entries
            .iter()
            .filter(move |entry| entry.key == key)
            .map(|entry| self.identifier(&entry.value))
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether Conversions would refuse these identifiers as fitting too many people
    /// (error 100/2804050); no identifiers at all are weak too.
    pub fn is_weak(&self) -> bool {
        weak::is_weak(self.entries.iter().map(|entry| entry.key))
    }

    fn identifier(&self, value: &Value) -> Identifier<'_> {
        match value {
            Value::Sha256(digest) => Identifier::Sha256(*digest),
            Value::Plain(range) => {
                Identifier::Plain(self.plain.get(range.clone()).unwrap_or_default())
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.plain.clear();
    }

    /// Adds a digest, unless the key already has it.
    pub(super) fn add_digest(&mut self, key: Key, digest: Digest) {
        let identifier = Identifier::Sha256(digest);
        if !self.values(key).any(|found| found == identifier) {
            self.entries.push(Entry {
                key,
                value: Value::Sha256(digest),
            });
        }
    }

    /// Adds what normalising left in the scratch, as it is, unless the key already has it.
    pub(super) fn add_plain(&mut self, key: Key) {
        let text = self.scratch.normal.as_str();
        if self
            .values(key)
            .any(|found| found == Identifier::Plain(text))
        {
            return;
        }
        let start = self.plain.len();
        self.plain.push_str(text);
        self.entries.push(Entry {
            key,
            value: Value::Plain(start..self.plain.len()),
        });
    }

    /// Restores the order of keys; within a key nothing moves.
    pub(super) fn sort(&mut self) {
        if !self.entries.is_sorted_by_key(|entry| entry.key) {
            self.entries.sort_by_key(|entry| entry.key);
        }
    }
}

impl fmt::Debug for IdentifiedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentifiedRow({} identifiers)", self.entries.len())
    }
}
