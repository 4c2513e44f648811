//! The built program, killed: several workers at once on LocalStack and the simulator,
//! ended with -9 at random moments and started again, while AWS falls silent, Meta's
//! connections break and events come twice. At the end everything is at Meta, once, and
//! every row is in a receipt.
//!
//! What happens is drawn from a seed, which is printed; `CHAOS_SEED` draws the same again.
//! The moments are still those of real processes, so a seed repeats the plan and not the
//! outcome. `make test` plays a short one, `make chaos-process` a long one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod bytes_read;
mod crowd;
mod dead_letters;
mod drawing;
mod figures;
mod fleet;
mod killed;
mod resumed;
mod silence;

// What a worker needs around it is the same as in the suite of whole trips.
#[allow(dead_code)]
#[path = "../end_to_end/announcements.rs"]
mod announcements;
#[allow(dead_code)]
#[path = "../end_to_end/data_plane.rs"]
mod data_plane;
#[path = "../localstack/mod.rs"]
mod localstack;
#[path = "../parquet/craft.rs"]
mod parquet;
#[allow(dead_code)]
#[path = "../end_to_end/people.rs"]
mod people;
#[allow(dead_code)]
#[path = "../end_to_end/stage.rs"]
mod stage;
#[allow(dead_code)]
#[path = "../end_to_end/worker.rs"]
mod worker;

use std::future::Future;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Asks until the answer is there. Long enough for a message that rests, and for a worker
/// that Meta makes wait.
const PATIENCE: Duration = Duration::from_secs(600);

async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain for {what}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A number that may be given in the environment.
fn given<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{name} is no number: {text:?}")))
}
