//! The `ACTIVATOR_…` variables that override settings.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::fault::Place;
use super::settings::SETTINGS;
use super::suggest::did_you_mean;
use super::tree::Report;

const OURS: &str = "ACTIVATOR_";

/// Ours, but no settings: the configuration itself, and what the test scripts use.
const NO_SETTINGS: [&str; 2] = ["ACTIVATOR_CONFIG", "ACTIVATOR_CACHE"];
const FOR_TESTS: &str = "ACTIVATOR_TEST_";

/// A picture of the variables that are ours, taken once at the start. Values that
/// are not UTF-8 are remembered as such, for a fault instead of a panic.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Option<String>>,
}

impl Environment {
    pub fn of_process() -> Environment {
        Environment::of(std::env::vars_os())
    }

    pub fn of<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Environment
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into().into_string().ok()?;
            let is_setting = name.starts_with(OURS)
                && !name.starts_with(FOR_TESTS)
                && !NO_SETTINGS.contains(&name.as_str());
            is_setting.then(|| (name, value.into().into_string().ok()))
        });
        Environment {
            variables: ours.collect(),
        }
    }

    /// The variable's text; one that is not UTF-8 is a fault, and `None`.
    pub(super) fn value(&self, name: &str, report: &Report<'_>) -> Option<&str> {
        let value = self.variables.get(name)?;
        if value.is_none() {
            report.add(Place::Variable(name.to_owned()), "", "is not UTF-8 text");
        }
        value.as_deref()
    }

    /// Whether the variable is there, readable or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Notes each variable of ours that is no setting.
    pub(super) fn check_names(&self, report: &Report<'_>) {
        let known: Vec<String> = SETTINGS.iter().map(|about| about.variable()).collect();
        for name in self.variables.keys().filter(|name| !known.contains(name)) {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            let problem = format!("is not a variable of audience-activator{hint}");
            report.add(Place::Variable(name.clone()), "", problem);
        }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
