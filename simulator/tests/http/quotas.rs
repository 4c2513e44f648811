use std::time::SystemTime;

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Changes, Clock, Fault, GraphError, Quotas, Target, Tier};

use crate::support::{Answer, MARY, World, purchase, world, world_of};

async fn limited(quotas: Quotas) -> World {
    world_of(|builder| {
        builder
            .quotas(quotas)
            .clock(Clock::standing(SystemTime::now()))
            .audience("457", "790")
    })
    .await
}

fn header(answer: &Answer, name: &str) -> Value {
    serde_json::from_str(answer.headers[name].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn twenty_writes_fill_a_limited_account_for_five_minutes() {
    let world = limited(Quotas::of(Tier::Limited)).await;
    for number in 0..20 {
        assert_eq!(world.add([number]).await.status, 200, "{number}");
    }
    let full = world.add([20]).await;
    assert_eq!(full.error(), (400, 17, Some(2_446_079)));
    let usage = header(&full, "x-ad-account-usage");
    assert_eq!(usage["acc_id_util_pct"], 100);
    assert_eq!(usage["reset_time_duration"], 300);
    assert_eq!(usage["ads_api_access_tier"], "development_access");
    assert_eq!(
        world.read("/v26.0/457").await.status,
        200,
        "another account is not concerned"
    );

    world.advance(299);
    let again = world.add([20]).await;
    assert_eq!(again.error(), (400, 613, Some(1_487_742)));
    world.advance(299);
    assert_eq!(
        world.add([20]).await.error(),
        (400, 613, Some(1_487_742)),
        "calling lengthened the block"
    );
    world.advance(300);
    assert_eq!(world.add([20]).await.status, 200);
}

#[tokio::test]
async fn the_block_begins_when_the_score_is_reached_whatever_decays_meanwhile() {
    let world = limited(Quotas::of(Tier::Limited)).await;
    for number in 0..19 {
        assert_eq!(world.add([number]).await.status, 200, "{number}");
    }
    world.advance(250);
    let last = world.add([19]).await;
    assert_eq!(last.status, 200);
    let usage = header(&last, "x-ad-account-usage");
    assert_eq!(usage["acc_id_util_pct"], 100);
    assert_eq!(usage["reset_time_duration"], 300);
    // All points but three have gone.
    world.advance(299);
    let refused = world.add([20]).await;
    assert_eq!(refused.error(), (400, 17, Some(2_446_079)));
    world.advance(300);
    assert_eq!(world.add([20]).await.status, 200);
}

#[tokio::test]
async fn the_headers_follow_the_calls_in_their_own_units() {
    let world = limited(Quotas {
        calls: Some(8),
        ..Quotas::of(Tier::Full)
    })
    .await;
    for number in 0..2 {
        world.add([number]).await;
    }
    let read = world.read("/v26.0/456").await;
    let account = header(&read, "x-ad-account-usage");
    // Seven points of nine thousand.
    assert_eq!(account["acc_id_util_pct"], 0.08);
    assert_eq!(account["reset_time_duration"], 300);
    let business = header(&read, "x-business-use-case-usage")["789"][0].clone();
    assert_eq!(business["type"], "custom_audience");
    assert!(business["call_count"].is_u64(), "{business}");
    assert_eq!(business["call_count"], 37);
    assert_eq!(business["estimated_time_to_regain_access"], 0);
    assert_eq!(business["ads_api_access_tier"], "standard_access");
    assert!(!read.headers.contains_key("x-app-usage"));

    for number in 0..5 {
        world.add([number]).await;
    }
    world.advance(60);
    let full = world.add([9]).await;
    assert_eq!(full.error(), (400, 80_003, Some(2_446_079)));
    let business = header(&full, "x-business-use-case-usage")["789"][0].clone();
    assert_eq!(business["call_count"], 100);
    assert_eq!(business["estimated_time_to_regain_access"], 59);
    world.advance(3_540);
    assert_eq!(world.add([9]).await.status, 200);
}

#[tokio::test]
async fn rows_fill_the_hour_as_time_does() {
    let world = limited(Quotas {
        rows: Some(10),
        ..Quotas::of(Tier::Full)
    })
    .await;
    let ten = world.add(0..10).await;
    let business = header(&ten, "x-business-use-case-usage")["789"][0].clone();
    assert_eq!(business["total_time"], 100);
    assert_eq!(business["call_count"], 0);
    assert_eq!(world.add([1]).await.error(), (400, 80_003, Some(2_446_079)));
}

#[tokio::test]
async fn an_app_has_a_limit_of_its_own() {
    let world = limited(Quotas {
        app_calls: Some(2),
        ..Quotas::of(Tier::Full)
    })
    .await;
    let event = || json!([purchase("e", MARY)]);
    let first = world.send_events(event()).await;
    assert_eq!(header(&first, "x-app-usage")["call_count"], 50);
    assert!(!first.headers.contains_key("x-ad-account-usage"));
    assert_eq!(world.read("/v26.0/457").await.status, 200);
    assert_eq!(world.send_events(event()).await.error(), (403, 4, None));
}

#[tokio::test]
async fn the_first_calls_bear_no_header_and_a_scripted_fault_counts_nothing() {
    let world = limited(Quotas {
        silent_calls: 1,
        ..Quotas::of(Tier::Full)
    })
    .await;
    let first = world.add([1]).await;
    assert!(!first.headers.contains_key("x-business-use-case-usage"));
    let error = GraphError::new(500, 2);
    world.simulator.fault(Fault::error(Target::Users, error));
    let failed = world.add([1]).await;
    assert!(!failed.headers.contains_key("x-business-use-case-usage"));
    let second = world.add([1]).await;
    assert!(second.headers.contains_key("x-business-use-case-usage"));
}

#[tokio::test]
async fn quotas_are_set_by_command_and_told_headers_win() {
    let world = world().await;
    let change = json!({ "quotas": { "tier": "limited", "score": 3 } });
    assert_eq!(
        world.control(Method::POST, "change", change).await.status,
        200
    );
    assert_eq!(world.add([1]).await.status, 200);
    assert_eq!(world.add([1]).await.error(), (400, 17, Some(2_446_079)));
    let usage = json!({ "account": { "acc_id_util_pct": 12.5 } });
    world.control(Method::POST, "usage", usage).await;
    let refused = world.add([1]).await;
    assert_eq!(
        header(&refused, "x-ad-account-usage")["acc_id_util_pct"],
        12.5
    );
    world
        .simulator
        .change(Changes::quotas(Quotas::default()))
        .unwrap();
    assert_eq!(world.add([1]).await.status, 200);
}
