//! What events tell beside the person.

use serde_json::json;

use crate::arrivals::{deliver, events};

const LINES: &str = r#"order_id = { column = "order" }
[route.conversions.custom_data]
content_type = "product"
vip = true
content_ids = { column = "items", separator = "|" }
num_items = { column = "count" }
contents = { column = "contents" }
points = { column = "points", type = "number" }
"#;

const COLUMNS: &str = "[route.columns]\nmail = \"email\"\n";

const FILE: &str = r#"mail,order,items,count,contents,points
a@example.com,o-1,1|2,3,"[{""id"": ""x"", ""item_price"": 1.10}]",-5
b@example.com,,,,,
c@example.com,o-3,7,2.5,{broken,1e3
d@example.com,o-4,9,2.0,[],10.50
"#;

#[tokio::test]
async fn properties_are_fixed_or_of_a_column_and_blank_ones_are_left_out() {
    let sent = deliver(&events(COLUMNS, LINES), "people.csv", FILE).await;
    let data = |row: usize| sent.entries[row]["custom_data"].clone();
    assert_eq!(
        data(0),
        json!({
            "order_id": "o-1", "content_type": "product", "vip": true,
            "content_ids": ["1", "2"], "num_items": 3,
            "contents": [{"id": "x", "item_price": 1.1}],
        })
    );
    assert_eq!(data(1), json!({"content_type": "product", "vip": true}));
    assert_eq!(
        data(3),
        json!({
            "order_id": "o-4", "content_type": "product", "vip": true,
            "content_ids": ["9"], "num_items": 2, "contents": [], "points": 10.5,
        })
    );
}

#[tokio::test]
async fn a_property_that_cannot_be_sent_costs_no_event_and_is_counted() {
    let sent = deliver(&events(COLUMNS, LINES), "people.csv", FILE).await;
    assert_eq!(
        (sent.receipt.sent.accepted, sent.receipt.rows.rejected),
        (4, 0)
    );
    assert_eq!(
        sent.entries[2]["custom_data"],
        json!({"order_id": "o-3", "content_type": "product", "vip": true, "content_ids": ["7"]})
    );
    let left_out = serde_json::to_value(&sent.receipt.properties_left_out).unwrap();
    assert_eq!(
        left_out,
        json!({
            "num_items": {"property_no_integer": 1},
            "contents": {"property_no_json": 1},
            "points": {"property_negative": 1, "property_no_number": 1},
        })
    );
    // It is read back as it was written, and older receipts without it are still read.
    let mut receipt = serde_json::to_value(&sent.receipt).unwrap();
    let again: audience_activator::receipts::Receipt =
        serde_json::from_value(receipt.clone()).unwrap();
    assert_eq!(again, sent.receipt);
    receipt
        .as_object_mut()
        .unwrap()
        .remove("properties_left_out");
    serde_json::from_value::<audience_activator::receipts::Receipt>(receipt).unwrap();
}

#[tokio::test]
async fn the_same_row_always_gives_the_same_properties() {
    let text = |body: &str| {
        let from = body.find("\"custom_data\"").unwrap();
        body[from..from + 150].to_owned()
    };
    let first = deliver(&events(COLUMNS, LINES), "people.csv", FILE).await;
    let second = deliver(&events(COLUMNS, LINES), "people.csv", FILE).await;
    assert_eq!(text(&first.bodies[0]), text(&second.bodies[0]));
    assert!(first.bodies[0].contains(
        r#""custom_data":{"order_id":"o-1","content_type":"product","vip":true,"content_ids":["1","2"],"num_items":3,"contents":[{"id":"x","item_price":1.10}]}"#
    ));
}
