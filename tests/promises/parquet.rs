//! A Parquet object on its whole way.

use std::path::Path;

use serde_json::Value;

use crate::stage::Stage;
use crate::stage::people::HEADER;

/// The file of 500 rows, one in ten without consent, and the same rows as CSV.
fn fixture() -> (Vec<u8>, String) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/fixtures");
    let json = std::fs::read(directory.join("audience.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let rows: Vec<Vec<String>> = serde_json::from_value(json["rows"].clone()).unwrap();
    let mut text = HEADER.to_owned();
    text.extend(rows.iter().map(|row| row[1..5].join(",") + "\n"));
    (
        std::fs::read(directory.join("audience.parquet")).unwrap(),
        text,
    )
}

#[tokio::test]
async fn a_parquet_object_is_delivered_as_the_same_rows_in_csv_are() {
    let (parquet, text) = fixture();
    for prefix in ["audiences", "conversions"] {
        let stage = Stage::new().await;
        let object = stage.put(&format!("{prefix}/part-0"), &parquet);
        let receipt = stage.delivered(&object).await;
        let rows = receipt.rows;
        assert_eq!((rows.read, rows.filtered, rows.rejected), (500, 50, 0));
        assert_eq!(receipt.sent.accepted, 450);
        receipt.check().unwrap();
        // Nothing of the long column, which is most of the file; the first look at the
        // object is cut short, but may have brought a piece of it.
        let read = stage.parts.metrics.bytes_read.get();
        assert!(read > 0, "reads are counted");

        let object = stage.put(&format!("{prefix}/part-1.csv"), &text);
        assert_eq!(stage.delivered(&object).await.sent.accepted, 450);
        if prefix == "audiences" {
            // The same hashes, row by row.
            let audience = stage.audience();
            assert_eq!((audience.members, audience.rows_repeated), (450, 450));
        } else {
            assert_eq!(stage.dataset().received, 900);
        }
    }
}

#[tokio::test]
async fn a_parquet_object_that_breaks_in_the_middle_is_given_back_and_delivered_later() {
    let (parquet, _) = fixture();
    let stage = Stage::new().await;
    let object = stage.put("audiences/part-0", &parquet);
    // The footer can be read, a row group cannot.
    stage.objects.break_at(parquet.len() as u64 / 2);
    let halt = stage.deliver(&object).await;
    assert!(halt.is_err());
    stage.objects.mend();
    assert_eq!(stage.delivered(&object).await.sent.accepted, 450);
    assert_eq!(stage.audience().members, 450);
}

#[tokio::test]
async fn what_is_wrong_with_a_parquet_file_is_said_in_its_receipt() {
    let (parquet, _) = fixture();
    let nested =
        "[route.columns]\nid = \"external_id\"\n\"deep.list.element.list.element\" = \"email\"";
    let nested = crate::stage::ROUTES.replace(
        "[route.columns]\nid = \"external_id\"\nemail = \"email\"",
        nested,
    );
    for (routes, settings, content, reason) in [
        (
            crate::stage::ROUTES,
            None,
            &parquet[..parquet.len() - 1],
            "damaged",
        ),
        (
            crate::stage::ROUTES,
            Some(("ACTIVATOR_INPUT_MAX_PARQUET_PAGES_BYTES", "65536")),
            &parquet[..],
            "",
        ),
        (
            crate::stage::ROUTES,
            Some(("ACTIVATOR_INPUT_MAX_PARQUET_FOOTER_BYTES", "1024")),
            &parquet[..],
            "too_large",
        ),
        (&nested, None, &parquet[..], "header_does_not_fit"),
    ] {
        let stage = Stage::with(routes, settings.as_slice()).await;
        let object = stage.put("audiences/part-0", content);
        let delivered = stage.deliver(&object).await;
        assert_eq!(delivered.is_ok(), reason.is_empty());
        let receipt = stage.receipt(&object).await.unwrap();
        let found = receipt.status.reason().map_or("", |code| code.as_str());
        assert_eq!(found, reason);
        if !reason.is_empty() {
            assert_eq!(stage.requests(), 0, "nothing was sent");
        }
    }
}
