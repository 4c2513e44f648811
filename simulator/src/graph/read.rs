//! `GET /{id}?fields=…`: what Meta tells about a dataset, an audience or an ad account.

use serde_json::{Map, Value, json};

use super::{Effect, GraphError, fields::Node, outcome, parameters::Parameters, time::written};
use crate::{
    records::{Audience, Records, audience::SchemaForm},
    state::State,
};

/// An audience below this many members is "too small" to be delivered to.
const USABLE_FROM: u64 = 100;

pub(super) fn get(
    state: &State,
    id: &str,
    parameters: &Parameters<'_>,
) -> Result<Effect, GraphError> {
    let node = node(&state.records(), id).ok_or_else(|| GraphError::no_such_object("get"))?;
    Ok(Effect {
        body: node.select(parameters)?,
        items: 0,
        outcome: outcome::ACCEPTED,
    })
}

fn node(records: &Records, id: &str) -> Option<Node> {
    if let Some(audience) = records.audiences.get(id) {
        return Some(Node {
            kind: "CustomAudience",
            fields: audience_fields(id, audience),
        });
    }
    if let Some(dataset) = records.datasets.get(id) {
        let fields = object(json!({
            "id": id,
            "name": "Simulated dataset",
            "is_unavailable": false,
            "is_consolidated_container": true,
            "last_fired_time": dataset.last_received.map(written),
        }));
        return Some(Node {
            kind: "AdsPixel",
            fields,
        });
    }
    let account = id.strip_prefix("act_")?;
    records.accounts.contains(account).then(|| Node {
        kind: "AdAccount",
        fields: object(json!({
            "id": id,
            "account_id": account,
            "name": "Simulated ad account",
            "account_status": 1,
            "currency": "USD",
            "tos_accepted": { "custom_audience_tos": 1 },
            "user_tos_accepted": { "custom_audience_tos": 1 },
        })),
    })
}

fn audience_fields(id: &str, audience: &Audience) -> Map<String, Value> {
    let profile = &audience.profile;
    let members = audience.members();
    let (operation, operation_text) = match audience.first_upload {
        None => (410, "No file has been uploaded yet."),
        Some(_) => (200, "Normal"),
    };
    let (delivery, delivery_text) = if members < USABLE_FROM {
        (300, "This audience is too small.")
    } else {
        (200, "This audience is ready for use.")
    };
    let source = match audience.first_upload {
        None => "NOTHING",
        Some(SchemaForm::SingleKey) => "HASHES_OR_USER_IDS",
        Some(SchemaForm::MultiKey) => "MULTI_HASHES",
    };
    // Meta shows a rounded range, never the number.
    let rounded = members / 100 * 100;
    object(json!({
        "id": id,
        "account_id": profile.account,
        "name": profile.name,
        "description": profile.description,
        "subtype": "CUSTOM",
        "customer_file_source": profile.customer_file_source,
        "is_value_based": profile.is_value_based,
        "retention_days": profile.retention_days,
        "operation_status": { "code": operation, "description": operation_text },
        "delivery_status": { "code": delivery, "description": delivery_text },
        "permission_for_actions": {
            "can_edit": true,
            "can_see_insight": "true",
            "can_share": "true",
            "subtype_supports_lookalike": "true",
            "supports_recipient_lookalike": "false",
        },
        "data_source": { "type": "FILE_IMPORTED", "sub_type": source, "creation_params": "[]" },
        "approximate_count_lower_bound": rounded,
        "approximate_count_upper_bound": rounded + 100,
        "time_created": audience.created,
        "time_updated": audience.changed,
        "time_content_updated": audience.changed,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
