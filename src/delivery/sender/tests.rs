#![allow(clippy::unwrap_used)]

use std::future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use simulator::{Fault, FaultAction, GraphError, Simulator, Target};

use super::super::limiter::{AccountLimiters, Limits};
use super::*;
use crate::batches::{BatchBuilder, RowTooLarge};
use crate::credentials::{FixedSecrets, RawSecret, SecretReader};
use crate::identity::key::Key;
use crate::meta::{AudienceMode, ClientOptions, CustomAudience, DeleteWith};

struct Stage {
    simulator: Simulator,
    metrics: Arc<Metrics>,
    halt: CancellationToken,
    sender: Sender,
}

impl Stage {
    async fn new() -> Stage {
        let secret = "ssm:/meta".parse().unwrap();
        Stage::with(FixedSecrets::new().with(secret, SecretString::from("t"))).await
    }

    async fn with(secrets: impl SecretReader + 'static) -> Stage {
        let simulator = Simulator::builder()
            .token("t")
            .audience("7", "1")
            .start()
            .await
            .unwrap();
        let client = Client::new(ClientOptions {
            endpoint: simulator.endpoint(),
            conversions_version: "v26.0".to_owned(),
            audience_version: "v26.0".to_owned(),
            connect_timeout: Duration::from_secs(5),
            conversions_timeout: Duration::from_secs(5),
            audience_timeout: Duration::from_secs(5),
        });
        let (metrics, halt) = (Arc::new(Metrics::new()), CancellationToken::new());
        let limits = Limits {
            requests_per_second: 1_000.0,
            in_flight: 8,
            longest_wait: Duration::from_secs(300),
        };
        let secret = "ssm:/meta".parse().unwrap();
        let limiter = AccountLimiters::new(limits).of("members", "act_1", &secret);
        let sender = Sender::new(Delivery {
            client: client.unwrap(),
            credentials: Arc::new(CredentialStore::new(Arc::new(secrets))),
            secret,
            destination: Arc::new(audience()),
            limiter,
            metrics: metrics.clone(),
            attempts: 8,
            halt: halt.clone(),
        });
        Stage {
            simulator,
            metrics,
            halt,
            sender,
        }
    }

    /// Answers this to the n-th request, counted from 1.
    fn answer(&self, nth: u64, error: GraphError) -> Fault {
        Fault::error(Target::Users, error).nth(nth)
    }
}

fn audience() -> CustomAudience {
    let schema = vec![Key::Email];
    CustomAudience::new(
        "7".to_owned(),
        AudienceMode::Add,
        DeleteWith::Body,
        schema,
        1 << 20,
    )
}

fn batch(rows: u64) -> Batch {
    let audience = audience();
    let mut builder = BatchBuilder::new(audience.envelope(), audience.limits());
    for row in 1..=rows {
        let written = builder.push::<RowTooLarge>(row, |body| {
            body.extend_from_slice(format!("[\"{row:064x}\"]").as_bytes());
            Ok(1)
        });
        assert!(written.unwrap().is_none());
    }
    builder.finish().unwrap()
}

#[tokio::test]
async fn a_request_that_may_be_too_large_is_tried_again_and_then_sent_in_halves() {
    let stage = Stage::new().await;
    let too_large = GraphError::new(500, 1).subcode(99);
    stage.simulator.fault(stage.answer(1, too_large).times(3));
    let tally = stage.sender.deliver(batch(4), &mut false).await.unwrap();
    assert_eq!((tally.rows_accepted, tally.refused.len()), (4, 0));
    assert_eq!((tally.requests, tally.retries), (5, 2));
    assert_eq!(stage.simulator.inspect().audiences["7"].members, 4);
}

#[tokio::test]
async fn a_large_request_that_is_answered_with_a_page_or_not_at_all_is_sent_in_halves() {
    for action in [
        FaultAction::Html { status: 500 },
        FaultAction::ResetBefore,
        FaultAction::ResetAfter,
    ] {
        let stage = Stage::new().await;
        let fault = Fault::new(Target::Users, action.clone()).times(3);
        stage.simulator.fault(fault);
        let tally = stage
            .sender
            .deliver(batch(2_000), &mut false)
            .await
            .unwrap();
        assert_eq!((tally.rows_accepted, tally.refused.len()), (2_000, 0));
        assert_eq!((tally.requests, tally.retries), (5, 2), "{action:?}");
        assert_eq!(stage.simulator.inspect().audiences["7"].members, 2_000);
    }
}

#[tokio::test]
async fn a_small_request_is_not_cut_by_an_outage() {
    let stage = Stage::new().await;
    let fault = Fault::new(Target::Users, FaultAction::Html { status: 502 }).times(4);
    stage.simulator.fault(fault);
    let tally = stage.sender.deliver(batch(4), &mut false).await.unwrap();
    assert_eq!((tally.requests, tally.retries), (5, 4));
}

