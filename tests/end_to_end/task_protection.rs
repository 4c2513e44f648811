//! On ECS the worker's task is protected while it works.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::put;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::eventually;
use super::people;
use super::stage::Stage;
use super::worker::{Worker, program};

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_task_of_ecs_is_protected_while_it_works_and_free_again_afterwards() {
    let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let agent = put(move |body: String| {
        let asked: Value = serde_json::from_str(&body).unwrap();
        let answer = json!({"protection": {"ProtectionEnabled": asked["ProtectionEnabled"]}});
        kept.lock().unwrap().push(asked);
        async move { answer.to_string() }
    });
    let app = Router::new().route("/agent/task-protection/v1/state", agent);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/agent", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let stage = Stage::set_up().await;
    let mut command = program();
    command
        .arg("worker")
        .env("ACTIVATOR_CONFIG", stage.people_config())
        .env("ECS_AGENT_URI", uri);
    let worker = Worker::spawn(command);
    worker.until_ready().await;
    assert!(asked.lock().unwrap().is_empty());

    stage
        .plane
        .put("meta/people/list.csv", people::csv(0..10))
        .await;
    eventually("the protection to be taken back", || async {
        (asked.lock().unwrap().len() == 2).then_some(())
    })
    .await;
    assert_eq!(
        *asked.lock().unwrap(),
        [
            json!({"ProtectionEnabled": true, "ExpiresInMinutes": 60}),
            json!({"ProtectionEnabled": false}),
        ]
    );
    stage.plane.until_empty().await;
}
