//! The token: where it may be kept, and what happens while it is no good.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::eventually;
use super::people::{self, email_hash, sha256};
use super::stage::{AUDIENCE, DATASET, Stage, TOKEN};
use super::worker::Worker;

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_secret_of_either_store_will_do() {
    let stage = Stage::set_up().await;
    let name = format!("{}/audiences", stage.plane.name);
    let inner = json!({"access_token": TOKEN}).to_string();
    let secret = json!({"credentials": BASE64_STANDARD.encode(inner)});
    stage.plane.put_secret(&name, &secret.to_string()).await;
    let reference = format!("secretsmanager:{name}");
    let config = stage.config(&[
        // The dataset is the pixel that the parameter names.
        stage.conversions("buyers", "default"),
        stage.audience("joined", "add", &reference),
        stage.audience("left", "remove", &reference),
    ]);
    let _worker = Worker::start(&config).await;

    stage.plane.put("meta/buyers/1", people::csv(0..30)).await;
    stage.plane.put("meta/joined/1", people::csv(0..30)).await;
    let bought = stage.plane.receipt("meta/buyers/1").await;
    let joined = stage.plane.receipt("meta/joined/1").await;
    assert_eq!(bought.destination.id, DATASET);
    assert_eq!((bought.sent.accepted, joined.sent.accepted), (30, 30));
    assert_eq!(stage.arrivals(3), 1);
    assert_eq!(members(&stage), 30);
    assert!(is_member(&stage, 3) && is_member(&stage, 29));

    stage.plane.put("meta/left/1", people::csv(0..10)).await;
    let left = stage.plane.receipt("meta/left/1").await;
    assert_eq!(left.sent.accepted, 10);
    assert_eq!(members(&stage), 20);
    assert!(!is_member(&stage, 3) && is_member(&stage, 29));
    let audience = &stage.meta.inspect().audiences[AUDIENCE];
    assert_eq!((audience.rows_removed, audience.rows_not_found), (10, 0));
    assert_eq!((audience.rows_invalid, audience.empty_hashes), (0, 0));
    stage.plane.until_empty().await;
}

fn members(stage: &Stage) -> u64 {
    stage.meta.inspect().audiences[AUDIENCE].members
}

fn is_member(stage: &Stage, person: u32) -> bool {
    let row = [
        ("EMAIL", &*email_hash(person)),
        ("FN", &*sha256("ada")),
        ("LN", &*sha256("okafor")),
    ];
    stage.meta.is_member(AUDIENCE, &row)
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_wrong_token_keeps_the_message_until_it_is_renewed() {
    let stage = Stage::set_up().await;
    stage.put_token("expired", "EAABonceGood").await;
    let config = stage.config(&[
        stage.conversions("good", "default"),
        stage.conversions("expired", "expired"),
    ]);
    let worker = Worker::start(&config).await;
    let stopped = "worker_route_stopped{route=\"expired\"}";

    stage.plane.put("meta/expired/1", people::csv(0..10)).await;
    worker.until_metric(stopped, 1.0).await;
    let detail = worker.readiness().await;
    assert_eq!(detail["ready"], true, "the other route can still work");
    let reason = detail["stopped_routes"]["expired"].as_str().unwrap();
    assert!(reason.contains("(error 190") && reason.contains(&stage.secret("expired")));
    // The template keeps messages for 14 days.
    let until = "the first message expires at 20";
    eventually("the retention to be known", || async {
        let detail = worker.readiness().await;
        let reason = detail["stopped_routes"]["expired"].as_str()?;
        reason.contains(until).then_some(())
    })
    .await;
    let expires = "worker_route_stopped_message_expires_seconds{route=\"expired\"}";
    let left = worker.metric(expires).await.unwrap();
    let retention = f64::from(14 * 24 * 3_600);
    assert!(left > retention - 600.0 && left <= retention, "{left} s");
    let stops = "the route waits for somebody to act; its messages are kept";
    let line = worker.until_logged(stops, |_| true).await;
    assert_eq!(line["level"], "ERROR");

    stage.plane.put("meta/good/1", people::csv(10..20)).await;
    stage.plane.receipt("meta/good/1").await;
    stage.plane.until_depth(0, 1).await;
    assert_eq!(stage.received(), (10, 0), "only the good route's");

    stage.put_token("expired", TOKEN).await;
    let receipt = stage.plane.receipt("meta/expired/1").await;
    assert_eq!(receipt.sent.accepted, 10);
    assert_eq!(stage.received(), (20, 0));
    stage.plane.until_empty().await;
    worker.until_metric(stopped, 0.0).await;
    assert_eq!(worker.metric(expires).await, None);
    assert_eq!(worker.readiness().await["stopped_routes"], json!({}));
    assert!(!worker.log().contains("EAAB"));
}
