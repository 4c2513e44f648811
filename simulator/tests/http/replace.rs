use reqwest::Method;
use serde_json::json;
use simulator::{AudienceChange, Changes};

use crate::support::{
    ACCOUNT, AUDIENCE, World, answer, hash, members, standing_world, world, world_of,
};

const REPLACE: &str = "usersreplace";
const MINUTES_90: u64 = 90 * 60;

fn is_member(world: &World, number: u64) -> bool {
    world
        .simulator
        .is_member(AUDIENCE, &[("EMAIL", &hash(number))])
}

fn change(world: &World, change: AudienceChange) {
    world
        .simulator
        .change(Changes::audience(AUDIENCE, change))
        .unwrap();
}

#[tokio::test]
async fn old_members_stay_until_the_last_batch_and_then_all_are_swapped() {
    let world = standing_world().await;
    world.add([1, 2]).await;
    let first = world.batch(REPLACE, members([2, 3]), (7, 1, false)).await;
    assert_eq!(first.body["num_received"], 2);
    assert_eq!(first.body["session_id"], "7");
    assert_eq!(world.operation().await, 414);
    assert!(is_member(&world, 1) && !is_member(&world, 3));

    // Others may repeat and come in any order.
    world.batch(REPLACE, members([5]), (7, 3, false)).await;
    world.batch(REPLACE, members([5]), (7, 3, false)).await;
    let last = world.batch(REPLACE, members([4]), (7, 2, true)).await;
    assert_eq!(last.body["num_received"], 5);
    assert_eq!(world.operation().await, 200);
    let there: Vec<_> = (1..=6)
        .filter(|number| is_member(&world, *number))
        .collect();
    assert_eq!(there, [2, 3, 4, 5]);
    let report = &world.simulator.inspect().audiences[AUDIENCE];
    assert_eq!((report.members, report.replaced), (4, 1));
    assert_eq!(
        world.simulator.members_bearing(AUDIENCE, "EMAIL", &hash(1)),
        0
    );
}

#[tokio::test]
async fn while_it_runs_nothing_else_is_taken() {
    let world = standing_world().await;
    world.batch(REPLACE, members([1]), (7, 1, false)).await;
    let in_progress = (400, 2_650, Some(1_870_145));
    assert_eq!(world.add([2]).await.error(), in_progress);
    let removal = world.users(Method::DELETE, members([2])).await;
    assert_eq!(removal.error(), in_progress);
    let other = world.batch(REPLACE, members([1]), (8, 1, false)).await;
    assert_eq!(other.error(), in_progress);
    let again = world.batch(REPLACE, members([1]), (7, 1, false)).await;
    assert_eq!(again.error(), in_progress, "batch 1 opens it once");
}

#[tokio::test]
async fn a_session_needs_its_first_batch_and_ends_with_its_last() {
    let world = standing_world().await;
    let second = world.batch(REPLACE, members([1]), (7, 2, false)).await;
    assert_eq!(second.error(), (400, 2_650, Some(1_870_147)));
    world.batch(REPLACE, members([1]), (7, 1, true)).await;
    for seq in [1, 2] {
        let late = world.batch(REPLACE, members([2]), (7, seq, false)).await;
        assert_eq!(late.error(), (400, 2_650, Some(1_870_159)));
    }
    assert_eq!(world.add([2]).await.status, 200, "the rest is added");
    assert!(is_member(&world, 1) && is_member(&world, 2));
}

#[tokio::test]
async fn after_ninety_minutes_what_has_arrived_is_the_audience() {
    let world = standing_world().await;
    world.add([1]).await;
    world.batch(REPLACE, members([2]), (7, 1, false)).await;
    world.advance(MINUTES_90 - 1);
    let within = world.batch(REPLACE, members([3]), (7, 2, false)).await;
    assert_eq!(within.status, 200);
    world.advance(1);
    assert_eq!(world.operation().await, 200);
    let late = world.batch(REPLACE, members([4]), (7, 3, true)).await;
    assert_eq!(late.error(), (400, 2_650, Some(1_870_158)));
    assert!(!is_member(&world, 1) && is_member(&world, 2) && is_member(&world, 3));
    assert_eq!(world.add([4]).await.status, 200);
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 3);
}

#[tokio::test]
async fn a_failure_may_leave_both_and_asks_for_a_new_session() {
    let world = standing_world().await;
    world.add([1]).await;
    world.batch(REPLACE, members([2]), (7, 1, false)).await;
    let fails = AudienceChange {
        replace_fails: true,
        ..AudienceChange::default()
    };
    change(&world, fails);
    assert_eq!(world.operation().await, 415);
    let next = world.batch(REPLACE, members([3]), (7, 2, true)).await;
    assert_eq!(next.error(), (400, 2_650, Some(1_870_148)));
    assert!(is_member(&world, 1) && is_member(&world, 2));
    world.batch(REPLACE, members([3]), (8, 1, true)).await;
    assert_eq!(world.operation().await, 200);
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 1);
}

#[tokio::test]
async fn the_swap_may_take_its_time() {
    let world = standing_world().await;
    world.add([1]).await;
    let slow = AudienceChange {
        swap_takes_s: Some(60),
        ..AudienceChange::default()
    };
    change(&world, slow);
    world.batch(REPLACE, members([2]), (7, 1, true)).await;
    assert_eq!(world.operation().await, 414);
    assert!(is_member(&world, 1));
    assert_eq!(world.add([3]).await.error(), (400, 2_650, Some(1_870_145)));
    world.advance(60);
    assert_eq!(world.operation().await, 200);
    assert!(!is_member(&world, 1) && is_member(&world, 2));
}

