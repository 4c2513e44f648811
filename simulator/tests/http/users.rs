use reqwest::Method;
use serde_json::{Value, json};
use simulator::{AudienceChange, Changes};

use crate::support::{AUDIENCE, JOHN, MARY, NOTHING, World, answer, world};

fn rows(data: &Value) -> Value {
    json!({ "schema": ["EMAIL", "FN"], "is_raw": true, "data": data })
}

fn by_value(world: &World, is_value_based: bool) {
    let change = AudienceChange {
        is_value_based: Some(is_value_based),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, change);
    world.simulator.change(change).unwrap();
}

async fn query_delete(world: &World, hashes: usize) -> reqwest::Result<reqwest::Response> {
    let data: Vec<_> = (0..hashes).map(|number| format!("{number:064x}")).collect();
    let payload = json!({ "schema": "EMAIL_SHA256", "is_raw": false, "data": data });
    let request = world.request(Method::DELETE, "/v26.0/456/users");
    request
        .query(&[("payload", payload.to_string())])
        .send()
        .await
}

#[tokio::test]
async fn adding_a_member_twice_changes_nothing() {
    let world = world().await;
    let payload = rows(&json!([[MARY, JOHN], [JOHN, ""]]));
    let first = world.users(Method::POST, payload.clone()).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.body["audience_id"], AUDIENCE);
    assert_eq!(first.body["num_received"], 2);
    assert_eq!(first.body["num_invalid_entries"], 0);
    assert_eq!(first.body["invalid_entry_samples"], json!({}));
    world.users(Method::POST, payload).await;

    let report = &world.simulator.inspect().audiences[AUDIENCE];
    assert_eq!(
        (report.members, report.rows_added, report.rows_repeated),
        (2, 2, 2)
    );
}

#[tokio::test]
async fn a_member_is_its_cells_whatever_their_order_blanks_or_case() {
    let world = world().await;
    world
        .users(Method::POST, rows(&json!([[MARY, JOHN]])))
        .await;
    let other_order = json!({
        "schema": ["FN", "PHONE", "EMAIL"],
        "is_raw": true,
        "data": [[JOHN.to_uppercase(), "", MARY]],
    });
    world.users(Method::POST, other_order).await;

    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 1);
    assert!(
        world
            .simulator
            .is_member(AUDIENCE, &[("FN", JOHN), ("EMAIL", MARY)])
    );
    assert!(!world.simulator.is_member(AUDIENCE, &[("EMAIL", MARY)]));
    assert_eq!(world.simulator.members_bearing(AUDIENCE, "EMAIL", MARY), 1);
    assert_eq!(world.simulator.members_bearing(AUDIENCE, "EMAIL", JOHN), 0);
}

#[tokio::test]
async fn members_are_removed_by_body_by_override_and_by_a_short_address() {
    let world = world().await;
    world
        .users(
            Method::POST,
            rows(&json!([[MARY, ""], [JOHN, ""], [NOTHING, ""]])),
        )
        .await;

    world
        .users(Method::DELETE, rows(&json!([[MARY, ""]])))
        .await;
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 2);

    let body = json!({ "payload": rows(&json!([[JOHN, ""]])), "method": "DELETE" });
    answer(world.request(Method::POST, "/v26.0/456/users").json(&body)).await;
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 1);

    let payload = rows(&json!([[NOTHING, ""], [MARY, ""]])).to_string();
    let request = world
        .request(Method::DELETE, "/v26.0/456/users")
        .query(&[("payload", payload)]);
    assert_eq!(answer(request).await.body["num_received"], 2);
    let report = &world.simulator.inspect().audiences[AUDIENCE];
    assert_eq!(
        (report.members, report.rows_removed, report.rows_not_found),
        (0, 3, 1)
    );
    assert_eq!(world.simulator.members_bearing(AUDIENCE, "EMAIL", JOHN), 0);
}

#[tokio::test]
async fn three_hundred_hashes_in_the_address_get_no_answer() {
    let world = world().await;
    let short = query_delete(&world, 250).await.unwrap();
    assert_eq!(short.status(), 200);
    let long = query_delete(&world, 300).await.unwrap_err();
    assert!(long.is_request(), "{long:?}");
    assert_eq!(
        world.simulator.inspect().audiences[AUDIENCE].rows_not_found,
        250
    );
}

