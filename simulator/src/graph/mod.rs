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
mod list;
mod parameters;
pub(crate) mod quota;
mod read;
pub(crate) mod route;
mod standing;
mod text;
mod time;
pub(crate) mod usage;
pub(crate) mod users;
mod window;

use std::{fmt, time::Duration};

use bytes::Bytes;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH,
};

pub(crate) use self::{auth::Access, route::Route};
pub use self::{error::GraphError, route::Target};
use self::{parameters::Parameters, quota::Call, route::CURRENT, users::Change};
use crate::{
    faults::FaultAction,
    inspection::RequestSummary,
    state::{State, Visit},
};

/// How requests that took effect are counted.
mod outcome {
    pub(super) const ACCEPTED: &str = "accepted";
    pub(super) const PARTIAL: &str = "partial";
    /// Rows of a session that had ended.
    pub(super) const DISCARDED: &str = "discarded";
}

/// A request with its whole body. Holds a token and identifiers: no `Debug`.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    /// Whether the body is compressed, which Meta documents nowhere.
    pub(crate) is_encoded: bool,
    /// Whether it asks only for what has changed, which Meta ended in 2026.
    pub(crate) is_conditional: bool,
    pub(crate) bearer: Option<String>,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(
        method: &str,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Self {
        let header = |name: HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            content_type: header(CONTENT_TYPE).to_owned(),
            is_encoded: !matches!(header(CONTENT_ENCODING), "" | "identity"),
            is_conditional: headers.contains_key(IF_NONE_MATCH),
            bearer: bearer(header(AUTHORIZATION)),
            body,
        }
    }
}

/// The token of an `Authorization` header, in whichever case the scheme is written.
fn bearer(authorization: &str) -> Option<String> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// What goes back.
#[derive(Debug)]
pub enum Reply {
    /// All of it.
    Answer(Answer),
    /// The head and the first half of the body, then the connection ends.
    Half(Answer),
    /// Nothing: the connection is reset.
    Nothing,
}

/// An HTTP answer.
pub struct Answer {
    /// As told, which a script may have made none that there is.
    pub status: u16,
    /// The header of that name.
    pub content_type: &'static str,
    /// The others.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// JSON, or a page.
    pub body: Vec<u8>,
}

/// Without the body: it may repeat entries that were invalid, as Meta's does.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
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
    state.play(route.target, route.object);
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
            Reply::Answer(Answer::json(
                error.status,
                error.to_json(&trace, &request.body),
            ))
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
            Reply::Answer(Answer::json(
                error.status,
                error.to_json(&trace, &request.body),
            ))
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
            Reply::Answer(Answer::json(
                error.status,
                error.to_json(trace, &request.body),
            ))
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
    let marketing = is_marketing(state, route);
    state.versions().answering(version, marketing)?;
    if request.is_conditional {
        return Err(GraphError::parameter(
            "Conditional requests are not supported",
        ));
    }
    if request.is_encoded {
        return Err(GraphError::parameter(
            "The content encoding of the body is not supported",
        ));
    }
    let parameters = Parameters::read(&request.query, &request.content_type, &request.body).await?;
    summary.encoding = parameters.encoding.name();
    let access = state.access().clone();
    access.check(request.bearer.as_deref(), &parameters, now)?;
    parameters.check_names(route.target)?;
    let account = account(state, route);
    state.quotas().admit(Call {
        target: route.target,
        account: account.as_ref().map(|(id, count)| (id.as_str(), *count)),
        now,
    })?;
    let is_upload = matches!(
        route.target,
        Target::Users | Target::UsersReplace | Target::UsersOfAnyAudience
    );
    if is_upload && state.is_too_large(request.body.len()) {
        return Err(GraphError::too_large());
    }
    let address = request.path.len() + request.query.len() + 1;
    if users::breaks_the_connection(&parameters, address) {
        return Ok(None);
    }
    let effect = match route.target {
        Target::Events => events::post(state, route.object, &parameters, trace, now)?,
        Target::Users => {
            let change = Change::of(&request.method, &parameters);
            users::post(state, route.object, &parameters, change, now)?
        }
        Target::UsersReplace => users::replace::post(state, route.object, &parameters, now)?,
        Target::UsersOfAnyAudience => {
            if Change::of(&request.method, &parameters) != Change::Remove {
                return Err(GraphError::no_such_object("post"));
            }
            users::everywhere::delete(state, route.object, &parameters, now)?
        }
        Target::CreateAudience => create::post(state, route.object, &parameters, now)?,
        Target::Read if route.edge == Some("customaudiences") => {
            list::get(state, route.object, &parameters, now)?
        }
        Target::Read if route.edge.is_some() => {
            users::sessions::get(state, route.object, &parameters, now)?
        }
        Target::Read => read::get(state, route.object, &parameters, now)?,
        Target::Other => {
            return Err(GraphError::new(400, 2500).message("Unknown path components"));
        }
    };
    if let Some((account, _)) = &account {
        state.quotas().note_rows(account, effect.items as u64, now);
    }
    Ok(Some(effect))
}

/// The ad account that a request concerns, if one, and how many audiences it has.
fn account(state: &State, route: &Route<'_>) -> Option<(String, u64)> {
    let records = state.records();
    let account = records.account_of(route.object)?;
    let audiences = records.audiences_of(&account, state.now());
    Some((account, audiences))
}

/// Whether a request is the Marketing API's, as everything about audiences and ad accounts
/// is: its versions end sooner.
fn is_marketing(state: &State, route: &Route<'_>) -> bool {
    match route.target {
        Target::Events | Target::Other => false,
        Target::Read => state.records().account_of(route.object).is_some(),
        Target::Users
        | Target::UsersReplace
        | Target::UsersOfAnyAudience
        | Target::CreateAudience => true,
    }
}

fn with_headers(reply: Reply, state: &State, route: &Route<'_>, trace: &str) -> Reply {
    let add = |mut answer: Answer| {
        let account = account(state, route);
        let account = account.as_ref().map(|(id, count)| (id.as_str(), *count));
        let told = state.usage().clone();
        let usage = told
            .or_else(|| state.quotas().usage(account, state.now()))
            .unwrap_or_default();
        answer.headers = usage.headers(account.map(|(id, _)| id));
        let marketing = is_marketing(state, route);
        // Where it is not answered by any, the one that was asked for is named.
        let asked = route.version.unwrap_or(CURRENT);
        let answering = state
            .versions()
            .answering(asked, marketing)
            .unwrap_or(asked);
        if answering != asked {
            answer.headers.push((
                HeaderName::from_static("x-ad-api-version-warning"),
                HeaderValue::from_static("The call has been auto-upgraded to a newer version"),
            ));
        }
        let version = answering.to_string();
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
