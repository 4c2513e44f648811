use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{
    AccountChange, AudienceChange, ChangeError, Changes, Permission, TokenChange, TokenState,
    Versions,
};

use crate::support::{
    ACCOUNT, AUDIENCE, MARY, TOKEN, World, answer, hash, members, purchase, standing_world, world,
};

fn account(world: &World, change: AccountChange) {
    world
        .simulator
        .change(Changes::account(ACCOUNT, change))
        .unwrap();
}

fn audience(world: &World, change: AudienceChange) {
    world
        .simulator
        .change(Changes::audience(AUDIENCE, change))
        .unwrap();
}

#[tokio::test]
async fn without_the_terms_nothing_is_uploaded() {
    let world = world().await;
    for (terms, business, subcode) in [(false, true, 1_870_034), (true, false, 1_870_090)] {
        let change = AccountChange {
            terms_accepted: Some(terms),
            business_terms_accepted: Some(business),
            ..AccountChange::default()
        };
        account(&world, change);
        assert_eq!(world.add([1]).await.error(), (403, 200, Some(subcode)));
        let replace = world
            .batch("usersreplace", members([1]), (7, 1, true))
            .await;
        assert_eq!(replace.error(), (403, 200, Some(subcode)));
        let read = world.read("/v26.0/act_789?fields=tos_accepted").await;
        assert_eq!(read.body["tos_accepted"]["custom_audience_tos"], 0);
    }
}

#[tokio::test]
async fn a_missing_permission_has_its_code() {
    let world = world().await;
    for (permission, status, code) in [
        (Permission::Missing, 403, 200),
        (Permission::App, 403, 10),
        (Permission::AdsManagement, 400, 294),
        (Permission::Development, 400, 270),
    ] {
        let change = AccountChange {
            permission: Some(permission),
            ..AccountChange::default()
        };
        account(&world, change);
        assert_eq!(world.add([1]).await.error(), (status, code, None));
        assert_eq!(world.read("/v26.0/456").await.error(), (status, code, None));
    }
    assert_eq!(
        world.send_events(json!([purchase("e", MARY)])).await.status,
        200
    );
}

#[tokio::test]
async fn an_audience_can_be_locked_flagged_expiring_and_gone() {
    let world = standing_world().await;
    let change = AudienceChange {
        can_edit: Some(false),
        ..AudienceChange::default()
    };
    audience(&world, change);
    assert_eq!(world.add([1]).await.error(), (403, 2_654, Some(1_713_092)));
    let read = world.read("/v26.0/456?fields=permission_for_actions").await;
    assert_eq!(read.body["permission_for_actions"]["can_edit"], false);

    let change = AudienceChange {
        can_edit: Some(true),
        flagged: Some(true),
        ..AudienceChange::default()
    };
    audience(&world, change);
    assert_eq!(world.add([1]).await.error(), (400, 100, Some(1_713_230)));
    assert_eq!(world.operation().await, 471);

    let change = AudienceChange {
        flagged: Some(false),
        expiring: Some(true),
        ..AudienceChange::default()
    };
    audience(&world, change);
    assert_eq!(world.operation().await, 100);
    assert_eq!(world.add([1]).await.status, 200);
    world.advance(90 * 24 * 3_600);
    assert_eq!(world.add([1]).await.error(), (400, 1_487_366, None));
    assert_eq!(world.read("/v26.0/456").await.error(), (400, 100, Some(33)));
}

#[tokio::test]
async fn any_operation_status_and_size_can_be_shown() {
    let world = world().await;
    world.add([1]).await;
    let change = AudienceChange {
        operation_status: Some(450),
        size: Some(1_234),
        ..AudienceChange::default()
    };
    audience(&world, change);
    assert_eq!(world.operation().await, 450);
    let fields = "approximate_count_lower_bound,delivery_status";
    let read = world.read(&format!("/v26.0/456?fields={fields}")).await;
    assert_eq!(read.body["approximate_count_lower_bound"], 1_200);
    assert_eq!(read.body["delivery_status"]["code"], 200);
}

#[tokio::test]
async fn a_value_based_audience_wants_values() {
    let world = world().await;
    let change = AudienceChange {
        is_value_based: Some(true),
        ..AudienceChange::default()
    };
    audience(&world, change);
    let refused = world.add([1]).await;
    assert_eq!(refused.error(), (400, 100, None));
    let text = refused.body["error"]["message"].as_str().unwrap();
    assert!(text.contains("LOOKALIKE_VALUE"), "{text}");
    let schema = ["EMAIL", "LOOKALIKE_VALUE"];
    let payload = json!({ "schema": schema, "is_raw": true, "data": [[hash(1), 12.5]] });
    assert_eq!(world.users(Method::POST, payload.clone()).await.status, 200);
    let terms = |accepted| AccountChange {
        value_terms_accepted: Some(accepted),
        ..AccountChange::default()
    };
    account(&world, terms(false));
    let refused = world.users(Method::POST, payload).await;
    assert_eq!(refused.error(), (403, 200, Some(1_870_034)));
    account(&world, terms(true));
    let removal = world.users(Method::DELETE, members([1])).await;
    assert_eq!(removal.status, 200, "a removal needs none");
}

