//! `DELETE /act_{account}/usersofanyaudience`: people who leave every customer list of
//! an ad account.

use serde_json::json;

use super::{check_removal, outcome_of, read_payload, session};
use crate::{
    graph::{Effect, GraphError, parameters::Parameters, standing},
    records::Audience,
    state::State,
};

/// Removes the rows from every audience of the account that takes a removal, and leaves the
/// others out in silence: Meta does not say what becomes of these. `now` in Unix seconds.
pub(in crate::graph) fn delete(
    state: &State,
    object: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let no_such = || GraphError::no_such_object("delete");
    let account = object.strip_prefix("act_").ok_or_else(no_such)?;
    if !state.records().accounts.contains_key(account) {
        return Err(no_such());
    }
    let (_, upload) = read_payload(parameters, &state.digester)?;
    session(parameters)?;
    let mut records = state.records();
    standing::check_account(records.accounts.get(account))?;
    let own = |audience: &Audience| audience.profile.account == account;
    let takes = |audience: &Audience| check_removal(&records, audience, &upload.rows, now).is_ok();
    let taking: Vec<String> = records
        .audiences
        .iter()
        .filter(|(_, audience)| own(audience) && takes(audience))
        .map(|(id, _)| id.clone())
        .collect();
    for id in taking {
        if let Some(audience) = records.audiences.get_mut(&id) {
            audience.remove(&upload.rows);
            audience.changed = now;
        }
    }
    drop(records);
    let body = json!({
        "session_id": state.next_session_id().to_string(),
        "num_received": upload.rows.received,
        "num_invalid_entries": upload.rows.invalid,
        "invalid_entry_samples": upload.samples,
    });
    Ok(Effect {
        body: body.to_string().into_bytes(),
        items: usize::try_from(upload.rows.received).unwrap_or(usize::MAX),
        outcome: outcome_of(&upload.rows),
    })
}
