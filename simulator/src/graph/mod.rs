//! Meta's behaviour: from a request to the answer, and its effect on the records.
//!
//! One file for each thing that can be asked for; this one holds the order of the
//! steps: what shall go wrong, then version, caller and object, then the effect, and
//! then whether the answer gets through.

mod auth;
mod create;
pub(crate) mod error;
pub(crate) mod events;
mod fields;
mod parameters;
mod read;
mod route;
mod text;
mod time;
pub(crate) mod usage;
pub(crate) mod users;

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};

pub(crate) use self::{auth::Access, route::Route};
pub use self::{error::GraphError, route::Target};
use self::{parameters::Parameters, route::CURRENT, users::Change};
use crate::{
    faults::FaultAction,
    inspection::RequestSummary,
    state::{State, Visit},
};

/// How requests that took effect are counted.
mod outcome {
    pub(super) const ACCEPTED: &str = "accepted";
    pub(super) const PARTIAL: &str = "partial";
}

/// A request with its whole body. Holds a token and identifiers: no `Debug`.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    /// Whether the body is compressed, which Meta documents nowhere.
    pub(crate) is_encoded: bool,
    pub(crate) bearer: Option<String>,
    pub(crate) body: Bytes,
}

/// What goes back.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// The head and the first half of the body, then the connection ends.
    Half(Answer),
    /// Nothing: the connection is reset.
    Nothing,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: "application/json; charset=UTF-8",
            headers: Vec::new(),
            body,
        }
    }

    /// The page that comes where JSON should, from something in front of the API.
    pub(crate) fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html><html><head><title>Error</title></head>\
                    <body><h1>Sorry, something went wrong.</h1></body></html>";
        Self {
            status,
            content_type: "text/html; charset=UTF-8",
            headers: Vec::new(),
            body: page.into(),
        }
    }
}

/// What a request did, and the body that says so.
struct Effect {
    body: Vec<u8>,
    /// Events or rows.
    items: usize,
    /// How it is counted.
    outcome: &'static str,
}

/// Answers one request. Cancelling it (the client went away) may lose the answer, and
/// never half an effect.
pub(crate) async fn answer(state: &State, request: &Request, visit: Visit<'_>) -> Reply {
    let route = Route::parse(&request.method, &request.path);
    let trace = state.next_trace_id();
    let fault = state
        .faults()
        .next(route.target, route.object, &request.body);
    let (delay, action) = fault.map_or((Duration::ZERO, FaultAction::Pass), |fault| {
        (fault.waits(), fault.action)
    });
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut summary = RequestSummary::new(visit.number(), &route, request, &trace, state);
    let reply = match action {
        FaultAction::ResetBefore => {
            summary.outcome = "reset before".to_owned();
            Reply::Nothing
        }
        FaultAction::Error(error) => {
            summary.outcome = format!("fault {}", error.label());
            Reply::Answer(Answer::json(error.status, error.to_json(&trace)))
        }
        FaultAction::Html { status } => {
            summary.outcome = format!("fault html {status}");
            Reply::Answer(Answer::html(status))
        }
        FaultAction::Pass => effect(state, &route, request, &trace, &mut summary).await,
        FaultAction::ErrorAfter(error) => {
            effect(state, &route, request, &trace, &mut summary).await;
            summary
                .outcome
                .push_str(&format!(", then fault {}", error.label()));
            Reply::Answer(Answer::json(error.status, error.to_json(&trace)))
        }
        FaultAction::ResetAfter => {
            effect(state, &route, request, &trace, &mut summary).await;
            summary.outcome.push_str(", then reset");
            Reply::Nothing
        }
        FaultAction::Truncate => {
            let reply = effect(state, &route, request, &trace, &mut summary).await;
            summary.outcome.push_str(", then truncated");
            match reply {
                Reply::Answer(answer) => Reply::Half(answer),
                other => other,
            }
        }
    };
    let reply = with_headers(reply, state, &route, &trace);
    tracing::debug!(
        target = ?route.target,
        request = summary.number,
        items = summary.items,
        outcome = summary.outcome,
        trace_id = trace,
        "answered"
    );
    visit.end(summary);
    reply
}

/// The undisturbed way.
async fn effect(
    state: &State,
    route: &Route<'_>,
    request: &Request,
    trace: &str,
    summary: &mut RequestSummary,
) -> Reply {
    match perform(state, route, request, trace, summary).await {
        Ok(Some(effect)) => {
            summary.items = effect.items as u64;
            summary.outcome = effect.outcome.to_owned();
            Reply::Answer(Answer::json(200, effect.body))
        }
        Ok(None) => {
            summary.outcome = "dropped".to_owned();
            Reply::Nothing
        }
        Err(error) => {
            summary.outcome = format!("refused {}", error.label());
            Reply::Answer(Answer::json(error.status, error.to_json(trace)))
        }
    }
}

/// `None` where Meta drops the connection.
async fn perform(
    state: &State,
    route: &Route<'_>,
    request: &Request,
    trace: &str,
    summary: &mut RequestSummary,
) -> Result<Option<Effect>, GraphError> {
    let now = state.now();
    let Some(version) = route.version else {
        return Err(GraphError::new(400, 2500).message("A version is required in the path"));
    };
    version.check(route.target)?;
    if request.is_encoded {
        return Err(GraphError::parameter(
            "The content encoding of the body is not supported",
        ));
    }
    let parameters = Parameters::read(&request.query, &request.content_type, &request.body).await?;
    summary.encoding = parameters.encoding.name();
    let access = state.access().clone();
    access.check(request.bearer.as_deref(), &parameters, now)?;
    let effect = match route.target {
        Target::Events => events::post(state, route.object, &parameters, trace, now)?,
        Target::Users => {
            let address = request.path.len() + request.query.len() + 1;
            if users::breaks_the_connection(&parameters, address) {
                return Ok(None);
            }
            let change = Change::of(&request.method, &parameters);
            users::post(state, route.object, &parameters, change, now)?
        }
        Target::CreateAudience => create::post(state, route.object, &parameters, now)?,
        Target::Read => read::get(state, route.object, &parameters)?,
        Target::Other => {
            return Err(GraphError::new(400, 2500).message("Unknown path components"));
        }
    };
    Ok(Some(effect))
}

fn with_headers(reply: Reply, state: &State, route: &Route<'_>, trace: &str) -> Reply {
    let add = |mut answer: Answer| {
        let account = state.records().account_of(route.object);
        answer.headers = state.usage().headers(account.as_deref());
        let version = route.version.unwrap_or(CURRENT).to_string();
        for (name, text) in [
            ("facebook-api-version", version.as_str()),
            ("x-fb-trace-id", trace),
        ] {
            if let Ok(value) = HeaderValue::from_str(text) {
                answer.headers.push((HeaderName::from_static(name), value));
            }
        }
        answer
    };
    match reply {
        Reply::Answer(answer) => Reply::Answer(add(answer)),
        Reply::Half(answer) => Reply::Half(add(answer)),
        Reply::Nothing => Reply::Nothing,
    }
}
