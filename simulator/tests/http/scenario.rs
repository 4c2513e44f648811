use std::time::{Duration, UNIX_EPOCH};

use simulator::{Clock, Scenario, Simulator, StartError};

use crate::support::{World, world_of};

async fn played(scenario: &str) -> World {
    let scenario: Scenario = scenario.parse().unwrap();
    let noon = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    world_of(|builder| builder.scenario(scenario).clock(Clock::standing(noon))).await
}

#[tokio::test]
async fn steps_come_with_the_time_and_with_requests() {
    let world = played(
        r#"
        [[step]]
        request = 2
        on = "users"
        object = "456"
        change.token.state = "expired"

        [[step]]
        after_s = 600
        [step.change]
        token.state = "good"
        audiences.456.flagged = true
        "#,
    )
    .await;
    assert_eq!(world.read("/v26.0/456").await.status, 200);
    assert_eq!(world.add([1]).await.status, 200);
    assert_eq!(world.add([2]).await.error(), (401, 190, Some(463)));
    world.advance(599);
    assert_eq!(world.add([2]).await.error(), (401, 190, Some(463)));
    world.advance(1);
    assert_eq!(world.add([2]).await.error(), (400, 100, Some(1_713_230)));

    world.simulator.reset();
    assert_eq!(world.add([1]).await.status, 200);
    assert_eq!(
        world.add([2]).await.error(),
        (401, 190, Some(463)),
        "a reset plays it from the beginning"
    );
}

#[tokio::test]
async fn a_step_may_bring_faults() {
    let world = played(
        r#"
        [[step]]
        request = 2
        [[step.change.faults]]
        on = "users"
        times = 2
        action.error = { status = 500, code = 2 }
        "#,
    )
    .await;
    assert_eq!(world.add([1]).await.status, 200);
    for _ in 0..2 {
        assert_eq!(world.add([1]).await.error(), (500, 2, None));
    }
    assert_eq!(world.add([1]).await.status, 200);
}

#[tokio::test]
async fn a_scenario_about_what_is_not_there_does_not_start() {
    let text = r#"{"step": [{"after_s": 1, "change": {"audiences": {"9": {"deleted": true}}}}]}"#;
    let scenario = Scenario::from_json(text).unwrap();
    let error = Simulator::builder().scenario(scenario).start().await;
    let error = error.unwrap_err();
    let StartError::Scenario(reason) = error else {
        panic!("{error}");
    };
    assert_eq!(reason.to_string(), "step 1: there is no audience 9");
}
