//! A route's columns, fitted to one file's header.
//!
//! Responsible for where each identifier is found and whether the header will do at all;
//! not for what becomes of the cells (see `identify.rs`).

use super::alias::{Alias, EventField, alias};
use super::columns::{Column, Columns, Reading, Role};
use super::field::BirthPart;
use super::header::{Header, HeaderLook};
use super::key::{Api, Key};
use super::mapping_error::{MappingError, MappingFault};
use super::normalize::Context;

/// Which columns of a file hold what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(super) context: Context,
    /// In the order of keys, and within a key in that of the configuration (of the header, under auto).
    pub(super) sources: Vec<Source>,
    pub(super) filters: Vec<Filter>,
    /// By [`EventField`], under auto only.
    events: Vec<(EventField, usize)>,
    unmapped: Vec<usize>,
}

/// A column whose cells are values of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub key: Key,
    pub position: usize,
    pub reading: Reading,
    /// Stands between several values in one cell.
    pub separator: Option<char>,
}

/// A column whose cell decides whether the row is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub position: usize,
    pub values: Vec<String>,
}

impl Mapping {
    /// Finds a route's columns in a header.
    ///
    /// Columns that nothing refers to are ignored, and told by
    /// [`unmapped_positions`](Self::unmapped_positions).
    ///
    /// # Errors
    ///
    /// All faults at once: configured columns that are missing or there twice, or no
    /// identifier at all.
    pub fn resolve(
        columns: &Columns,
        header: &Header,
        context: Context,
    ) -> Result<Mapping, MappingError> {
        let mut mapping = Mapping {
            context,
            sources: Vec::new(),
            filters: Vec::new(),
            events: Vec::new(),
            unmapped: Vec::new(),
        };
        let faults = match columns {
            Columns::Auto => mapping.recognise(header),
            Columns::Named(columns) => mapping.find(columns, header),
        };
        if !faults.is_empty() {
            return Err(MappingError {
                columns: header.len(),
                look: header.look(),
                faults,
            });
        }
        mapping.sources.sort_by_key(|source| source.key);
        mapping.unmapped = (0..header.len())
            .filter(|&position| !mapping.uses(position))
            .collect();
        Ok(mapping)
    }

    fn recognise(&mut self, header: &Header) -> Vec<MappingFault> {
        for (position, name) in header.names().enumerate() {
            match alias(name) {
                // Meta's own list template repeats `email` and `phone` for several values.
                Some(Alias::Identifier(key)) => self.sources.push(Source {
                    key,
                    position,
                    reading: Reading::default(),
                    separator: None,
                }),
                Some(Alias::Event(field)) => self.events.push((field, position)),
                None => {}
            }
        }
        // A value that happens to be an alias (a first name "First") must not make a
        // header of a row of people.
        if self.sources.is_empty() || header.look() == HeaderLook::Data {
            return vec![MappingFault::NothingRecognised];
        }
        Vec::new()
    }

    fn find(&mut self, columns: &[Column], header: &Header) -> Vec<MappingFault> {
        let mut faults = Vec::new();
        for column in columns {
            match find_one(&column.name, header) {
                Ok(position) => self.add(&column.role, position),
                Err(fault) => faults.push(fault),
            }
        }
        let is_identifier = |column: &Column| matches!(column.role, Role::Identifier { .. });
        if !columns.iter().any(is_identifier) {
            faults.push(MappingFault::NoIdentifierConfigured);
        }
        faults
    }

    fn add(&mut self, role: &Role, position: usize) {
        match role {
            Role::Identifier {
                key,
                reading,
                separator,
            } => self.sources.push(Source {
                key: *key,
                position,
                reading: *reading,
                separator: *separator,
            }),
            Role::OnlyIf { values } => self.filters.push(Filter {
                position,
                values: values.clone(),
            }),
        }
    }

    fn uses(&self, position: usize) -> bool {
        self.sources
            .iter()
            .any(|source| source.position == position)
            || self
                .filters
                .iter()
                .any(|filter| filter.position == position)
            || self.events.iter().any(|&(_, event)| event == position)
    }

    pub const fn api(&self) -> Api {
        self.context.api
    }

    /// The keys that rows can have, in the order of [`Key::ALL`]: the schema of an
    /// audience upload. All of them have a [`wire_name`](Key::wire_name).
    ///
    /// A birth date counts in the form its destination takes, whichever form it is found in.
    pub fn keys(&self) -> Vec<Key> {
        Key::ALL
            .into_iter()
            .filter(|&key| self.can_produce(key))
            .collect()
    }

    fn can_produce(&self, key: Key) -> bool {
        let has = |key: Key| self.sources.iter().any(|source| source.key == key);
        let is_part = BirthPart::ALL.iter().any(|part| part.key() == key);
        key.wire_name(self.api()).is_some()
            && match key {
                Key::BirthDate => has(key) || BirthPart::ALL.iter().all(|part| has(part.key())),
                _ if is_part => has(key) || has(Key::BirthDate),
                _ => has(key),
            }
    }

    /// The keys that columns were mapped to, in the order of [`Key::ALL`], each once.
    pub fn source_keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.sources.iter().map(|source| source.key).collect();
        keys.dedup();
        keys
    }

    /// Under `columns = "auto"`, where the first column is whose name says it holds this
    /// field, counted from 0. Named columns say so themselves.
    pub fn event_position(&self, field: EventField) -> Option<usize> {
        self.events
            .iter()
            .find_map(|&(found, position)| (found == field).then_some(position))
    }

    /// Says that a column is read for something else than a person.
    pub fn also_used(&mut self, position: usize) {
        self.unmapped.retain(|&unmapped| unmapped != position);
    }

    /// The file's columns that nothing refers to, counted from 0.
    pub fn unmapped_positions(&self) -> &[usize] {
        &self.unmapped
    }

    /// How many of the file's columns nothing refers to.
    pub const fn unmapped(&self) -> usize {
        self.unmapped.len()
    }
}

fn find_one(column: &str, header: &Header) -> Result<usize, MappingFault> {
    let positions: Vec<usize> = header
        .names()
        .enumerate()
        .filter_map(|(position, name)| (name == column.trim()).then_some(position))
        .collect();
    match positions.as_slice() {
        [position] => Ok(*position),
        [] => Err(MappingFault::Missing {
            column: column.to_owned(),
            similar: header
                .names()
                .position(|name| is_similar(column, name))
                .map(|position| position + 1),
        }),
        _ => Err(MappingFault::Repeated {
            column: column.to_owned(),
            positions: positions.iter().map(|position| position + 1).collect(),
        }),
    }
}

/// The same but for case and separators, or one slip in five characters.
fn is_similar(wanted: &str, found: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (wanted, found) = (letters(wanted), letters(found));
    let slips = strsim::osa_distance(&wanted, &found);
    !wanted.is_empty() && slips <= wanted.chars().count() / 5
}

#[cfg(test)]
mod tests;
