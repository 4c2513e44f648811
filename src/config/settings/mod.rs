//! The scalar settings: one table of all of them, and how one gets its value.
//!
//! A setting's value is its variable's, else the text's, else the default. Each
//! section has a file with its settings, their bounds and the struct they become.

mod admin;
mod delivery;
mod input;
mod ledger;
mod log;
mod meta;
mod queue;
mod sections;
mod state;
mod worker;

pub use admin::AdminSettings;
pub use delivery::DeliverySettings;
pub use input::InputSettings;
pub use ledger::LedgerSettings;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use meta::{GraphVersion, MetaSettings};
pub use queue::QueueSettings;
pub use worker::WorkerSettings;

pub(super) use sections::Sections;
pub(super) use state::read as read_state;

use super::environment::Environment;
use super::fault::Place;
use super::scalar::Scalar;
use super::shown::Shown;
use super::tree::{Node, Report, Table};

/// What a setting is called and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub section: &'static str,
    pub key: &'static str,
    /// None where there is no sensible one: the setting must be given.
    pub default: Option<Scalar<'static>>,
    /// One clause for people: what it is, with its unit.
    pub help: &'static str,
}

impl About {
    /// `queue.wait_seconds`
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// `ACTIVATOR_QUEUE_WAIT_SECONDS`
    pub fn variable(&self) -> String {
        format!("ACTIVATOR_{}_{}", self.section, self.key).to_uppercase()
    }
}

/// A setting whose value becomes a `T`.
#[derive(Clone, Copy)]
struct Setting<T> {
    about: About,
    read: fn(Scalar<'_>) -> Result<T, String>,
}

/// Every setting, by section. One that is missing here is refused as unknown.
pub const SETTINGS: [About; 39] = [
    queue::URL.about,
    queue::DEAD_LETTER_URL.about,
    queue::WAIT.about,
    queue::VISIBILITY.about,
    state::LOCATION.about,
    worker::OBJECTS.about,
    worker::STOP.about,
    worker::PLATFORM_STOP.about,
    ledger::LEASE.about,
    ledger::ATTEMPTS_WITHOUT_PROGRESS.about,
    ledger::MISSING_GRACE.about,
    ledger::ON_CHANGED_ROUTE.about,
    input::MAX_RECORD_BYTES.about,
    input::MAX_HEADER_BYTES.about,
    input::MAX_COLUMNS.about,
    input::MAX_DECOMPRESSED_BYTES.about,
    input::MAX_DECOMPRESSION_RATIO.about,
    input::MAX_PARQUET_FOOTER_BYTES.about,
    input::MAX_PARQUET_PAGES_BYTES.about,
    input::WINDOW_BYTES.about,
    input::MAX_REJECT_SHARE.about,
    input::SAMPLE_ROWS.about,
    delivery::REQUESTS_IN_FLIGHT.about,
    delivery::MAX_BODY_BYTES.about,
    delivery::ATTEMPTS.about,
    delivery::CONNECT_TIMEOUT.about,
    delivery::CONVERSIONS_TIMEOUT.about,
    delivery::AUDIENCE_TIMEOUT.about,
    delivery::REQUESTS_PER_SECOND.about,
    delivery::LONGEST_WAIT.about,
    meta::ENDPOINT.about,
    meta::CONVERSIONS_VERSION.about,
    meta::AUDIENCE_VERSION.about,
    meta::DELETE_WITH.about,
    meta::APPSECRET_PROOF.about,
    meta::PREFLIGHT.about,
    admin::LISTEN.about,
    log::FORMAT.about,
    log::LEVEL.about,
];

/// A setting as it holds, for `check-config`.
#[derive(Clone, Debug)]
pub(super) struct Effective {
    pub(super) about: About,
    /// TOML with secrets masked; none where the setting has no value.
    pub(super) toml: Option<String>,
    /// `default`, a line of the text, or a variable.
    pub(super) origin: String,
}

/// Takes the settings out of the sections of a text.
pub(super) struct Reader<'t> {
    report: &'t Report<'t>,
    environment: &'t Environment,
    sections: Vec<(&'static str, Table<'t>)>,
    effective: Vec<Effective>,
}

