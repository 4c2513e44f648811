//! The whole trip, with nothing of ours replaced but Meta: the built program runs as
//! a process of its own, AWS is LocalStack with the data plane of the template that
//! AWS gets, Meta is the simulator over HTTP.
//!
//! Each test has a data plane, a simulator and a worker of its own, so that all may
//! run at once. One that fails prints the end of its worker's log; LocalStack's own
//! log is named by `make test`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod announcements;
mod bad_files;
mod commands;
mod data_plane;
mod interruptions;
mod journey;
mod keys;
#[path = "../localstack/mod.rs"]
mod localstack;
mod messages;
mod once;
mod people;
mod replacement;
mod replay;
mod secrets;
mod stage;
mod status;
mod task_protection;
mod what_the_operator_sees;
mod worker;

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks until the answer is there, for at most a minute.
async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
