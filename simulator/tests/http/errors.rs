//! What an error says beside its codes, and when.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{AudienceChange, Changes, Fault, GraphError, Quotas, Target, Tier};

use crate::support::{AUDIENCE, Answer, MARY, World, answer, but, hash, members, purchase, world};

/// The text for a person, if there is one: with its title, of an error that will not pass.
fn told(answer: &Answer) -> Option<&str> {
    let error = &answer.body["error"];
    let text = error["error_user_msg"].as_str();
    assert_eq!(error["error_user_title"].is_string(), text.is_some());
    text
}

fn flag(world: &World) {
    let flagged = AudienceChange {
        flagged: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, flagged);
    world.simulator.change(change).unwrap();
}

#[tokio::test]
async fn errors_of_data_parameters_and_flagged_audiences_tell_a_person_with_a_piece_of_the_request()
{
    let world = world().await;
    let unknown = json!({ "schema": ["SHOE_SIZE"], "data": [[MARY]] });
    let no_name = but(purchase("e", MARY), "/event_name", Value::Null);
    let old = but(purchase("e", MARY), "/event_time", json!(1));
    let payload = world.users(Method::POST, unknown).await;
    let event = world.send_events(json!([no_name])).await;
    let data = world.send_events(json!([old])).await;
    flag(&world);
    let flagged = world.add([7]).await;
    for (refused, subcode, piece) in [
        (payload, None, MARY),
        (event, None, MARY),
        (data, Some(2_804_003), MARY),
        (flagged, Some(1_713_230), &hash(7)),
    ] {
        assert_eq!(refused.error(), (400, 100, subcode));
        assert_eq!(refused.body["error"]["is_transient"], false);
        let text = told(&refused).unwrap();
        let message = refused.body["error"]["message"].as_str().unwrap();
        assert!(text.starts_with(message) && text.contains(piece), "{text}");
        assert!(!message.contains(piece), "{message}");
    }
}

#[tokio::test]
async fn what_is_repeated_is_short_and_of_the_rows() {
    let world = world().await;
    flag(&world);
    let refused = world.add(1_000..2_000).await;
    let text = told(&refused).unwrap();
    assert!(text.len() < 500, "{text}");
    let repeated = |number: &u64| text.contains(&hash(*number));
    assert!((1_400..1_600).any(|number| repeated(&number)), "{text}");
    let unread = world.read("/v26.0/456?fields=shoe_size").await;
    let message = unread.body["error"]["message"].as_str();
    assert_eq!(told(&unread), message, "there is nothing to repeat");
}

#[tokio::test]
async fn errors_about_the_caller_the_object_and_the_quota_tell_no_person() {
    let world = world().await;
    let wrong = world.anonymous(Method::GET, "/v26.0/456");
    let wrong = answer(wrong.bearer_auth("another")).await;
    assert_eq!(wrong.error(), (401, 190, None));
    let proof = world.read("/v26.0/456?appsecret_proof=00").await;
    assert_eq!(proof.error(), (400, 100, None));
    let unknown = world.read("/v26.0/457").await;
    assert_eq!(unknown.error(), (400, 100, Some(33)));
    let quotas = Quotas {
        score: Some(0),
        ..Quotas::of(Tier::Full)
    };
    world.simulator.change(Changes::quotas(quotas)).unwrap();
    let full = world.users(Method::POST, members([1])).await;
    assert_eq!(full.error(), (400, 17, Some(2_446_079)));
    for refused in [wrong, proof, unknown, full] {
        assert_eq!(told(&refused), None);
        assert!(refused.body["error"].get("is_transient").is_none());
    }
}

#[tokio::test]
async fn an_error_that_was_asked_for_tells_what_its_codes_do() {
    let world = world().await;
    let asked = |code, subcode: Option<i64>| {
        let error = GraphError::new(400, code);
        match subcode {
            Some(subcode) => error.subcode(subcode),
            None => error,
        }
    };
    for (error, tells) in [
        (asked(100, None), true),
        (asked(100, Some(2_804_050)), true),
        (asked(100, Some(1_713_228)), true),
        (asked(100, Some(1_713_231)), true),
        (asked(100, Some(33)), false),
        (asked(190, Some(463)), false),
        (asked(80_003, Some(2_446_079)), false),
    ] {
        world
            .simulator
            .fault(Fault::error(Target::Users, error.clone()));
        let refused = world.add([7]).await;
        let piece = told(&refused).is_some_and(|text| text.contains(&hash(7)));
        assert_eq!(piece, tells, "{error:?}");
    }
}
