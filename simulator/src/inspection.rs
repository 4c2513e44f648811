//! What arrived, told in counts: the same from the library and from the control plane.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer};

use crate::{
    graph::{self, Route, Target},
    records::{Audience, Dataset, journal::Journal},
    state::State,
};

/// Everything at one moment. Holds counts, ids and names that the sender gave to events
/// and audiences; no identifier of a person, no token.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// By dataset id.
    pub datasets: BTreeMap<String, DatasetReport>,
    /// By audience id.
    pub audiences: BTreeMap<String, AudienceReport>,
    /// The requests themselves.
    pub requests: RequestReport,
    /// The fault rules, in the order in which they were set.
    pub faults: Vec<FaultReport>,
}

/// One dataset's events.
#[derive(Clone, Debug, Serialize)]
pub struct DatasetReport {
    /// Accepted events, repeats counted.
    pub received: u64,
    /// Different `(event_name, event_id)` pairs.
    pub distinct: u64,
    /// Events whose pair had come before.
    pub duplicates: u64,
    /// Those of them that were not byte for byte the event that came first.
    pub changed_duplicates: u64,
    /// Events that had no id and are in none of the three counts above.
    pub without_event_id: u64,
    /// Events that are left when repeats are dropped as Meta documents it: of the same
    /// name and id within 48 hours; from a shop, of the same time, name, item, and order
    /// or else person, within 7 days. Whether Meta does so between two servers is open.
    pub counted: u64,
    /// Events of requests with a `test_event_code`.
    pub test_events: u64,
    /// Identifiers that were the hash of the empty text, which Meta takes in silence.
    pub empty_hashes: u64,
    /// Accepted events by `event_name`.
    pub by_name: BTreeMap<String, u64>,
}

/// One audience's members.
#[derive(Clone, Debug, Serialize)]
pub struct AudienceReport {
    /// The ad account's number, without `act_`.
    pub account: String,
    /// As it was created.
    pub name: String,
    /// Different rows that are members now.
    pub members: u64,
    /// Rows that became members.
    pub rows_added: u64,
    /// Added rows that were members already.
    pub rows_repeated: u64,
    /// Rows that ceased to be members.
    pub rows_removed: u64,
    /// Removed rows that were no members.
    pub rows_not_found: u64,
    /// Rows counted in `num_invalid_entries`.
    pub rows_invalid: u64,
    /// Rows of sessions that had ended, which Meta answers like any others.
    pub rows_discarded: u64,
    /// How often all members were swapped for those of a replacement.
    pub replaced: u64,
    /// Whether a replacement is running.
    pub is_being_replaced: bool,
    /// Cells that were the hash of the empty text, which Meta takes in silence.
    pub empty_hashes: u64,
}

/// The requests to the Graph API; those to the control plane are not among them.
#[derive(Clone, Debug, Serialize)]
pub struct RequestReport {
    /// All of them, those under way included.
    pub total: u64,
    /// Under way now.
    pub in_flight: u64,
    /// Under way at once, at most.
    pub most_in_flight: u64,
    /// How they ended: `accepted`, `partial`, `refused 100/2804003`, `fault 2`,
    /// `reset before`, `accepted, then reset`, `dropped`, …
    pub outcomes: BTreeMap<Target, BTreeMap<String, u64>>,
    /// The last ones to end, oldest first.
    pub recent: Vec<RequestSummary>,
}

/// One request, without any of its values.
#[derive(Clone, Debug, Serialize)]
pub struct RequestSummary {
    /// Counted from 1, in the order of arrival.
    pub number: u64,
    /// What it asked for.
    pub target: Target,
    /// `POST`, `DELETE`, …
    pub method: String,
    /// The id in its path, or nothing if it is none that exists.
    pub object: Option<String>,
    /// `json`, `form`, `multipart` or `none`.
    pub encoding: &'static str,
    /// Of the body.
    pub bytes: u64,
    /// A digest of the body: equal for equal bodies, and only within this simulator.
    pub body_digest: String,
    /// Events or rows that took effect.
    pub items: u64,
    /// See [`RequestReport::outcomes`].
    pub outcome: String,
    /// `fbtrace_id` and `x-fb-trace-id` of the answer.
    pub trace_id: String,
    /// When it ended, from the simulator's start.
    #[serde(rename = "ended_ms", serialize_with = "milliseconds")]
    pub ended: Duration,
}

/// One fault rule's life so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// Requests it concerned.
    pub seen: u64,
    /// Requests it acted on.
    pub acted: u64,
}

impl Inspection {
    pub(crate) fn of(state: &State) -> Self {
        let records = state.records();
        let datasets = records
            .datasets
            .iter()
            .map(|(id, dataset)| (id.clone(), dataset.into()));
        let audiences = records
            .audiences
            .iter()
            .map(|(id, audience)| (id.clone(), audience.into()));
        let (datasets, audiences) = (datasets.collect(), audiences.collect());
        drop(records);
        Self {
            datasets,
            audiences,
            requests: (&*state.journal()).into(),
            faults: state.faults().report(),
        }
    }
}

impl From<&Dataset> for DatasetReport {
    fn from(dataset: &Dataset) -> Self {
        Self {
            received: dataset.received,
            distinct: dataset.distinct(),
            duplicates: dataset.duplicates,
            changed_duplicates: dataset.changed_duplicates,
            without_event_id: dataset.without_event_id,
            counted: dataset.counted,
            test_events: dataset.test_events,
            empty_hashes: dataset.empty_hashes,
            by_name: dataset.by_name.to_map(),
        }
    }
}

impl From<&Audience> for AudienceReport {
    fn from(audience: &Audience) -> Self {
        Self {
            account: audience.profile.account.clone(),
            name: audience.profile.name.clone(),
            members: audience.members(),
            rows_added: audience.rows_added,
            rows_repeated: audience.rows_repeated,
            rows_removed: audience.rows_removed,
            rows_not_found: audience.rows_not_found,
            rows_invalid: audience.rows_invalid,
            rows_discarded: audience.rows_discarded,
            replaced: audience.replaced,
            is_being_replaced: audience.is_being_replaced(),
            empty_hashes: audience.empty_hashes,
        }
    }
}

impl From<&Journal> for RequestReport {
    fn from(journal: &Journal) -> Self {
        let outcomes = journal
            .outcomes
            .iter()
            .map(|(target, tally)| (*target, tally.to_map()));
        Self {
            total: journal.total,
            in_flight: journal.in_flight,
            most_in_flight: journal.most_in_flight,
            outcomes: outcomes.collect(),
            recent: journal.recent.iter().cloned().collect(),
        }
    }
}

impl RequestSummary {
    /// A request of which it is not known yet how it ends.
    pub(crate) fn new(
        number: u64,
        route: &Route<'_>,
        request: &graph::Request,
        trace: &str,
        state: &State,
    ) -> Self {
        let object = state
            .records()
            .exists(route.object)
            .then(|| route.object.to_owned());
        Self {
            number,
            target: route.target,
            method: request.method.chars().take(16).collect(),
            object,
            encoding: "none",
            bytes: request.body.len() as u64,
            body_digest: state.digester.of([&request.body]).to_hex(),
            items: 0,
            outcome: String::new(),
            trace_id: trace.to_owned(),
            ended: Duration::ZERO,
        }
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
