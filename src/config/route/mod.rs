//! A route: which objects go where, by which columns, with whose credentials.

mod audience;
mod column_options;
mod columns;
mod conversions;
mod custom_data;
mod event_source;
mod id;
mod input;
mod named_audience;
mod normalisation;
mod run;
mod static_values;

pub use audience::CustomAudience;
pub(super) use column_options::{DATE_ORDERS, FORMS};
pub use conversions::Conversions;
pub use custom_data::{Property, PropertySource};
pub use event_source::{AppData, Currency, CurrencyCode, EventId, EventTime, EventValue};
pub use id::{AdAccountId, AppId, AudienceId, DatasetId, PageId};
pub use input::RouteInput;
pub use named_audience::NamedAudience;
pub use run::{Complete, MOST_OBJECTS, OverWindow, RunRules};

use time::Date;

use crate::credentials::SecretRef;
use crate::identity::columns::{Columns, Role};
use crate::identity::key::Api;
use crate::identity::{Context, Header, Mapping, MappingFault, Spelling, StaticValue};
use crate::meta::AudienceMode;

use super::state_location::check_bucket;
use super::suggest::shown;
use super::tree::{Node, Report, Table};

/// One `[[route]]`.
#[derive(Clone, Debug)]
pub struct Route {
    /// Unique; lower-case letters, digits and `-`. Names the route in logs, metrics
    /// and the paths of receipts.
    pub name: String,
    /// None: objects of any bucket.
    pub bucket: Option<String>,
    /// Empty: objects of any key.
    pub prefix: String,
    pub credentials: SecretRef,
    pub columns: Columns,
    pub static_values: Vec<StaticValue>,
    pub spelling: Spelling,
    pub input: RouteInput,
    pub destination: Destination,
    /// Of a route that replaces, and of no other: when its runs are complete, and which of
    /// them may take the old members' place.
    pub run: Option<RunRules>,
    /// Where in the text it is written, for faults and `check-config`.
    pub(super) line: usize,
}

/// What becomes of a route's rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    Conversions(Box<Conversions>),
    CustomAudience(CustomAudience),
}

impl Destination {
    pub fn api(&self) -> Api {
        match self {
            Destination::Conversions(_) => Api::Conversions,
            Destination::CustomAudience(_) => Api::CustomAudience,
        }
    }
}

/// Names become parts of receipts' paths.
const LONGEST_NAME: usize = 64;

impl Route {
    /// All routes of the text that are without fault.
    pub(super) fn read_all(report: &Report<'_>, root: &mut Table<'_>) -> Vec<Route> {
        let Some(list) = root.require("route", "without a [[route]] nothing is ever delivered")
        else {
            return Vec::new();
        };
        let Some(elements) = list.elements("written as [[route]]") else {
            return Vec::new();
        };
        let mut routes: Vec<Route> = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            routes.extend(Route::read(report, element, index));
        }
        routes
    }

    /// The same route with the id of its audience, which is configured by its name.
    ///
    /// # Errors
    ///
    /// A sentence, where this is no id.
    pub fn with_audience(&self, id: &str) -> Result<Route, String> {
        let mut route = self.clone();
        if let Destination::CustomAudience(audience) = &mut route.destination {
            let id = id.parse();
            audience.audience = id.map_err(|_| "Meta gave no id for the audience".to_owned())?;
        }
        Ok(route)
    }

    fn read(report: &Report<'_>, node: &Node<'_>, index: usize) -> Option<Route> {
        let mut table = node.table()?;
        let given = table.ask("name").and_then(|name| name.text());
        table.rename(match given {
            Some(name) => format!("route {}", shown(name)),
            None => format!("route {}", index + 1),
        });
        // Asked again, so that its faults speak of the route by name.
        let name = table
            .require("name", "a name for logs, metrics and receipts")
            .and_then(|node| node.check(check_name(given?)));
        let bucket = bucket(&mut table);
        let prefix = prefix(report, &mut table);
        let credentials = table
            .require("credentials", "where the token is kept, as ssm:/name")
            .and_then(|node| node.parse::<SecretRef>());
        let columns = table
            .require("columns", "\"auto\", or a table of source column to key")
            .and_then(|node| columns::read(&node, api(&mut table)));
        let input = RouteInput::read(&mut table);
        let destination = destination(report, &mut table, columns.as_ref());
        if let (Some(columns), Some(destination)) = (&columns, &destination) {
            check_keys(columns, destination.api(), &table);
        }
        let run = run(&mut table, destination.as_ref());
        let spelling = match table.ask("normalisation") {
            None => Some(Spelling::default()),
            Some(node) => normalisation::read(&node),
        };
        let static_values = match (table.ask("static_values"), api(&mut table)) {
            (None, _) => Some(Vec::new()),
            (Some(node), Some(api)) => {
                static_values::read(&node, api, spelling.unwrap_or_default())
            }
            // They are read as the destination asks for, and there is none.
            (Some(_), None) => None,
        };
        if let (Some(columns), Some(values), Some(api)) =
            (&columns, &static_values, api(&mut table))
        {
            check_together(columns, values, api, &table);
        }
        let line = node.line;
        if let Some(Destination::Conversions(conversions)) = &destination {
            let place = report.at(Some(line));
            for notice in conversions.notices(columns.as_ref()) {
                report.notice(format!("{place}: {notice}"));
            }
        }
        table.close();
        Some(Route {
            name: name?.to_owned(),
            bucket: bucket?,
            prefix: prefix?,
            credentials: credentials?,
            columns: columns?,
            static_values: static_values?,
            spelling: spelling?,
            input: input?,
            destination: destination?,
            run: run?,
            line,
        })
    }
}

