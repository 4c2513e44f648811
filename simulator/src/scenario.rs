//! A scenario: what befalls the simulated world, step by step.
//!
//! A file in TOML or, when its name ends in `.json`, in JSON. Each step waits for a
//! moment of the simulator's clock or for the n-th request of a kind, and then makes its
//! [`Changes`]. A step whose moment has come is made before the request that finds it
//! so.

use std::{fmt, path::Path, str::FromStr};

use serde::Deserialize;

use crate::{
    changes::{ChangeError, Changes},
    graph::Target,
    state::State,
};

/// The steps, read and checked. See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(default, rename = "step")]
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// So long after the start.
    after_s: Option<u64>,
    /// At this request, counted from 1 …
    request: Option<u64>,
    /// … of those of this kind …
    on: Option<Target>,
    /// … for this object.
    object: Option<String>,
    change: Changes,
}

/// Why a text is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not as the README shows it.
    #[error("line {line}: {text}")]
    Syntax {
        /// From 1.
        line: usize,
        /// What is wrong, without the line itself: it may hold a token.
        text: String,
    },
    /// It says too little or too much of when it is due.
    #[error("step {step}: a step has either after_s or request (from 1, with on and object)")]
    Moment {
        /// From 1.
        step: usize,
    },
    /// It is about something that is not there.
    #[error("step {step}: {reason}")]
    Change {
        /// From 1.
        step: usize,
        /// What it is.
        reason: ChangeError,
    },
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// Reads TOML.
    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let read: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            ScenarioError::Syntax {
                line: before.matches('\n').count() + 1,
                text: without_values(error.message()),
            }
        })?;
        read.checked()
    }
}

impl Scenario {
    /// Reads JSON.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        let read: Self = serde_json::from_str(text).map_err(|error| ScenarioError::Syntax {
            line: error.line(),
            text: without_values(&error.to_string()),
        })?;
        read.checked()
    }

    /// Reads JSON if the file's name ends in `.json`, else TOML.
    pub fn of_file(path: &Path, text: &str) -> Result<Self, ScenarioError> {
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            Self::from_json(text)
        } else {
            text.parse()
        }
    }

    fn checked(self) -> Result<Self, ScenarioError> {
        for (number, step) in (1..).zip(&self.steps) {
            let is_whole = match (step.after_s, step.request) {
                (Some(_), None) => step.on.is_none() && step.object.is_none(),
                (None, Some(request)) => request > 0,
                _ => false,
            };
            if !is_whole {
                return Err(ScenarioError::Moment { step: number });
            }
        }
        Ok(self)
    }

    /// Whether everything it is about is there.
    pub(crate) fn check(&self, state: &State) -> Result<(), ScenarioError> {
        for (step, Step { change, .. }) in (1..).zip(&self.steps) {
            change
                .check(state)
                .map_err(|reason| ScenarioError::Change { step, reason })?;
        }
        Ok(())
    }
}

/// A parser's complaint up to what it found, which may be a secret.
fn without_values(message: &str) -> String {
    let shown = message.split([':', '\n']).next().unwrap_or_default();
    if shown.starts_with("unknown") || !message.contains(':') {
        message.lines().next().unwrap_or_default().to_owned()
    } else {
        format!("{shown}, which is not what the README shows there")
    }
}

/// The steps that are still to come.
#[derive(Default)]
pub(crate) struct Script {
    /// Unix seconds.
    began: u64,
    /// Each with how many requests it has seen.
    steps: Vec<(Step, u64)>,
}

impl Script {
    pub(crate) fn new(scenario: &Scenario, now: u64) -> Self {
        let steps = scenario.steps.iter().map(|step| (step.clone(), 0));
        Self {
            began: now,
            steps: steps.collect(),
        }
    }

    /// Counts a request that just came and hands over what is due with it.
    pub(crate) fn due(&mut self, target: Target, object: &str, now: u64) -> Vec<Changes> {
        let began = self.began;
        let is_due = |(step, seen): &mut (Step, u64)| {
            if let Some(seconds) = step.after_s {
                return now >= began.saturating_add(seconds);
            }
            let concerns = step.on.is_none_or(|on| on == target)
                && step.object.as_deref().is_none_or(|wanted| wanted == object);
            *seen += u64::from(concerns);
            concerns && step.request == Some(*seen)
        };
        let due = self.steps.extract_if(.., is_due);
        due.map(|(step, _)| step.change).collect()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} steps)", self.steps.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BOTH: &str = r#"
        [[step]]
        after_s = 600
        change.audiences.456.flagged = true

        [[step]]
        request = 2
        on = "users"
        change.token.state = "expired"
        "#;

    #[test]
    fn a_step_is_due_once_by_the_clock_or_by_the_request() {
        let mut script = Script::new(&BOTH.parse().unwrap(), 1_000);
        let mut due = |target, now| script.due(target, "456", now).len();
        assert_eq!(due(Target::Users, 1_000), 0);
        assert_eq!(due(Target::Read, 1_599), 0);
        assert_eq!(due(Target::Users, 1_599), 1);
        assert_eq!(due(Target::Read, 1_600), 1);
        assert_eq!(due(Target::Users, 9_999), 0);
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_without_what_it_found() {
        let wrong = |text: &str| text.parse::<Scenario>().unwrap_err().to_string();
        let unknown = wrong("\n[[step]]\nafter_s = 1\nchange.tokn.state = 1\n");
        assert!(
            unknown.starts_with("line 4: unknown field `tokn`"),
            "{unknown}"
        );
        let value = wrong("[[step]]\nafter_s = 1\nchange.token = \"EAAB\"\n");
        assert!(value.starts_with("line 3: "), "{value}");
        assert!(!value.contains("EAAB"), "{value}");
        let json = Scenario::from_json("{\"step\": [\n{\"after_s\": \"EAAB\"}]}");
        let json = json.unwrap_err().to_string();
        assert!(
            json.starts_with("line 2: ") && !json.contains("EAAB"),
            "{json}"
        );
    }

    #[test]
    fn a_step_has_exactly_one_moment() {
        for moment in [
            "",
            "after_s = 1\nrequest = 1",
            "request = 0",
            "after_s = 1\non = \"users\"",
        ] {
            let text = format!("[[step]]\n{moment}\nchange = {{}}\n");
            let error = text.parse::<Scenario>().unwrap_err();
            assert_eq!(error, ScenarioError::Moment { step: 1 }, "{moment}");
        }
    }
}
