use reqwest::Method;
use serde_json::{Value, json};

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
