//! A route's columns, fitted to one file's header.
//!
//! Responsible for where each identifier is found and whether the header will do at all;
//! not for what becomes of the cells (see `identify.rs`).

use super::alias::{Alias, EventField, alias};
use super::columns::{Column, Columns, CountryCode, Reading, Role};
use super::field::BirthPart;
use super::header::{Header, HeaderLook};
use super::key::{Api, Key};
use super::mapping_error::{MappingError, MappingFault};
use super::normalize::Context;
use super::static_value::StaticValue;
use super::weak::is_weak;
use crate::similar::is_similar;

/// Which columns of a file hold what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(super) context: Context,
    /// The file's own and after them constant ones; each in the order of keys, and within a key in
    /// that of the configuration (of the header, under auto).
    pub(super) sources: Vec<Source>,
    /// How many of the sources are the file's own.
    pub(super) own_sources: usize,
    pub(super) filters: Vec<Filter>,
    /// By [`EventField`], under auto only. Whether a destination makes use of them, it says
    /// by [`also_used`](Mapping::also_used).
    events: Vec<(EventField, usize)>,
    /// In the order of keys, each key once.
    pub(super) statics: Vec<StaticValue>,
    pub(super) static_country: Option<CountryCode>,
    unmapped: Vec<usize>,
    /// Whether a column, or a static value, is of Limited Data Use.
    pub(super) has_options: bool,
    /// Whether a column holds what members are worth.
    pub(super) has_value: bool,
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
    /// Finds a route's columns in a header; the route has no static values.
    ///
    /// # Errors
    ///
    /// As [`resolve_with`](Self::resolve_with).
    pub fn resolve(
        columns: &Columns,
        header: &Header,
        context: Context,
    ) -> Result<Mapping, MappingError> {
        Mapping::resolve_with(columns, &[], header, context)
    }

    /// Finds a route's columns in a header. `statics` are what the route gives to rows that
    /// have no such value of their own.
    ///
    /// Columns that nothing refers to are ignored, and told by [`unmapped`](Self::unmapped).
    ///
    /// # Errors
    ///
    /// All faults at once: configured columns that are missing or there twice, no
    /// identifier at all, or keys that cannot stand together.
    pub fn resolve_with(
        columns: &Columns,
        statics: &[StaticValue],
        header: &Header,
        context: Context,
    ) -> Result<Mapping, MappingError> {
        let mut mapping = Mapping {
            context,
            sources: Vec::new(),
            own_sources: 0,
            filters: Vec::new(),
            events: Vec::new(),
            statics: statics.to_vec(),
            static_country: statics.iter().find_map(StaticValue::country),
            unmapped: Vec::new(),
            has_options: false,
            has_value: false,
        };
        let mut faults = match columns {
            Columns::Auto => mapping.recognise(header),
            Columns::Named(columns) => mapping.find(columns, header),
        };
        faults.extend(mapping.faults_of_keys());
        if !faults.is_empty() {
            return Err(MappingError {
                columns: header.own(),
                look: header.look(),
                faults,
            });
        }
        let is_own = |source: &Source| source.position < header.own();
        mapping
            .sources
            .sort_by_key(|source| (!is_own(source), source.key));
        mapping.own_sources = mapping.sources.partition_point(is_own);
        mapping.statics.sort_by_key(StaticValue::key);
        mapping.has_options = mapping.gives(Key::ProcessingOptions);
        mapping.has_value = mapping.has(Key::LookalikeValue);
        mapping.unmapped = (0..header.own())
            .filter(|&position| !mapping.uses(position))
            .collect();
        Ok(mapping)
    }

    fn recognise(&mut self, header: &Header) -> Vec<MappingFault> {
        for (position, name) in header.names().enumerate() {
            match alias(name) {
                // A column of the other API's is no fault of a file that serves both.
                Some(Alias::Identifier(key)) if !key.serves(self.api()) => {}
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
        // header of a row of people; nor must the name of a folder.
        let knows_own = self
            .sources
            .iter()
            .any(|source| source.key.identifies() && source.position < header.own());
        if !knows_own || header.look() == HeaderLook::Data {
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
        let is_identifier = |column: &Column| match column.role {
            Role::Identifier { key, .. } => key.identifies(),
            Role::OnlyIf { .. } => false,
        };
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

    /// What is wrong with the keys, wherever their columns are.
    fn faults_of_keys(&self) -> Vec<MappingFault> {
        let mut faults = Vec::new();
        for key in Key::ALL {
            let columns = self.sources.iter().filter(|source| source.key == key);
            match columns.count() {
                0 => {}
                _ if !key.serves(self.api()) => faults.push(MappingFault::KeyOfOtherApi {
                    key,
                    api: self.api(),
                }),
                1 => {}
                _ if key.decides_row() => faults.push(MappingFault::SeveralDecide { key }),
                _ => {}
            }
        }
        let gives_place = self.gives(Key::ProcessingCountry) || self.gives(Key::ProcessingState);
        if gives_place && !self.gives(Key::ProcessingOptions) {
            faults.push(MappingFault::PlaceWithoutOptions);
        }
        faults
    }

    /// Whether a column holds the key.
    pub(super) fn has(&self, key: Key) -> bool {
        self.sources.iter().any(|source| source.key == key)
    }

    /// Whether a column holds the key or a static value is of it.
    fn gives(&self, key: Key) -> bool {
        self.has(key) || self.statics.iter().any(|value| value.key() == key)
    }

    fn uses(&self, position: usize) -> bool {
        self.sources
            .iter()
            .any(|source| source.position == position)
            || self
                .filters
                .iter()
                .any(|filter| filter.position == position)
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

    /// Whether Conversions would refuse each row, since none can have more than the keys of
    /// one weak set.
    pub fn is_always_weak(&self) -> bool {
        self.api() == Api::Conversions && is_weak(self.keys().into_iter())
    }

    fn can_produce(&self, key: Key) -> bool {
        let gives = |key: Key| self.gives(key);
        let is_part = BirthPart::ALL.iter().any(|part| part.key() == key);
        key.wire_name(self.api()).is_some()
            && match key {
                Key::BirthDate => gives(key) || BirthPart::ALL.iter().all(|part| gives(part.key())),
                _ if is_part => gives(key) || gives(Key::BirthDate),
                // A row gets what it lacks of these three.
                _ if key.is_processing() => gives(Key::ProcessingOptions),
                _ => gives(key),
            }
    }

    /// Without the columns and static values that say nothing of who somebody is: to take a person off a list
    /// neither a value nor a limit is needed, and the lack of one must not keep them on it.
    #[must_use]
    pub fn identifiers_only(mut self) -> Mapping {
        let (own, _) = self.sources.split_at(self.own_sources);
        self.own_sources = own.iter().filter(|source| source.key.identifies()).count();
        self.sources.retain(|source| source.key.identifies());
        self.statics.retain(|value| value.key().identifies());
        self.has_options = false;
        self.has_value = false;
        self
    }

    /// The keys that columns were mapped to, in the order of [`Key::ALL`], each once.
    pub fn source_keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.sources.iter().map(|source| source.key).collect();
        keys.sort();
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
    pub fn unmapped(&self) -> &[usize] {
        &self.unmapped
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
                .take(header.own())
                .position(|name| is_similar(column, name))
                .map(|position| position + 1),
        }),
        _ => Err(MappingFault::Repeated {
            column: column.to_owned(),
            positions: positions.iter().map(|position| position + 1).collect(),
        }),
    }
}

#[cfg(test)]
mod tests;
