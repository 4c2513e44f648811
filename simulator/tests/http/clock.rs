use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::json;
use simulator::Clock;

use crate::support::{MARY, purchase, standing_world, world, world_of};

#[tokio::test]
async fn an_event_grows_too_old_by_the_simulators_clock() {
    let world = standing_world().await;
    let event = purchase("e", MARY);
    assert_eq!(world.send_events(json!([event])).await.status, 200);
    world.advance(62 * 24 * 3_600);
    assert_eq!(
        world.send_events(json!([event])).await.error(),
        (400, 100, Some(2_804_003))
    );
}

#[tokio::test]
async fn the_clock_is_moved_by_command_and_put_back_by_a_reset() {
    let noon = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let world = world_of(|builder| builder.clock(Clock::standing(noon))).await;
    let moved = world
        .control(Method::POST, "clock", json!({ "advance_s": 5_400 }))
        .await;
    assert_eq!(moved.body["unix_seconds"], 1_800_005_400_u64);
    let wrong = world
        .control(Method::POST, "clock", json!({ "speed": -1 }))
        .await;
    assert_eq!(wrong.status, 400);
    world.control(Method::POST, "reset", json!({})).await;
    let read = world.control(Method::GET, "clock", json!({})).await;
    assert_eq!(read.body["unix_seconds"], 1_800_000_000);
}

#[tokio::test]
async fn without_more_the_clock_is_the_systems() {
    let world = world().await;
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let shown = world.simulator.clock().unix_seconds();
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!((before.as_secs()..=after.as_secs()).contains(&shown));
}