fn check_name(name: &str) -> Result<&str, String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(allowed) {
        return Ok(name);
    }
    Err(format!(
        "must be 1 to {LONGEST_NAME} lower-case letters, digits and -"
    ))
}

/// The outer `None` is a fault, the inner one any bucket.
fn bucket(table: &mut Table<'_>) -> Option<Option<String>> {
    let Some(node) = table.ask("bucket") else {
        return Some(None);
    };
    let name = node.text()?;
    node.check(check_bucket(name))?;
    Some(Some(name.to_owned()))
}

fn prefix(report: &Report<'_>, table: &mut Table<'_>) -> Option<String> {
    let purpose = "what the keys begin with, as \"meta/conversions/\"; \"\" for all keys";
    let node = table.require("prefix", purpose)?;
    let prefix = node.text()?;
    if prefix.starts_with("s3://") {
        node.fault("must be the keys' beginning alone; the bucket has a key of its own");
        return None;
    }
    if prefix.starts_with('/') {
        let place = report.at(Some(node.line));
        report.notice(format!(
            "{place}: the prefix begins with a slash, which keys in S3 usually do not"
        ));
    }
    Some(prefix.to_owned())
}

/// Of the destination that is there, whether or not it has a fault.
fn api(table: &mut Table<'_>) -> Option<Api> {
    let conversions = table.ask("conversions").map(|_| Api::Conversions);
    let audience = table.ask("custom_audience").map(|_| Api::CustomAudience);
    conversions.xor(audience)
}

/// A column that is named for one destination alone would be lost in silence at the other.
fn check_keys(columns: &Columns, api: Api, table: &Table<'_>) {
    let Columns::Named(columns) = columns else {
        return;
    };
    for column in columns {
        if let Role::Identifier { key, .. } = column.role
            && !key.serves(api)
        {
            let column = shown(&column.name);
            let problem = format!("column {column}: route.{api} does not know {key}");
            table.fault_of("columns", problem);
        }
    }
}

/// What no header could mend is not left to the first file. Under auto only a header tells.
fn check_together(columns: &Columns, values: &[StaticValue], api: Api, table: &Table<'_>) {
    let Columns::Named(named) = columns else {
        return;
    };
    let header = Header::new(named.iter().map(|column| column.name.as_str()));
    let context = Context::new(api, Date::MAX);
    let error = match Mapping::resolve_with(columns, values, &header, context) {
        Ok(mapping) => return check_sendable(&mapping, table),
        Err(error) => error,
    };
    for fault in error.faults {
        // The others were told of a line of their own.
        if matches!(
            fault,
            MappingFault::SeveralDecide { .. } | MappingFault::PlaceWithoutOptions
        ) {
            table.fault_of("columns", fault.to_string());
        }
    }
}

/// A fault where the columns are such that whatever the file holds, no row of it could be sent.
fn check_sendable(mapping: &Mapping, table: &Table<'_>) {
    if mapping.is_always_weak() {
        let problem = "no row could be sent: Meta refuses an event by whose keys too many people could be meant (100/2804050): \
                       name one more column, such as email, phone or external_id";
        table.fault_of("columns", problem);
    }
    if mapping.is_never_placed() {
        let problem = "no row could be sent: with LDU for every event, Meta needs country and state of each, or an address to find \
                       them out by: give data_processing_options_country and data_processing_options_state static values or \
                       columns, or name a column of client_ip_address";
        table.fault_of("static_values", problem);
    }
}

fn destination(
    report: &Report<'_>,
    table: &mut Table<'_>,
    columns: Option<&Columns>,
) -> Option<Destination> {
    let conversions = table.ask("conversions");
    let audience = table.ask("custom_audience");
    match (conversions, audience) {
        (Some(node), None) => Conversions::read(report, node.table()?, columns)
            .map(|conversions| Destination::Conversions(Box::new(conversions))),
        (None, Some(node)) => {
            CustomAudience::read(node.table()?, columns).map(Destination::CustomAudience)
        }
        (None, None) => {
            table.fault("needs [route.conversions] or [route.custom_audience]");
            None
        }
        (Some(_), Some(second)) => {
            second.fault("a route has one destination: make two routes with different prefixes");
            None
        }
    }
}

/// The outer `None` is a fault. What does not replace has no runs.
fn run(table: &mut Table<'_>, destination: Option<&Destination>) -> Option<Option<RunRules>> {
    let replaces = destination.is_some_and(|destination| match destination {
        Destination::CustomAudience(audience) => audience.mode == AudienceMode::Replace,
        Destination::Conversions(_) => false,
    });
    match table.ask("run") {
        Some(node) if destination.is_some() && !replaces => {
            node.fault("has a meaning only with custom_audience.mode = \"replace\"");
            None
        }
        Some(node) => RunRules::read(node.table()?).map(Some),
        None if replaces => {
            let problem = "missing: a replacement needs to know when a run is complete ([route.run] with complete = …)";
            table.fault_of("run", problem);
            None
        }
        None => Some(None),
    }
}

#[cfg(test)]
mod tests;
