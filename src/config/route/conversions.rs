//! `[route.conversions]`: the events that rows become.

use crate::identity::columns::{Columns, Role};
use crate::identity::key::Key;
use crate::meta::ActionSource;

use super::super::http_url::HttpUrl;
use super::super::suggest::one_of;
use super::super::tree::{Node, Report, Table};
use super::column_options::optional;
use super::custom_data::{self, Property};
use super::event_source::{self, AppData, Currency, EventId, EventTime, EventValue};
use super::id::{self, DatasetId};

#[derive(Clone, Debug, PartialEq)]
pub struct Conversions {
    /// None: the `pixel_id` of the credentials.
    pub dataset_id: Option<DatasetId>,
    pub event_name: String,
    pub action_source: ActionSource,
    pub event_time: EventTime,
    pub event_id: EventId,
    /// Always there for purchases, and never without a currency.
    pub value: Option<EventValue>,
    pub currency: Option<Currency>,
    pub order_id_column: Option<String>,
    /// In the order of the text.
    pub custom_data: Vec<Property>,
    /// Always there for [`ActionSource::Website`].
    pub event_source_url: Option<HttpUrl>,
    /// Always there for [`ActionSource::App`], and for no other.
    pub app_data: Option<AppData>,
    /// Events then also show in Meta's test view; they count all the same.
    pub test_event_code: Option<String>,
}

/// Meta's standard events; any other name makes a custom event.
const STANDARD_EVENTS: [&str; 18] = [
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "CompleteRegistration",
    "Contact",
    "CustomizeProduct",
    "Donate",
    "FindLocation",
    "InitiateCheckout",
    "Lead",
    "PageView",
    "Purchase",
    "Schedule",
    "Search",
    "StartTrial",
    "SubmitApplication",
    "Subscribe",
    "ViewContent",
];

const PURCHASE: &str = "Purchase";

/// The line of an order, which tells events of a store apart too.
const ITEM_NUMBER: &str = "item_number";

impl Conversions {
    pub(super) fn read(
        report: &Report<'_>,
        mut table: Table<'_>,
        columns: Option<&Columns>,
    ) -> Option<Conversions> {
        let dataset_id = optional(&table.ask("dataset_id"), id::read);
        let event_name = table
            .require("event_name", "what happened, as \"Purchase\"")
            .and_then(|node| event_name(report, &node));
        let action_source = table
            .require("action_source", "where it happened, as \"physical_store\"")
            .and_then(|node| action_source(&node));
        let event_time = table
            .require("event_time", "\"object\" or { column = \"…\" }")
            .and_then(|node| event_source::time(&node));
        let event_id = optional(&table.ask("event_id"), |node| {
            let id = event_source::id(node)?;
            if let EventId::Column(name) = &id {
                custom_data::refuse_personal(node, name, columns)?;
            }
            Some(id)
        });
        let value = optional(&table.ask("value"), event_source::value);
        let currency = optional(&table.ask("currency"), event_source::currency);
        let order_id_column = optional(&table.ask("order_id"), |node| {
            let name = event_source::column(node)?;
            custom_data::refuse_personal(node, &name, columns)?;
            Some(name)
        });
        let custom_data = optional(&table.ask("custom_data"), |node| {
            custom_data::read(node, columns)
        });
        let event_source_url = optional(&table.ask("event_source_url"), |node| node.parse());
        let app_data = optional(&table.ask("app_data"), |node| {
            let data = event_source::app_data(node)?;
            if let AppData::Column(name) = &data {
                custom_data::refuse_personal(node, name, columns)?;
            }
            Some(data)
        });
        let test_event_code = optional(&table.ask("test_event_code"), test_event_code);

        if event_name.as_deref() == Some(PURCHASE) {
            for (key, missing) in [
                ("value", matches!(value, Some(None))),
                ("currency", matches!(currency, Some(None))),
            ] {
                if missing {
                    table.fault_of(key, "missing: Meta refuses a Purchase without it");
                }
            }
        } else if let (Some(Some(_)), Some(None)) = (&value, &currency) {
            table.fault_of("currency", "missing: Meta refuses a value without it");
        }
        let on_website = action_source == Some(ActionSource::Website);
        if on_website && matches!(event_source_url, Some(None)) {
            table.fault_of(
                "event_source_url",
                "missing: Meta refuses website events without it",
            );
        }
        match (action_source, &app_data) {
            (Some(ActionSource::App), Some(None)) => {
                table.fault_of(
                    "app_data",
                    "missing: Meta refuses events of an app without it",
                );
            }
            (None | Some(ActionSource::App), _) | (_, None | Some(None)) => {}
            (Some(_), Some(Some(_))) => {
                table.fault_of(
                    "app_data",
                    "has a meaning only with action_source = \"app\"",
                );
            }
        }
        table.close();
        Some(Conversions {
            dataset_id: dataset_id?,
            event_name: event_name?,
            action_source: action_source?,
            event_time: event_time?,
            event_id: event_id?.unwrap_or(EventId::Row),
            value: value?,
            currency: currency?,
            order_id_column: order_id_column?,
            custom_data: custom_data?.unwrap_or_default(),
            event_source_url: event_source_url?,
            app_data: app_data?,
            test_event_code: test_event_code?,
        })
    }
}

