//! Every row that did not arrive is listed, and the list is safe before anything follows
//! from it.

use std::io::Read;

use audience_activator::receipts::Receipt;
use flate2::read::MultiGzDecoder;
use simulator::{Fault, GraphError, Target};

use crate::stage::clock::until;
use crate::stage::journal::Step;
use crate::stage::people::{HEADER, file, hashed_email, row};
use crate::stage::{ROUTES, Stage};

/// The lines of the file that a receipt names.
fn listed(stage: &Stage, receipt: &Receipt) -> Vec<String> {
    let file = receipt.rejects_file.as_ref().unwrap();
    let gzip = std::fs::File::open(stage.state().join(&file.path)).unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // They stand in the order in which they were found.
    lines[1..].sort_by_key(|line| line.split(',').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(lines[0], "row,outcome,key,reason");
    let of = receipt.rows.rejected + receipt.sent.refused;
    assert_eq!((file.listed, file.of), (lines.len() as u64 - 1, of));
    lines
}

#[tokio::test]
async fn every_rejected_row_is_listed_with_its_number_and_reason() {
    let stage = Stage::with(ROUTES, &[("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")]).await;
    let mut content = HEADER.to_owned();
    for number in 1..=400 {
        match number % 2 {
            0 => content.push_str(&row(number)),
            _ => content.push_str(",nobody,Y,1\n"),
        }
    }
    content.push_str("id,a@example.com\n");
    let error = GraphError::new(400, 100).subcode(2_804_003);
    let refusal = Fault::error(Target::Events, error).holding(hashed_email(300));
    stage.simulator.fault(refusal.always());
    let object = stage.put("conversions/people.csv", content);
    let receipt = stage.delivered(&object).await;

    assert_eq!((receipt.rows.rejected, receipt.sent.refused), (201, 1));
    let mut expected = vec!["row,outcome,key,reason".to_owned()];
    let bad = (1..400).filter(|row| row % 2 == 1 || *row == 300);
    expected.extend(bad.map(|row| match row {
        300 => "300,refused,,100/2804003".to_owned(),
        row => format!("{row},rejected,email,email_without_at"),
    }));
    expected.push("401,rejected,,row_field_count".to_owned());
    assert_eq!(listed(&stage, &receipt), expected);
}

#[tokio::test]
async fn a_file_that_is_blocked_or_refused_has_its_rejects_listed_too() {
    let stage = Stage::new().await;
    let blocked = format!("{HEADER}{}", ",nobody,Y,1\n".repeat(7));
    let mut damaged = Vec::new();
    let mut gzip = flate2::read::GzEncoder::new(
        std::io::Cursor::new(format!("{HEADER}id,a\n{}", &file(60_000)[HEADER.len()..])),
        flate2::Compression::none(),
    );
    gzip.read_to_end(&mut damaged).unwrap();
    damaged.truncate(damaged.len() - 1_000);
    for (key, content, rejects) in [
        ("conversions/blocked.csv", blocked.into_bytes(), 7),
        ("conversions/damaged.csv.gz", damaged, 1),
    ] {
        let object = stage.put(key, content);
        stage.deliver(&object).await.unwrap_err();
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!(receipt.rows.rejected, rejects, "{key}");
        assert_eq!(listed(&stage, &receipt).len() as u64, 1 + rejects, "{key}");
    }
}

#[tokio::test]
async fn without_rejects_there_is_no_list_and_a_second_delivery_writes_the_same_one() {
    let stage = Stage::new().await;
    let good = stage.put("audiences/good.csv", file(20));
    assert_eq!(stage.delivered(&good).await.rejects_file, None);
    assert_eq!(stage.journal.count(Step::RejectsStored), 0);

    let object = stage.put("audiences/people.csv", file(20) + ",nobody,Y,1\n");
    let mut lists = Vec::new();
    for _ in 0..2 {
        let mut activation = stage.activation(&object);
        activation.force = true;
        activation.run().await.unwrap();
        let receipt = stage.receipt(&object).await.unwrap();
        let path = stage.state().join(receipt.rejects_file.unwrap().path);
        lists.push(std::fs::read(path).unwrap());
    }
    assert_eq!(stage.journal.count(Step::RejectsStored), 2);
    assert_eq!(lists[0], lists[1]);
}

#[tokio::test]
async fn the_list_is_stored_before_the_receipt_and_that_before_the_message_is_deleted() {
    let stage = Stage::new().await;
    let object = stage.put("audiences/people.csv", file(20) + ",nobody,Y,1\n");
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(
        stage.journal.steps(),
        [
            Step::Received,
            Step::RejectsStored,
            Step::ReceiptStored,
            Step::LedgerDone,
            Step::Deleted
        ]
    );
    worker.abort();
}

#[tokio::test]
async fn a_receipt_tells_fill_rates_warnings_and_unmapped_columns() {
    let stage = Stage::new().await;
    let mut content = "id,other,email,consent,paid,more\n".to_owned();
    for number in 1..=400 {
        let email = match number % 4 {
            0 => "no-reply@example.com".to_owned(),
            1 => String::new(),
            _ => format!("person{number}@gmail.com"),
        };
        content.push_str(&format!("id-{number},x,{email},Y,1,y\n"));
    }
    let object = stage.put("conversions/people.csv", content);
    let receipt = stage.delivered(&object).await;
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["unmapped_columns"], serde_json::json!([2, 6]));
    assert_eq!(json["fields"]["external_id"]["share"], 1.0);
    assert_eq!(json["fields"]["email"]["rows"], 300);
    assert_eq!(json["fields"]["email"]["share"], 0.75);
    let warnings = json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["code"], "repeated_value");
    assert_eq!(warnings[0]["key"], "email");
    assert_eq!(warnings[0]["count"], 100);
    assert!(!warnings[0]["advice"].as_str().unwrap().is_empty());
}
