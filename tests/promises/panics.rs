//! A fault of the program costs one object an attempt, and nothing else.

use std::time::Duration;

use audience_activator::receipts::Status;

use crate::stage::ROUTES;
use crate::stage::paused::{Paused, on_a_paused_clock};
use crate::stage::people::file;

const SETTINGS: &[(&str, &str)] = &[
    ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
    ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
];

#[test]
fn a_panic_while_a_request_is_out_costs_no_row_and_no_other_object() {
    on_a_paused_clock(async {
        let stage = Paused::new(ROUTES, SETTINGS, |builder| builder);
        stage.wire.panic_after(2);
        let object = stage.put("conversions/people.csv", file(1_000)).await;
        let worker = stage.work();
        let panicked = || stage.wire.sent().len() > 2;
        stage.until("something panics", panicked).await;
        let other = stage.put("audiences/people.csv", file(1_000)).await;
        stage.until_done().await;
        assert!(stage.parts.health.live().is_ok());
        assert!(!worker.is_finished(), "the loop goes on");
        worker.abort();

        for one in [&object, &other] {
            let receipt = stage.receipt(one).await.unwrap();
            assert_eq!(receipt.status, Status::Delivered);
            assert_eq!(receipt.sent.accepted, 1_000);
        }
        let attempts = stage.receipt(&object).await.unwrap().attempts.unwrap();
        assert_eq!(attempts.total, 2);
        // The request that was out had arrived, and is sent as it was.
        let dataset = stage.dataset();
        assert_eq!(dataset.distinct, 1_000);
        assert!(dataset.duplicates > 0 && dataset.changed_duplicates == 0);
        let bodies = stage.wire.bodies();
        assert!(bodies.iter().filter(|one| **one == bodies[2]).count() == 2);
    });
}

#[test]
fn what_panics_each_time_is_put_aside_with_that_for_a_reason() {
    on_a_paused_clock(async {
        let settings = [
            SETTINGS,
            &[("ACTIVATOR_LEDGER_ATTEMPTS_WITHOUT_PROGRESS", "2")],
        ]
        .concat();
        let stage = Paused::new(ROUTES, &settings, |builder| builder);
        let object = stage.put("conversions/people.csv", file(10)).await;
        let worker = stage.work();
        for attempt in 0..2 {
            stage.wire.panic_after(attempt);
            let tried = || stage.wire.sent().len() > attempt;
            stage.until("it is tried", tried).await;
        }
        stage.until_done().await;
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        worker.abort();
        assert_eq!(stage.wire.sent().len(), 2, "it is not looped");
        let receipt = stage.receipt(&object).await.unwrap();
        let reason = "panicked".into();
        assert_eq!(receipt.status, Status::Quarantined { reason });
        let letters = stage.queue.dead_letters();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].1.reason, "panicked");
    });
}
