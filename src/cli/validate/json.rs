//! Findings for scripts, with the names that receipts have.

use serde_json::{Value, json};

use super::{Told, text};
use crate::app::{Findings, Halt};

pub(super) fn of(told: &Told<'_>, findings: &Findings) -> Value {
    let receipt = &findings.receipt;
    let rows = receipt.rows;
    let payload = findings.payload.as_deref();
    let payload = payload.map(|text| serde_json::from_str::<Value>(text).unwrap_or_default());
    let whole = serde_json::to_value(receipt).unwrap_or_default();
    let mut json = json!({
        "verdict": text::verdict(&findings.verdict),
        "reason": receipt.status.reason(),
        "explanation": receipt.explanation,
        "sample": told.sample,
        "rows": {
            "read": rows.read,
            "filtered": rows.filtered,
            "rejected": rows.rejected,
            "to_send": rows.withheld,
        },
        "requests": findings.requests,
        "entries": findings.entries,
        "payload": payload,
    });
    let alike = [
        "object",
        "route",
        "destination",
        "rejects",
        "reject_samples",
        "fields",
        "unmapped_columns",
        "unmapped_columns_total",
        "warnings",
    ];
    // A receipt leaves it out where it is empty.
    json["properties_left_out"] = json!(receipt.properties_left_out);
    for name in alike {
        json[name] = whole.get(name).cloned().unwrap_or_default();
    }
    if told.stands_in || receipt.destination.id.is_empty() {
        json["destination"]["id"] = Value::Null;
    }
    json
}

pub(super) fn of_failure(halt: &Halt) -> Value {
    json!({ "verdict": null, "reason": halt.status(), "explanation": halt.to_string() })
}
