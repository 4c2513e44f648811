#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::meta::{ErrorCode, TraceId};
use crate::object::version::ObjectAddress;

fn object() -> ObjectVersion {
    ObjectVersion {
        address: ObjectAddress {
            bucket: "cleanroom-activations".into(),
            key: "meta/run=1/part 0.csv".into(),
            version_id: Some("3Lg.kqtJlcpXro".into()),
        },
        etag: "9b2cf535f27731c974343645a3985328-2".into(),
        size: 4_096,
        last_modified: 1_770_091_506,
    }
}

fn receipt() -> Receipt {
    let destination = Destination {
        api: Code::new("custom_audience"),
        id: "1234567890".into(),
        mode: Some(Code::new("add")),
    };
    let mut receipt = Receipt::new(
        &object(),
        "loyalty-list",
        destination,
        Status::Delivered,
        datetime!(2026-02-03 04:05:06.25 UTC),
        datetime!(2026-02-03 04:05:08.75 UTC),
    );
    receipt.rows = Rows {
        read: 10,
        filtered: 2,
        rejected: 1,
        sent: 7,
        withheld: 0,
    };
    receipt.sent = Sent {
        accepted: 6,
        refused: 1,
        unknown: 0,
    };
    receipt.entries = Entries {
        sent: 8,
        invalid: 1,
    };
    receipt.batches = Batches {
        acknowledged: 1,
        requests: 2,
        retries: 1,
    };
    receipt
        .rejects
        .add(4, Some(Code::new("email")), "no_identifier");
    let error = ErrorCode {
        code: 100,
        subcode: Some(2_804_050),
    };
    receipt.refusals.add(9, Some(error));
    receipt.fields.insert(
        Code::new("email"),
        FieldCounts {
            rows: 7,
            share: Share::of(7, 8),
            filled: 8,
            kept: 3,
            changed: 4,
            already_hashed: 2,
            dropped: BTreeMap::from([(Code::new("no_at_sign"), 1)]),
        },
    );
    receipt.list_rejects(2, 2);
    receipt.unmapped_columns = UnmappedColumns::new(&[3, 7]);
    receipt.warnings.push(Warning {
        code: Code::new("repeated_value"),
        key: Some(Code::new("email")),
        reason: None,
        count: 5,
        of: 8,
        advice: "Look at it.".into(),
    });
    receipt.trace_ids = TraceIds::new(TraceId::recognise("AbCdEf123"), 1);
    receipt
}

#[test]
fn a_receipt_is_flat_where_a_script_would_read_it() {
    assert_eq!(
        serde_json::to_value(receipt()).unwrap(),
        json!({
            "schema": 1,
            "status": "delivered",
            "object": {
                "bucket": "cleanroom-activations",
                "key": "meta/run=1/part 0.csv",
                "version_id": "3Lg.kqtJlcpXro",
                "etag": "9b2cf535f27731c974343645a3985328-2",
                "size": 4096,
                "last_modified": "2026-02-03T04:05:06Z",
            },
            "route": "loyalty-list",
            "destination": { "api": "custom_audience", "id": "1234567890", "mode": "add" },
            "started_at": "2026-02-03T04:05:06.25Z",
            "finished_at": "2026-02-03T04:05:08.75Z",
            "duration_ms": 2500,
            "rows": { "read": 10, "filtered": 2, "rejected": 1, "sent": 7, "withheld": 0 },
            "sent": { "accepted": 6, "refused": 1, "unknown": 0 },
            "entries": { "sent": 8, "invalid": 1 },
            "batches": { "acknowledged": 1, "requests": 2, "retries": 1 },
            "rejects": { "no_identifier": 1 },
            "reject_samples": [{ "row": 4, "key": "email", "reason": "no_identifier" }],
            "refusals": { "100/2804050": 1 },
            "refusal_samples": [{ "row": 9, "error": "100/2804050" }],
            "rejects_file": {
                "path": "rejects/loyalty-list/cleanroom-activations/meta/run=1/part%200.csv/3Lg.kqtJlcpXro.rejects.csv.gz",
                "listed": 2,
                "of": 2,
            },
            "fields": {
                "email": {
                    "rows": 7, "share": 0.875, "filled": 8, "kept": 3, "changed": 4,
                    "already_hashed": 2, "dropped": { "no_at_sign": 1 },
                },
            },
            "unmapped_columns": [3, 7],
            "unmapped_columns_total": 2,
            "warnings": [{
                "code": "repeated_value", "key": "email", "count": 5, "of": 8, "advice": "Look at it.",
            }],
            "trace_ids": ["AbCdEf123"],
            "trace_ids_total": 1,
            "worker": { "version": env!("CARGO_PKG_VERSION") },
        })
    );
}

