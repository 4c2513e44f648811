//! The control plane below `/_simulator/`: for tests in other processes and people.
//!
//! No Graph path begins with an underscore, so the two cannot meet. There is no
//! authentication: whoever reaches the port may command the simulator.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    changes::Changes,
    faults::Fault,
    graph::{
        Answer, Request, events,
        usage::Usage,
        users::schema::{Column, row_digest},
    },
    inspection::Inspection,
    secret::Secret,
    state::State,
};

const PREFIX: &str = "/_simulator/";
/// More rules than this are a mistake.
const MOST_FAULTS: usize = 1_000;
/// More members than this are not listed.
const MOST_LISTED: u64 = 100_000;

/// Whether a request is for the control plane.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// A status, and what was wrong with a command in words for whoever sent it.
struct Refusal(u16, String);

type Answered = Result<Value, Refusal>;

pub(crate) fn answer(state: &State, request: &Request) -> Answer {
    let command = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let query: BTreeMap<String, String> = form_urlencoded::parse(request.query.as_bytes())
        .into_owned()
        .collect();
    let answered = match (request.method.as_str(), command) {
        ("GET", "health") => Ok(json!({ "status": "ok" })),
        ("GET", "inspect") => Ok(inspect(state, &query)),
        ("GET", "inspect/event") => inspect_event(state, query),
        ("GET", "inspect/member") => inspect_member(state, query),
        ("POST", "faults") => set_faults(state, &request.body),
        ("DELETE", "faults") => {
            state.faults().clear();
            Ok(json!({}))
        }
        ("POST", "token") => set_token(state, &request.body),
        ("POST", "usage") => set_usage(state, &request.body),
        ("POST", "change") => change(state, &request.body),
        ("GET", "clock") => Ok(json!({ "unix_seconds": state.now() })),
        ("POST", "clock") => set_clock(state, &request.body),
        ("POST", "reset") => {
            state.reset();
            Ok(json!({}))
        }
        _ => Err(Refusal(
            404,
            "no such command; see the simulator's README".to_owned(),
        )),
    };
    let (status, body) = match answered {
        Ok(value) => (200, value),
        Err(Refusal(status, text)) => (status, json!({ "error": text })),
    };
    Answer::json(status, body.to_string().into_bytes())
}

/// Counts; with `ids=1` the events, with `members=1` the members' digests beside them.
fn inspect(state: &State, query: &BTreeMap<String, String>) -> Value {
    let mut report = json!(Inspection::of(state));
    let records = state.records();
    if query.contains_key("ids") {
        for (id, dataset) in &records.datasets {
            let events = dataset.list().map(|events| {
                let event = |(name, id, times)| json!({ "name": name, "id": id, "times": times });
                events.into_iter().map(event).collect::<Vec<_>>()
            });
            add(&mut report, "datasets", id, "events", json!(events));
        }
    }
    if query.contains_key("members") {
        for (id, audience) in &records.audiences {
            let digests = (audience.members() <= MOST_LISTED).then(|| {
                let mut digests: Vec<_> = audience.digests().map(|row| row.to_hex()).collect();
                digests.sort_unstable();
                digests
            });
            add(
                &mut report,
                "audiences",
                id,
                "member_digests",
                json!(digests),
            );
        }
    }
    report
}

fn add(report: &mut Value, kind: &str, id: &str, name: &str, value: Value) {
    let object = report.get_mut(kind).and_then(|objects| objects.get_mut(id));
    if let Some(Value::Object(members)) = object {
        members.insert(name.to_owned(), value);
    }
}

/// By `name` and `id`, or by one user_data key.
fn inspect_event(state: &State, mut query: BTreeMap<String, String>) -> Answered {
    let id = take(&mut query, "dataset")?;
    let records = state.records();
    let dataset = records
        .datasets
        .get(&id)
        .ok_or_else(|| Refusal(404, "no such dataset".to_owned()))?;
    let count = match (query.remove("name"), query.remove("id"), query.pop_first()) {
        (Some(name), Some(id), None) => {
            dataset.times(&events::identity(&state.digester, &name, &id))
        }
        (None, None, Some((key, value))) if query.is_empty() => {
            dataset.bearing(&events::cell(&state.digester, &key, value.into()))
        }
        _ => {
            let usage = "give dataset with name and id, or dataset with one key of user_data";
            return Err(Refusal(400, usage.to_owned()));
        }
    };
    Ok(json!({ "count": count }))
}

/// By any schema keys: the row of exactly these cells, and each cell alone.
fn inspect_member(state: &State, mut query: BTreeMap<String, String>) -> Answered {
    let id = take(&mut query, "audience")?;
    let records = state.records();
    let audience = records
        .audiences
        .get(&id)
        .ok_or_else(|| Refusal(404, "no such audience".to_owned()))?;
    let mut cells = Vec::with_capacity(query.len());
    let mut members = BTreeMap::new();
    for (name, cell) in query {
        let column = Column::from_name(&name)
            .ok_or_else(|| Refusal(400, format!("no schema key is called {name:?}")))?;
        let cell = column.digest(&state.digester, cell.into());
        members.insert(name, audience.bearing(&cell));
        cells.push((column, cell));
    }
    let times = audience.times(&row_digest(&state.digester, &mut cells));
    Ok(json!({ "member": times > 0, "times_added": times, "members_with": members }))
}

fn take(query: &mut BTreeMap<String, String>, name: &str) -> Result<String, Refusal> {
    query
        .remove(name)
        .ok_or_else(|| Refusal(400, format!("the parameter {name} is missing")))
}

fn set_faults(state: &State, body: &[u8]) -> Answered {
    let rules: Vec<Fault> = read(body)?;
    let mut faults = state.faults();
    if faults.report().len() + rules.len() > MOST_FAULTS {
        return Err(Refusal(
            400,
            format!("there can be {MOST_FAULTS} rules at most"),
        ));
    }
    rules.into_iter().for_each(|rule| faults.add(rule));
    Ok(json!({ "rules": faults.report().len() }))
}

fn set_token(state: &State, body: &[u8]) -> Answered {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Command {
        token: Secret,
    }
    let Command { token } = read(body)?;
    state.set_token(token);
    Ok(json!({}))
}

fn set_usage(state: &State, body: &[u8]) -> Answered {
    let usage: Usage = read(body)?;
    usage
        .check()
        .map_err(|error| Refusal(400, error.to_string()))?;
    *state.usage() = Some(usage);
    Ok(json!({}))
}

fn change(state: &State, body: &[u8]) -> Answered {
    let changes: Changes = read(body)?;
    changes
        .make(state)
        .map_err(|error| Refusal(400, error.to_string()))?;
    Ok(json!({}))
}

fn set_clock(state: &State, body: &[u8]) -> Answered {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Command {
        speed: Option<f64>,
        #[serde(default)]
        advance_s: u64,
    }
    let Command { speed, advance_s } = read(body)?;
    if let Some(speed) = speed {
        state
            .clock()
            .set_speed(speed)
            .map_err(|error| Refusal(400, error.to_string()))?;
    }
    state.clock().advance(Duration::from_secs(advance_s));
    Ok(json!({ "unix_seconds": state.now() }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // The parser's text can repeat a value of the body, and that of `token` is one.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text =
            format!("the body is not what this command takes (line {line}, column {column})");
        Refusal(400, text)
    })
}
