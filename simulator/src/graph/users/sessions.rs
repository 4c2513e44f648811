//! `GET /{audience}/sessions`: what became of uploads. All members are texts.

use serde_json::{Value, json};

use crate::{
    graph::{Effect, GraphError, outcome, parameters::Parameters, standing},
    records::sessions::Session,
    state::State,
};

/// So many are listed when none is asked for by its id.
const LISTED: usize = 25;

/// `now` in Unix seconds.
pub(in crate::graph) fn get(
    state: &State,
    audience_id: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let wanted: Option<u64> = parameters
        .text("session_id")
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| GraphError::parameter("Param session_id must be an integer"))?;
    let records = state.records();
    let no_such = || GraphError::no_such_object("get");
    let audience = records.audiences.get(audience_id).ok_or_else(no_such)?;
    let account = records.accounts.get(&audience.profile.account);
    standing::check_permission(account.ok_or_else(no_such)?)?;
    if audience.condition.is_deleted(now) {
        return Err(no_such());
    }
    let sessions: Vec<Value> = audience
        .sessions()
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id))
        .take(LISTED)
        .map(|(id, session)| told(id, session))
        .collect();
    Ok(Effect {
        body: json!({ "data": sessions }).to_string().into_bytes(),
        items: 0,
        outcome: outcome::ACCEPTED,
    })
}

/// The stage stays at uploading and nobody is matched, as on the real thing.
fn told(id: u64, session: &Session) -> Value {
    let mut told = json!({
        "session_id": id.to_string(),
        "start_time": session.began.to_string(),
        "num_received": session.received.to_string(),
        "num_matched": "-1",
        "num_invalid_entries": session.invalid.to_string(),
        "progress": "0",
        "stage": "uploading",
    });
    if let (Some(members), Some((ended, _))) = (told.as_object_mut(), session.ended) {
        members.insert("end_time".to_owned(), ended.to_string().into());
    }
    told
}
