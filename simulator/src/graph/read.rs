//! `GET /{id}?fields=…`: what Meta tells about a dataset, an audience or an ad account.

use serde_json::{Map, Value, json};

use super::{
    Effect, GraphError, fields::Node, outcome, parameters::Parameters, standing, time::written,
};
use crate::{
    records::{Audience, Records, audience::SchemaForm},
    state::State,
};

pub(super) fn get(
    state: &State,
    id: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let no_such = || GraphError::no_such_object("get");
    let records = state.records();
    let account = records.account_of(id);
    if let Some(account) = account.and_then(|account| records.accounts.get(&account)) {
        standing::check_permission(account)?;
    }
    let audience = records.audiences.get(id);
    if audience.is_some_and(|audience| audience.condition.is_deleted(now)) {
        return Err(no_such());
    }
    let node = node(&records, id).ok_or_else(no_such)?;
    drop(records);
    Ok(Effect {
        body: node.select(parameters)?.to_string().into_bytes(),
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
            "is_unavailable": dataset.is_unavailable,
            "is_consolidated_container": !dataset.is_without_stores,
            "last_fired_time": dataset.last_received.map(written),
        }));
        return Some(Node {
            kind: "AdsPixel",
            fields,
        });
    }
    let account = id.strip_prefix("act_")?;
    let standing = records.accounts.get(account)?;
    let accepted = u8::from(standing.terms_accepted && standing.business_terms_accepted);
    let mut terms = object(json!({ "custom_audience_tos": accepted }));
    if let Some(accepted) = standing.value_terms_accepted {
        let accepted = u8::from(accepted).into();
        terms.insert("value_based_custom_audience_tos".to_owned(), accepted);
    }
    Some(Node {
        kind: "AdAccount",
        fields: object(json!({
            "id": id,
            "account_id": account,
            "name": "Simulated ad account",
            "account_status": 1,
            "currency": "USD",
            "tos_accepted": terms,
            "user_tos_accepted": { "custom_audience_tos": accepted },
        })),
    })
}

pub(super) fn audience_fields(id: &str, audience: &Audience) -> Map<String, Value> {
    let profile = &audience.profile;
    let (operation, operation_text) = audience.operation();
    let (delivery, delivery_text) = audience.delivery();
    let source = match audience.first_upload {
        None => "NOTHING",
        Some(SchemaForm::SingleKey) => "HASHES_OR_USER_IDS",
        Some(SchemaForm::MultiKey) => "MULTI_HASHES",
    };
    // Meta shows a rounded range, never the number.
    let rounded = audience.size() / 100 * 100;
    object(json!({
        "id": id,
        "account_id": profile.account,
        "name": profile.name,
        "description": profile.description,
        "subtype": profile.subtype,
        "customer_file_source": profile.customer_file_source,
        "is_value_based": profile.is_value_based,
        "retention_days": profile.retention_days,
        "operation_status": { "code": operation, "description": operation_text },
        "delivery_status": { "code": delivery, "description": delivery_text },
        "permission_for_actions": {
            "can_edit": audience.condition.can_edit,
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
        "delete_time": audience.condition.delete_time.unwrap_or(0),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
