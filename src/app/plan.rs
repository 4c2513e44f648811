//! What a route and a header together say of one object: where each field is found,
//! and where the rows go. Everything that can be wrong with it is found here, before
//! anything is sent.

use std::sync::Arc;

use time::OffsetDateTime;

use super::halt::Refusal;
use crate::config::{self, AppData, Config, Currency, EventId, EventTime, EventValue, Route};
use crate::identity::key::Api;
use crate::identity::{Context, EventField, Header, Mapping};
use crate::meta::{
    self, AudienceMode, Conversions, CustomAudience, Destination, EventFields, FieldSource,
    IdScopes, PropertySource,
};
use crate::object::version::ObjectVersion;
use crate::receipts;
use crate::rows;

pub(super) struct Plan {
    pub mapping: Mapping,
    pub destination: Arc<dyn Destination>,
    /// For the receipt.
    pub description: receipts::Destination,
    /// Whose quota the requests count against.
    pub account: String,
}

impl Plan {
    /// `pixel_id` is that of the credentials; the route's dataset goes before it. `now` is
    /// Unix seconds.
    pub(super) fn new(
        route: &Route,
        config: &Config,
        pixel_id: Option<&str>,
        header: &rows::Header,
        version: &ObjectVersion,
        now: i64,
    ) -> Result<Plan, Refusal> {
        let own = header.own();
        let header = Header::new(header.names().iter().map(String::as_str)).of_which_own(own);
        let as_of = OffsetDateTime::from_unix_timestamp(version.last_modified)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .date();
        let context = Context {
            spelling: route.spelling,
            ..Context::new(route.destination.api(), as_of)
        };
        let mut mapping =
            Mapping::resolve_with(&route.columns, &route.static_values, &header, context)
                .map_err(Refusal::Mapping)?;
        let largest_body = config.delivery.max_body_bytes;
        match &route.destination {
            config::Destination::Conversions(conversions) => {
                let fields = event_fields(conversions, &header, &mapping)?;
                let properties = properties(conversions, &header)?;
                for position in event_columns(conversions, &header, &mapping) {
                    mapping.also_used(position);
                }
                let dataset = match &conversions.dataset_id {
                    Some(id) => id.as_str().to_owned(),
                    None => pixel_id.ok_or(Refusal::NoDataset)?.to_owned(),
                };
                let destination =
                    Conversions::new(dataset.clone(), fields, version, largest_body, now)
                        .map_err(Refusal::TooOld)?
                        .with_custom_data(properties);
                Ok(Plan {
                    mapping,
                    destination: Arc::new(destination),
                    account: quota_of_dataset(&dataset),
                    description: describe(Api::Conversions, dataset, None),
                })
            }
            config::Destination::CustomAudience(audience) => {
                let id = audience.audience.as_str().to_owned();
                let shown = audience.shown().to_owned();
                let mapping = match audience.mode {
                    AudienceMode::Add | AudienceMode::Replace => mapping,
                    AudienceMode::Remove => mapping.identifiers_only(),
                };
                let scopes = id_scopes(audience, &mapping)?;
                let destination = CustomAudience::new(
                    id.clone(),
                    audience.mode,
                    config.meta.delete_with,
                    mapping.keys(),
                    largest_body,
                )
                .with_scopes(scopes);
                let account = quota_of_audience(audience);
                Ok(Plan {
                    mapping,
                    destination: Arc::new(destination),
                    account,
                    description: describe(Api::CustomAudience, shown, Some(audience.mode)),
                })
            }
        }
    }

    /// The columns that are read at all, of so many.
    pub(super) fn columns(&self, count: usize) -> Vec<usize> {
        let unmapped = self.mapping.unmapped();
        let used = |position: &usize| unmapped.binary_search(position).is_err();
        (0..count).filter(used).collect()
    }

    /// Columns that nothing refers to, by their positions from 1.
    pub(super) fn unmapped(&self) -> Vec<usize> {
        let positions = self.mapping.unmapped().iter();
        positions.map(|position| position + 1).collect()
    }
}

/// Whose quota requests to a dataset count against.
pub(super) fn quota_of_dataset(dataset: &str) -> String {
    format!("dataset {dataset}")
}

/// The ad account, where it is configured: Meta counts by it.
pub(super) fn quota_of_audience(audience: &config::CustomAudience) -> String {
    match &audience.ad_account {
        Some(account) => account.as_str().to_owned(),
        None => format!("audience {}", audience.audience.as_str()),
    }
}

