//! The guidance's sample, by its example route: what becomes of each column.

use std::path::Path;

use serde_json::json;

use crate::arrivals::deliver;
use crate::stage::people::sha256;

/// The example as it is, but for where it runs.
fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/guidance.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let route = text.find("[[route]]").unwrap();
    text[route..]
        .replace(
            "ssm:/dev/cleanroom-activations/meta/conversions",
            "env:META_TOKEN",
        )
        .replace("bucket = \"cleanroom-activations\"\n", "")
        .replace("event_name =", "dataset_id = \"1001\"\nevent_name =")
}

const FILE: &str = "\
c_customer_id,c_first_name,c_last_name,c_birth_day,c_birth_month,c_birth_year,c_email_address,ss_net_paid
AAAAAAAAAAABAAAA,Ada,O'Brien,14,3,1978,Ada.OBrien@Example.com,128.40
AAAAAAAAAAACAAAA,Bruno,Lindqvist,7.0,11.0,1985.0,bruno@example.com,59
AAAAAAAAAAADAAAA,Cy,Vance,31,2,1990,cy@example.com,1
AAAAAAAAAAAEAAAA,Di,Wu,,2,1990,di@example.com,1
";

#[tokio::test]
async fn the_guidance_s_sample_arrives_right() {
    let sent = deliver(&example(), "meta/conversions/query/part-0", FILE).await;
    let user = |row: usize| sent.entries[row]["user_data"].clone();
    let person = |id: &str, mail: &str, first: &str, last: &str| {
        json!({
            "external_id": [sha256(id)],
            "em": [sha256(mail)],
            "fn": [sha256(first)],
            "ln": [sha256(last)],
        })
    };
    let mut ada = person(
        "AAAAAAAAAAABAAAA",
        "ada.obrien@example.com",
        "ada",
        "obrien",
    );
    ada["db"] = json!([sha256("19780314")]);
    assert_eq!(user(0), ada);
    let mut bruno = person(
        "AAAAAAAAAAACAAAA",
        "bruno@example.com",
        "bruno",
        "lindqvist",
    );
    bruno["db"] = json!([sha256("19851107")]);
    assert_eq!(user(1), bruno);
    // No such day, and no day at all: the rest of the person goes out.
    assert_eq!(
        user(2),
        person("AAAAAAAAAAADAAAA", "cy@example.com", "cy", "vance")
    );
    assert_eq!(
        user(3),
        person("AAAAAAAAAAAEAAAA", "di@example.com", "di", "wu")
    );

    let event = &sent.entries[0];
    assert_eq!(event["event_name"], "Purchase");
    assert_eq!(event["action_source"], "physical_store");
    assert_eq!(
        event["custom_data"],
        json!({"value": 128.4, "currency": "usd"})
    );
    assert_eq!(sent.entries[1]["custom_data"]["value"], json!(59));
    assert_eq!(sent.receipt.sent.accepted, 4);
    let day = &sent.receipt.fields[&"birth_day".into()];
    assert_eq!((day.filled, day.changed), (3, 1));
    assert_eq!(day.dropped[&"date_not_in_calendar".into()], 1);
}
