//! `POST` and `DELETE /{audience}/users`: members come and go, row by row.
//!
//! A request is a partial success: rows that are not well-formed are counted as
//! invalid, the rest takes effect.

pub(super) mod everywhere;
pub(super) mod replace;
mod rows;
pub(crate) mod schema;
pub(super) mod sessions;

use std::{
    collections::BTreeMap,
    num::{NonZeroI64, NonZeroU64},
};

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use self::{rows::Upload, schema::Schema};
use super::{Effect, GraphError, outcome, parameters::Parameters, standing, text::Scalar};
use crate::{
    records::{
        Digester, Records,
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

/// Every member that Meta's pages or its SDK name is taken; any other one is refused,
/// because a misspelt name would else be lost in silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    /// Whether cells are keys of their own, and not made of several; it does not say that
    /// they are unhashed.
    #[serde(default)]
    is_raw: bool,
    #[serde(borrow, default)]
    app_ids: Vec<Scalar<'a>>,
    #[serde(borrow, default)]
    page_ids: Vec<Scalar<'a>>,
    data_source: Option<DataSource>,
    #[serde(rename = "ig_account_ids", default)]
    _ig_account_ids: IgnoredAny,
    #[serde(rename = "metadata", default)]
    _metadata: IgnoredAny,
    #[serde(rename = "calculated_date", default)]
    _calculated_date: IgnoredAny,
    #[serde(rename = "schema_version", default)]
    _schema_version: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataSource {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "sub_type")]
    _sub_type: Option<String>,
}

const DATA_SOURCES: [&str; 8] = [
    "UNKNOWN",
    "FILE_IMPORTED",
    "EVENT_BASED",
    "SEED_BASED",
    "THIRD_PARTY_IMPORTED",
    "COPY_PASTE",
    "CONTACT_IMPORTER",
    "HOUSEHOLD_AUDIENCE",
];

/// Ids and numbers are integers, the flag a boolean; the hint is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionParameter {
    session_id: NonZeroI64,
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
    check_session(&records, audience_id, batch)?;
    let audience = records.audiences.get_mut(audience_id).ok_or_else(no_such)?;
    check_swap(audience)?;
    let takes = match batch {
        Some(batch) => audience.takes(batch, now).ok_or_else(|| {
            GraphError::parameter("The batch_seq of a session must count from 1 without a gap")
        })?,
        None => true,
    };
    match change {
        Change::Add => {
            refuse_columns(audience, &schema, &upload)?;
            if takes {
                audience.first_upload.get_or_insert(schema.form);
                audience.add(&upload.rows);
            }
        }
        Change::Remove if takes => {
            check_size(audience, &upload.rows)?;
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
    if schema.columns.len() > 1 && !payload.is_raw {
        return Err(GraphError::parameter(
            "Param is_raw must be true where the schema has several keys",
        ));
    }
    let source = payload.data_source.and_then(|source| source.kind);
    if source.is_some_and(|kind| !DATA_SOURCES.contains(&kind.as_str())) {
        return Err(GraphError::parameter(
            "Param data_source must have a known type",
        ));
    }
    let data = payload.data.ok_or_else(|| missing("data"))?.get();
    let upload = rows::read(data, &schema, digester)?;
    if upload.rows.received == 0 {
        return Err(GraphError::parameter("Param data must have a row"));
    }
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

/// Whether a removal of these rows is taken that is of no session.
fn check_removal(
    records: &Records,
    audience: &Audience,
    rows: &Rows,
    now: u64,
) -> Result<(), GraphError> {
    standing::check_write(records, audience, now)?;
    check_swap(audience)?;
    check_size(audience, rows)
}

/// While the members are being replaced none comes or goes by itself.
fn check_swap(audience: &Audience) -> Result<(), GraphError> {
    if audience.is_being_replaced() {
        return Err(replace::in_progress());
    }
    Ok(())
}

/// Whether enough members are left without these.
fn check_size(audience: &Audience, rows: &Rows) -> Result<(), GraphError> {
    if audience.would_be_too_small(rows) {
        return Err(GraphError::new(400, 200)
            .subcode(1_870_047)
            .message("Removing these users would make the audience too small"));
    }
    Ok(())
}

/// Ids of sessions are each given once in an ad account.
fn check_session(
    records: &Records,
    audience_id: &str,
    batch: Option<Batch>,
) -> Result<(), GraphError> {
    match batch {
        Some(batch) if records.is_session_of_another(audience_id, batch.session) => Err(
            GraphError::parameter("Param session_id is that of a session of another audience"),
        ),
        _ => Ok(()),
    }
}

/// An audience that began with a list of keys takes no single key any more, and values
/// come with every row of an audience that goes by them, and with none of another.
fn refuse_columns(audience: &Audience, schema: &Schema, upload: &Upload) -> Result<(), GraphError> {
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
    if !audience.profile.is_value_based && schema.has_value() {
        return Err(GraphError::parameter(
            "Param schema may have LOOKALIKE_VALUE for a value-based audience only",
        ));
    }
    if upload.lacks_a_value {
        return Err(GraphError::parameter(
            "LOOKALIKE_VALUE is missing in a row for a value-based audience",
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
    let id = u64::try_from(session.session_id.get())
        .map_err(|_| GraphError::parameter("Param session_id must be positive"))?;
    Ok(Some(Batch {
        session: id,
        seq: session.batch_seq.get(),
        last: session.last_batch_flag,
    }))
}
