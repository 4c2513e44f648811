use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

use crate::support::{
    DATASET, JOHN, MARY, NOTHING, answer, but, now, purchase, standing_world, world,
};

#[tokio::test]
async fn accepted_events_are_counted_by_name_and_id() {
    let world = world().await;
    let answer = world
        .send_events(json!([purchase("e-1", MARY), purchase("e-2", JOHN)]))
        .await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["events_received"], 2);
    assert_eq!(answer.body["messages"], json!([]));
    assert!(answer.body["fbtrace_id"].as_str().unwrap().starts_with('A'));
    let report = &world.simulator.inspect().datasets[DATASET];
    assert_eq!(
        (report.received, report.distinct, report.duplicates),
        (2, 2, 0)
    );
    assert_eq!(report.by_name["Purchase"], 2);
    assert_eq!(
        world.simulator.event_arrivals(DATASET, "Purchase", "e-1"),
        1
    );
    assert_eq!(world.simulator.event_arrivals(DATASET, "Lead", "e-1"), 0);
    assert_eq!(world.simulator.events_bearing(DATASET, "em", MARY), 1);
    assert_eq!(world.simulator.events_bearing(DATASET, "ph", MARY), 0);
}

#[tokio::test]
async fn a_repeated_event_is_a_duplicate_and_a_changed_one_is_told_apart() {
    let world = world().await;
    let event = purchase("e-1", MARY);
    world.send_events(json!([event])).await;
    world.send_events(json!([event])).await;
    let report = world.simulator.inspect().datasets[DATASET].clone();
    assert_eq!(
        (
            report.received,
            report.duplicates,
            report.changed_duplicates
        ),
        (2, 1, 0)
    );

    world
        .send_events(json!([but(event, "/custom_data/value", json!(13))]))
        .await;
    let report = world.simulator.inspect().datasets[DATASET].clone();
    assert_eq!(
        (
            report.distinct,
            report.duplicates,
            report.changed_duplicates
        ),
        (1, 2, 1)
    );
    assert_eq!(
        world.simulator.event_arrivals(DATASET, "Purchase", "e-1"),
        3
    );
}

#[tokio::test]
async fn one_invalid_event_refuses_the_whole_request() {
    let world = world().await;
    let bad = but(
        purchase("e-2", JOHN),
        "/event_time",
        json!(now() - 63 * 86_400),
    );
    let answer = world.send_events(json!([purchase("e-1", MARY), bad])).await;

    assert_eq!(answer.error(), (400, 100, Some(2_804_003)));
    assert_eq!(answer.body["error"]["is_transient"], false);
    assert_eq!(world.simulator.inspect().datasets[DATASET].received, 0);
    assert_eq!(world.simulator.events_bearing(DATASET, "em", MARY), 0);
}

#[tokio::test]
async fn a_thousand_events_are_taken_and_one_more_is_not() {
    let world = world().await;
    let events = |count: usize| -> Value {
        (0..count)
            .map(|number| purchase(&format!("e-{number}"), MARY))
            .collect()
    };
    assert_eq!(
        world.send_events(events(1_001)).await.error(),
        (400, 100, None)
    );
    assert_eq!(world.send_events(json!([])).await.error(), (400, 100, None));
    assert_eq!(
        world.send_events(events(1_000)).await.body["events_received"],
        1_000
    );
    assert_eq!(world.simulator.inspect().datasets[DATASET].distinct, 1_000);
}

#[tokio::test]
async fn every_encoding_of_a_request_means_the_same() {
    let world = world().await;
    let post = || world.request(Method::POST, "/v26.0/123/events");
    let objects = json!([purchase("e-1", MARY)]).to_string();
    let texts = json!([purchase("e-1", MARY).to_string()]).to_string();

    let as_form = answer(post().form(&[("data", &objects)])).await;
    assert_eq!(as_form.body["events_received"], 1);
    let as_texts = answer(post().form(&[("data", &texts), ("upload_tag", &"t".to_owned())])).await;
    assert_eq!(as_texts.body["events_received"], 1);
    let as_parts = answer(post().multipart(Form::new().text("data", objects.clone()))).await;
    assert_eq!(as_parts.body["events_received"], 1);
    let as_json = answer(post().json(&json!({ "data": objects }))).await;
    assert_eq!(as_json.body["events_received"], 1);

    let inspection = world.simulator.inspect();
    assert_eq!(inspection.datasets[DATASET].received, 4);
    assert_eq!(inspection.datasets[DATASET].changed_duplicates, 0);
    let encodings: Vec<_> = inspection
        .requests
        .recent
        .iter()
        .map(|r| r.encoding)
        .collect();
    assert_eq!(encodings, ["form", "form", "multipart", "json"]);
}

