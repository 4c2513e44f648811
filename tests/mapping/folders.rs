//! Columns that the folders of an object's key spell out.

use serde_json::json;

use crate::arrivals::{deliver, events, members};
use crate::stage::Stage;
use crate::stage::people::sha256;

const KEY: &str = "x/country=__HIVE_DEFAULT_PARTITION__/ct=New%20York/consent=Y/paid=12.50/part-0";

#[tokio::test]
async fn folders_are_identifiers_filters_and_fields_of_the_event() {
    let columns = "[route.columns]\nmail = \"email\"\nct = \"city\"\ncountry = \"country\"\n\
                   consent = { only_if = [\"Y\"] }\n";
    let lines = "value = { column = \"paid\" }\ncurrency = \"EUR\"\n\
                 [route.conversions.custom_data]\nagreed = { column = \"consent\" }";
    let sent = deliver(&events(columns, lines), KEY, "mail\na@example.com\n").await;
    let event = &sent.entries[0];
    assert_eq!(
        event["user_data"],
        json!({"em": [sha256("a@example.com")], "ct": [sha256("newyork")]})
    );
    assert_eq!(
        event["custom_data"],
        json!({"value": 12.5, "currency": "eur", "agreed": "Y"})
    );

    let filtered = KEY.replace("consent=Y", "consent=N");
    let sent = deliver(&events(columns, lines), &filtered, "mail\na@example.com\n").await;
    assert_eq!((sent.receipt.rows.filtered, sent.entries.len()), (1, 0));
}

#[tokio::test]
async fn the_file_s_own_column_goes_before_a_folder_of_its_name() {
    let file = "mail,ct\na@example.com,Boston\nb@example.com,\n";
    let columns = "columns = \"auto\"";
    let sent = deliver(&members(columns), KEY, file).await;
    assert_eq!(
        sent.entries,
        [
            json!([sha256("a@example.com"), sha256("boston"), ""]),
            json!([sha256("b@example.com"), "", ""]),
        ]
    );
}

#[tokio::test]
async fn a_row_that_is_too_long_costs_the_next_rows_no_folder() {
    let file = format!("mail\n{}\na@example.com\n", "x".repeat(2 << 20));
    let columns = "[route.columns]\nmail = \"email\"\nct = \"city\"\n";
    let routes = members(columns);
    // One reject of two rows is more than the sample gate lets through.
    let settings = [("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")];
    let stage = Stage::with(&routes, &settings).await;
    let object = stage.put("ct=Boston/part-0", file);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.rows.rejected, receipt.sent.accepted), (1, 1));
    let cells = [("EMAIL", sha256("a@example.com")), ("CT", sha256("boston"))];
    let cells = cells.each_ref().map(|(key, cell)| (*key, cell.as_str()));
    assert!(stage.simulator.is_member("2002", &cells));
}

#[tokio::test]
async fn folders_alone_make_no_header() {
    let stage = Stage::with(&members("columns = \"auto\""), &[]).await;
    let object = stage.put("email=a@example.com/part-0", "col0,col1\n1,2\n");
    let halt = stage.deliver(&object).await.unwrap_err().to_string();
    assert!(halt.contains("the header of 2 columns"), "{halt}");
    assert!(halt.contains("look generated"), "{halt}");
    assert_eq!(stage.requests(), 0);
}
