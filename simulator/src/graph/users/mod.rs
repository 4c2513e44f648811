//! `POST` and `DELETE /{audience}/users`: members come and go, row by row.
//!
//! A request is a partial success: rows that are not well-formed are counted as
//! invalid, the rest takes effect.

pub(super) mod everywhere;
pub(super) mod replace;
mod rows;
pub(crate) mod schema;
pub(super) mod sessions;

use std::{collections::BTreeMap, num::NonZeroU64};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::{rows::Upload, schema::Schema};
use super::{Effect, GraphError, outcome, parameters::Parameters, standing, text::Scalar};
use crate::{
    records::{
        Digester,
        audience::{Audience, Rows, SchemaForm},
        sessions::{Batch, Session},
    },
    state::State,
};

/// An address longer than this ends the connection without an answer. The documented
/// damage is by hashes (250 in the address work, 300 do not); their likely reason is
/// the length, and this lies between the two in every form the SDK writes.
const LONGEST_ADDRESS: usize = 21_000;

/// What shall happen to the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Remove,
}

impl Change {
    /// `POST` with the parameter `method=DELETE` is a `DELETE`.
    pub(super) fn of(method: &str, parameters: &Parameters<'_>) -> Self {
        let overridden = || {
            let method = parameters.text("method");
            method.is_some_and(|method| method.eq_ignore_ascii_case("delete"))
        };
        if method == "DELETE" || overridden() {
            Self::Remove
        } else {
            Self::Add
        }
    }
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    app_ids: Vec<Scalar<'a>>,
    #[serde(borrow, default)]
    page_ids: Vec<Scalar<'a>>,
}

/// Ids and numbers are integers, the flag a boolean; the hint is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionParameter {
    session_id: NonZeroU64,
    batch_seq: NonZeroU64,
    #[serde(default)]
    last_batch_flag: bool,
    #[serde(default, rename = "estimated_num_total")]
    _estimated_num_total: Option<u64>,
}

#[derive(Serialize)]
struct Received<'a> {
    audience_id: &'a str,
    session_id: String,
    num_received: u64,
    num_invalid_entries: u64,
    invalid_entry_samples: BTreeMap<String, String>,
}

/// Whether the payload stands in an address that is too long to get an answer.
pub(super) fn breaks_the_connection(parameters: &Parameters<'_>, address: usize) -> bool {
    parameters.in_query("payload") && address > LONGEST_ADDRESS
}

/// Checks the rows and adds or removes them. `now` in Unix seconds.
pub(super) fn post(
    state: &State,
    audience_id: &str,
    parameters: &Parameters<'_>,
    change: Change,
    now: u64,
) -> Result<Effect, GraphError> {
    let no_such = || GraphError::no_such_object("post");
    if !state.records().audiences.contains_key(audience_id) {
        return Err(no_such());
    }
    let (schema, upload) = read_payload(parameters, &state.digester)?;
    let batch = session(parameters)?;

    let mut records = state.records();
    let audience = records.audiences.get(audience_id).ok_or_else(no_such)?;
    standing::check_write(&records, audience, now)?;
    let audience = records.audiences.get_mut(audience_id).ok_or_else(no_such)?;
    if audience.is_being_replaced() {
        return Err(replace::in_progress());
    }
    let takes = match batch {
        Some(batch) => audience.takes(batch, now).ok_or_else(|| {
            GraphError::parameter("The first batch of a session must have batch_seq 1")
        })?,
        None => true,
    };
    match change {
        Change::Add => {
            refuse_columns(audience, &schema)?;
            if takes {
                audience.first_upload.get_or_insert(schema.form);
                audience.add(&upload.rows);
            }
        }
        Change::Remove if takes => {
            if audience.would_be_too_small(&upload.rows) {
                return Err(GraphError::new(400, 200)
                    .subcode(1_870_047)
                    .message("Removing these users would make the audience too small"));
            }
            audience.remove(&upload.rows);
        }
        Change::Remove => {}
    }
    audience.changed = now;
    let (session_id, totals) = match batch {
        Some(batch) => (batch.session, audience.in_session(batch, &upload.rows, now)),
        None => {
            let mut totals = Session::default();
            totals.count(upload.rows.received, upload.rows.invalid);
            (state.next_session_id(), totals)
        }
    };
    drop(records);
    let mut effect = received(audience_id, session_id, totals, upload);
    if !takes {
        effect.items = 0;
        effect.outcome = outcome::DISCARDED;
    }
    Ok(effect)
}

/// The payload's schema and its rows.
fn read_payload(
    parameters: &Parameters<'_>,
    digester: &Digester,
) -> Result<(Schema, Upload), GraphError> {
    let missing = |name| GraphError::parameter(format!("The parameter {name} is required"));
    let payload = parameters
        .json("payload")
        .ok_or_else(|| missing("payload"))?;
    let payload: Payload<'_> = serde_json::from_str(&payload)
        .map_err(|_| GraphError::parameter("Param payload must be an object"))?;
    let schema = Schema::parse(payload.schema.ok_or_else(|| missing("schema"))?.get())?;
    schema.check_scopes(payload.app_ids.len(), payload.page_ids.len())?;
    let data = payload.data.ok_or_else(|| missing("data"))?.get();
    let upload = rows::read(data, &schema, digester)?;
    Ok((schema, upload))
}

/// What answers an upload.
fn received(audience_id: &str, session: u64, totals: Session, upload: Upload) -> Effect {
    let received = Received {
        audience_id,
        session_id: session.to_string(),
        num_received: totals.received,
        num_invalid_entries: totals.invalid,
        invalid_entry_samples: upload.samples,
    };
    Effect {
        body: serde_json::to_vec(&received).unwrap_or_default(),
        items: usize::try_from(upload.rows.received).unwrap_or(usize::MAX),
        outcome: outcome_of(&upload.rows),
    }
}

fn outcome_of(rows: &Rows) -> &'static str {
    if rows.invalid == 0 {
        outcome::ACCEPTED
    } else {
        outcome::PARTIAL
    }
}

/// An audience that began with a list of keys takes no single key any more, and one
/// that goes by values takes no rows without.
fn refuse_columns(audience: &Audience, schema: &Schema) -> Result<(), GraphError> {
    if audience.first_upload == Some(SchemaForm::MultiKey) && schema.form == SchemaForm::SingleKey {
        return Err(GraphError::new(400, 2650).message(
            "The data source FILE_IMPORTED.HASHES_OR_USER_IDS is not compatible with the data \
             source FILE_IMPORTED.MULTI_HASHES of this audience",
        ));
    }
    if audience.profile.is_value_based && !schema.has_value() {
        return Err(GraphError::parameter(
            "Param schema must have LOOKALIKE_VALUE for a value-based audience",
        ));
    }
    Ok(())
}

fn session(parameters: &Parameters<'_>) -> Result<Option<Batch>, GraphError> {
    let Some(session) = parameters.json("session") else {
        return Ok(None);
    };
    let session: SessionParameter = serde_json::from_str(&session).map_err(|_| {
        GraphError::parameter("Param session must have a session_id and a batch_seq from 1")
    })?;
    Ok(Some(Batch {
        session: session.session_id.get(),
        seq: session.batch_seq.get(),
        last: session.last_batch_flag,
    }))
}
