//! The workers: each is killed or stopped, and another is started in its place.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use super::people;
use super::stage::{Stage, TOKEN};
use super::worker::Worker;

/// What no log may hold, whatever its case: parts of every row, and the token.
const MARKED: [&str; 3] = ["xample.com", "okafor", TOKEN];

/// A stop waits for an answer of Meta's, and for a poll of an empty queue.
const STOP: Duration = Duration::from_secs(60);

pub(crate) struct Fleet<'a> {
    stage: &'a Stage,
    config: String,
    workers: Vec<Worker>,
    pub(crate) deaths: Deaths,
}

/// How processes ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deaths {
    pub(crate) kills: u64,
    /// Of these, while rows were on their way.
    pub(crate) at_work: u64,
    pub(crate) stops: u64,
}

impl<'a> Fleet<'a> {
    pub(crate) fn start(stage: &'a Stage, config: String, workers: usize) -> Fleet<'a> {
        let mut fleet = Fleet {
            stage,
            config,
            workers: Vec::new(),
            deaths: Deaths::default(),
        };
        fleet.workers = (0..workers).map(|_| fleet.spawn()).collect();
        fleet
    }

    /// Not waited for: it may be killed before it is ready.
    fn spawn(&self) -> Worker {
        Worker::spawn(self.stage.command("worker", &self.config))
    }

    pub(crate) async fn kill(&mut self, worker: usize, at_work: bool) {
        let killed = &mut self.workers[worker];
        killed.signal("KILL");
        let status = killed.ended(STOP).await;
        assert_eq!(
            status.signal(),
            Some(9),
            "the worker had ended before it was killed: {status}"
        );
        check_log(killed);
        self.deaths.kills += 1;
        self.deaths.at_work += u64::from(at_work);
        self.workers[worker] = self.spawn();
    }

    pub(crate) async fn stop(&mut self, worker: usize) {
        end(&mut self.workers[worker]).await;
        self.deaths.stops += 1;
        self.workers[worker] = self.spawn();
    }

    /// All of them, for good.
    pub(crate) async fn stop_all(&mut self) {
        for mut worker in std::mem::take(&mut self.workers) {
            end(&mut worker).await;
        }
    }
}

async fn end(worker: &mut Worker) {
    // Before it listens for the signal, that ends it as it ends any process.
    worker.until_ready().await;
    worker.signal("TERM");
    let status = worker.ended(STOP).await;
    assert_eq!(status.code(), Some(0), "the stop was not clean: {status}");
    check_log(worker);
}

fn check_log(worker: &Worker) {
    let log = worker.log().to_lowercase();
    assert!(!log.contains("panicked"), "a panic: see the log");
    for marked in MARKED {
        let found = log.contains(&marked.to_lowercase());
        assert!(!found, "{marked:?} is in the log of a worker");
    }
    for person in (0..100_000).step_by(1_000) {
        let found = log.contains(&people::email_hash(person));
        assert!(
            !found,
            "the hash of person {person} is in the log of a worker"
        );
    }
}
