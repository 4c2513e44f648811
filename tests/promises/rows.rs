//! One row is one row's trouble.

use std::collections::BTreeSet;

use audience_activator::receipts::Status;
use simulator::{Fault, GraphError, Target};

use crate::stage::people::{HEADER, email, file, hashed_email, row};
use crate::stage::{AUDIENCE, DATASET, Stage};

/// Rows that cannot be sent, with the reason that a receipt must give.
const BAD_ROWS: [(&[u8], &str); 10] = [
    (b",,Y,1\n", "no_identifiers"),
    (b",null,Y,1\n", "no_identifiers"),
    (b",nobody,Y,1\n", "email_without_at"),
    (
        b",d41d8cd98f00b204e9800998ecf8427e,Y,1\n",
        "unsupported_hash_md5",
    ),
    (b"id,a@example.com,Y,\n", "value_missing"),
    (b"id,a@example.com,Y,$5\n", "value_no_number"),
    (b"id,a@example.com,Y,-5\n", "value_negative"),
    (b"id,a@example.com\n", "row_field_count"),
    (b"id,a@example.com,Y,1,2\n", "row_field_count"),
    (b"id,\xff@example.com,Y,1\n", "row_not_utf8"),
];

#[tokio::test]
async fn one_bad_row_never_costs_another_row() {
    let stage = Stage::new().await;
    let mut content = HEADER.as_bytes().to_vec();
    for number in 1..=300 {
        content.extend_from_slice(row(number).as_bytes());
        if let Some((bad, _)) = (number % 30 == 0).then(|| BAD_ROWS[number as usize / 30 - 1]) {
            content.extend_from_slice(bad);
        }
    }
    let object = stage.put("conversions/people.csv", content);
    let receipt = stage.delivered(&object).await;

    assert_eq!((receipt.rows.read, receipt.rows.rejected), (310, 10));
    let samples: Vec<_> = receipt.rejects.samples().iter().collect();
    for (index, (sample, (_, reason))) in samples.into_iter().zip(BAD_ROWS).enumerate() {
        let place = (sample.row, sample.reason.as_str());
        assert_eq!(place, (31 * (index as u64 + 1), reason));
    }
    for number in 1..=300 {
        let hash = hashed_email(number);
        assert_eq!(stage.simulator.events_bearing(DATASET, "em", &hash), 1);
    }
    assert_eq!(stage.dataset().received, 300);
}

#[tokio::test]
async fn a_bad_cell_costs_its_row_nothing_but_itself() {
    let stage = Stage::new().await;
    let mut content = file(20);
    content.push_str("id-21,no address,Y,1\n");
    let object = stage.put("audiences/people.csv", content);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.rows.rejected, receipt.sent.accepted), (0, 21));
    let member = stage
        .simulator
        .is_member(AUDIENCE, &[("EXTERN_ID", "id-21")]);
    assert!(member, "the row goes with what is left");
}

#[tokio::test]
async fn a_row_that_only_meta_refuses_is_found_by_bisection() {
    for (target, key) in [
        (Target::Events, "conversions/people.csv"),
        (Target::Users, "audiences/people.csv"),
    ] {
        let stage = Stage::new().await;
        // The first and the last, neighbours, and one alone.
        let refused = BTreeSet::from([1, 250, 251, 600, 999]);
        for number in &refused {
            let error = GraphError::new(400, 100).subcode(2_804_003);
            let refusal = Fault::error(target, error).holding(hashed_email(*number));
            stage.simulator.fault(refusal.always());
        }
        let object = stage.put(key, file(999));
        let receipt = stage.delivered(&object).await;

        assert_eq!(receipt.status, Status::Delivered);
        assert_eq!((receipt.sent.accepted, receipt.sent.refused), (994, 5));
        let samples = receipt.refusals.samples();
        let rows: BTreeSet<u64> = samples.iter().map(|sample| sample.row).collect();
        assert_eq!(rows, refused);
        assert!(samples.iter().all(|sample| sample.error == "100/2804003"));
        for number in 1..=999 {
            let hash = hashed_email(number);
            let events = stage.simulator.events_bearing(DATASET, "em", &hash);
            let members = stage.simulator.members_bearing(AUDIENCE, "EMAIL", &hash);
            let expected = u32::from(!refused.contains(&number));
            assert_eq!(events + members, expected, "row {number}");
        }
        let requests = receipt.batches.requests;
        assert!(
            requests < 120,
            "{requests} requests are no search by halves"
        );
    }
}

#[tokio::test]
async fn people_who_did_not_consent_are_filtered_and_never_sent() {
    let stage = Stage::new().await;
    let mut content = file(50);
    content.push_str(&format!("id-51,{},N,1\n", email(51)));
    content.push_str(&format!("id-52,{},,1\n", email(52)));
    let object = stage.put("conversions/people.csv", content);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.rows.filtered, receipt.sent.accepted), (2, 50));
    for number in [51, 52] {
        let hash = hashed_email(number);
        assert_eq!(stage.simulator.events_bearing(DATASET, "em", &hash), 0);
    }
}
