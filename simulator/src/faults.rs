//! What shall go wrong, and when.
//!
//! A rule counts the requests it concerns from the moment it is set, and acts on some
//! of them. The first rule that acts on a request decides it alone; the others count
//! it all the same.

use std::{fmt, num::NonZeroU64, time::Duration};

use serde::Deserialize;

use crate::{
    graph::{GraphError, Target},
    inspection::FaultReport,
};

/// One rule. In JSON:
///
/// ```json
/// {"on": "events", "from": 3, "times": 2, "delay_ms": 50,
///  "action": {"error": {"status": 500, "code": 2, "is_transient": true}}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests; absent = all.
    #[serde(default)]
    on: Option<Target>,
    /// Only those for this dataset, audience or `act_…`.
    #[serde(default)]
    object: Option<String>,
    /// Only those whose body holds this text, byte for byte: a hash, an event's id.
    /// With `times` null it makes a row that is refused in whatever company it comes.
    #[serde(default)]
    holding: Option<Held>,
    /// The first one to act on, counted from 1.
    #[serde(default = "one")]
    from: NonZeroU64,
    /// From there every one (1), every second (2), …
    #[serde(default = "one")]
    every: NonZeroU64,
    /// How many times; absent = once, null = without end.
    #[serde(default = "once")]
    times: Option<u64>,
    /// Waits before anything else happens.
    #[serde(default)]
    delay_ms: u64,
    /// Absent = only the delay.
    #[serde(default)]
    pub(crate) action: FaultAction,
}

/// What a rule does. In JSON `"reset_after"`, or `{"html": {"status": 502}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultAction {
    /// Nothing: the request goes its way, after the delay.
    #[default]
    Pass,
    /// This error is answered; no effect.
    Error(GraphError),
    /// The effect happens; this error is answered all the same.
    ErrorAfter(GraphError),
    /// A page of HTML with this status; no effect.
    Html {
        /// HTTP status.
        status: u16,
    },
    /// The connection is reset; no effect.
    ResetBefore,
    /// The effect happens and the connection is reset: the answer is lost.
    ResetAfter,
    /// The effect happens and half of the answer's body arrives.
    Truncate,
}

/// A text to look for in bodies, such as a person's hash: shown nowhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct Held(String);

impl Held {
    fn is_in(&self, body: &[u8]) -> bool {
        std::str::from_utf8(body).is_ok_and(|body| body.contains(&self.0))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} bytes)", self.0.len())
    }
}

fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}

fn once() -> Option<u64> {
    Some(1)
}

impl Fault {
    /// Does this on the next request of this kind, once.
    pub fn new(on: Target, action: FaultAction) -> Self {
        Self {
            on: Some(on),
            object: None,
            holding: None,
            from: one(),
            every: one(),
            times: once(),
            delay_ms: 0,
            action,
        }
    }

    /// Answers this error on the next request of this kind.
    pub fn error(on: Target, error: GraphError) -> Self {
        Self::new(on, FaultAction::Error(error))
    }

    /// Loses the answer to the next request of this kind.
    pub fn lost_answer(on: Target) -> Self {
        Self::new(on, FaultAction::ResetAfter)
    }

    /// Delays the next request of this kind.
    pub fn delay(on: Target, delay: Duration) -> Self {
        Self::new(on, FaultAction::Pass).after(delay)
    }

    /// Counts only requests for this dataset, audience or `act_…`.
    #[must_use]
    pub fn object(mut self, id: impl Into<String>) -> Self {
        self.object = Some(id.into());
        self
    }

    /// Counts only requests whose body holds this text, byte for byte.
    #[must_use]
    pub fn holding(mut self, text: impl Into<String>) -> Self {
        self.holding = Some(Held(text.into()));
        self
    }

    /// Starts with the n-th request, counted from 1 (0 is taken for 1).
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.from = NonZeroU64::new(n).unwrap_or(NonZeroU64::MIN);
        self
    }

    /// From the first on, acts on every k-th (0 is taken for 1).
    #[must_use]
    pub fn every(mut self, k: u64) -> Self {
        self.every = NonZeroU64::new(k).unwrap_or(NonZeroU64::MIN);
        self
    }

    /// Acts this many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Acts without end.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Waits first; rounded down to milliseconds.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self
    }

    pub(crate) fn waits(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    fn concerns(&self, target: Target, object: &str, body: &[u8]) -> bool {
        self.on.is_none_or(|on| on == target)
            && self.object.as_deref().is_none_or(|wanted| wanted == object)
            && self.holding.as_ref().is_none_or(|text| text.is_in(body))
    }
}

