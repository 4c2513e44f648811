//! Several values in a cell, and values that no cell has.

use serde_json::json;

use crate::arrivals::{deliver, events, members};
use crate::stage::people::sha256;

const COLUMNS: &str = "[route.columns]\nid = \"external_id\"\n\
                       mail = { key = \"email\", separator = \";\" }\n\
                       tel = { key = \"phone\", separator = \"|\" }\n\
                       [route.static_values]\ncountry = \"US\"\n";

const FILE: &str = "id,mail,tel\n\
                    7,B@example.com; a@example.com;;nobody,650 555 1212|+49 30 901820\n\
                    8,,\n\
                    ,,\n";

#[tokio::test]
async fn several_values_are_a_list_of_an_event() {
    let sent = deliver(&events(COLUMNS, ""), "people.csv", FILE).await;
    let expected = json!({
        "external_id": [sha256("7")],
        "em": [sha256("b@example.com"), sha256("a@example.com")],
        "ph": [sha256("16505551212"), sha256("4930901820")],
        "country": [sha256("us")],
    });
    assert_eq!(sent.entries[0]["user_data"], expected);
    let expected = json!({"external_id": [sha256("8")], "country": [sha256("us")]});
    assert_eq!(sent.entries[1]["user_data"], expected);
    // The third row has nothing of its own.
    assert_eq!(sent.receipt.rows.rejected, 1);
    assert_eq!(
        sent.receipt.fields[&"email".into()].dropped[&"email_without_at".into()],
        1
    );
}

#[tokio::test]
async fn several_values_are_further_entries_of_an_audience() {
    let sent = deliver(&members(COLUMNS), "people.csv", FILE).await;
    let entry = |mail: &str, tel: &str| json!(["7", sha256(mail), sha256(tel), sha256("us")]);
    assert_eq!(
        sent.entries,
        [
            entry("b@example.com", "16505551212"),
            entry("a@example.com", "4930901820"),
            json!(["8", "", "", sha256("us")]),
        ]
    );
    assert_eq!(
        (sent.receipt.sent.accepted, sent.receipt.entries.sent),
        (2, 3)
    );
}

#[tokio::test]
async fn names_and_cities_are_spelt_as_the_route_says() {
    let columns =
        "columns = \"auto\"\n[route.normalisation]\nname_spaces = true\nascii_city = true\n";
    let file = "email,fn,ct\na@example.com,Mary  Ann,São Paulo\nb@example.com,Bo,北京\n";
    let sent = deliver(&events(columns, ""), "people.csv", file).await;
    let user = &sent.entries[0]["user_data"];
    assert_eq!(user["fn"], json!([sha256("mary ann")]));
    assert_eq!(user["ct"], json!([sha256("sopaulo")]));
    assert_eq!(sent.entries[1]["user_data"].get("ct"), None);
    let city = &sent.receipt.fields[&"city".into()];
    assert_eq!(city.dropped[&"nothing_left".into()], 1);
}