#[tokio::test]
async fn test_events_and_hashes_of_nothing_are_counted() {
    let world = world().await;
    let body = json!({ "data": [purchase("e-1", NOTHING)], "test_event_code": "TEST1" });
    answer(world.request(Method::POST, "/v26.0/123/events").json(&body)).await;
    let without_id = but(purchase("e-1", MARY), "/event_id", Value::Null);
    world.send_events(json!([without_id])).await;
    let report = &world.simulator.inspect().datasets[DATASET];
    assert_eq!(
        (
            report.test_events,
            report.empty_hashes,
            report.without_event_id
        ),
        (1, 1, 1)
    );
    assert_eq!((report.received, report.distinct), (2, 1));
}

#[tokio::test]
async fn an_unknown_dataset_and_a_body_that_is_no_json_are_parameter_errors() {
    let world = world().await;
    let post = |path: &str, body: &'static str| {
        let request = world.request(Method::POST, path);
        answer(
            request
                .header("content-type", "application/json")
                .body(body),
        )
    };
    assert_eq!(
        post("/v26.0/999/events", r#"{"data":[]}"#).await.error(),
        (400, 100, Some(33))
    );
    for body in [
        "{",
        "[]",
        "\u{0}",
        r#"{"data":{}}"#,
        r#"{"data":[1]}"#,
        "{}",
        "\"\"",
    ] {
        assert_eq!(
            post("/v26.0/123/events", body).await.error(),
            (400, 100, None),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_repeat_within_forty_eight_hours_is_counted_once() {
    let world = standing_world().await;
    let event = but(purchase("e", MARY), "/action_source", json!("email"));
    let other_id = but(event.clone(), "/event_id", json!("f"));
    world.send_events(json!([event, other_id])).await;
    world.advance(48 * 3_600 - 1);
    world.send_events(json!([event])).await;
    let counted = || world.simulator.inspect().datasets[DATASET].counted;
    assert_eq!(counted(), 2);
    world.advance(1);
    world.send_events(json!([event])).await;
    assert_eq!(counted(), 3, "after that it is another event");
    assert_eq!(world.simulator.inspect().datasets[DATASET].received, 4);
}

#[tokio::test]
async fn sales_and_other_events_of_one_id_are_two() {
    let world = standing_world().await;
    let sale = purchase("e", MARY);
    let online = but(sale.clone(), "/action_source", json!("email"));
    let counted = || world.simulator.inspect().datasets[DATASET].counted;
    world.send_events(json!([sale])).await;
    world.send_events(json!([online])).await;
    assert_eq!(counted(), 2);
    world.send_events(json!([online, sale])).await;
    assert_eq!(counted(), 2, "each is matched with its own kind");
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 4);
}

#[tokio::test]
async fn a_sale_is_its_time_name_item_and_order_whatever_its_id() {
    let world = standing_world().await;
    let sale = purchase("e", MARY);
    let same = but(
        purchase("f", JOHN),
        "/event_time",
        sale["event_time"].clone(),
    );
    let other_item = but(same.clone(), "/custom_data/item_number", json!("2"));
    let counted = || world.simulator.inspect().datasets[DATASET].counted;
    world.send_events(json!([sale, same, other_item])).await;
    assert_eq!(counted(), 2);
    // Without an order it is the person.
    let mary = but(sale.clone(), "/custom_data/order_id", Value::Null);
    let john = but(same, "/custom_data/order_id", Value::Null);
    world.send_events(json!([mary, john, mary])).await;
    assert_eq!(counted(), 4);
    world.advance(7 * 24 * 3_600);
    world.send_events(json!([sale])).await;
    assert_eq!(counted(), 5);
}
