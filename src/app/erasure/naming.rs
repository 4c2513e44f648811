//! How people of an erasure are read for one place: by the columns of its routes, and by
//! the names of columns that everybody understands.
//!
//! Whoever asks to be removed comes in a file of somebody else's making. So a column that
//! a route names is read as that route says, any other one by its header, and what only
//! says something about a person is not read at all.

use std::sync::Arc;

use time::OffsetDateTime;

use super::target::{Place, Target};
use crate::app::halt::Refusal;
use crate::config::{Config, Route};
use crate::identity::columns::{Column, Columns, CountryCode, Form, Reading, Role};
use crate::identity::key::{Api, Key};
use crate::identity::{Alias, Context, Header, Mapping, StaticValue, alias};
use crate::meta::{AudienceMode, CustomAudience, Destination};
use crate::rows;

/// What one place is asked with.
pub(super) struct Naming {
    pub mapping: Mapping,
    pub destination: Arc<dyn Destination>,
}

impl Naming {
    pub(super) fn new(
        target: &Target<'_>,
        config: &Config,
        columns: &Columns,
        header: &Header,
    ) -> Result<Naming, Refusal> {
        let first = target.routes.first().copied();
        let today = OffsetDateTime::now_utc().date();
        let context = Context {
            spelling: first.map(|route| route.spelling).unwrap_or_default(),
            ..Context::new(Api::CustomAudience, today)
        };
        let statics = first.map_or(&[][..], |route| &route.static_values);
        let statics: Vec<StaticValue> = statics
            .iter()
            .filter(|value| value.key().identifies())
            .cloned()
            .collect();
        let mapping = Mapping::resolve_with(columns, &statics, header, context)
            .map_err(Refusal::Mapping)?
            .identifiers_only();
        let schema = mapping.keys();
        let scopes = target.scopes();
        if let Some(key) = scopes.missing_for(&schema) {
            return Err(Refusal::NoScope(key));
        }
        let (with, most) = (config.meta.delete_with, config.delivery.max_body_bytes);
        let destination = match &target.place {
            // Of a name, this is only what would be sent.
            Place::Audience(id) | Place::AudienceNamed(id) => {
                CustomAudience::new(id.clone(), AudienceMode::Remove, with, schema, most)
            }
            Place::AdAccount(id) => {
                CustomAudience::removing_everywhere(id.clone(), with, schema, most)
            }
        };
        Ok(Naming {
            mapping,
            destination: Arc::new(destination.with_scopes(scopes)),
        })
    }
}

/// The columns of a file.
pub(super) fn columns_of_file(
    routes: &[&Route],
    header: &rows::Header,
    country: Option<CountryCode>,
) -> Columns {
    let own = header.names().iter().take(header.own());
    let named = own.clone().any(|name| named_by(routes, name).is_some());
    if !named && country.is_none() {
        // Which knows of repeated columns, too.
        return Columns::Auto;
    }
    let column = |name: &String| {
        let role = match named_by(routes, name) {
            Some(Role::OnlyIf { .. }) => None,
            Some(Role::Identifier {
                key,
                reading,
                separator,
            }) => key.identifies().then_some(Role::Identifier {
                key: *key,
                reading: Reading {
                    country: reading.country.or(country),
                    ..*reading
                },
                separator: *separator,
            }),
            None => match alias(name) {
                Some(Alias::Identifier(key)) => (key.identifies()
                    && key.serves(Api::CustomAudience))
                .then(|| role_of(routes, key, country)),
                Some(Alias::Event(_)) | None => None,
            },
        };
        Some(Column {
            name: name.clone(),
            role: role?,
        })
    };
    let columns: Vec<Column> = own.filter_map(column).collect();
    match columns.is_empty() {
        // Which says best what is wrong with the header.
        true => Columns::Auto,
        false => Columns::Named(columns),
    }
}

/// One column for each key that there are values of, called by the key's name.
pub(super) fn columns_of_keys(
    routes: &[&Route],
    keys: &[Key],
    country: Option<CountryCode>,
) -> Columns {
    let column = |key: &Key| Column {
        name: key.name().to_owned(),
        role: role_of(routes, *key, country),
    };
    Columns::Named(keys.iter().map(column).collect())
}

fn named_by<'r>(routes: &[&'r Route], name: &str) -> Option<&'r Role> {
    let mut columns = routes.iter().flat_map(|route| named(route));
    columns
        .find(|column| column.name.trim() == name.trim())
        .map(|column| &column.role)
}

fn named(route: &Route) -> &[Column] {
    match &route.columns {
        Columns::Auto => &[],
        Columns::Named(columns) => columns,
    }
}

/// As the routes' first column of the key is read; but plain or hashed, as it comes, and
/// of the country that was given for this erasure, if one was.
fn role_of(routes: &[&Route], key: Key, country: Option<CountryCode>) -> Role {
    let mut columns = routes.iter().flat_map(|route| named(route));
    let reading = columns.find_map(|column| match &column.role {
        Role::Identifier {
            key: found,
            reading,
            ..
        } if *found == key => Some(*reading),
        Role::Identifier { .. } | Role::OnlyIf { .. } => None,
    });
    let reading = reading.unwrap_or_default();
    Role::Identifier {
        key,
        reading: Reading {
            country: country.or(reading.country),
            form: Form::Any,
            ..reading
        },
        separator: None,
    }
}
