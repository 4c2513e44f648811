//! Time, where a test has real HTTP in it and can therefore not pause the clock.

use std::time::{Duration, Instant};

/// Moves this runtime's clock on: whatever sleeps until then wakes. The simulator has
/// a runtime of its own and does not notice.
pub async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

/// Waits until it is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "waited in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Long enough for whatever was about to happen to happen.
pub async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

/// Lets one such time after the other pass until it is so: whoever is late to sleep, on a
/// busy machine, sleeps through the next one.
pub async fn until_later(what: &str, step: Duration, is_so: impl Fn() -> bool) {
    for _ in 0..200 {
        a_moment().await;
        if is_so() {
            return;
        }
        later(step).await;
    }
    panic!("waited in vain until {what}");
}