impl<'t> Reader<'t> {
    /// Opens the sections that `root` has.
    pub(super) fn new(
        report: &'t Report<'t>,
        environment: &'t Environment,
        root: &mut Table<'t>,
    ) -> Reader<'t> {
        let mut sections: Vec<(&'static str, Table<'t>)> = Vec::new();
        for section in section_names() {
            let table = root.ask(section).and_then(|node| node.table());
            sections.extend(table.map(|table| (section, table)));
        }
        Reader {
            report,
            environment,
            sections,
            effective: Vec::new(),
        }
    }

    /// The value; where there is none at all, a fault.
    fn get<T: Shown>(&mut self, setting: &Setting<T>) -> Option<T> {
        let about = setting.about;
        let given = self.is_given(about);
        let value = self.get_if_any(setting);
        if !given && value.is_none() {
            let place = self.report.at(self.line_of(about.section));
            let variable = about.variable();
            let problem = format!("missing: {} (or set {variable})", about.help);
            self.report.add(place, &about.path(), problem);
        }
        value
    }

    /// The value, or `None` where nothing gives one. A bad value is a fault and `None`.
    fn get_if_any<T: Shown>(&mut self, setting: &Setting<T>) -> Option<T> {
        let about = setting.about;
        let written = self.ask(about);
        let variable = about.variable();
        let (value, origin) = if self.environment.has(&variable) {
            let text = self.environment.value(&variable, self.report)?;
            let place = Place::Variable(variable.clone());
            let value = (setting.read)(Scalar::Variable(text))
                .map_err(|problem| self.report.add(place, "", problem));
            (Some(value.ok()?), variable)
        } else if let Some(node) = written {
            let value = node.check((setting.read)(node.scalar()))?;
            (Some(value), self.report.at(Some(node.line)).to_string())
        } else if let Some(default) = about.default {
            let place = self.report.at(None);
            let value = (setting.read)(default)
                .map_err(|problem| self.report.add(place, &about.path(), problem));
            (Some(value.ok()?), "default".to_owned())
        } else {
            (None, "not set".to_owned())
        };
        self.effective.push(Effective {
            about,
            toml: value.as_ref().map(Shown::toml),
            origin,
        });
        value
    }

    /// Notes that a setting, fine by itself, does not go with another one.
    fn refuse(&mut self, about: About, problem: String) {
        let variable = about.variable();
        if self.environment.has(&variable) {
            self.report.add(Place::Variable(variable), "", problem);
        } else {
            let line = self.ask(about).map(|node| node.line);
            let place = self.report.at(line.or(self.line_of(about.section)));
            self.report.add(place, &about.path(), problem);
        }
    }

    fn is_given(&mut self, about: About) -> bool {
        self.environment.has(&about.variable()) || self.ask(about).is_some()
    }

    fn ask(&mut self, about: About) -> Option<Node<'t>> {
        let mut sections = self.sections.iter_mut();
        let (_, table) = sections.find(|(name, _)| *name == about.section)?;
        table.ask(about.key)
    }

    fn line_of(&self, section: &str) -> Option<usize> {
        let mut sections = self.sections.iter();
        sections
            .find(|(name, _)| *name == section)
            .and_then(|(_, table)| table.line)
    }

    /// Ends the reading: what no setting asked for is a fault. Gives what holds, in
    /// the order of the table.
    pub(super) fn close(mut self) -> Vec<Effective> {
        let rank = |about: &About| SETTINGS.iter().position(|one| one.path() == about.path());
        self.effective
            .sort_by_key(|effective| rank(&effective.about));
        for (_, table) in self.sections {
            table.close();
        }
        self.environment.check_names(self.report);
        self.effective
    }
}

/// Each section once, in the order of the table.
pub(super) fn section_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = SETTINGS.iter().map(|about| about.section).collect();
    names.dedup();
    names
}
