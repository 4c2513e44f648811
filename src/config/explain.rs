//! The effective configuration as TOML, each value with where it comes from.
//!
//! It reads back to the same configuration, but for masked parts of addresses.

use std::fmt::Write;

use crate::identity::columns::{Column, Columns, Reading, Role};
use crate::identity::key::Key;

use crate::identity::Spelling;

use super::Config;
use super::route::{
    AppData, Complete, Conversions, Currency, CustomAudience, DATE_ORDERS, Destination, EventId,
    EventTime, EventValue, FORMS, NamedAudience, Route, RunRules,
};
use super::shown::{Shown, toml_key, toml_text};

/// Lines are only ever added, so `write!` to the text cannot fail.
struct Page(String);

impl Page {
    fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn pair(&mut self, key: &str, toml: impl AsRef<str>) {
        self.line(format!("{} = {}", toml_key(key), toml.as_ref()));
    }
}

pub(super) fn explain(config: &Config) -> String {
    let mut page = Page(String::new());
    let mut section = "";
    for setting in &config.effective {
        let about = setting.about;
        if about.section != section {
            if !section.is_empty() {
                page.line("");
            }
            section = about.section;
            page.line(format!("[{section}]"));
        }
        match &setting.toml {
            Some(toml) => page.line(format!("{} = {toml} # {}", about.key, setting.origin)),
            None => page.line(format!("# {}: {}", about.key, setting.origin)),
        }
    }
    for route in &config.routes {
        page.line("");
        page.line(format!("[[route]] # {}:{}", config.label, route.line));
        describe(&mut page, route);
    }
    page.0
}

fn describe(page: &mut Page, route: &Route) {
    page.pair("name", toml_text(&route.name));
    if let Some(bucket) = &route.bucket {
        page.pair("bucket", toml_text(bucket));
    }
    page.pair("prefix", toml_text(&route.prefix));
    page.pair("credentials", toml_text(&route.credentials.to_string()));
    match &route.columns {
        Columns::Auto => page.pair("columns", toml_text("auto")),
        Columns::Named(columns) => {
            page.line("[route.columns]");
            for column in columns {
                page.pair(&column.name, role(column));
            }
        }
    }
    if !route.static_values.is_empty() {
        page.line("[route.static_values]");
        for value in &route.static_values {
            page.pair(value.key().name(), toml_text(value.text()));
        }
    }
    let spelling = route.spelling;
    if spelling != Spelling::default() {
        page.line("[route.normalisation]");
        page.pair("name_spaces", spelling.name_spaces.to_string());
        page.pair("ascii_city", spelling.ascii_city.to_string());
    }
    let input = route.input.toml();
    if !input.is_empty() {
        page.line("[route.input]");
        for line in input {
            page.line(line);
        }
    }
    match &route.destination {
        Destination::Conversions(conversions) => events(page, conversions),
        Destination::CustomAudience(audience) => list(page, audience),
    }
    if let Some(rules) = &route.run {
        run(page, rules);
    }
}

fn role(column: &Column) -> String {
    match &column.role {
        Role::Identifier {
            key,
            reading,
            separator,
        } => identifier(*key, *reading, *separator),
        Role::OnlyIf { values } => {
            let values: Vec<String> = values.iter().map(|value| toml_text(value)).collect();
            format!("{{ only_if = [{}] }}", values.join(", "))
        }
    }
}

/// The key alone, or a table with what else is said of it.
fn identifier(key: Key, reading: Reading, separator: Option<char>) -> String {
    let mut table = format!("{{ key = {}", toml_text(key.name()));
    let mut add = |option: &str, value: Option<&str>| {
        if let Some(value) = value {
            table.push_str(&format!(", {option} = {}", toml_text(value)));
        }
    };
    let country = reading.country;
    add(
        "default_country",
        country.as_ref().map(|code| code.as_str()),
    );
    add("form", word_of(&FORMS, &reading.form));
    let separator = separator.map(String::from);
    add("separator", separator.as_deref());
    add("date_order", word_of(&DATE_ORDERS, &reading.date_order));
    let is_key_alone = reading == Reading::default() && separator.is_none();
    if is_key_alone {
        return toml_text(key.name());
    }
    table + " }"
}

fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> Option<&'static str> {
    let found = words.iter().find(|(_, known)| known == value);
    found.map(|(word, _)| *word)
}