#[tokio::test]
async fn too_many_parameters_are_halved_at_once_and_of_one_row_are_the_set_up() {
    let stage = Stage::new().await;
    let too_many = || GraphError::new(400, 105);
    stage.simulator.fault(stage.answer(1, too_many()));
    let tally = stage.sender.deliver(batch(4), &mut false).await.unwrap();
    assert_eq!((tally.rows_accepted, tally.refused.len()), (4, 0));
    assert_eq!((tally.requests, tally.retries), (3, 0));

    stage.simulator.fault(stage.answer(1, too_many()).always());
    let stop = stage
        .sender
        .deliver(batch(1), &mut false)
        .await
        .unwrap_err();
    assert!(matches!(stop, Stop::Configuration { .. }), "{stop}");
}

#[tokio::test]
async fn halves_for_their_size_are_no_sign_of_bad_rows() {
    let stage = Stage::new().await;
    // Whatever holds more than one row.
    let too_many = Fault::error(Target::Users, GraphError::new(400, 105)).holding("\"],[\"");
    stage.simulator.fault(too_many.always());
    let rows = u64::from(MOST_SPLITS) + 2;
    let tally = stage.sender.deliver(batch(rows), &mut false).await.unwrap();
    assert_eq!((tally.rows_accepted, tally.refused.len()), (rows, 0));
    assert_eq!(tally.requests, 2 * rows - 1);
    assert_eq!(stage.simulator.inspect().audiences["7"].members, rows);
}

#[tokio::test]
async fn a_replacement_under_way_is_not_waited_for_here() {
    let stage = Stage::new().await;
    let busy = GraphError::new(400, 2650).subcode(1_870_145);
    stage.simulator.fault(stage.answer(1, busy).always());
    let stop = stage
        .sender
        .deliver(batch(4), &mut false)
        .await
        .unwrap_err();
    assert!(matches!(stop, Stop::Busy { .. }), "{stop}");
    assert_eq!(stage.simulator.inspect().requests.total, 1);
}

#[tokio::test]
async fn why_a_route_stops_names_the_error_the_trace_id_and_what_to_do() {
    let stage = Stage::new().await;
    let terms = GraphError::new(403, 200).subcode(1_870_034);
    stage.simulator.fault(stage.answer(1, terms).always());
    let stop = stage
        .sender
        .deliver(batch(4), &mut false)
        .await
        .unwrap_err()
        .to_string();
    let says = [
        "(error 200/1870034, trace id ",
        "terms",
        "has to accept them",
    ];
    assert!(says.iter().all(|part| stop.contains(part)), "{stop}");
}

#[tokio::test]
async fn an_error_that_every_row_meets_is_not_laid_on_the_rows() {
    let stage = Stage::new().await;
    let refused = stage.answer(1, GraphError::new(400, 100)).always();
    stage.simulator.fault(refused);
    let stop = stage
        .sender
        .deliver(batch(1_000), &mut false)
        .await
        .unwrap_err();
    assert!(matches!(stop, Stop::TooManyRefused { .. }), "{stop}");
    let requests = stage.simulator.inspect().requests.total;
    assert!(requests < 100, "{requests} requests to find it out");
}

#[tokio::test]
async fn a_single_row_is_refused_for_itself_only_if_the_error_says_so() {
    for (subcode, blamed) in [(Some(2_804_050), true), (None, false)] {
        let stage = Stage::new().await;
        let mut error = GraphError::new(400, 100);
        if let Some(subcode) = subcode {
            error = error.subcode(subcode);
        }
        stage.simulator.fault(stage.answer(1, error));
        let tally = stage.sender.deliver(batch(1), &mut false).await.unwrap();
        assert_eq!(tally.refused.len(), 1);
        let concluded = stage
            .sender
            .conclude(tally.rows_accepted, tally.refused.first().copied());
        assert_eq!(concluded.is_ok(), blamed, "{subcode:?}");
        if let Err(stop) = concluded {
            let stop = stop.to_string();
            assert!(
                stop.contains("(the last one with error 100, trace id "),
                "{stop}"
            );
        }
    }
}

#[tokio::test]
async fn rows_that_were_accepted_before_a_stop_are_counted() {
    let stage = Stage::new().await;
    let one_bad_row = GraphError::new(400, 100).subcode(2_804_003);
    stage.simulator.fault(stage.answer(1, one_bad_row));
    stage
        .simulator
        .fault(stage.answer(3, GraphError::new(403, 10)));
    let stop = stage
        .sender
        .deliver(batch(2), &mut false)
        .await
        .unwrap_err();
    assert!(matches!(stop, Stop::Configuration { .. }), "{stop}");
    assert_eq!(stage.metrics.rows_accepted.get(), 1);
}

/// A secret store that never answers.
struct Silent;

impl SecretReader for Silent {
    fn read<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        future::pending().boxed()
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_secret() {
    let stage = Stage::with(Silent).await;
    let mut in_doubt = false;
    let deliver = stage.sender.deliver(batch(1), &mut in_doubt);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stage.halt.cancel();
    };
    let both = async { tokio::join!(deliver, stop) };
    let (delivered, ()) = tokio::time::timeout(Duration::from_secs(5), both)
        .await
        .unwrap();
    assert!(matches!(delivered, Err(Stop::Halted)));
}