/// The apps and the page of the ids that the header promises.
fn id_scopes(route: &config::CustomAudience, mapping: &Mapping) -> Result<IdScopes, Refusal> {
    let apps = route.app_ids.iter().map(|id| id.as_str().to_owned());
    let page = route.page_id.as_ref().map(|id| id.as_str().to_owned());
    let scopes = IdScopes {
        apps: apps.collect(),
        page,
    };
    match scopes.missing_for(&mapping.keys()) {
        Some(key) => Err(Refusal::NoScope(key)),
        None => Ok(scopes),
    }
}

fn describe(api: Api, id: String, mode: Option<meta::AudienceMode>) -> receipts::Destination {
    receipts::Destination {
        api: match api {
            Api::Conversions => "conversions".into(),
            Api::CustomAudience => "custom_audience".into(),
        },
        id,
        mode: mode.map(|mode| mode.as_str().into()),
    }
}

/// The receipt's destination where no header was ever seen.
pub(super) fn describe_unplanned(route: &Route) -> receipts::Destination {
    match &route.destination {
        config::Destination::Conversions(conversions) => {
            let id = conversions
                .dataset_id
                .as_ref()
                .map(|id| id.as_str().to_owned());
            describe(Api::Conversions, id.unwrap_or_default(), None)
        }
        config::Destination::CustomAudience(audience) => {
            let id = audience.shown().to_owned();
            describe(Api::CustomAudience, id, Some(audience.mode))
        }
    }
}

fn event_fields(
    route: &config::Conversions,
    header: &Header,
    mapping: &Mapping,
) -> Result<EventFields, Refusal> {
    let column = |setting, name: &String| position(header, setting, name);
    let source = |setting, name: &String| column(setting, name).map(FieldSource::Column);
    Ok(EventFields {
        event_name: route.event_name.clone(),
        action_source: route.action_source,
        event_time: match &route.event_time {
            EventTime::Object => meta::EventTime::Object,
            EventTime::Column(name) => {
                meta::EventTime::Column(column("conversions.event_time", name)?)
            }
        },
        event_id: match &route.event_id {
            EventId::Row => None,
            EventId::Column(name) => Some(source("conversions.event_id", name)?),
        },
        value: match &route.value {
            None => None,
            Some(EventValue::Column(name)) => Some(source("conversions.value", name)?),
            Some(EventValue::Fixed(value)) => Some(FieldSource::Fixed(value.to_string())),
            Some(EventValue::Alias) => {
                let position = mapping
                    .event_position(EventField::Value)
                    .ok_or(Refusal::NoValueColumn)?;
                Some(FieldSource::Column(position))
            }
        },
        currency: match &route.currency {
            None => None,
            Some(Currency::Column(name)) => Some(source("conversions.currency", name)?),
            Some(Currency::Fixed(code)) => Some(FieldSource::Fixed(code.as_str().to_owned())),
        },
        order_id: match &route.order_id_column {
            None => None,
            Some(name) => Some(source("conversions.order_id", name)?),
        },
        event_source_url: route
            .event_source_url
            .as_ref()
            .map(|url| url.as_str().to_owned()),
        app_data: match &route.app_data {
            None => None,
            Some(AppData::Column(name)) => Some(source("conversions.app_data", name)?),
            Some(AppData::Fixed(json)) => Some(FieldSource::Fixed(json.clone())),
        },
        test_event_code: route.test_event_code.clone(),
    })
}

/// Where a column is that the route names beside the identifiers. Its name must be there
/// once: which of two is meant, nobody knows.
fn position(header: &Header, setting: &'static str, name: &str) -> Result<usize, Refusal> {
    let column = || name.to_owned();
    if header.is_repeated(name) {
        return Err(Refusal::RepeatedColumn {
            setting,
            column: column(),
        });
    }
    header.position(name).ok_or_else(|| Refusal::Column {
        setting,
        column: column(),
    })
}

fn properties(
    route: &config::Conversions,
    header: &Header,
) -> Result<Vec<meta::Property>, Refusal> {
    let property = |property: &config::Property| {
        let source = match &property.source {
            config::PropertySource::Fixed { json, .. } => PropertySource::Fixed(json.clone()),
            config::PropertySource::Column { name, kind } => PropertySource::Column {
                position: position(header, "conversions.custom_data", name)?,
                kind: *kind,
            },
        };
        Ok(meta::Property {
            name: property.name.clone(),
            source,
        })
    };
    route.custom_data.iter().map(property).collect()
}

/// The columns that events are read from, beside the identifiers. All of them are in the
/// header: [`event_fields`] and [`properties`] have looked.
fn event_columns(route: &config::Conversions, header: &Header, mapping: &Mapping) -> Vec<usize> {
    let by_alias = match route.value {
        Some(EventValue::Alias) => mapping.event_position(EventField::Value),
        _ => None,
    };
    let by_name = route.columns().filter_map(|name| header.position(name));
    by_name.chain(by_alias).collect()
}
