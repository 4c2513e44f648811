//! `POST` and `DELETE /{audience}/users`: members come and go, row by row.
//!
//! A request is a partial success: rows that are not well-formed are counted as
//! invalid, the rest takes effect.

mod rows;
pub(crate) mod schema;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::{rows::Upload, schema::Schema};
use super::{Effect, GraphError, outcome, parameters::Parameters, text::Scalar};
use crate::{
    records::audience::{Audience, SchemaForm, Session},
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

#[derive(Deserialize)]
struct SessionParameter {
    session_id: u64,
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
    let missing = |name| GraphError::parameter(format!("The parameter {name} is required"));
    let payload = parameters
        .json("payload")
        .ok_or_else(|| missing("payload"))?;
    let payload: Payload<'_> = serde_json::from_str(&payload)
        .map_err(|_| GraphError::parameter("Param payload must be an object"))?;
    let schema = Schema::parse(payload.schema.ok_or_else(|| missing("schema"))?.get())?;
    schema.check_scopes(payload.app_ids.len(), payload.page_ids.len())?;
    let data = payload.data.ok_or_else(|| missing("data"))?.get();
    let Upload { rows, samples } = rows::read(data, &schema, &state.digester)?;
    let session = session(parameters)?;

    let mut records = state.records();
    let audience = records.audiences.get_mut(audience_id).ok_or_else(no_such)?;
    match change {
        Change::Add => {
            check_form(audience, schema.form)?;
            audience.first_upload.get_or_insert(schema.form);
            audience.add(&rows);
        }
        Change::Remove => audience.remove(&rows),
    }
    audience.changed = now;
    let (session_id, totals) = match session {
        Some(id) => (id, audience.in_session(id, &rows)),
        None => {
            let totals = Session {
                received: rows.received,
                invalid: rows.invalid,
            };
            (state.next_session_id(), totals)
        }
    };
    drop(records);
    let received = Received {
        audience_id,
        session_id: session_id.to_string(),
        num_received: totals.received,
        num_invalid_entries: totals.invalid,
        invalid_entry_samples: samples,
    };
    Ok(Effect {
        body: serde_json::to_vec(&received).unwrap_or_default(),
        items: usize::try_from(rows.received).unwrap_or(usize::MAX),
        outcome: if rows.invalid == 0 {
            outcome::ACCEPTED
        } else {
            outcome::PARTIAL
        },
    })
}

/// An audience that began with a list of keys takes no single key any more.
fn check_form(audience: &Audience, form: SchemaForm) -> Result<(), GraphError> {
    if audience.first_upload == Some(SchemaForm::MultiKey) && form == SchemaForm::SingleKey {
        return Err(GraphError::new(400, 2650).message(
            "The data source FILE_IMPORTED.HASHES_OR_USER_IDS is not compatible with the data \
             source FILE_IMPORTED.MULTI_HASHES of this audience",
        ));
    }
    Ok(())
}

fn session(parameters: &Parameters<'_>) -> Result<Option<u64>, GraphError> {
    let Some(session) = parameters.json("session") else {
        return Ok(None);
    };
    let session: SessionParameter = serde_json::from_str(&session)
        .map_err(|_| GraphError::parameter("Param session must have a session_id"))?;
    Ok(Some(session.session_id))
}