#[tokio::test]
async fn rows_that_are_not_well_formed_are_counted_and_the_rest_taken() {
    let world = world().await;
    let data = json!([[MARY, ""], ["mary@example.com", ""], ["", ""], [JOHN, "x"]]);
    let answer = world.users(Method::POST, rows(&data)).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["num_received"], 4);
    assert_eq!(answer.body["num_invalid_entries"], 3);
    assert_eq!(
        answer.body["invalid_entry_samples"],
        json!({"1": "mary@example.com", "3": "x"})
    );
    let inspection = world.simulator.inspect();
    let report = &inspection.audiences[AUDIENCE];
    assert_eq!((report.members, report.rows_invalid), (1, 3));
    assert_eq!(inspection.requests.recent[0].outcome, "partial");
}

#[tokio::test]
async fn a_row_of_the_wrong_width_refuses_the_request() {
    let world = world().await;
    for data in [
        json!([[MARY, ""], [MARY]]),
        json!([[MARY, "", ""]]),
        json!([MARY]),
        json!([]),
    ] {
        let answer = world.users(Method::POST, rows(&data)).await;
        assert_eq!(answer.error(), (400, 100, None));
    }
    let flat = json!({ "schema": ["EMAIL"], "is_raw": true, "data": [MARY] });
    let answer = world.users(Method::POST, flat).await;
    assert_eq!(answer.error(), (400, 100, None), "a list of keys has rows");
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 0);
}

#[tokio::test]
async fn ten_thousand_rows_are_taken_and_one_more_is_an_unknown_error() {
    let world = world().await;
    let data = |count: usize| -> Value {
        (0..count)
            .map(|number| json!([format!("{number:064x}"), ""]))
            .collect()
    };
    let too_many = world.users(Method::POST, rows(&data(10_001))).await;
    assert_eq!(too_many.error(), (400, 1, Some(99)));
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 0);
    let most = world.users(Method::POST, rows(&data(10_000))).await;
    assert_eq!(most.body["num_received"], 10_000);
    assert_eq!(
        world.simulator.inspect().audiences[AUDIENCE].members,
        10_000
    );
}

#[tokio::test]
async fn a_single_key_may_be_values_or_rows_of_one() {
    let world = world().await;
    let payload = json!({ "schema": "EMAIL_SHA256", "is_raw": false, "data": [MARY, [JOHN]] });
    world.users(Method::POST, payload).await;
    assert!(world.simulator.is_member(AUDIENCE, &[("EMAIL", MARY)]));
    assert!(
        world
            .simulator
            .is_member(AUDIENCE, &[("EMAIL_SHA256", JOHN)])
    );
}

#[tokio::test]
async fn an_audience_begun_with_a_list_of_keys_refuses_a_single_key() {
    let world = world().await;
    world.users(Method::POST, rows(&json!([[MARY, ""]]))).await;
    let single = json!({ "schema": "EMAIL_SHA256", "data": [JOHN] });
    let answer = world.users(Method::POST, single).await;
    assert_eq!(answer.error(), (400, 2650, None));
}

#[tokio::test]
async fn unhashed_columns_numbers_and_lists_are_cells_too() {
    let world = world().await;
    by_value(&world, true);
    let payload = json!({
        "schema": ["EXTERN_ID", "EMAIL", "LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS"],
        "is_raw": true,
        "data": [
            ["CRM-1", MARY, 44.5, ["LDU"]], ["CRM-2", JOHN, -1, []], ["CRM-3", null, 0, []],
            ["CRM-4", MARY, "1", []],
        ],
    });
    let answer = world.users(Method::POST, payload).await;
    assert_eq!(answer.body["num_invalid_entries"], 2);
    assert_eq!(
        world
            .simulator
            .members_bearing(AUDIENCE, "EXTERN_ID", "CRM-1"),
        1
    );
    assert_eq!(
        world
            .simulator
            .members_bearing(AUDIENCE, "EXTERN_ID", "crm-1"),
        0
    );
    assert_eq!(
        world
            .simulator
            .members_bearing(AUDIENCE, "LOOKALIKE_VALUE", "44.5"),
        1
    );
}