fn events(page: &mut Page, conversions: &Conversions) {
    page.line("[route.conversions]");
    match &conversions.dataset_id {
        Some(id) => page.pair("dataset_id", toml_text(id.as_str())),
        None => page.line("# dataset_id: the pixel_id of the credentials"),
    }
    page.pair("event_name", toml_text(&conversions.event_name));
    page.pair(
        "action_source",
        toml_text(conversions.action_source.as_str()),
    );
    page.pair(
        "event_time",
        match &conversions.event_time {
            EventTime::Object => toml_text("object"),
            EventTime::Column(name) => from_column(name),
        },
    );
    page.pair(
        "event_id",
        match &conversions.event_id {
            EventId::Row => toml_text("row"),
            EventId::Column(name) => from_column(name),
        },
    );
    if let Some(value) = &conversions.value {
        page.pair(
            "value",
            match value {
                EventValue::Column(name) => from_column(name),
                EventValue::Fixed(value) => value.toml(),
                EventValue::Alias => toml_text("auto"),
            },
        );
    }
    if let Some(currency) = &conversions.currency {
        page.pair(
            "currency",
            match currency {
                Currency::Column(name) => from_column(name),
                Currency::Fixed(code) => toml_text(code.as_str()),
            },
        );
    }
    if let Some(name) = &conversions.order_id_column {
        page.pair("order_id", from_column(name));
    }
    if let Some(url) = &conversions.event_source_url {
        page.pair("event_source_url", url.toml());
    }
    match &conversions.app_data {
        None => {}
        Some(AppData::Column(name)) => page.pair("app_data", from_column(name)),
        Some(AppData::Fixed(json)) => page.pair("app_data", toml_text(json)),
    }
    if let Some(code) = &conversions.test_event_code {
        page.pair("test_event_code", toml_text(code));
    }
    if !conversions.custom_data.is_empty() {
        page.line("[route.conversions.custom_data]");
        for property in &conversions.custom_data {
            page.pair(&property.name, property.source.toml(&property.name));
        }
    }
}

fn list(page: &mut Page, audience: &CustomAudience) {
    page.line("[route.custom_audience]");
    if let Some(account) = &audience.ad_account {
        page.pair("ad_account", toml_text(account.as_str()));
    }
    match &audience.named {
        None => page.pair("audience", toml_text(audience.audience.as_str())),
        Some(named) => by_name(page, named),
    }
    page.pair("mode", toml_text(audience.mode.as_str()));
    if !audience.app_ids.is_empty() {
        let ids = audience.app_ids.iter().map(|id| toml_text(id.as_str()));
        let ids: Vec<String> = ids.collect();
        page.pair("app_ids", format!("[{}]", ids.join(", ")));
    }
    if let Some(page_id) = &audience.page_id {
        page.pair("page_id", toml_text(page_id.as_str()));
    }
}

fn by_name(page: &mut Page, named: &NamedAudience) {
    page.pair("audience_name", toml_text(&named.name));
    let Some(new) = &named.create else {
        return;
    };
    page.pair("create", true.to_string());
    page.pair(
        "customer_file_source",
        toml_text(new.customer_file_source.as_str()),
    );
    if let Some(description) = &new.description {
        page.pair("description", toml_text(description));
    }
    if let Some(days) = new.retention_days {
        page.pair("retention_days", days.to_string());
    }
    if new.is_value_based {
        page.pair("is_value_based", true.to_string());
    }
}

fn run(page: &mut Page, rules: &RunRules) {
    page.line("[route.run]");
    page.pair("complete", toml_text(rules.complete.name()));
    match &rules.complete {
        Complete::SuccessMarker => {}
        Complete::Manifest(name) => page.pair("manifest", toml_text(name)),
        Complete::Count(objects) => page.pair("expected_objects", objects.to_string()),
        Complete::Quiet(quiet) => page.pair("quiet_seconds", quiet.as_secs().to_string()),
    }
    let shrink = rules.allow_shrink_percent.to_string();
    page.pair("allow_shrink_percent", shrink);
    page.pair("over_window", toml_text(rules.over_window.name()));
}

fn from_column(name: &str) -> String {
    format!("{{ column = {} }}", toml_text(name))
}

/// One line about a route, for the log at the start.
pub(super) fn summary(route: &Route) -> String {
    let bucket = route.bucket.as_deref().unwrap_or("*");
    let mut line = format!("{}: s3://{bucket}/{}* to ", route.name, route.prefix);
    // Writing to a String cannot fail.
    let _ = match &route.destination {
        Destination::Conversions(conversions) => {
            let dataset = conversions.dataset_id.as_ref();
            write!(
                line,
                "dataset {} as {} ({})",
                dataset.map_or("of the credentials", |id| id.as_str()),
                conversions.event_name,
                conversions.action_source.as_str()
            )
        }
        Destination::CustomAudience(audience) => write!(
            line,
            "custom audience {} ({})",
            audience.shown(),
            audience.mode.as_str()
        ),
    };
    line
}