impl Conversions {
    /// What is allowed and yet should be known.
    pub(super) fn notices(&self, columns: Option<&Columns>) -> Vec<&'static str> {
        let mut notices = Vec::new();
        if self.test_event_code.is_some() {
            notices.push(
                "TEST EVENTS: test_event_code is set, so all events of this route show in the test view of Events Manager \
                 AND COUNT like any others; take it out for production",
            );
        }
        let is_told_apart = self.order_id_column.is_some()
            || self
                .custom_data
                .iter()
                .any(|property| property.name == ITEM_NUMBER);
        let in_store = self.action_source == ActionSource::PhysicalStore;
        if in_store && self.event_time == EventTime::Object && !is_told_apart {
            notices.push(
                "Meta tells sales in a store apart by time, person and order, and all events of a file have one time: without \
                 order_id, several of one person count as one; set order_id, or a column for event_time",
            );
        }
        let names_agent = columns.is_none_or(|columns| match columns {
            // Only a header tells.
            Columns::Auto => true,
            Columns::Named(columns) => columns.iter().any(|column| match column.role {
                Role::Identifier { key, .. } => key == Key::ClientUserAgent,
                Role::OnlyIf { .. } => false,
            }),
        });
        if self.action_source == ActionSource::Website && !names_agent {
            notices.push(
                "Meta's documents ask for client_user_agent in website events, and no column holds it; Meta has been seen to \
                 take events without it",
            );
        }
        notices
    }

    /// The columns that events are read from, beside the identifiers, by name.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let time = match &self.event_time {
            EventTime::Column(name) => Some(name),
            EventTime::Object => None,
        };
        let id = match &self.event_id {
            EventId::Column(name) => Some(name),
            EventId::Row => None,
        };
        let value = match &self.value {
            Some(EventValue::Column(name)) => Some(name),
            Some(EventValue::Fixed(_) | EventValue::Alias) | None => None,
        };
        let currency = match &self.currency {
            Some(Currency::Column(name)) => Some(name),
            Some(Currency::Fixed(_)) | None => None,
        };
        let app_data = match &self.app_data {
            Some(AppData::Column(name)) => Some(name),
            Some(AppData::Fixed(_)) | None => None,
        };
        let properties = self.custom_data.iter().filter_map(Property::column);
        let order_id = self.order_id_column.as_ref();
        [time, id, value, currency, order_id, app_data]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(properties)
    }
}

fn event_name(report: &Report<'_>, node: &Node<'_>) -> Option<String> {
    let name = node.text()?;
    if name.is_empty() || name.trim() != name {
        node.fault("must be an event's name without blanks around it");
        return None;
    }
    let meant = STANDARD_EVENTS
        .iter()
        .find(|standard| **standard != name && standard.eq_ignore_ascii_case(name));
    if let Some(standard) = meant {
        let place = report.at(Some(node.line));
        report.notice(format!(
            "{place}: event_name \"{name}\" is a custom event; Meta's standard one is \"{standard}\""
        ));
    }
    Some(name.to_owned())
}

fn action_source(node: &Node<'_>) -> Option<ActionSource> {
    let text = node.text()?;
    let known = ActionSource::ALL.map(|source| (source.as_str(), source));
    node.check(one_of(text, &known))
}

fn test_event_code(node: &Node<'_>) -> Option<String> {
    let code = node.text()?.trim();
    if code.is_empty() {
        node.fault("must not be empty: leave it out instead");
        return None;
    }
    Some(code.to_owned())
}