#[tokio::test]
async fn limited_data_use_is_a_list_and_two_numbers_and_is_not_who_somebody_is() {
    let world = world().await;
    by_value(&world, true);
    let limited = |options: Value, country: Value, state: Value| {
        json!({
            "is_raw": true,
            "schema": [
                "EMAIL", "DATA_PROCESSING_OPTIONS", "DATA_PROCESSING_OPTIONS_COUNTRY",
                "DATA_PROCESSING_OPTIONS_STATE", "LOOKALIKE_VALUE",
            ],
            "data": [[MARY, options, country, state, 1.5], ["", ["LDU"], 1, 1000, 2]],
        })
    };
    for (invalid, payload) in [
        (1, limited(json!(["LDU"]), json!(1), json!(1000))),
        (1, limited(json!([]), json!(0), json!(0))),
        (2, limited(json!("[]"), json!(0), json!(0))),
        (2, limited(json!(["ldu"]), json!(0), json!(0))),
        (2, limited(json!([]), json!("1"), json!(0))),
        (2, limited(json!([]), json!(1), json!(1001))),
    ] {
        let answer = world.users(Method::POST, payload.clone()).await;
        assert_eq!(answer.body["num_invalid_entries"], invalid, "{payload}");
    }
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 1);
    let by_email = json!({ "schema": ["EMAIL"], "data": [[MARY]] });
    world.users(Method::DELETE, by_email).await;
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 0);
}

#[tokio::test]
async fn a_devices_id_is_a_uuid_in_lower_case_and_not_hashed() {
    let world = world().await;
    let id = "ab1234cd-12ab-34cd-56ef-123456abcdef";
    let data = json!([[id], [id.to_uppercase()], [id.replace('-', "")], [MARY]]);
    let payload = json!({ "schema": ["MADID"], "is_raw": true, "data": data });
    let answer = world.users(Method::POST, payload).await;
    assert_eq!(answer.body["num_invalid_entries"], 3);
    assert!(world.simulator.is_member(AUDIENCE, &[("MADID", id)]));
}

#[tokio::test]
async fn values_are_for_an_audience_that_goes_by_them() {
    let world = world().await;
    let payload = json!({ "schema": ["EMAIL", "LOOKALIKE_VALUE"], "is_raw": true,
        "data": [[MARY, 12.5]] });
    let added = world.users(Method::POST, payload.clone()).await;
    assert_eq!(added.error(), (400, 100, None));
    let replaced = world
        .batch("usersreplace", payload.clone(), (7, 1, true))
        .await;
    assert_eq!(replaced.error(), (400, 100, None));
    by_value(&world, true);
    let added = world.users(Method::POST, payload).await;
    assert_eq!(added.body["num_invalid_entries"], 0);
    let without = json!({ "schema": ["EMAIL"], "data": [[JOHN]] });
    let replaced = world.batch("usersreplace", without, (8, 1, true)).await;
    assert_eq!(replaced.error(), (400, 100, None));
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 1);
}

#[tokio::test]
async fn one_missing_value_refuses_all_rows_for_an_audience_that_goes_by_them() {
    let world = world().await;
    by_value(&world, true);
    let rows = |value: Value| {
        json!({ "schema": ["EMAIL", "LOOKALIKE_VALUE"], "is_raw": true,
            "data": [[JOHN, 12.5], [MARY, value]] })
    };
    for blank in [json!(""), Value::Null] {
        let added = world.users(Method::POST, rows(blank.clone())).await;
        let replaced = world
            .batch("usersreplace", rows(blank.clone()), (7, 1, true))
            .await;
        for refused in [added, replaced] {
            assert_eq!(refused.error(), (400, 100, None), "{blank}");
            let text = refused.body["error"]["message"].as_str().unwrap();
            assert!(text.contains("LOOKALIKE_VALUE"), "{text}");
        }
    }
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 0);
    // One that is no value is of its row alone.
    let added = world.users(Method::POST, rows(json!("1"))).await;
    assert_eq!(added.body["num_invalid_entries"], 1);
    // A removal goes by who somebody is.
    let removal = world.users(Method::DELETE, rows(json!(""))).await;
    assert_eq!(removal.status, 200);
    assert_eq!(world.simulator.inspect().audiences[AUDIENCE].members, 0);
}

