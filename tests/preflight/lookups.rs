//! `Client::look_up`, against the simulated Meta and against answers that no Meta gives.

use std::time::Duration;

use audience_activator::credentials::{Credentials, RawSecret, recognise};
use audience_activator::meta::{
    AdAccount, Audience, AudienceState, Client, ClientOptions, Dataset, OperationStatus, Outcome,
};
use secrecy::SecretString;
use serde_json::json;
use simulator::{
    AudienceChange, Changes, DatasetChange, Fault, FaultAction, GraphError, Simulator, Target,
};

use crate::stage::meta::{Endpoint, Reply};
use crate::stage::{ACCOUNT, AUDIENCE, DATASET, TOKEN};

pub(crate) fn credentials(text: &str) -> Credentials {
    recognise(&RawSecret::Text(SecretString::from(text))).unwrap()
}

/// Calls time out after a second.
pub(crate) fn client(endpoint: &str) -> Client {
    let second = Duration::from_secs(1);
    Client::new(ClientOptions {
        endpoint: endpoint.to_owned(),
        conversions_version: "v26.0".to_owned(),
        audience_version: "v26.0".to_owned(),
        connect_timeout: second,
        conversions_timeout: second,
        audience_timeout: second,
    })
    .unwrap()
}

async fn simulator() -> Simulator {
    let builder = Simulator::builder().token(TOKEN).dataset(DATASET);
    builder.audience(AUDIENCE, ACCOUNT).start().await.unwrap()
}

fn audience() -> Audience {
    Audience(AUDIENCE.to_owned())
}

#[tokio::test]
async fn what_there_is_can_be_looked_up() {
    let simulator = simulator().await;
    let client = client(&simulator.endpoint());
    let credentials = credentials(TOKEN);

    let found = client.look_up(&audience(), &credentials).await.unwrap();
    assert_eq!(found.account_id.as_deref(), Some(ACCOUNT));
    assert_eq!(found.subtype.as_deref(), Some("CUSTOM"));
    assert_eq!(found.operation(), Some(OperationStatus::Usable));
    assert_eq!(found.is_value_based, Some(false));
    assert_eq!(found.delete_time, Some(0));
    assert!(found.can_be_edited());

    let expiring = AudienceChange {
        expiring: Some(true),
        can_edit: Some(false),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, expiring);
    simulator.change(change).unwrap();
    let found = client.look_up(&audience(), &credentials).await.unwrap();
    assert_eq!(found.operation_status.unwrap().code, 100);
    assert!(found.delete_time.unwrap() > 0);
    assert!(!found.can_be_edited());

    let account = AdAccount(format!("act_{ACCOUNT}"));
    let terms = client.look_up(&account, &credentials).await.unwrap();
    assert_eq!(terms.tos_accepted["custom_audience_tos"], 1);

    let stores = DatasetChange {
        takes_store_events: Some(false),
        ..DatasetChange::default()
    };
    simulator.change(Changes::dataset(DATASET, stores)).unwrap();
    let dataset = Dataset(DATASET.to_owned());
    let found = client.look_up(&dataset, &credentials).await.unwrap();
    assert_eq!(found.is_unavailable, Some(false));
    assert_eq!(found.is_consolidated_container, Some(false));

    let (answer, found) = client.ask(&dataset, &credentials).await;
    assert!(found.is_some());
    assert_eq!(answer.outcome, Outcome::Accepted { received: 0 });
}

async fn outcome(simulator: &Simulator, token: &str) -> Outcome {
    let client = client(&simulator.endpoint());
    let looked = client.look_up(&audience(), &credentials(token)).await;
    looked.unwrap_err().outcome
}

#[tokio::test]
async fn what_meta_refuses_or_loses_is_an_answer_of_its_kind() {
    let simulator = simulator().await;
    assert_eq!(outcome(&simulator, "another").await, Outcome::Auth);
    let throttled = Outcome::Throttled { wait: None };
    for (action, expected) in [
        // A 200 may carry an error all the same.
        (FaultAction::Error(GraphError::new(200, 190)), Outcome::Auth),
        (
            FaultAction::Error(GraphError::new(200, 100).subcode(33)),
            Outcome::Configuration,
        ),
        (FaultAction::Error(GraphError::new(400, 80_003)), throttled),
        (
            FaultAction::Error(GraphError::new(500, 2)),
            Outcome::Transient,
        ),
        (FaultAction::Html { status: 502 }, Outcome::Unknown),
        (FaultAction::Html { status: 400 }, Outcome::Transient),
        (FaultAction::Html { status: 200 }, Outcome::Unknown),
        (FaultAction::ResetBefore, Outcome::Unknown),
        (FaultAction::Truncate, Outcome::Unknown),
    ] {
        simulator.fault(Fault::new(Target::Read, action.clone()));
        assert_eq!(outcome(&simulator, TOKEN).await, expected, "{action:?}");
    }
    let slow = Fault::delay(Target::Read, Duration::from_secs(30));
    simulator.fault(slow);
    assert_eq!(outcome(&simulator, TOKEN).await, Outcome::Unknown);
}

#[tokio::test]
async fn nothing_listening_and_garbage_are_no_finds() {
    let nobody = client("http://127.0.0.1:9");
    let looked = nobody.look_up(&audience(), &credentials(TOKEN)).await;
    assert_eq!(looked.unwrap_err().outcome, Outcome::Transient);

    for body in [json!({}), json!([]), json!("text"), json!(null), json!(7)] {
        let told = body.clone();
        let endpoint = Endpoint::answering(move |_| Reply::json(200, &told)).await;
        let client = client(&endpoint.url());
        let looked = client.look_up(&audience(), &credentials(TOKEN)).await;
        assert_eq!(looked.unwrap_err().outcome, Outcome::Unknown, "{body}");
    }
    // Of another type than it should be.
    let odd = json!({"id": "1", "operation_status": "fine"});
    let endpoint = Endpoint::answering(move |_| Reply::json(200, &odd)).await;
    let client = client(&endpoint.url());
    let looked: Result<AudienceState, _> = client.look_up(&audience(), &credentials(TOKEN)).await;
    assert_eq!(looked.unwrap_err().outcome, Outcome::Unknown);
}
