//! Faults of the program, in tasks of one object. The loop and all other objects go on.

#![allow(clippy::panic)]

use futures_util::stream::BoxStream;

use super::*;
use crate::ledger::{Entry, Found, Ledger, LedgerError, Put, Tag};

#[tokio::test]
async fn a_panic_of_whoever_reads_is_an_attempt_that_is_made_good_by_the_next() {
    let broken = Arc::new(AtomicBool::new(true));
    let stage = Stage::with(|places| Places {
        source: Arc::new(Breaks {
            source: places.source,
            broken: broken.clone(),
            // In the midst of the rows: more than a look at the beginning takes.
            with: |_| {
                let first = Bytes::from(many_people(3_500));
                let rest = stream::once(async { panic!("a fault of the program") });
                stream::iter([Ok(first)]).chain(rest).boxed()
            },
        }),
        ..places
    })
    .await;
    let object = stage.put("good/people.csv", &many_people(7_000));
    let ended = stage.activate(&object, None).await;
    assert!(matches!(ended, Err(Halt::Panicked)), "{ended:?}");
    let before = stage.received();
    assert!(before > 0 && before < 7_000, "{before}");

    broken.store(false, Ordering::Relaxed);
    let ended = stage.activate(&object, None).await;
    assert!(matches!(ended, Ok(End::Receipted(_))), "{ended:?}");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!((receipt.rows.read, receipt.sent.accepted), (7_000, 7_000));
    // What had its answer was recorded, and was not sent again.
    assert_eq!(stage.received(), 7_000);
}

/// Every lease is over.
struct LongAgo(Arc<dyn Ledger>);

impl Ledger for LongAgo {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        Box::pin(async move {
            let found = self.0.get(object, route).await?;
            Ok(found.map(|found| Found {
                age: found.age + Duration::from_secs(3_600),
                ..found
            }))
        })
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        self.0.put(entry, expected)
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.0.put_segment(entry, name, bytes)
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        self.0.get_segment(entry, name)
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.0.remove_segments(entry, names)
    }

    fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        self.0.list(bucket, route)
    }
}

#[tokio::test]
async fn a_message_whose_job_panics_comes_back_and_the_loop_goes_on() {
    let panics = AtomicBool::new(true);
    let stage = Stage::with(|others| Places {
        ledger: Arc::new(LongAgo(others.ledger)),
        receipts: Arc::new(LooksFirst(others.receipts, move |_: &Receipt| {
            assert!(
                !panics.swap(false, Ordering::Relaxed),
                "a fault of the program"
            );
            Ok(())
        })),
        ..others
    })
    .await;
    let objects = ["good/a.csv", "good/b.csv"].map(|key| stage.put(key, PEOPLE));
    for object in &objects {
        stage.queue.send(stage.event(object, None).await);
    }
    let stop = CancellationToken::new();
    let Stage {
        parts,
        simulator,
        receipts,
        directory,
        queue,
    } = stage;
    let parts = Arc::new(parts);
    let worker = tokio::spawn(Worker::new(parts.clone(), stop.clone()).run());
    let received = || simulator.inspect().datasets["1"].received;
    let patience = Duration::from_secs(60);
    let both_have_ended = async {
        while received() < 6 || !parts.board.in_hand().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(patience, both_have_ended)
        .await
        .unwrap();
    assert!(!queue.is_empty(), "the message whose job panicked is kept");
    // Until it is visible again.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(301)).await;
    tokio::time::resume();
    tokio::time::timeout(patience, queue.emptied())
        .await
        .unwrap();
    assert!(parts.health.live().is_ok());
    stop.cancel();
    assert!(worker.await.unwrap(), "nothing is left");
    let source = LocalSource::below(directory.path());
    let mut attempts = 0;
    for object in &objects {
        let version = source.describe(object).await.unwrap();
        let receipt = receipts.get(&version, "good").await.unwrap().unwrap();
        assert_eq!(receipt.status, Status::Delivered);
        attempts += receipt.attempts.map_or(1, |attempts| attempts.total);
    }
    assert_eq!(attempts, 3, "one of them was tried twice");
    assert_eq!(received(), 6, "and sent once");
}