#[tokio::test]
async fn scoped_ids_come_with_their_apps_or_their_one_page() {
    let world = world().await;
    let with = |key: &str, member: &str, ids: Value| {
        let mut payload = json!({ "schema": [key], "data": [["17"]] });
        payload[member] = ids;
        payload
    };
    for (status, payload) in [
        (200, with("APPUID", "app_ids", json!(["1", "2"]))),
        (400, with("APPUID", "app_ids", json!([]))),
        (400, with("APPUID", "page_ids", json!(["1"]))),
        (200, with("PAGEUID", "page_ids", json!(["1"]))),
        (400, with("PAGEUID", "page_ids", json!(["1", "2"]))),
        (400, json!({ "schema": ["PAGEUID"], "data": [["17"]] })),
    ] {
        let answer = world.users(Method::POST, payload.clone()).await;
        assert_eq!(answer.status, status, "{payload}");
    }
}

#[tokio::test]
async fn a_session_sums_up_what_it_received() {
    let world = world().await;
    let send = async |row: Value, seq: u64| {
        let session =
            json!({ "session_id": 9_778_993, "batch_seq": seq, "last_batch_flag": false });
        let body = json!({ "payload": rows(&json!([row])), "session": session });
        answer(world.request(Method::POST, "/v26.0/456/users").json(&body)).await
    };
    assert_eq!(send(json!([MARY, ""]), 1).await.body["num_received"], 1);
    let second = send(json!(["plain", ""]), 2).await;
    assert_eq!(second.body["session_id"], "9778993");
    assert_eq!(second.body["num_received"], 2);
    assert_eq!(second.body["num_invalid_entries"], 1);
}

#[tokio::test]
async fn a_schema_or_payload_that_is_none_is_a_parameter_error() {
    let world = world().await;
    let payloads = [
        json!({ "schema": ["EMAIL", "SHOE_SIZE"], "is_raw": true, "data": [[MARY, "9"]] }),
        json!({ "schema": ["EMAIL", "EMAIL"], "is_raw": true, "data": [[MARY, JOHN]] }),
        json!({ "schema": ["EMAIL", "FN"], "data": [[MARY, JOHN]] }),
        json!({ "schema": ["EMAIL", "FN"], "is_raw": false, "data": [[MARY, JOHN]] }),
        json!({ "schema": ["EMAIL"], "is_raw": "yes", "data": [[MARY]] }),
        json!({ "schema": ["EMAIL_SHA256"], "data": [[MARY]] }),
        json!({ "schema": "FN", "data": [MARY] }),
        json!({ "schema": ["EMAIL"], "data": [[MARY]], "israw": true }),
        json!({ "schema": ["EMAIL"], "data": [[MARY]], "data_source": { "type": "FILE" } }),
        json!({ "schema": ["EMAIL"], "data": [] }),
        json!({ "schema": [], "data": [[MARY]] }),
        json!({ "schema": 7, "data": [[MARY]] }),
        json!({ "data": [[MARY]] }),
        json!({ "schema": ["EMAIL"] }),
        json!({ "schema": ["EMAIL"], "data": {} }),
        json!({ "schema": ["EMAIL"], "data": [{}] }),
        json!([]),
    ];
    for payload in payloads {
        let answer = world.users(Method::POST, payload.clone()).await;
        assert_eq!(answer.error(), (400, 100, None), "{payload}");
    }
    let known = json!({ "schema": ["EMAIL"], "data": [[MARY]],
        "data_source": { "type": "FILE_IMPORTED", "sub_type": "HASHES" } });
    assert_eq!(world.users(Method::POST, known.clone()).await.status, 200);
    let body = json!({ "payload": known });
    let unknown = world.request(Method::POST, "/v26.0/457/users").json(&body);
    assert_eq!(answer(unknown).await.error(), (400, 100, Some(33)));
}
