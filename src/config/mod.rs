//! What a worker is told to do: one TOML text, overridden by `ACTIVATOR_…` variables.
//!
//! Responsible for finding the text, reading it strictly and explaining it; not for
//! checking it against the world (queue, secrets, headers), which happens when they
//! are used. The one idea: everything wrong is said at once, with its line, and what
//! comes out cannot be wrong in itself: ids, addresses and times have types of their own.
//! It holds no secrets, only references to them.

mod environment;
mod explain;
mod fault;
mod guidance;
mod http_url;
mod route;
mod routing;
mod scalar;
mod settings;
mod shown;
mod source;
mod stand_in;
mod state_location;
mod stopping;
mod suggest;
mod tree;

use toml::de::DeTable;

pub use environment::Environment;
pub use fault::{Fault, Faults, Place};
pub use http_url::{Endpoint, HttpUrl, HttpUrlError};
pub use route::{
    AdAccountId, AppData, AppId, AudienceId, Complete, Conversions, Currency, CurrencyCode,
    CustomAudience, DatasetId, Destination, EventId, EventTime, EventValue, MOST_OBJECTS,
    NamedAudience, OverWindow, PageId, Property, PropertySource, Route, RouteInput, RunRules,
};
pub use scalar::Scalar;
pub use settings::{
    About, AdminSettings, DeliverySettings, GraphVersion, InputSettings, LedgerSettings, LogFormat,
    LogLevel, LogSettings, MetaSettings, QueueSettings, SETTINGS, WorkerSettings,
};
pub use source::{ConfigClients, ConfigSource, SourceError};
pub use state_location::StateLocation;

use crate::identity::key::Api;
use settings::{Effective, Reader, Sections};
use tree::{Report, Table};

/// What the configuration is for: a service needs more than a single upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The service: there must be a queue.
    Worker,
    /// One job from the command line: a queue may be missing.
    OneShot,
}

/// A configuration without fault.
#[derive(Clone, Debug)]
pub struct Config {
    pub queue: QueueSettings,
    pub state: StateLocation,
    pub worker: WorkerSettings,
    pub ledger: LedgerSettings,
    pub input: InputSettings,
    pub delivery: DeliverySettings,
    pub meta: MetaSettings,
    pub admin: AdminSettings,
    pub log: LogSettings,
    /// At least one, in the order of the text.
    pub routes: Vec<Route>,
    /// What is allowed but should be known; one sentence each, for the log.
    pub notices: Vec<String>,
    label: String,
    effective: Vec<Effective>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Faults(#[from] Faults),
}

impl Config {
    /// The configuration of `source`, or without one the built-in guidance route.
    /// `clients` is asked only if the source is on AWS. Dropping it is harmless.
    pub async fn load(
        source: Option<&ConfigSource>,
        environment: &Environment,
        purpose: Purpose,
        clients: impl AsyncFnOnce() -> ConfigClients,
    ) -> Result<Config, ConfigError> {
        match source {
            None => Ok(Config::built_in(environment, purpose)?),
            Some(source) => {
                let text = source.text(clients).await?;
                let label = source.to_string();
                Ok(Config::parse(&label, &text, environment, purpose)?)
            }
        }
    }

