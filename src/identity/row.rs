//! The identifiers of one row, in buffers that are used again for the next.

use std::fmt;
use std::ops::Range;

use super::digest::Digest;
use super::key::{Api, Key, Wire};
use super::normalize::Scratch;
use super::weak;

/// The identifiers of one row, in the order of [`Key::ALL`] and, within a key, of the columns.
///
/// Keep one per worker and fill it row by row with
/// [`Mapping::identify`](super::Mapping::identify): once warm, it allocates nothing.
#[derive(Default)]
pub struct IdentifiedRow {
    entries: Vec<Entry>,
    /// Values that go out unhashed, end to end.
    unhashed: String,
    pub(super) scratch: Scratch,
}

/// A value as it goes to Meta.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identifier<'a> {
    /// To be written in lower-case hexadecimal.
    Sha256(Digest),
    Plain(&'a str),
    /// Written as JSON already: a number or a list.
    Json(&'a str),
}

impl fmt::Debug for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identifier::Sha256(digest) => digest.fmt(f),
            Identifier::Plain(text) => write!(f, "Plain({} bytes)", text.len()),
            Identifier::Json(text) => write!(f, "Json({} bytes)", text.len()),
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
    Json(Range<usize>),
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

    /// Whether anything in the row says who somebody is.
    pub fn identifies(&self) -> bool {
        self.entries.iter().any(|entry| entry.key.identifies())
    }

    /// Whether Conversions would refuse these identifiers as fitting too many people
    /// (error 100/2804050); no identifiers at all are weak too.
    pub fn is_weak(&self) -> bool {
        weak::is_weak(self.entries.iter().map(|entry| entry.key))
    }

    fn identifier(&self, value: &Value) -> Identifier<'_> {
        let text = |range: &Range<usize>| self.unhashed.get(range.clone()).unwrap_or_default();
        match value {
            Value::Sha256(digest) => Identifier::Sha256(*digest),
            Value::Plain(range) => Identifier::Plain(text(range)),
            Value::Json(range) => Identifier::Json(text(range)),
        }
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.unhashed.clear();
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

    /// Adds what normalising left in the scratch, as it is, unless the key already has
    /// it, or has a value and takes no second one.
    pub(super) fn add_unhashed(&mut self, key: Key, api: Api) {
        let text = self.scratch.normal.as_str();
        let is_json = key.wire(api) == Wire::Json;
        let identifier = match is_json {
            true => Identifier::Json(text),
            false => Identifier::Plain(text),
        };
        let only_one = !key.takes_several(api);
        if self
            .values(key)
            .any(|found| only_one || found == identifier)
        {
            return;
        }
        let start = self.unhashed.len();
        self.unhashed.push_str(text);
        let range = start..self.unhashed.len();
        self.entries.push(Entry {
            key,
            value: match is_json {
                true => Value::Json(range),
                false => Value::Plain(range),
            },
        });
    }

    /// Adds a value that no cell gave.
    pub(super) fn add_given(&mut self, key: Key, text: &str, api: Api) {
        self.scratch.normal.clear();
        self.scratch.normal.push_str(text);
        self.add_unhashed(key, api);
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
