//! From the bucket to Meta, and what is left behind on the way.

use async_compression::tokio::bufread::GzipEncoder;
use audience_activator::receipts::Status;
use serde_json::json;
use sha2::{Digest, Sha256};
use simulator::Simulator;
use tokio::io::AsyncReadExt;

use super::data_plane::DataPlane;
use super::eventually;
use super::people;
use super::stage::{DATASET, Stage, TOKEN};
use super::worker::{Worker, program};

/// Each row that cannot be sent, and why.
const REJECTS: [(&str, &str); 4] = [
    ("address,,,1.00", "email_without_at"),
    (",,,1.00", "no_identifiers"),
    ("someone@example.com,Ada,Okafor,", "value_missing"),
    ("someone@example.com,Ada,Okafor,1.00,", "row_field_count"),
];

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn an_audience_file_dropped_in_s3_arrives_at_meta() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    let key = "meta/people/part-00000";
    let mut file = people::csv(0..1_000);
    for (row, _) in REJECTS {
        file.push_str(row);
        file.push('\n');
    }
    file.push_str(&people::rows(1_000..2_500));
    let version = stage.plane.put(key, file).await;

    let receipt = stage.plane.receipt(key).await;
    stage.plane.until_empty().await;
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.object.version_id.as_ref(), Some(&version));
    assert_eq!((receipt.rows.read, receipt.rows.rejected), (2_504, 4));
    assert_eq!((receipt.rows.sent, receipt.sent.accepted), (2_500, 2_500));
    assert_eq!(receipt.batches.acknowledged, 3);
    let samples = receipt.rejects.samples().iter();
    let rejects: Vec<_> = samples
        .map(|reject| (reject.row, reject.reason.as_str()))
        .collect();
    let expected: Vec<_> = (1_001..).zip(REJECTS.map(|(_, reason)| reason)).collect();
    assert_eq!(rejects, expected);

    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!((dataset.received, dataset.distinct), (2_500, 2_500));
    assert_eq!((dataset.without_event_id, dataset.empty_hashes), (0, 0));
    assert_eq!(dataset.by_name["Purchase"], 2_500);
    for person in [0, 7, 999, 1_000, 2_499] {
        assert_eq!(stage.arrivals(person), 1, "person {person}");
    }
    // Rows are numbered as they lie in the file, rejected ones included.
    for row in [1, 1_000, 1_005, 2_504] {
        let id = event_id(&stage.plane.audience_bucket, key, &version, row);
        let arrivals = stage.meta.event_arrivals(DATASET, "Purchase", &id);
        assert_eq!(arrivals, 1, "row {row}");
    }

    let done = worker.until_logged("object done", |_| true).await;
    assert_eq!(done["rows.accepted"], 2_500);
    assert_eq!(done["rows.rejected"], 4);
    let metric = async |name| worker.metric(name).await;
    assert_eq!(metric("worker_rows_accepted_total").await, Some(2_500.0));
    let done = "worker_messages_total{result=\"done\"}";
    assert_eq!(metric(done).await, Some(1.0));
    assert!(!worker.log().contains("xample.com"));
}

/// The recipe of event ids, written down a second time: whoever changes it makes
/// every replay count twice.
fn event_id(bucket: &str, key: &str, version: &str, row: u64) -> String {
    let mut hash = Sha256::new();
    for part in [bucket, key, version, "Purchase"] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("{}-{row}", const_hex::encode(&hash.finalize()[..12]))
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_gzip_file_of_several_members_arrives_whatever_it_is_called() {
    let stage = Stage::set_up().await;
    let _worker = stage.worker().await;
    let mut file = gzip(&people::csv(0..10)).await;
    file.extend(gzip(&people::rows(10..20)).await);
    file.extend(gzip("").await);
    file.extend(gzip(&people::rows(20..30)).await);
    let key = "meta/people/run=7/part-0000.csv";
    stage.plane.put(key, file).await;

    let receipt = stage.plane.receipt(key).await;
    stage.plane.until_empty().await;
    assert_eq!((receipt.rows.read, receipt.sent.accepted), (30, 30));
    for person in 0..30 {
        assert_eq!(stage.arrivals(person), 1, "person {person}");
    }
}

async fn gzip(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = GzipEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

/// The only test that may touch the guidance's own parameter.
#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_queue_and_the_guidance_s_parameter_are_enough() {
    let plane = DataPlane::create().await;
    let meta = Simulator::builder().token(TOKEN).dataset(DATASET);
    let meta = meta.start().await.unwrap();
    let secret = json!({"access_token": TOKEN, "pixel_id": DATASET});
    let parameter = "/dev/cleanroom-activations/meta/conversions";
    plane.put_parameter(parameter, &secret.to_string()).await;
    let mut command = program();
    command
        .arg("worker")
        .env("ACTIVATOR_QUEUE_URL", &plane.queue_url)
        .env("ACTIVATOR_META_ENDPOINT", meta.endpoint());
    let worker = Worker::spawn(command);
    worker.until_ready().await;

    let sample = include_bytes!("../../examples/audience.csv");
    plane.put("meta/conversions/audience.csv", *sample).await;
    let bucket = &plane.audience_bucket;
    let receipt = eventually("the receipt beside the object", || async {
        let receipts = plane.receipts_in(bucket, "audience-activator-state/receipts/");
        receipts.await.pop()
    })
    .await;
    plane.until_empty().await;
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!((receipt.rows.read, receipt.sent.accepted), (20, 20));
    assert_eq!(meta.inspect().datasets[DATASET].by_name["Purchase"], 20);
    let ada = people::sha256("ada.okafor@example.com");
    assert_eq!(meta.events_bearing(DATASET, "em", &ada), 1);
    assert!(worker.log().contains("no configuration was given"));
}
