//! Files of which nothing may be sent, and their receipts that say why.

use std::time::{Duration, SystemTime};

use audience_activator::app::{End, Halt, Refusal};
use audience_activator::receipts::{Receipt, Status};

use crate::stage::people::{HEADER, email, file, row};
use crate::stage::{AUDIENCE, ROUTES, Stage};

const OBJECT: &str = "conversions/people.csv";

/// The receipt of a file that is refused; nothing of it was sent.
async fn refused(stage: &Stage, key: &str, content: impl AsRef<[u8]>) -> Receipt {
    let object = stage.put(key, content);
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(matches!(halt, Halt::Refused(_)), "{halt}");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.explanation, Some(halt.to_string()));
    assert_eq!(receipt.rows.sent, 0);
    assert_eq!(stage.requests(), 0, "nothing was sent");
    receipt
}

fn code(receipt: &Receipt) -> (&str, Option<&str>) {
    let reason = receipt.status.reason();
    (receipt.status.name(), reason.map(|code| code.as_str()))
}

#[tokio::test]
async fn too_many_rejects_among_the_first_rows_block_the_file() {
    let settings = [("ACTIVATOR_INPUT_SAMPLE_ROWS", "400")];
    let stage = Stage::with(ROUTES, &settings).await;
    // 41 of 400 are more than a tenth, however good the rest is.
    let mut content = HEADER.to_owned();
    for number in 1..=2_000 {
        match number {
            1..=41 => content.push_str(",nobody,Y,1\n"),
            42..=50 => content.push_str(&format!("id-{number},{},N,1\n", email(number))),
            _ => content.push_str(&row(number)),
        }
    }
    let receipt = refused(&stage, OBJECT, content).await;
    assert_eq!(code(&receipt), ("blocked", Some("too_many_rejects")));
    let rows = receipt.rows;
    // The sample is of rows that no filter leaves out.
    assert_eq!((rows.read, rows.rejected, rows.filtered), (409, 41, 9));
    assert_eq!(rows.withheld, 359);
    receipt.check().unwrap();
}

#[tokio::test]
async fn a_tenth_of_rejects_does_not_block_the_file() {
    let settings = [("ACTIVATOR_INPUT_SAMPLE_ROWS", "400")];
    let stage = Stage::with(ROUTES, &settings).await;
    let mut content = file(360);
    content.push_str(&",nobody,Y,1\n".repeat(40));
    let object = stage.put(OBJECT, content);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.sent.accepted, receipt.rows.rejected), (360, 40));
}

#[tokio::test]
async fn events_of_an_object_that_is_too_old_are_refused() {
    let stage = Stage::new().await;
    let object = stage.put(OBJECT, file(10));
    let age = Duration::from_secs(62 * 24 * 60 * 60);
    let old = std::fs::File::options()
        .write(true)
        .open(stage.path(OBJECT));
    old.unwrap().set_modified(SystemTime::now() - age).unwrap();

    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(matches!(halt, Halt::Refused(Refusal::TooOld(_))), "{halt}");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(code(&receipt), ("refused", Some("too_old")));
    assert_eq!(stage.requests(), 0);
}

#[tokio::test]
async fn a_file_that_the_route_cannot_read_is_refused_before_anything_is_sent() {
    for (content, reason) in [
        (&b"no,such,columns\n1,2,3\n"[..], "header_does_not_fit"),
        (
            b"id,email,consent\n1,a@example.com,Y\n",
            "header_does_not_fit",
        ),
        (
            b"id,email,email,consent,paid\n1,2,3,Y,1\n",
            "header_does_not_fit",
        ),
        (
            b"1,mary@example.com,Y,2.50\n2,b@example.com,Y,1\n",
            "header_does_not_fit",
        ),
        (b"\xfd7zXZ\0\0\0\0", "unsupported_format"),
        (b"[{\"id\":1},\n{\"id\":2}]", "unsupported_format"),
        (b"\x28\xb5\x2f\xfd\0\0\0\0", "damaged"),
        (b"\0\x01\x02\x03", "not_text"),
        (
            b"id,email,consent,paid\n1,m\xfcller@example.com,Y,1\n",
            "not_utf8",
        ),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xffno gzip", "damaged"),
        (b"id,\"email", "unreadable_header"),
    ] {
        let stage = Stage::new().await;
        let receipt = refused(&stage, OBJECT, content).await;
        assert_eq!(code(&receipt), ("refused", Some(reason)));
        assert_eq!(receipt.rows.read, 0);
    }
}

/// One audience whose columns are recognised, `mode` and what follows it given.
fn list(mode: &str) -> String {
    format!(
        "[[route]]\nname = \"list\"\nprefix = \"\"\ncredentials = \"ssm:/meta/token\"\ncolumns = \"auto\"\n\
         [route.custom_audience]\naudience = \"{AUDIENCE}\"\nmode = {mode}\n"
    )
}

#[tokio::test]
async fn ids_without_their_app_or_page_are_refused_before_anything_is_sent() {
    for (mode, column, setting) in [
        ("\"add\"\npage_id = \"5\"", "app_uid", "app_ids"),
        ("\"remove\"\napp_ids = [\"5\"]", "page_uid", "page_id"),
    ] {
        let stage = Stage::with(&list(mode), &[]).await;
        let content = format!("email,{column}\na@example.com,17\n");
        let receipt = refused(&stage, OBJECT, content).await;
        assert_eq!(code(&receipt), ("refused", Some("header_does_not_fit")));
        let said = receipt.explanation.unwrap();
        assert!(
            said.contains(&format!("custom_audience.{setting}")),
            "{said}"
        );
    }
    let stage = Stage::with(&list("\"add\"\napp_ids = [\"5\"]"), &[]).await;
    let object = stage.put(OBJECT, "app_uid\n17\n18\n");
    assert_eq!(stage.delivered(&object).await.sent.accepted, 2);
}

#[tokio::test]
async fn a_removal_needs_no_value_and_no_readable_limit() {
    let content = "email,lookalike_value,data_processing_options\na@example.com,?,?\n";
    let stage = Stage::with(&list("\"remove\""), &[]).await;
    let object = stage.put(OBJECT, content);
    assert_eq!(stage.delivered(&object).await.sent.accepted, 1);
}

#[tokio::test]
async fn a_file_without_rows_is_skipped_and_its_message_may_go() {
    let stage = Stage::new().await;
    for (content, reason) in [("", "empty"), ("\n\n", "empty"), (HEADER, "header_only")] {
        let object = stage.put(OBJECT, content);
        let end = stage.deliver(&object).await.unwrap();
        let End::Receipted(receipt) = end else {
            panic!("{end:?}")
        };
        let reason = reason.into();
        assert_eq!(receipt.status, Status::Skipped { reason });
    }
    assert_eq!(stage.requests(), 0);
}
