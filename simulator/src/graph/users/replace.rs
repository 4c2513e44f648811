//! `POST /{audience}/usersreplace`: other members in the place of all there are.

use super::{check_session, read_payload, refuse_columns, session};
use crate::{
    graph::{Effect, GraphError, parameters::Parameters, standing},
    records::replacement::Refused,
    state::State,
};

/// Takes one batch of a replacement. `now` in Unix seconds.
pub(in crate::graph) fn post(
    state: &State,
    audience_id: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let no_such = || GraphError::no_such_object("post");
    let missing = || GraphError::parameter("The parameter session is required");
    if !state.records().audiences.contains_key(audience_id) {
        return Err(no_such());
    }
    let batch = session(parameters)?.ok_or_else(missing)?;
    let (schema, upload) = read_payload(parameters, &state.digester)?;

    let mut records = state.records();
    let audience = records.audiences.get(audience_id).ok_or_else(no_such)?;
    standing::check_write(&records, audience, now)?;
    check_session(&records, audience_id, Some(batch))?;
    let audience = records.audiences.get_mut(audience_id).ok_or_else(no_such)?;
    refuse_columns(audience, &schema, &upload)?;
    let columns: Vec<_> = schema.columns.iter().map(|column| column.key).collect();
    let totals = audience
        .replace(batch, &columns, &upload.rows, now)
        .map_err(refused)?;
    audience.first_upload.get_or_insert(schema.form);
    drop(records);
    Ok(super::received(audience_id, batch.session, totals, upload))
}

pub(super) fn in_progress() -> GraphError {
    refused(Refused::InProgress)
}

fn refused(refused: Refused) -> GraphError {
    let (subcode, message) = match refused {
        Refused::InProgress => (1_870_145, "The audience is being replaced already"),
        Refused::FirstMissing => (1_870_147, "The first batch of the session is missing"),
        Refused::Failed => (
            1_870_148,
            "Something went wrong; some users may be replaced",
        ),
        Refused::TimedOut => (1_870_158, "The session has timed out after 90 minutes"),
        Refused::Finished => (1_870_159, "The session has been finished"),
        Refused::TooLarge => (1_870_144, "The audience is too large to be replaced"),
        Refused::OtherColumns => {
            return GraphError::parameter("Param schema must be that of the first batch");
        }
        Refused::NotNormal => {
            return GraphError::new(400, 2_650)
                .message("The audience is in a state in which it cannot be replaced");
        }
        Refused::Empty => return GraphError::parameter("A replacement must have users"),
    };
    GraphError::new(400, 2_650)
        .subcode(subcode)
        .message(message)
}