#[tokio::test]
async fn a_removal_that_leaves_too_few_is_refused() {
    let world = world().await;
    world.add(1..=3).await;
    let change = AudienceChange {
        smallest: Some(2),
        ..AudienceChange::default()
    };
    audience(&world, change);
    let most = world.users(Method::DELETE, members(1..=2)).await;
    assert_eq!(most.error(), (400, 200, Some(1_870_047)));
    let one = world.users(Method::DELETE, members([1, 9])).await;
    assert_eq!(one.status, 200);
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 2);
}

#[tokio::test]
async fn an_upload_of_too_many_bytes_is_an_unknown_error() {
    let world = world().await;
    let limit = |bytes| Changes {
        largest_upload: Some(bytes),
        ..Changes::default()
    };
    world.simulator.change(limit(1_000)).unwrap();
    assert_eq!(world.add(1..=20).await.error(), (400, 1, Some(99)));
    assert_eq!(world.add(1..=5).await.status, 200);
    world.simulator.change(limit(0)).unwrap();
    assert_eq!(world.add(1..=20).await.status, 200);
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 20);
}

#[tokio::test]
async fn a_token_expires_is_revoked_and_renewed() {
    let world = standing_world().await;
    let token = |change| world.simulator.change(Changes::token(change)).unwrap();
    token(TokenChange::expiring_in(Duration::from_secs(3_600)));
    assert_eq!(world.add([1]).await.status, 200);
    world.advance(3_600);
    assert_eq!(world.add([1]).await.error(), (401, 190, Some(463)));
    token(TokenChange::to(TokenState::Revoked));
    assert_eq!(world.add([1]).await.error(), (401, 190, Some(467)));
    token(TokenChange::renewed("another"));
    assert_eq!(world.add([1]).await.error(), (401, 190, None));
    token(TokenChange::renewed(TOKEN));
    assert_eq!(world.add([1]).await.status, 200);
}

#[tokio::test]
async fn an_ended_version_fails_or_is_upgraded_with_a_warning() {
    let world = world().await;
    assert!(
        !world
            .add([1])
            .await
            .headers
            .contains_key("x-ad-api-version-warning")
    );
    let versions = |upgrade| Changes {
        versions: Some(Versions::ended_before(27, upgrade)),
        ..Changes::default()
    };
    world.simulator.change(versions(false)).unwrap();
    let refused = world.add([1]).await;
    assert_eq!(refused.error(), (400, 2_635, None));
    assert_eq!(refused.headers["facebook-api-version"], "v26.0");
    world.simulator.change(versions(true)).unwrap();
    let upgraded = world.add([1]).await;
    assert_eq!(upgraded.status, 200);
    assert!(upgraded.headers.contains_key("x-ad-api-version-warning"));
    assert_eq!(upgraded.headers["facebook-api-version"], "v27.0");
    for path in ["456", "act_789", "456/sessions", "act_789/customaudiences"] {
        let read = world.read(&format!("/v26.0/{path}")).await;
        assert_eq!(read.status, 200, "{path}");
        assert!(
            read.headers.contains_key("x-ad-api-version-warning"),
            "{path}"
        );
    }
    assert_eq!(world.read("/v26.0/123").await.error(), (400, 2_635, None));
    let events = world.send_events(json!([purchase("e", MARY)])).await;
    assert_eq!(
        events.error(),
        (400, 2_635, None),
        "events are not upgraded"
    );
}

