//! What the end-to-end suites share: a data plane in LocalStack, made from the same
//! template that AWS gets; the real worker as a process of its own; the simulator
//! over HTTP. Not every suite uses all of it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

pub mod data_plane;
pub mod worker;

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks until the answer is there, for at most a minute.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute for: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
