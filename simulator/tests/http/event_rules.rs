//! What makes an event, and with it the whole request, invalid.

use serde_json::{Value, json};
use simulator::{Changes, DatasetChange};

use crate::support::{DATASET, MARY, but, now, purchase, world};

#[tokio::test]
async fn every_rule_has_its_documented_code() {
    let world = world().await;
    let event = || purchase("e", MARY);
    let online = || {
        let event = but(event(), "/action_source", json!("website"));
        but(event, "/event_source_url", json!("https://shop.example/"))
    };
    let app = |app_data: Value| {
        let event = but(event(), "/action_source", json!("app"));
        but(event, "/app_data", app_data)
    };
    let mut device = vec!["a2"];
    device.resize(16, "");
    let ago = |days: i64| json!(now() - days * 86_400 - 60);
    let plain = Some(None);
    let too_old = Some(Some(2_804_003));
    let unhashed = Some(Some(2_804_016));
    let weak = Some(Some(2_804_050));
    let cases: Vec<(&str, Value, Option<Option<i64>>)> = vec![
        (
            "61 days in a shop",
            but(event(), "/event_time", ago(61)),
            None,
        ),
        (
            "62 days in a shop",
            but(event(), "/event_time", ago(62)),
            too_old,
        ),
        ("6 days online", but(online(), "/event_time", ago(6)), None),
        (
            "7 days online",
            but(online(), "/event_time", ago(7)),
            too_old,
        ),
        (
            "half a minute ahead",
            but(event(), "/event_time", json!(now() + 30)),
            None,
        ),
        (
            "two minutes ahead",
            but(event(), "/event_time", json!(now() + 120)),
            too_old,
        ),
        (
            "milliseconds",
            but(event(), "/event_time", json!(now() * 1000)),
            too_old,
        ),
        ("no time", but(event(), "/event_time", Value::Null), plain),
        ("no name", but(event(), "/event_name", Value::Null), plain),
        (
            "no source",
            but(event(), "/action_source", Value::Null),
            plain,
        ),
        (
            "unknown source",
            but(event(), "/action_source", json!("shop")),
            plain,
        ),
        (
            "website without address",
            but(online(), "/event_source_url", Value::Null),
            plain,
        ),
        (
            "app without app_data",
            but(event(), "/action_source", json!("app")),
            plain,
        ),
        (
            "no user_data",
            but(event(), "/user_data", Value::Null),
            plain,
        ),
        (
            "empty user_data",
            but(event(), "/user_data", json!({})),
            weak,
        ),
        (
            "weak",
            but(
                event(),
                "/user_data",
                json!({"ct": [MARY], "country": [MARY]}),
            ),
            weak,
        ),
        (
            "two names",
            but(event(), "/user_data", json!({"fn": MARY, "ln": MARY})),
            None,
        ),
        (
            "upper case",
            but(event(), "/user_data/em", json!([MARY.to_uppercase()])),
            None,
        ),
        (
            "plain text",
            but(event(), "/user_data/em", json!(["mary@example.com"])),
            unhashed,
        ),
        (
            "empty text",
            but(event(), "/user_data/em", json!("")),
            unhashed,
        ),
        (
            "MD5",
            but(event(), "/user_data/ph", json!(&MARY[..32])),
            unhashed,
        ),
        (
            "a null among them",
            but(event(), "/user_data/em", json!([null, MARY])),
            None,
        ),
        (
            "raw external id",
            but(event(), "/user_data/external_id", json!("CRM-1")),
            None,
        ),
        (
            "unknown key",
            but(event(), "/user_data/email", json!(MARY)),
            plain,
        ),
        (
            "list of agents",
            but(event(), "/user_data/client_user_agent", json!(["a"])),
            plain,
        ),
        (
            "id of a login",
            but(event(), "/user_data/fb_login_id", json!(17)),
            None,
        ),
        (
            "id of a login as text",
            but(event(), "/user_data/fb_login_id", json!("17")),
            None,
        ),
        (
            "id of a login that is no number",
            but(event(), "/user_data/fb_login_id", json!("17a")),
            plain,
        ),
        (
            "no value",
            but(event(), "/custom_data/value", Value::Null),
            Some(Some(2_804_009)),
        ),
        (
            "value as text",
            but(event(), "/custom_data/value", json!("12.5")),
            plain,
        ),
        (
            "no currency",
            but(event(), "/custom_data/currency", Value::Null),
            plain,
        ),
        (
            "bad currency",
            but(event(), "/custom_data/currency", json!("US$")),
            plain,
        ),
        (
            "custom property",
            but(event(), "/custom_data/segment", json!({"a": 1})),
            None,
        ),
        (
            "unknown member",
            but(event(), "/evnt_id", json!("x")),
            plain,
        ),
        (
            "limited data use nowhere",
            but(event(), "/data_processing_options", json!(["LDU"])),
            plain,
        ),
        (
            "limited data use at an address",
            but(
                but(event(), "/data_processing_options", json!(["LDU"])),
                "/user_data/client_ip_address",
                json!("8.8.8.8"),
            ),
            None,
        ),
        (
            "limited data use in California",
            but(
                but(
                    but(event(), "/data_processing_options", json!(["LDU"])),
                    "/data_processing_options_country",
                    json!(1),
                ),
                "/data_processing_options_state",
                json!(1_000),
            ),
            None,
        ),
        (
            "private address",
            but(event(), "/user_data/client_ip_address", json!("10.0.0.1")),
            plain,
        ),
        (
            "private address in the form of the sixth version",
            but(
                event(),
                "/user_data/client_ip_address",
                json!("::ffff:10.0.0.1"),
            ),
            plain,
        ),
        (
            "click id",
            but(event(), "/user_data/fbc", json!("fb.1.1554763741205.AbCd")),
            None,
        ),
        (
            "half of a click id",
            but(event(), "/user_data/fbc", json!("AbCd")),
            plain,
        ),
        (
            "hashed browser id",
            but(event(), "/user_data/fbp", json!(MARY)),
            plain,
        ),
        (
            "nothing but a blank id",
            but(event(), "/user_data", json!({"external_id": ""})),
            weak,
        ),
        (
            "id of an event that is a number",
            but(event(), "/event_id", json!(7)),
            plain,
        ),
        (
            "website whose address is none",
            but(online(), "/event_source_url", json!("shop")),
            plain,
        ),
        (
            "known segmentation",
            but(
                but(
                    event(),
                    "/customer_segmentation",
                    json!("new_customer_to_medium"),
                ),
                "/custom_data/customer_segmentation",
                json!("customer_in_loyalty_program"),
            ),
            None,
        ),
        (
            "unknown segmentation of the event",
            but(event(), "/customer_segmentation", json!("new")),
            plain,
        ),
        (
            "unknown segmentation of the data",
            but(event(), "/custom_data/customer_segmentation", json!("new")),
            plain,
        ),
        (
            "what was bought",
            but(
                but(event(), "/custom_data/content_type", json!("product")),
                "/custom_data/contents",
                json!([{"id": "1", "quantity": 2, "delivery_category": "curbside"}]),
            ),
            None,
        ),
        (
            "unknown type of content",
            but(event(), "/custom_data/content_type", json!("shoe")),
            plain,
        ),
        (
            "unknown delivery",
            but(
                event(),
                "/custom_data/contents",
                json!([{"delivery_category": "drone"}]),
            ),
            plain,
        ),
        (
            "contents that are no list",
            but(event(), "/custom_data/contents", json!({"id": "1"})),
            plain,
        ),
        (
            "number of items as text",
            but(event(), "/custom_data/num_items", json!("2")),
            plain,
        ),
        (
            "limited data use in a state to come",
            but(
                but(
                    but(event(), "/data_processing_options", json!(["LDU"])),
                    "/data_processing_options_country",
                    json!(1),
                ),
                "/data_processing_options_state",
                json!(1_099),
            ),
            None,
        ),
        (
            "limited data use in no state",
            but(
                but(
                    but(event(), "/data_processing_options", json!(["LDU"])),
                    "/data_processing_options_country",
                    json!(1),
                ),
                "/data_processing_options_state",
                json!(7),
            ),
            plain,
        ),
        (
            "limited data use in another country",
            but(
                but(
                    but(event(), "/data_processing_options", json!(["LDU"])),
                    "/data_processing_options_country",
                    json!(49),
                ),
                "/data_processing_options_state",
                json!(1_000),
            ),
            plain,
        ),
        (
            "hashed address",
            but(event(), "/user_data/client_ip_address", json!(MARY)),
            plain,
        ),
        ("app without a device", app(json!({})), plain),
        (
            "app with a short device",
            app(json!({ "extinfo": ["a2"] })),
            plain,
        ),
        ("app with a device", app(json!({ "extinfo": device })), None),
        (
            "half of a region",
            but(event(), "/data_processing_options_country", json!(1)),
            plain,
        ),
    ];
    for (name, event, expected) in cases {
        let answer = world.send_events(json!([event])).await;
        match expected {
            None => assert_eq!(answer.status, 200, "{name}: {}", answer.body),
            Some(subcode) => assert_eq!(answer.error(), (400, 100, subcode), "{name}"),
        }
    }
}

#[tokio::test]
async fn sales_go_to_a_dataset_that_takes_them() {
    let world = world().await;
    let change = DatasetChange {
        takes_store_events: Some(false),
        ..DatasetChange::default()
    };
    let change = Changes::dataset(DATASET, change);
    world.simulator.change(change).unwrap();
    let sale = purchase("e", MARY);
    let online = but(sale.clone(), "/action_source", json!("email"));
    assert_eq!(
        world.send_events(json!([online, sale])).await.error(),
        (400, 100, None)
    );
    assert_eq!(world.simulator.inspect().datasets[DATASET].received, 0);
    assert_eq!(world.send_events(json!([online])).await.status, 200);
}