/// All rules, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    fault: Fault,
    seen: u64,
    acted: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(Rule {
            fault,
            seen: 0,
            acted: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What is to be done with a request that just came.
    pub(crate) fn next(&mut self, target: Target, object: &str, body: &[u8]) -> Option<Fault> {
        let mut decided = None;
        for rule in self
            .0
            .iter_mut()
            .filter(|rule| rule.fault.concerns(target, object, body))
        {
            rule.seen += 1;
            if decided.is_none() && rule.is_due() {
                rule.acted += 1;
                decided = Some(rule.fault.clone());
            }
        }
        decided
    }

    pub(crate) fn report(&self) -> Vec<FaultReport> {
        let report = |rule: &Rule| FaultReport {
            seen: rule.seen,
            acted: rule.acted,
        };
        self.0.iter().map(report).collect()
    }
}

impl Rule {
    fn is_due(&self) -> bool {
        let turn = self
            .seen
            .checked_sub(self.fault.from.get())
            .is_some_and(|beyond| beyond.is_multiple_of(self.fault.every.get()));
        turn && self.fault.times.is_none_or(|times| self.acted < times)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn acted_on(fault: Fault, requests: u64) -> Vec<u64> {
        let mut faults = Faults::default();
        faults.add(fault);
        (1..=requests)
            .filter(|_| faults.next(Target::Events, "1", b"").is_some())
            .collect()
    }

    #[test]
    fn a_rule_acts_on_the_requests_it_names() {
        let fault = || Fault::lost_answer(Target::Events);
        assert_eq!(acted_on(fault(), 5), [1]);
        assert_eq!(acted_on(fault().nth(3), 5), [3]);
        assert_eq!(acted_on(fault().nth(2).times(3), 9), [2, 3, 4]);
        assert_eq!(acted_on(fault().nth(3).every(3).always(), 10), [3, 6, 9]);
        assert_eq!(acted_on(fault().object("2"), 5), [] as [u64; 0]);
        assert_eq!(
            acted_on(Fault::lost_answer(Target::Users), 5),
            [] as [u64; 0]
        );
    }

    #[test]
    fn the_first_due_rule_decides_and_the_others_count() {
        let mut faults = Faults::default();
        faults.add(Fault::new(Target::Events, FaultAction::ResetBefore).nth(2));
        faults.add(
            Fault::new(Target::Events, FaultAction::ResetAfter)
                .nth(2)
                .times(2),
        );
        let actions: Vec<_> = (0..3)
            .map(|_| {
                faults
                    .next(Target::Events, "1", b"")
                    .map(|fault| fault.action)
            })
            .collect();
        let expected = [
            None,
            Some(FaultAction::ResetBefore),
            Some(FaultAction::ResetAfter),
        ];
        assert_eq!(actions, expected);
    }

    #[test]
    fn a_rule_may_be_about_what_a_body_holds() {
        let mut faults = Faults::default();
        faults.add(
            Fault::lost_answer(Target::Events)
                .holding("order-7")
                .always(),
        );
        let mut acts_on = |body: &[u8]| faults.next(Target::Events, "1", body).is_some();
        assert!(acts_on(br#"{"event_id":"order-7"}"#));
        assert!(!acts_on(br#"{"event_id":"order-8"}"#));
        assert!(!acts_on(b"\xff"));
        assert!(acts_on(b"[order-6, order-7]"));
        assert!(!format!("{faults:?}").contains("order-7"));
    }

    #[test]
    fn a_rule_reads_as_documented() {
        let read = |json| serde_json::from_str::<Fault>(json);
        assert_eq!(
            read(r#"{"on":"events","from":3,"times":null,"action":"reset_after"}"#).unwrap(),
            Fault::lost_answer(Target::Events).nth(3).always()
        );
        assert_eq!(
            read(r#"{"on":"users","action":{"error":{"code":80003,"subcode":2446079}}}"#).unwrap(),
            Fault::error(
                Target::Users,
                GraphError::new(400, 80003)
                    .subcode(2_446_079)
                    .message("An error was asked for")
            )
        );
        assert!(read(r#"{"on":"events","nht":3}"#).is_err());
        assert!(read(r#"{"from":0}"#).is_err());
    }
}
