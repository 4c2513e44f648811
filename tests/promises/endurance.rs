//! Two that last: a token that expires in the middle of a file, and an account with as little
//! quota as Meta gives.

use std::time::Duration;

use serde_json::json;
use simulator::{Changes, Quotas, Tier};
use tokio::time::Instant;

use crate::stage::paused::{Paused, on_a_paused_clock};
use crate::stage::people::file;
use crate::stage::{AUDIENCE, ROUTES};

fn change(stage: &Paused, changes: serde_json::Value) {
    let changes: Changes = serde_json::from_value(changes).unwrap();
    stage.wire.platform.change(changes).unwrap();
}

#[test]
fn a_token_that_expires_in_the_middle_of_a_file_and_is_renewed_costs_nothing() {
    on_a_paused_clock(async {
        let settings = [
            ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "2"),
            ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
        ];
        let stage = Paused::new(ROUTES, &settings, |builder| builder);
        let rows = 5_000;
        let object = stage.put("conversions/people.csv", &file(rows)).await;
        let worker = stage.work();
        let received = || stage.dataset().received;
        stage
            .until("some of it is there", || received() > 1_000)
            .await;
        change(&stage, json!({"token": {"state": "expired"}}));

        let stopped = || stage.parts.health.report().stopped_routes;
        stage
            .until("the route stops", || !stopped().is_empty())
            .await;
        let before = received();
        assert!(before < rows, "in the middle of the file");
        let reason = &stopped()["buyers"];
        for part in [
            "(error 190/463, trace id ",
            "renew it in env:META_TOKEN",
            "expired",
        ] {
            assert!(reason.contains(part), "{reason}");
        }
        let page = stage.parts.metrics.page();
        assert!(page.contains("worker_route_stopped{route=\"buyers\"} 1\n"));
        let refused = stage.wire.sent().len();

        // Nobody does anything for three hours. What is tried again costs a request each.
        tokio::time::sleep(Duration::from_secs(3 * 3_600)).await;
        assert_eq!(received(), before);
        assert!(!stage.queue.is_empty() && stage.queue.dead_letters().is_empty());
        assert!(stage.receipt(&object).await.is_none());
        let asked = stage.wire.sent().len() - refused;
        assert!(asked < 40, "{asked} requests with a token that is no good");

        change(
            &stage,
            json!({"token": {"value": "second-token", "state": "good"}}),
        );
        stage.secret.renew("second-token");
        stage.until_done().await;
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!((receipt.rows.read, receipt.sent.accepted), (rows, rows));
        assert_eq!((receipt.sent.refused, receipt.sent.unknown), (0, 0));
        let dataset = stage.dataset();
        assert_eq!(
            (dataset.distinct, dataset.received),
            (rows, rows),
            "nothing twice"
        );
        assert!(stopped().is_empty());
        let page = stage.parts.metrics.page();
        assert!(page.contains("worker_route_stopped{route=\"buyers\"} 0\n"));
        worker.abort();
    });
}

/// Meta: sixty points, three for a write, which last five minutes. Reaching sixty blocks.
const WRITES: f64 = 20.0;

#[test]
fn an_account_of_the_limited_tier_finishes_a_list_without_a_throttle() {
    on_a_paused_clock(async {
        // Questions count as well: at the start, and before a file that is begun later on.
        let settings = [
            ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
            ("ACTIVATOR_META_PREFLIGHT", "true"),
        ];
        let stage = Paused::new(ROUTES, &settings, |builder| {
            builder.quotas(Quotas::of(Tier::Limited))
        });
        let rows = 60_000;
        let people = file(rows);
        let (header, lines) = people.split_once('\n').unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        let mut objects = Vec::new();
        for (number, lines) in lines.chunks(rows as usize / 4).enumerate() {
            let part = format!("{header}\n{}\n", lines.join("\n"));
            objects.push(stage.put(&format!("audiences/{number}.csv"), &part).await);
        }
        let began = Instant::now();
        let worker = stage.work();
        stage.until_done().await;
        let took = began.elapsed();

        let all = stage.wire.sent();
        let (sent, asked): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.rows > 0);
        assert!(sent.len() > 60, "{} requests are no trial", sent.len());
        let later = |one: &&&crate::stage::paused::Sent| one.at - began > Duration::from_secs(600);
        assert!(asked.iter().filter(later).count() >= 2, "{asked:?}");
        let refused = all.iter().filter(|one| one.status != Some(200)).count();
        assert_eq!(refused, 0, "of {} requests", all.len());
        assert!(!stage.parts.metrics.page().contains("outcome=\"throttled\""));
        let members = stage.wire.platform.inspect().audiences[AUDIENCE].members;
        assert_eq!(members, rows);
        let mut accepted = 0;
        for object in &objects {
            accepted += stage.receipt(object).await.unwrap().sent.accepted;
        }
        assert_eq!(accepted, rows);
        // And the quota is used: nobody could be faster than by all of it.
        let least = (sent.len() as f64 / WRITES - 1.0) * 300.0;
        let share = least / took.as_secs_f64();
        assert!(
            share > 0.5,
            "took {took:?}, where {least} s is the least there is"
        );
        worker.abort();
    });
}