    /// The configuration of a text; `label` stands before the lines of its faults.
    pub fn parse(
        label: &str,
        text: &str,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Config, Faults> {
        Config::read(Report::new(label, text), text, environment, purpose, None)
    }

    /// Zero configuration: what the AWS guidance's sample does, with settings from
    /// variables alone.
    pub fn built_in(environment: &Environment, purpose: Purpose) -> Result<Config, Faults> {
        let report = Report::new(guidance::LABEL, guidance::TEXT);
        report.notice(guidance::NOTICE.to_owned());
        let state = Some(guidance::state());
        Config::read(report, guidance::TEXT, environment, purpose, state)
    }

    /// For a look at a file without any configuration: one route to this API, its columns
    /// recognised by their headers. Nothing can be delivered by it.
    pub fn stand_in(api: Api, environment: &Environment) -> Result<Config, Faults> {
        let text = stand_in::text(api);
        let report = Report::new(stand_in::LABEL, text);
        // It is never written to.
        let state = Some(guidance::state());
        Config::read(report, text, environment, Purpose::OneShot, state)
    }

    /// The route of an object: the longest matching prefix. None for objects that no
    /// route wants, and for the state's own.
    pub fn route_for(&self, bucket: &str, key: &str) -> Option<&Route> {
        routing::route_for(&self.routes, &self.state, bucket, key)
    }

    /// Whether the object is one that this worker keeps its state in.
    pub fn is_state(&self, bucket: &str, key: &str) -> bool {
        self.state.contains(bucket, key)
    }

    /// The effective configuration as TOML, with each setting's origin as a comment.
    /// Safe to show: secrets are references, passwords and queries of addresses masked.
    pub fn explain(&self) -> String {
        explain::explain(self)
    }

    /// One line for each route, from where to where.
    pub fn route_summaries(&self) -> impl Iterator<Item = String> {
        self.routes.iter().map(explain::summary)
    }

    fn read(
        report: Report<'_>,
        text: &str,
        environment: &Environment,
        purpose: Purpose,
        otherwise_state: Option<StateLocation>,
    ) -> Result<Config, Faults> {
        let label = report.label.to_owned();
        let (tree, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let line = error.span().map(|span| report.line_of(span.start));
            report.add(
                report.at(line),
                "",
                format!("not TOML: {}", error.message()),
            );
        }
        // What a broken text means is a guess: only the variables' names are certain.
        let parts = if errors.is_empty() {
            let root = Table::root(&report, tree.get_ref());
            Parts::read(&report, root, environment, purpose, otherwise_state)
        } else {
            environment.check_names(&report);
            None
        };
        let (faults, notices) = report.into_findings();
        match (Faults::of(faults), parts) {
            (None, Some(parts)) => Ok(parts.into_config(label, notices)),
            (Some(faults), _) => Err(faults),
            (None, None) => Err(Faults::unnoted(label)),
        }
    }
}

/// What reading gives; each part notes its own faults.
struct Parts {
    sections: Sections,
    state: StateLocation,
    routes: Vec<Route>,
    effective: Vec<Effective>,
}

impl Parts {
    fn read<'t>(
        report: &'t Report<'t>,
        mut root: Table<'t>,
        environment: &'t Environment,
        purpose: Purpose,
        otherwise_state: Option<StateLocation>,
    ) -> Option<Parts> {
        let mut reader = Reader::new(report, environment, &mut root);
        let sections = Sections::read(&mut reader, purpose);
        let state = settings::read_state(&mut reader, otherwise_state);
        let effective = reader.close();
        let routes = Route::read_all(report, &mut root);
        routing::check(report, &routes, state.as_ref());
        root.close();
        let sections = sections?;
        if !sections.meta.endpoint.is_encrypted() {
            report.notice(format!(
                "meta.endpoint is {}: tokens travel unencrypted, which is for simulators only",
                sections.meta.endpoint
            ));
        }
        if purpose == Purpose::Worker {
            stopping::check(report, &sections, &routes);
        }
        Some(Parts {
            sections,
            state: state?,
            routes,
            effective,
        })
    }

    fn into_config(self, label: String, notices: Vec<String>) -> Config {
        let sections = self.sections;
        Config {
            queue: sections.queue,
            state: self.state,
            worker: sections.worker,
            ledger: sections.ledger,
            input: sections.input,
            delivery: sections.delivery,
            meta: sections.meta,
            admin: sections.admin,
            log: sections.log,
            routes: self.routes,
            notices,
            label,
            effective: self.effective,
        }
    }
}

#[cfg(test)]
mod tests;
