//! Set-ups that cannot work say so, where the operator looks.

use std::time::Duration;

use super::localstack::{self, REGION};
use super::people;
use super::stage::Stage;
use super::worker::{Worker, program_on};

/// The discard port: nothing listens there.
const NOBODY: &str = "http://127.0.0.1:9";

fn config(queue_url: &str) -> String {
    format!(
        "[queue]\nurl = \"{queue_url}\"\nwait_seconds = 1\n\
         [state]\nlocation = \"s3://some-state/\"\n\
         [[route]]\nname = \"people\"\nprefix = \"meta/\"\ncredentials = \"ssm:/meta\"\ncolumns = \"auto\"\n\
         [route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n"
    )
}

/// A worker that starts, is alive, and never becomes ready; ends when told to.
async fn waits_for_its_queue(aws: &str, queue_url: &str, logged: &str, expected: &str) {
    let mut command = program_on(aws);
    command
        .arg("worker")
        .env("ACTIVATOR_CONFIG", config(queue_url));
    let mut worker = Worker::spawn(command);
    let line = worker.until_logged(logged, |_| true).await;
    let error = line["error"].as_str().unwrap();
    assert!(
        error.contains(queue_url) && error.contains(expected),
        "{error}"
    );

    let (status, _) = worker.get("/readyz").await;
    assert_eq!(status, 503);
    let detail = worker.readiness().await;
    assert_eq!(detail["waiting_for"]["queue"], *error);
    assert_eq!(worker.get("/livez").await.0, 200);
    assert!(worker.metric("worker_queue_errors_total").await >= Some(1.0));

    worker.signal("TERM");
    let status = worker.ended(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_queue_that_does_not_exist_is_named_and_waited_for() {
    let aws = localstack::endpoint();
    let url = format!("{aws}/queue/{REGION}/000000000000/no-such-queue");
    let logged = "cannot use the queue; trying again until somebody mends it";
    waits_for_its_queue(&aws, &url, logged, "there is no such queue").await;
}

#[tokio::test]
async fn aws_out_of_reach_is_told_and_waited_for() {
    let url = format!("{NOBODY}/queue/{REGION}/000000000000/audience");
    let logged = "cannot receive from the queue; trying again";
    waits_for_its_queue(NOBODY, &url, logged, "it cannot be reached").await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_secret_that_is_not_there_is_named_and_the_message_kept() {
    let stage = Stage::set_up().await;
    let config = stage.config(&[stage.conversions("people", "forgotten")]);
    let worker = Worker::start(&config).await;
    stage.plane.put("meta/people/1", people::csv(0..5)).await;
    worker
        .until_metric("worker_route_stopped{route=\"people\"}", 1.0)
        .await;
    let detail = worker.readiness().await;
    let reason = detail["stopped_routes"]["people"].as_str().unwrap();
    let secret = format!("ssm:{}", stage.secret("forgotten"));
    assert!(reason.contains(&secret), "{reason}");
    stage.plane.until_depth(0, 1).await;
    assert_eq!(stage.uploads(), 0);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn without_a_place_for_its_receipt_nothing_of_an_object_is_sent() {
    let stage = Stage::set_up().await;
    let mistyped = format!("{}-mistyped", stage.plane.state_bucket);
    let config = stage.people_config();
    let worker = Worker::start(&config.replace(&stage.plane.state_bucket, &mistyped)).await;
    stage.plane.put("meta/people/1", people::csv(0..5)).await;
    let line = worker
        .until_line("about the state bucket", |line| {
            let reason = line["reason"].as_str();
            reason.is_some_and(|reason| reason.contains(&mistyped))
        })
        .await;
    assert_ne!(line["level"], "INFO");
    stage.plane.until_depth(0, 1).await;
    assert_eq!(stage.uploads(), 0);
}

#[tokio::test]
async fn a_configuration_with_faults_starts_nothing_and_names_them_all() {
    let config = config("https://sqs.eu-central-1.amazonaws.com/1/q")
        .replace("[[route]]", "[[route]]\nprefx = \"meta/\"")
        .replace("wait_seconds = 1", "wait_seconds = 99");
    let output = program_on(NOBODY)
        .arg("worker")
        .env("ACTIVATOR_CONFIG", config)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(":7: route \"people\": prefx: unknown key"),
        "{said}"
    );
    assert!(said.contains("prefix"), "{said}");
    assert!(said.contains(":3: queue.wait_seconds"), "{said}");
}