#[tokio::test]
async fn people_leave_every_audience_of_one_account() {
    let world =
        crate::support::world_of(|builder| builder.audience("457", "789").audience("458", "790"))
            .await;
    for id in ["456", "457", "458"] {
        let body = json!({ "payload": members([1, 2]) });
        let path = format!("/v26.0/{id}/users");
        answer(world.request(Method::POST, &path).json(&body)).await;
    }
    let body = json!({ "payload": members([1]) });
    let path = "/v26.0/act_789/usersofanyaudience";
    let answered = answer(world.request(Method::DELETE, path).json(&body)).await;
    assert_eq!(answered.body["num_received"], 1);
    // The SDK writes it into the address, as it does any removal.
    let hashes: Vec<_> = (10..310).map(hash).collect();
    let long = json!({ "schema": "EMAIL_SHA256", "data": hashes }).to_string();
    let dropped = world
        .request(Method::DELETE, path)
        .query(&[("payload", long)]);
    assert!(dropped.send().await.unwrap_err().is_request());
    let audiences = world.simulator.inspect().audiences;
    let left: Vec<_> = audiences
        .values()
        .map(|audience| audience.members)
        .collect();
    assert_eq!(left, [1, 1, 2]);

    let mut overridden = json!({ "payload": members([2]) });
    let post = answer(world.request(Method::POST, path).json(&overridden)).await;
    assert_eq!(post.error(), (400, 100, Some(33)));
    overridden["method"] = json!("DELETE");
    let post = answer(world.request(Method::POST, path).json(&overridden)).await;
    assert_eq!(post.status, 200);
    assert_eq!(world.simulator.inspect().audiences["456"].members, 0);
}

#[tokio::test]
async fn whoever_takes_no_removal_is_left_out_of_one_from_every_audience() {
    let world = crate::support::world_of(|builder| builder.audience("457", "789")).await;
    let everywhere = async |number: u64| {
        let body = json!({ "payload": members([number]) });
        let path = "/v26.0/act_789/usersofanyaudience";
        let answer = answer(world.request(Method::DELETE, path).json(&body)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["num_received"], 1);
    };
    let cannot = |id: &str, change: AudienceChange| {
        world
            .simulator
            .change(Changes::audience(id, change))
            .unwrap();
    };
    let has = |id: &str, number: u64| world.simulator.is_member(id, &[("EMAIL", &hash(number))]);
    let usual = AudienceChange {
        flagged: Some(false),
        can_edit: Some(true),
        subtype: Some("CUSTOM".to_owned()),
        smallest: Some(0),
        is_value_based: Some(false),
        deleted: Some(false),
        ..AudienceChange::default()
    };
    account(
        &world,
        AccountChange {
            value_terms_accepted: Some(false),
            ..AccountChange::default()
        },
    );
    for id in ["456", "457"] {
        let body = json!({ "payload": members(1..=10) });
        let path = format!("/v26.0/{id}/users");
        answer(world.request(Method::POST, &path).json(&body)).await;
    }
    let states = [
        AudienceChange {
            flagged: Some(true),
            ..AudienceChange::default()
        },
        AudienceChange {
            can_edit: Some(false),
            ..AudienceChange::default()
        },
        AudienceChange {
            subtype: Some("LOOKALIKE".to_owned()),
            ..AudienceChange::default()
        },
        AudienceChange {
            smallest: Some(10),
            ..AudienceChange::default()
        },
        AudienceChange {
            is_value_based: Some(true),
            ..AudienceChange::default()
        },
        AudienceChange {
            deleted: Some(true),
            ..AudienceChange::default()
        },
    ];
    for (number, state) in (1..).zip(states) {
        cannot(AUDIENCE, state.clone());
        let alone = world.users(Method::DELETE, members([number])).await;
        assert_ne!(alone.status, 200, "{state:?}");
        everywhere(number).await;
        assert!(has(AUDIENCE, number) && !has("457", number), "{state:?}");
        cannot(AUDIENCE, usual.clone());
    }
    let batch = |seq, last| world.batch("usersreplace", members(1..=10), (7, seq, last));
    assert_eq!(batch(1, false).await.status, 200);
    everywhere(7).await;
    assert!(has(AUDIENCE, 7) && !has("457", 7));
    assert_eq!(batch(2, true).await.status, 200);
    everywhere(8).await;
    assert!(!has(AUDIENCE, 8) && !has("457", 8));
}

#[tokio::test]
async fn changes_are_made_by_command_all_or_none() {
    let world = world().await;
    let change = async |body: Value| world.control(Method::POST, "change", body).await;
    let unknown = change(json!({
        "token": { "state": "expired" }, "audiences": { "999": { "flagged": true } },
    }))
    .await;
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.body["error"], "there is no audience 999");
    assert_eq!(world.add([1]).await.status, 200, "nothing was changed");
    assert_eq!(change(json!({ "tokn": {} })).await.status, 400);
    let both = json!({
        "accounts": { "act_789": { "permission": "app" } },
        "versions": { "oldest_marketing": "v26.0", "upgrade": true },
    });
    assert_eq!(change(both).await.status, 200);
    assert_eq!(world.add([1]).await.error(), (403, 10, None));
    let unknown = Changes::account("1", AccountChange::default());
    assert!(matches!(
        world.simulator.change(unknown),
        Err(ChangeError::Unknown { .. })
    ));
    world.simulator.reset();
    assert_eq!(world.add([1]).await.status, 200);
}
