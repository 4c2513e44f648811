//! The service's own ways of telling: log, `/readyz`, `/metrics`, receipts.

use std::time::Duration;

use audience_activator::admin::Server;
use tokio_util::sync::CancellationToken;

use super::echo::{self, Answer};
use super::marks::{MARK, TOKEN, assert_clean, found};
use crate::stage::Stage;
use crate::stage::clock::{later, until};
use crate::stage::journal::Step;
use crate::stage::logged::Logged;
use crate::stage::people::HEADER;

fn marked_file() -> String {
    let rows = (1..=5).map(|number| {
        format!("zqx7mark-id-{number},jane.zqx7mark.{number}@example.com,Y,73319.77\n")
    });
    let bad = format!("{MARK},{MARK},{MARK}\n");
    HEADER.to_owned() + &rows.collect::<String>() + &bad
}

async fn page(admin: &str, path: &str) -> String {
    let answer = reqwest::get(format!("http://{admin}{path}")).await.unwrap();
    answer.text().await.unwrap()
}

/// Works on a marked object, twice, and on marked messages; then searches everything
/// that was told. The log has to hold `told`, or it did not come to what is meant.
async fn check(answer: Answer, told: &str) {
    let what = format!("{answer:?}");
    let log = Logged::all();
    let meta = echo::answering(answer).await;
    let settings = [
        ("ACTIVATOR_DELIVERY_ATTEMPTS", "1"),
        ("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0"),
    ];
    let stage = Stage::facing(&meta.url(), &settings).await;
    stage.secret.renew(TOKEN);
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let admin = server.address().to_string();
    let (health, metrics) = (stage.parts.health.clone(), stage.parts.metrics.clone());
    tokio::spawn(server.run(health, metrics, CancellationToken::new()));

    let object = stage.put("conversions/people.csv", marked_file());
    stage.announce(&object, None).await;
    for body in [
        format!("{{\"{MARK}\": \"{MARK}\"}}"),
        format!(
            "{{\"source\":\"aws.s3\",\"detail-type\":\"Object Created\",\"detail\":\"{MARK}\"}}"
        ),
        format!("{MARK} is not JSON"),
        format!("{{\"Records\":[{{\"eventSource\":\"{MARK}\",\"s3\":\"{MARK}\"}}]}}"),
    ] {
        stage.queue.send(body);
    }
    stage.receipts.fail(1);
    let worker = stage.work();
    let rest = Duration::from_secs(15);
    let rested = |times| stage.journal.count(Step::HiddenFor(rest * times)) > 0;
    until("it is given back", || rested(1)).await;
    later(rest).await;
    let done = || stage.journal.count(Step::ReceiptStored) > 0;
    until("it is done or given back again", || done() || rested(2)).await;
    until("the log speaks of it", || log.text().contains(told)).await;

    let seen = meta.seen();
    assert!(seen.iter().all(|one| one.token() == TOKEN));
    assert!(seen.iter().any(|one| found(&one.body).is_some()), "{what}");
    let text = log.text();
    assert!(text.contains("message not understood"), "{what}: {text}");
    assert_clean(&format!("{what}: the log"), &text);
    for path in ["/metrics", "/readyz", "/livez"] {
        assert_clean(&format!("{what}: {path}"), &page(&admin, path).await);
    }
    if let Some(receipt) = stage.receipt(&object).await {
        let json = serde_json::to_string(&receipt).unwrap();
        assert_clean(&format!("{what}: the receipt"), &json);
        assert_clean(&format!("{what}: Debug"), &format!("{receipt:?}"));
    }
    let parts = &stage.parts;
    let debug = format!("{parts:?} {:?} {:?}", parts.meta, parts.board.in_hand());
    assert_clean(&format!("{what}: Debug"), &debug);
    worker.abort();
}

#[tokio::test]
async fn the_service_tells_of_no_person_whatever_meta_answers() {
    for (answer, told) in [
        (Answer::Accepted, "the store is away"),
        (Answer::Error(100, 2_804_003), "object done"),
        (Answer::Error(190, 0), "does not accept the access token"),
        (Answer::Error(10, 0), "refuses the request for its set-up"),
        (Answer::Error(2, 0), "was not able to take the request"),
        (Answer::Text(200), "no answer of Meta's could be understood"),
        (Answer::Redirect, "no answer of Meta's could be understood"),
    ] {
        check(answer, told).await;
    }
}

#[tokio::test]
async fn the_log_of_this_suite_would_show_a_mark() {
    let log = Logged::all();
    tracing::trace!(target: "audience_activator::planted", cell = MARK, "planted");
    assert!(found(&log.text()).is_some());
}
