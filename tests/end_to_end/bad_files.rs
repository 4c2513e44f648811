//! Files that are no good: a clear line for each, nothing lost, and the next file
//! goes its way.

use audience_activator::receipts::Receipt;

use super::announcements::notification;
use super::people::{self, HEADER};
use super::stage::Stage;
use super::worker::Worker;

const REFUSED: &str = "refused; tried again a few times, then quarantined";

/// A file, the reason in its receipt, and words of the line in the log.
struct Refused {
    key: &'static str,
    body: Vec<u8>,
    reason: &'static str,
    says: &'static str,
}

fn refused() -> [Refused; 4] {
    let latin1 = format!(
        "{HEADER}{}",
        "a@example.com,Jos\u{e9},Mart\u{ed}n,1\n".repeat(20)
    );
    [
        Refused {
            key: "meta/people/other-columns.csv",
            body: b"sku,shelf\n17,4\n18,4\n".to_vec(),
            reason: "header_does_not_fit",
            says: "column",
        },
        Refused {
            key: "meta/people/photo.csv",
            body: (0..=255).cycle().take(20_000).collect(),
            reason: "not_text",
            says: "the file holds binary data; send CSV",
        },
        Refused {
            key: "meta/people/latin-1.csv",
            body: latin1.chars().map(|c| c as u8).collect(),
            reason: "not_utf8",
            says: "Latin-1, Windows-1252 or alike, not UTF-8 (first at line 2)",
        },
        Refused {
            key: "meta/people/table.parquet",
            body: [b"PAR1\x15\x04", &[0; 200][..], b"PAR1"].concat(),
            reason: "damaged",
            says: "the Parquet file is damaged",
        },
    ]
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_file_that_does_not_fit_is_refused_with_its_reason_and_kept() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    for file in refused() {
        stage.plane.put(file.key, file.body).await;
    }
    for file in refused() {
        let receipt = stage.plane.receipt(file.key).await;
        assert_eq!(receipt.status.name(), "refused", "{}", file.key);
        assert_eq!(reason(&receipt), Some(file.reason), "{}", file.key);
        let explanation = receipt.explanation.unwrap();
        assert!(explanation.contains(file.says), "{explanation}");
        let object = format!("s3://{}/{}", stage.plane.audience_bucket, file.key);
        let line = worker
            .until_logged(REFUSED, |line| line["span"]["object"] == *object)
            .await;
        assert_eq!(line["reason"], *explanation);
    }
    // All are still in the queue, and the next file is not held up by them.
    stage
        .plane
        .put("meta/people/good.csv", people::csv(0..5))
        .await;
    stage.plane.receipt("meta/people/good.csv").await;
    stage.plane.until_kept(refused().len()).await;
    assert_eq!(stage.received(), (5, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn an_object_that_is_not_there_yet_is_waited_for_and_holds_up_no_other() {
    let stage = Stage::set_up().await;
    let config = stage.config(&[stage.unannounced_conversions("people")]);
    let worker = Worker::start(&config).await;
    let keys = ["people/late.csv".to_owned(), "people/there.csv".to_owned()];
    let [late, there] = &keys;
    stage.plane.put(there, people::csv(0..5)).await;
    // One message for both, which is done when both are.
    stage.plane.send(&notification(&stage, &keys)).await;
    let line = worker.until_logged(REFUSED, |_| true).await;
    let reason = line["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("people/late.csv does not exist"),
        "{reason}"
    );
    let missing = "worker_objects_total{status=\"missing\"}";
    assert_eq!(worker.metric(missing).await, Some(1.0));
    stage.plane.receipt(there).await;
    stage.plane.until_depth(0, 1).await;

    stage.plane.put(late, people::csv(5..9)).await;
    stage.plane.receipt(late).await;
    stage.plane.until_empty().await;
    assert_eq!(stage.received(), (9, 0), "each of them once");
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_file_with_nothing_in_it_is_skipped_and_a_record_too_long_rejected() {
    let stage = Stage::set_up().await;
    let _worker = stage.worker().await;
    let endless = format!("{}@example.com,Ada,Okafor,1\n", "x".repeat(50_000_000));
    let file = [people::csv(0..30), endless, people::rows(30..60)].concat();
    stage.plane.put("meta/people/empty.csv", "").await;
    stage.plane.put("meta/people/header.csv", HEADER).await;
    stage.plane.put("meta/people/endless.csv", file).await;

    for (key, expected) in [("empty.csv", "empty"), ("header.csv", "header_only")] {
        let receipt = stage.plane.receipt(&format!("meta/people/{key}")).await;
        assert_eq!(receipt.status.name(), "skipped", "{key}");
        assert_eq!(reason(&receipt), Some(expected), "{key}");
    }
    let receipt = stage.plane.receipt("meta/people/endless.csv").await;
    stage.plane.until_empty().await;
    assert_eq!(receipt.status.name(), "delivered");
    assert_eq!((receipt.rows.read, receipt.sent.accepted), (61, 60));
    let reject = &receipt.rejects.samples()[0];
    assert_eq!((reject.row, reject.reason.as_str()), (31, "row_too_long"));
    for person in 0..60 {
        assert_eq!(stage.arrivals(person), 1, "person {person}");
    }
}

fn reason(receipt: &Receipt) -> Option<&str> {
    receipt.status.reason().map(|reason| reason.as_str())
}
