use reqwest::Method;
use serde_json::{Value, json};
use simulator::{AccountChange, AudienceChange, Changes, DatasetChange};

use crate::support::{MARY, World, answer, world};

async fn create(world: &World, account: &str, body: Value) -> crate::support::Answer {
    let path = format!("/v26.0/act_{account}/customaudiences");
    answer(world.request(Method::POST, &path).json(&body)).await
}

fn wanted() -> Value {
    json!({
        "name": "Loyalty",
        "subtype": "CUSTOM",
        "customer_file_source": "BOTH_USER_AND_PARTNER_PROVIDED",
        "description": "members",
    })
}

#[tokio::test]
async fn a_created_audience_can_be_read_and_filled() {
    let world = world().await;
    let created = create(&world, "789", wanted()).await;
    let id = created.body["id"].as_str().unwrap().to_owned();

    let read = world
        .read(&format!(
            "/v26.0/{id}?fields=name,subtype,operation_status,account_id"
        ))
        .await;
    assert_eq!(read.body["name"], "Loyalty");
    assert_eq!(read.body["operation_status"]["code"], 410);
    assert_eq!(read.body["account_id"], "789");
    assert_eq!(
        read.body.as_object().unwrap().len(),
        5,
        "only what was asked for, and the id"
    );

    let body = json!({ "payload": { "schema": ["EMAIL"], "data": [[MARY]] } });
    answer(
        world
            .request(Method::POST, &format!("/v26.0/{id}/users"))
            .json(&body),
    )
    .await;
    let fields = "operation_status{code},delivery_status,approximate_count_lower_bound,\
                  permission_for_actions,data_source";
    let read = world.read(&format!("/v26.0/{id}?fields={fields}")).await;
    assert_eq!(read.body["operation_status"]["code"], 200);
    assert_eq!(read.body["delivery_status"]["code"], 300);
    assert_eq!(read.body["permission_for_actions"]["can_edit"], true);
    assert_eq!(read.body["data_source"]["sub_type"], "MULTI_HASHES");
    assert_eq!(world.simulator.inspect().audiences[&id].members, 1);
}

#[tokio::test]
async fn creating_twice_makes_two() {
    let world = world().await;
    let first = create(&world, "789", wanted()).await;
    let second = create(&world, "789", wanted()).await;
    assert_ne!(first.body["id"], second.body["id"]);
}

#[tokio::test]
async fn an_audience_needs_its_declaration_of_source() {
    let world = world().await;
    for name in ["customer_file_source", "name", "subtype"] {
        let mut body = wanted();
        body.as_object_mut().unwrap().remove(name);
        let answer = create(&world, "789", body).await;
        assert_eq!(answer.error(), (400, 100, None), "{name}");
        assert!(
            answer.body["error"]["message"]
                .as_str()
                .unwrap()
                .contains(name),
            "{name}"
        );
    }
    let answer = create(&world, "790", wanted()).await;
    assert_eq!(answer.error(), (400, 100, Some(33)));
}