#[tokio::test]
async fn an_audience_too_large_an_empty_list_and_other_columns_are_refused() {
    let world = standing_world().await;
    let empty = world.batch(REPLACE, members([]), (7, 1, true)).await;
    assert_eq!(empty.error(), (400, 100, None));
    let no_session = json!({ "payload": members([1]) });
    let request = world.request(Method::POST, "/v26.0/456/usersreplace");
    assert_eq!(
        answer(request.json(&no_session)).await.error(),
        (400, 100, None)
    );

    world.batch(REPLACE, members([1]), (8, 1, false)).await;
    let other = json!({ "schema": ["PHONE"], "data": [[hash(2)]] });
    let other = world.batch(REPLACE, other, (8, 2, true)).await;
    assert_eq!(other.error(), (400, 100, None));
    world.batch(REPLACE, members([2]), (8, 2, true)).await;

    let large = AudienceChange {
        size: Some(100_000_000),
        ..AudienceChange::default()
    };
    change(&world, large);
    let refused = world.batch(REPLACE, members([1]), (9, 1, true)).await;
    assert_eq!(refused.error(), (400, 2_650, Some(1_870_144)));
}

#[tokio::test]
async fn it_begins_on_an_audience_in_a_normal_state() {
    let world = standing_world().await;
    let shown = |code| AudienceChange {
        operation_status: Some(code),
        ..AudienceChange::default()
    };
    for code in [400, 411, 450] {
        change(&world, shown(code));
        let refused = world.batch(REPLACE, members([1]), (7, 1, true)).await;
        assert_eq!(refused.error(), (400, 2_650, None), "{code}");
        assert_eq!(world.add([1]).await.status, 200, "{code}");
    }
    change(&world, shown(0));
    let taken = world.batch(REPLACE, members([2]), (7, 1, false)).await;
    assert_eq!(taken.status, 200);
    // What is told need not be what is.
    change(&world, shown(200));
    assert_eq!(world.operation().await, 200);
    assert_eq!(world.add([3]).await.error(), (400, 2_650, Some(1_870_145)));
    change(&world, shown(0));
    assert_eq!(world.operation().await, 414);
}

#[tokio::test]
async fn a_session_is_of_one_audience_of_its_account() {
    let world = world_of(|builder| builder.audience("457", ACCOUNT).audience("458", "790")).await;
    world.batch("users", members([1]), (7, 1, false)).await;
    for (audience, edge, status) in [
        ("457", "users", 400),
        ("457", "usersreplace", 400),
        ("458", "users", 200),
    ] {
        let body = json!({ "payload": members([1]),
            "session": { "session_id": 7, "batch_seq": 1 } });
        let path = format!("/v26.0/{audience}/{edge}");
        let answer = answer(world.request(Method::POST, &path).json(&body)).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn an_id_of_a_session_is_a_positive_number_of_64_bits() {
    let world = world().await;
    for id in [json!(0), json!(-1), json!(u64::MAX), json!("7"), json!(7.5)] {
        let body = json!({ "payload": members([1]),
            "session": { "session_id": id, "batch_seq": 1 } });
        for edge in [
            "456/users",
            "456/usersreplace",
            "act_789/usersofanyaudience",
        ] {
            let path = format!("/v26.0/{edge}");
            let method = match edge.starts_with("act") {
                true => Method::DELETE,
                false => Method::POST,
            };
            let answer = answer(world.request(method, &path).json(&body)).await;
            assert_eq!(answer.error(), (400, 100, None), "{path} {id}");
        }
    }
}

#[tokio::test]
async fn sessions_are_told_in_texts() {
    let world = standing_world().await;
    world.batch("users", members([1, 2]), (7, 1, false)).await;
    world.batch(REPLACE, members([3]), (8, 1, true)).await;
    let one = world.read("/v26.0/456/sessions?session_id=7").await;
    let session = &one.body["data"][0];
    assert_eq!(session["session_id"], "7");
    assert_eq!(session["num_received"], "2");
    assert_eq!(session["num_matched"], "-1");
    assert!(session.get("end_time").is_none());
    let all = world.read("/v26.0/456/sessions").await;
    assert_eq!(all.body["data"].as_array().unwrap().len(), 2);
    assert!(all.body["data"][0]["end_time"].is_string());
    let deleted = AudienceChange {
        deleted: Some(true),
        ..AudienceChange::default()
    };
    change(&world, deleted);
    let gone = world.read("/v26.0/456/sessions").await;
    assert_eq!(gone.error(), (400, 100, Some(33)));
}

#[tokio::test]
async fn a_session_of_users_that_has_ended_discards_what_comes_in_silence() {
    let world = standing_world().await;
    let first = world.batch("users", members([1]), (7, 2, false)).await;
    assert_eq!(first.error(), (400, 100, None), "it begins with batch 1");
    world.batch("users", members([1]), (7, 1, true)).await;
    let late = world.batch("users", members([2]), (7, 2, false)).await;
    assert_eq!(
        (late.status.as_u16(), &late.body["num_received"]),
        (200, &json!(1))
    );
    assert!(!is_member(&world, 2));

    world.batch("users", members([3]), (8, 1, false)).await;
    let gap = world.batch("users", members([4]), (8, 3, false)).await;
    assert_eq!(gap.error(), (400, 100, None), "none is left out");
    let again = world.batch("users", members([3]), (8, 1, false)).await;
    assert_eq!(again.status, 200);
    world.advance(MINUTES_90);
    world.batch("users", members([4]), (8, 2, true)).await;
    assert!(is_member(&world, 3) && !is_member(&world, 4));
    let inspection = world.simulator.inspect();
    assert_eq!(inspection.audiences[AUDIENCE].rows_discarded, 2);
    assert_eq!(
        inspection.requests.recent.last().unwrap().outcome,
        "discarded"
    );
}
