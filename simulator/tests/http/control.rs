use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Usage, UsageHeader};

use crate::support::{JOHN, MARY, World, answer, purchase, world};

async fn get(world: &World, path: &str) -> Value {
    world.control(Method::GET, path, json!({})).await.body
}

#[tokio::test]
async fn an_inspection_lists_what_arrived_and_how_often() {
    let world = world().await;
    world
        .send_events(json!([purchase("e-1", MARY), purchase("e-2", JOHN)]))
        .await;
    world.send_events(json!([purchase("e-2", JOHN)])).await;
    let payload = json!({ "schema": ["EMAIL"], "data": [[MARY]] });
    world.users(Method::POST, payload).await;

    let plain = get(&world, "inspect").await;
    assert_eq!(plain["datasets"]["123"]["received"], 3);
    assert!(plain["datasets"]["123"].get("events").is_none());
    assert_eq!(plain["requests"]["outcomes"]["events"]["accepted"], 2);
    assert_eq!(plain["requests"]["recent"][0]["items"], 2);

    let full = get(&world, "inspect?ids=1&members=1").await;
    let expected = json!([
        { "name": "Purchase", "id": "e-1", "times": 1 },
        { "name": "Purchase", "id": "e-2", "times": 2 },
    ]);
    assert_eq!(full["datasets"]["123"]["events"], expected);
    assert_eq!(
        full["audiences"]["456"]["member_digests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn one_event_and_one_member_can_be_asked_for() {
    let world = world().await;
    world.send_events(json!([purchase("e-1", MARY)])).await;
    let payload = json!({ "schema": ["EMAIL", "FN"], "is_raw": true, "data": [[MARY, JOHN]] });
    world.users(Method::POST, payload).await;

    let event = "inspect/event?dataset=123";
    assert_eq!(
        get(&world, &format!("{event}&name=Purchase&id=e-1")).await["count"],
        1
    );
    assert_eq!(
        get(&world, &format!("{event}&name=Purchase&id=e-2")).await["count"],
        0
    );
    assert_eq!(get(&world, &format!("{event}&em={MARY}")).await["count"], 1);
    assert_eq!(get(&world, &format!("{event}&em={JOHN}")).await["count"], 0);
    let whole = get(
        &world,
        &format!("inspect/member?audience=456&EMAIL={MARY}&FN={JOHN}"),
    )
    .await;
    assert_eq!(whole["member"], true);
    assert_eq!(whole["times_added"], 1);
    let alone = get(&world, &format!("inspect/member?audience=456&EMAIL={MARY}")).await;
    assert_eq!(alone["member"], false);
    assert_eq!(alone["members_with"]["EMAIL"], 1);
}

#[tokio::test]
async fn a_wrong_command_says_what_is_wrong() {
    let world = world().await;
    for (method, path, status) in [
        (Method::GET, "inspect/event", 400),
        (Method::GET, "inspect/event?dataset=9&em=x", 404),
        (Method::GET, "inspect/event?dataset=123&em=x&ph=y", 400),
        (Method::GET, "inspect/member?audience=456&SHOE=x", 400),
        (Method::GET, "inspect/member?audience=9", 404),
        (Method::POST, "token", 400),
        (Method::GET, "reset", 404),
        (Method::GET, "", 404),
    ] {
        let answer = world.control(method, path, json!({ "tokn": "EAAB" })).await;
        assert_eq!(answer.status, status, "{path}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(!text.is_empty() && !text.contains("EAAB"), "{path}");
    }
}

#[tokio::test]
async fn a_reset_forgets_everything_but_the_start() {
    let world = world().await;
    world.send_events(json!([purchase("e-1", MARY)])).await;
    let path = "/v26.0/act_789/customaudiences";
    let body =
        json!({ "name": "n", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY" });
    answer(world.request(Method::POST, path).json(&body)).await;
    world.control(Method::POST, "reset", json!({})).await;

    let inspection = world.simulator.inspect();
    assert_eq!(inspection.datasets["123"].received, 0);
    assert_eq!(inspection.audiences.len(), 1);
    assert_eq!(inspection.requests.total, 0);
    assert_eq!(world.simulator.events_bearing("123", "em", MARY), 0);
}

#[tokio::test]
async fn usage_headers_are_where_meta_puts_them() {
    let world = world().await;
    let events = world.send_events(json!([purchase("e-1", MARY)])).await;
    assert!(events.headers.contains_key("x-app-usage"));
    assert!(events.headers.contains_key("x-fb-trace-id"));
    assert!(!events.headers.contains_key("x-business-use-case-usage"));

    let usage = json!({
        "business": { "call_count": 96, "estimated_time_to_regain_access": 6 },
        "account": { "acc_id_util_pct": 41.5, "reset_time_duration": 120 },
        "app": null,
    });
    world.control(Method::POST, "usage", usage).await;
    let audience = world.read("/v26.0/456").await;
    assert!(!audience.headers.contains_key("x-app-usage"));
    let header = |name: &str| -> Value {
        serde_json::from_str(audience.headers[name].to_str().unwrap()).unwrap()
    };
    let business = header("x-business-use-case-usage");
    assert_eq!(business["789"][0]["type"], "custom_audience");
    assert_eq!(business["789"][0]["call_count"], 96.0);
    assert_eq!(business["789"][0]["estimated_time_to_regain_access"], 6);
    assert_eq!(header("x-ad-account-usage")["acc_id_util_pct"], 41.5);

    let garbage = Some(UsageHeader::Verbatim("{not json".to_owned()));
    world
        .simulator
        .set_usage(Usage {
            app: garbage,
            ..Usage::default()
        })
        .unwrap();
    assert_eq!(
        world.read("/v26.0/456").await.headers["x-app-usage"],
        "{not json"
    );
    let split = Some(UsageHeader::Verbatim("a\r\nb".to_owned()));
    assert!(
        world
            .simulator
            .set_usage(Usage {
                app: split,
                ..Usage::default()
            })
            .is_err()
    );
}

#[tokio::test]
async fn trace_ids_are_never_the_same() {
    let world = world().await;
    let first = world.read("/v26.0/456").await;
    let second = world.read("/v26.0/457").await;
    assert_ne!(
        first.headers["x-fb-trace-id"],
        second.headers["x-fb-trace-id"]
    );
    let trace = second.body["error"]["fbtrace_id"].as_str().unwrap();
    assert_eq!(second.headers["x-fb-trace-id"], trace);
}
