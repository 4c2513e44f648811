//! `POST /{dataset}/events`: all of a request's events, or none.

mod rules;
mod user_key;
mod wire;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use self::wire::Event;
use super::{
    Effect, GraphError, outcome,
    parameters::{Parameters, unwrap_text},
    text::{Scalar, Text, is_hash_of_nothing, lower},
};
use crate::{
    records::{
        Digest, Digester,
        dataset::{Arrival, Arrivals, Identity},
    },
    state::State,
};

/// Meta takes at most this many events at once.
const MOST_EVENTS: usize = 1_000;

#[derive(Serialize)]
struct Received<'a> {
    events_received: usize,
    messages: [&'a str; 0],
    fbtrace_id: &'a str,
}

/// Checks the events and, if all are good, records them. `now` in Unix seconds.
pub(super) fn post(
    state: &State,
    dataset: &str,
    parameters: &Parameters<'_>,
    trace: &str,
    now: u64,
) -> Result<Effect, GraphError> {
    if !state.records().datasets.contains_key(dataset) {
        return Err(GraphError::no_such_object("post"));
    }
    let data = parameters
        .json("data")
        .ok_or_else(|| GraphError::parameter("The parameter data is required"))?;
    let texts: Vec<&RawValue> = serde_json::from_str(&data)
        .map_err(|_| GraphError::parameter("Param data must be an array"))?;
    // Form clients, among them Meta's own SDK, send each event as a text in itself.
    let texts: Vec<Cow<'_, str>> = texts.iter().map(|text| unwrap_text(text.get())).collect();
    let mut arrivals = read(&texts, &state.digester, now)?;
    arrivals.test = parameters.text("test_event_code").is_some();

    if let Some(dataset) = state.records().datasets.get_mut(dataset) {
        let has_sales = arrivals.events.iter().any(|event| event.sale.is_some());
        if dataset.is_without_stores && has_sales {
            return Err(GraphError::parameter(
                "The dataset does not take events of physical stores",
            ));
        }
        dataset.apply(&arrivals, now);
    }
    let received = Received {
        events_received: texts.len(),
        messages: [],
        fbtrace_id: trace,
    };
    Ok(Effect {
        body: serde_json::to_vec(&received).unwrap_or_default(),
        items: texts.len(),
        outcome: outcome::ACCEPTED,
    })
}

fn read<'a>(
    texts: &'a [Cow<'_, str>],
    digester: &Digester,
    now: u64,
) -> Result<Arrivals<'a>, GraphError> {
    if texts.is_empty() || texts.len() > MOST_EVENTS {
        return Err(GraphError::parameter(format!(
            "Param data must have between 1 and {MOST_EVENTS} events"
        )));
    }
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut arrivals = Arrivals::default();
    for text in texts {
        let event: Event<'a> = serde_json::from_str(text)
            .map_err(|_| GraphError::parameter("An event has a member that is not valid"))?;
        rules::check(&event, now)?;
        record(event, text, digester, &mut arrivals);
    }
    Ok(arrivals)
}

fn record<'a>(event: Event<'a>, text: &str, digester: &Digester, arrivals: &mut Arrivals<'a>) {
    let first_cell = arrivals.cells.len();
    for (key, Scalar(value)) in event.user_data.into_iter().flat_map(|data| data.values) {
        arrivals.empty_hashes += u64::from(key.is_hashed() && is_hash_of_nothing(&value));
        arrivals.cells.push(cell(digester, key.name(), value));
    }
    let name = event.event_name.map_or(Cow::Borrowed(""), |name| name.0);
    let identity = event
        .event_id
        .filter(|id| !id.0.is_empty())
        .map(|Text(id)| Identity {
            digest: identity(digester, &name, &id),
            id,
        });
    let is_offline = event
        .action_source
        .is_some_and(|source| source.0 == "physical_store");
    let sale = is_offline.then(|| {
        let custom_data = event.custom_data.as_ref();
        let text =
            |scalar: Option<&'_ Scalar<'_>>| scalar.map_or("", |Scalar(text)| text).to_owned();
        let order = text(custom_data.and_then(|data| data.order_id.as_ref()));
        let item = text(custom_data.and_then(|data| data.item_number.as_ref()));
        let time = event.event_time.unwrap_or_default().to_string();
        let mut parts: Vec<Vec<u8>> = ["sale", &name, &time, &item, &order]
            .iter()
            .map(|part| part.as_bytes().to_vec())
            .collect();
        if order.is_empty() {
            let mut person = arrivals
                .cells
                .get(first_cell..)
                .unwrap_or_default()
                .to_vec();
            person.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
            parts.extend(person.iter().map(|cell| cell.as_ref().to_vec()));
        }
        digester.of(parts)
    });
    let content = digester.of([text]).short();
    arrivals.events.push(Arrival {
        name,
        identity,
        sale,
        content,
    });
}

/// The digest of one identifier of an event; hashes are compared in lower case.
pub(crate) fn cell(digester: &Digester, key: &str, value: Cow<'_, str>) -> Digest {
    let value = if super::text::is_sha256(&value) {
        lower(value)
    } else {
        value
    };
    digester.of(["user_data", key, &value])
}

/// The digest of what deduplication goes by.
pub(crate) fn identity(digester: &Digester, name: &str, id: &str) -> Digest {
    digester.of(["event", name, id])
}