#[tokio::test]
async fn an_account_has_five_hundred_lists_and_a_deleted_one_makes_room() {
    let world = world().await;
    for number in 1..500 {
        assert_eq!(
            create(&world, "789", wanted()).await.status,
            200,
            "{number}"
        );
    }
    let refused = create(&world, "789", wanted()).await;
    assert_eq!(refused.error(), (400, 100, None));
    let gone = AudienceChange {
        deleted: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience("456", gone);
    world.simulator.change(change).unwrap();
    assert_eq!(create(&world, "789", wanted()).await.status, 200);
}

#[tokio::test]
async fn datasets_and_accounts_can_be_read() {
    let world = world().await;
    let dataset = world
        .read("/v26.0/123?fields=name,is_unavailable,last_fired_time")
        .await;
    assert_eq!(dataset.body["is_unavailable"], false);
    assert_eq!(dataset.body["last_fired_time"], Value::Null);
    let account = world.read("/v26.0/act_789?fields=tos_accepted").await;
    assert_eq!(account.body["tos_accepted"]["custom_audience_tos"], 1);
    let id_alone = world.read("/v26.0/456").await;
    assert_eq!(id_alone.body, json!({ "id": "456" }));
}

#[tokio::test]
async fn an_unknown_field_or_object_is_an_error() {
    let world = world().await;
    assert_eq!(
        world.read("/v26.0/456?fields=shoe_size").await.error(),
        (400, 100, None)
    );
    assert_eq!(
        world.read("/v26.0/act_1").await.error(),
        (400, 100, Some(33))
    );
}

#[tokio::test]
async fn deleting_an_audience_itself_is_no_part_of_this_api() {
    let world = world().await;
    let delete = world.request(Method::DELETE, "/v26.0/456");
    assert_eq!(answer(delete).await.error(), (400, 2500, None));
    assert_eq!(world.read("/v26.0/456").await.status, 200);
}

#[tokio::test]
async fn an_account_lists_its_audiences_page_by_page() {
    let world = world().await;
    for number in 0..6 {
        let mut body = wanted();
        body["name"] = json!(format!("List {}", number % 3));
        create(&world, "789", body).await;
    }
    let mut names = Vec::new();
    let mut pages = 0;
    let mut after = String::new();
    loop {
        let path = format!("/v26.0/act_789/customaudiences?fields=name,subtype&limit=3{after}");
        let page = world.read(&path).await.body;
        pages += 1;
        for audience in page["data"].as_array().unwrap() {
            assert_eq!(audience["subtype"], "CUSTOM");
            assert!(audience["id"].is_string(), "{audience}");
            names.push(audience["name"].as_str().unwrap().to_owned());
        }
        let paging = &page["paging"];
        if paging["next"].is_null() {
            break;
        }
        assert!(!paging["next"].as_str().unwrap().contains("token"));
        after = format!("&after={}", paging["cursors"]["after"].as_str().unwrap());
    }
    assert_eq!(pages, 3);
    names.sort();
    let created = ["List 0", "List 0", "List 1", "List 1", "List 2", "List 2"];
    assert_eq!(names, [&created[..], &["Simulated customer list"]].concat());

    let gone = AudienceChange {
        deleted: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience("456", gone);
    world.simulator.change(change).unwrap();
    let page = world.read("/v26.0/act_789/customaudiences").await.body;
    assert_eq!(page["data"].as_array().unwrap().len(), 6);

    for (path, error) in [
        ("act_789/customaudiences?limit=0", (400, 100, None)),
        ("act_789/customaudiences?after=no-cursor", (400, 100, None)),
        ("act_790/customaudiences", (400, 100, Some(33))),
    ] {
        let answer = world.read(&format!("/v26.0/{path}")).await;
        assert_eq!(answer.error(), error, "{path}");
    }
}

#[tokio::test]
async fn a_dataset_an_account_and_an_audience_tell_what_they_were_told_to() {
    let world = world().await;
    let dataset = DatasetChange {
        unavailable: Some(true),
        takes_store_events: Some(false),
    };
    world
        .simulator
        .change(Changes::dataset("123", dataset.clone()))
        .unwrap();
    let fields = "is_unavailable,is_consolidated_container";
    let read = world
        .read(&format!("/v26.0/123?fields={fields}"))
        .await
        .body;
    assert_eq!(read["is_unavailable"], true);
    assert_eq!(read["is_consolidated_container"], false);
    let unknown = world.simulator.change(Changes::dataset("124", dataset));
    assert!(unknown.is_err());

    let terms = AccountChange {
        value_terms_accepted: Some(false),
        ..AccountChange::default()
    };
    world
        .simulator
        .change(Changes::account("789", terms))
        .unwrap();
    let read = world.read("/v26.0/act_789?fields=tos_accepted").await.body;
    assert_eq!(
        read["tos_accepted"],
        json!({ "custom_audience_tos": 1, "value_based_custom_audience_tos": 0 })
    );

    let lookalike = AudienceChange {
        subtype: Some("LOOKALIKE".to_owned()),
        ..AudienceChange::default()
    };
    world
        .simulator
        .change(Changes::audience("456", lookalike))
        .unwrap();
    let read = world.read("/v26.0/456?fields=subtype").await.body;
    assert_eq!(read["subtype"], "LOOKALIKE");
    let mut by_value = wanted();
    by_value["is_value_based"] = json!(true);
    let refused = create(&world, "789", by_value.clone()).await;
    assert_eq!(refused.error(), (403, 200, Some(1_870_034)));
    by_value["is_value_based"] = json!("perhaps");
    let refused = create(&world, "789", by_value).await;
    assert_eq!(refused.error(), (400, 100, None));
    let body = json!({ "payload": { "schema": ["EMAIL"], "data": [[MARY]] } });
    let add = world.request(Method::POST, "/v26.0/456/users").json(&body);
    assert_eq!(answer(add).await.error(), (400, 100, None));
}