#[test]
fn every_status_is_read_back_as_it_was_written() {
    let reason = Code::new("empty");
    for status in [
        Status::Delivered,
        Status::Skipped {
            reason: reason.clone(),
        },
        Status::Refused {
            reason: reason.clone(),
        },
        Status::Blocked {
            reason: reason.clone(),
        },
        Status::Superseded,
        Status::Quarantined { reason },
    ] {
        let receipt = Receipt {
            status,
            explanation: Some("the file has no header".into()),
            replay: Some("second-try".into()),
            ..receipt()
        };
        let json = serde_json::to_value(&receipt).unwrap();
        assert_eq!(json["status"], receipt.status.name());
        let reason = receipt.status.reason().map(Code::as_str);
        assert_eq!(json.get("reason").and_then(Value::as_str), reason);
        let read: Receipt = serde_json::from_value(json).unwrap();
        assert_eq!(read, receipt);
    }
}

#[test]
fn a_field_of_a_later_version_is_ignored_but_another_schema_is_not_read() {
    let mut json = serde_json::to_value(receipt()).unwrap();
    json["later"] = json!({ "some": "thing" });
    let read: Receipt = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read, receipt());
    json["schema"] = json!(2);
    assert!(serde_json::from_value::<Receipt>(json).is_err());
}

#[test]
fn a_receipt_from_before_some_fields_were_there_is_read() {
    let mut json = serde_json::to_value(receipt()).unwrap();
    let fields = json.as_object_mut().unwrap();
    for later in [
        "rejects_file",
        "unmapped_columns",
        "unmapped_columns_total",
        "warnings",
    ] {
        fields.remove(later).unwrap();
    }
    let email = json["fields"]["email"].as_object_mut().unwrap();
    for later in ["rows", "share", "already_hashed"] {
        email.remove(later).unwrap();
    }
    let read: Receipt = serde_json::from_value(json).unwrap();
    assert_eq!((read.rows, read.warnings), (receipt().rows, Vec::new()));
}

#[test]
fn what_is_no_code_is_not_read_as_one() {
    let mut json = serde_json::to_value(receipt()).unwrap();
    json["rejects"] = json!({ "jane@example.com": 1 });
    let error = serde_json::from_value::<Receipt>(json).unwrap_err();
    assert!(!error.to_string().contains("jane"), "{error}");
}

#[test]
fn a_row_that_is_not_accounted_for_unbalances_the_receipt() {
    assert_eq!(receipt().check(), Ok(()));
    let changed = |change: fn(&mut Receipt)| {
        let mut receipt = receipt();
        change(&mut receipt);
        receipt.check()
    };
    assert_eq!(
        changed(|receipt| receipt.rows.read += 1),
        Err(Unbalanced::Rows {
            read: 11,
            accounted: 10
        })
    );
    assert_eq!(
        changed(|receipt| receipt.sent.accepted -= 1),
        Err(Unbalanced::Sent {
            sent: 7,
            answered: 6
        })
    );
    assert_eq!(
        changed(|receipt| receipt.rejects.add(5, None, "too_long")),
        Err(Unbalanced::Rejects {
            rejected: 1,
            with_reason: 2
        })
    );
    assert!(changed(|receipt| receipt.rows.filtered = u64::MAX).is_err());
    for (listed, of) in [(1, 1), (3, 2)] {
        let mut receipt = receipt();
        receipt.list_rejects(listed, of);
        let rows = 2;
        let expected = Unbalanced::RejectsFile { rows, listed, of };
        assert_eq!(receipt.check(), Err(expected));
    }
}

#[test]
fn a_receipt_is_of_one_version_on_one_route() {
    let receipt = receipt();
    assert!(receipt.is_of(&object(), "loyalty-list"));
    assert!(!receipt.is_of(&object(), "store-buyers"));
    let mut again = object();
    again.last_modified += 60;
    assert!(receipt.is_of(&again, "loyalty-list"), "the same bytes");
    let mut other = object();
    other.etag = "other".into();
    assert!(!receipt.is_of(&other, "loyalty-list"));
}

#[test]
fn a_clock_set_back_makes_no_negative_duration() {
    let receipt = Receipt::new(
        &object(),
        "loyalty-list",
        receipt().destination,
        Status::Superseded,
        datetime!(2026-02-03 04:05:06 UTC),
        datetime!(2026-02-03 04:00:00 UTC),
    );
    assert_eq!(receipt.duration_ms, 0);
}
