use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use simulator::{Fault, FaultAction, GraphError, Target};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{AUDIENCE, DATASET, MARY, answer, purchase, world};

#[tokio::test]
async fn the_nth_request_fails_as_told_and_has_no_effect() {
    let world = world().await;
    let error = GraphError::new(500, 2)
        .subcode(1_504_043)
        .transient()
        .message("try again")
        .error_data(json!({ "blame_field_specs": [["data"]] }));
    world
        .simulator
        .fault(Fault::error(Target::Events, error).nth(2));
    let send = || world.send_events(json!([purchase("e", MARY)]));
    assert_eq!(send().await.status, 200);
    let failed = send().await;
    assert_eq!(failed.error(), (500, 2, Some(1_504_043)));
    assert_eq!(failed.body["error"]["is_transient"], true);
    assert_eq!(failed.body["error"]["message"], "try again");
    assert_eq!(
        failed.body["error"]["error_data"]["blame_field_specs"],
        json!([["data"]])
    );
    assert_eq!(send().await.status, 200);
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 2);
}

#[tokio::test]
async fn a_reset_before_has_no_effect_and_a_reset_after_has() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::new(Target::Events, FaultAction::ResetBefore));
    world
        .simulator
        .fault(Fault::lost_answer(Target::Events).nth(2));
    let post = || {
        let body = json!({ "data": [purchase("e", MARY)] });
        world
            .request(Method::POST, "/v26.0/123/events")
            .json(&body)
            .send()
    };
    assert!(post().await.unwrap_err().is_request());
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 0);
    assert!(post().await.unwrap_err().is_request());
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 1);
    assert_eq!(post().await.unwrap().status(), 200);

    let inspection = world.simulator.inspect();
    let outcomes = &inspection.requests.outcomes[&Target::Events];
    assert_eq!(outcomes["reset before"], 1);
    assert_eq!(outcomes["accepted, then reset"], 1);
    assert_eq!(outcomes["accepted"], 1);
    assert_eq!(inspection.datasets[DATASET].changed_duplicates, 0);
}

#[tokio::test]
async fn an_identical_resend_has_the_same_body_digest() {
    let world = world().await;
    world.simulator.fault(Fault::lost_answer(Target::Users));
    let body = json!({ "payload": { "schema": ["EMAIL"], "data": [[MARY]] } });
    for _ in 0..2 {
        let request = world.request(Method::POST, "/v26.0/456/users").json(&body);
        let _ = request.send().await;
    }
    let recent = world.simulator.inspect().requests.recent;
    assert_eq!(recent[0].body_digest, recent[1].body_digest);
    let report = &world.simulator.inspect().audiences[AUDIENCE];
    assert_eq!((report.members, report.rows_repeated), (1, 1));
}

#[tokio::test]
async fn a_truncated_answer_arrives_by_half() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::new(Target::Events, FaultAction::Truncate));
    let body = json!({ "data": [purchase("e", MARY)] });
    let request = world.request(Method::POST, "/v26.0/123/events").json(&body);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let promised = response.content_length().unwrap();
    let half = response.chunk().await.unwrap().unwrap();
    assert_eq!(half.len() as u64, promised / 2);
    assert!(response.chunk().await.is_err());
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 1);
}

#[tokio::test]
async fn html_comes_where_json_should() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::new(Target::Users, FaultAction::Html { status: 502 }));
    let page = world.users(Method::POST, json!({})).await;
    assert_eq!(page.status, 502);
    assert!(page.body.as_str().unwrap().starts_with("<!DOCTYPE html>"));
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn an_error_may_come_although_the_effect_took_place() {
    let world = world().await;
    let error = GraphError::new(503, 2);
    world
        .simulator
        .fault(Fault::new(Target::Events, FaultAction::ErrorAfter(error)));
    assert_eq!(
        world
            .send_events(json!([purchase("e", MARY)]))
            .await
            .error(),
        (503, 2, None)
    );
    assert_eq!(world.simulator.event_arrivals(DATASET, "Purchase", "e"), 1);
}

#[tokio::test]
async fn a_delay_alone_changes_only_the_time() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::delay(Target::Read, Duration::from_millis(80)));
    let begun = Instant::now();
    assert_eq!(world.read("/v26.0/456").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn requests_under_way_at_once_are_counted() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::delay(Target::Read, Duration::from_millis(300)).times(3));
    tokio::join!(
        world.read("/v26.0/456"),
        world.read("/v26.0/123"),
        world.read("/v26.0/456")
    );
    let requests = world.simulator.inspect().requests;
    assert_eq!(
        (requests.total, requests.in_flight, requests.most_in_flight),
        (3, 0, 3)
    );
}

#[tokio::test]
async fn faults_are_set_and_taken_back_over_http() {
    let world = world().await;
    let rules = json!([
        { "on": "read", "object": "456", "times": null,
          "action": { "error": { "status": 400, "code": 80003, "subcode": 2446079 } } },
        { "on": "events", "from": 2, "every": 2, "times": null, "action": "reset_before" },
    ]);
    let set = world.control(Method::POST, "faults", rules).await;
    assert_eq!(set.body, json!({ "rules": 2 }));
    assert_eq!(
        world.read("/v26.0/456").await.error(),
        (400, 80003, Some(2_446_079))
    );
    assert_eq!(world.read("/v26.0/123").await.status, 200);
    let faults = world.simulator.inspect().faults;
    assert_eq!((faults[0].seen, faults[0].acted), (1, 1));

    world.control(Method::DELETE, "faults", json!({})).await;
    assert_eq!(world.read("/v26.0/456").await.status, 200);
    let wrong = world
        .control(Method::POST, "faults", json!([{ "on": "horses" }]))
        .await;
    assert_eq!(wrong.status, 400);
    let status = json!([{ "on": "read", "action": { "html": { "status": 7 } } }]);
    world.control(Method::POST, "faults", status).await;
    assert_eq!(
        answer(world.request(Method::GET, "/v26.0/456"))
            .await
            .status,
        500
    );
}

#[tokio::test]
async fn a_reset_is_a_reset_and_no_orderly_close() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::new(Target::Read, FaultAction::ResetBefore));
    let mut stream = TcpStream::connect(world.simulator.address()).await.unwrap();
    stream
        .write_all(b"GET /v26.0/456 HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let error = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
