//! How the queue is set up: looked at when the worker starts, and again each hour.
//!
//! What it would lose, and when, is told before it is lost. Without an answer the
//! worker works all the same.

use std::time::Duration;

use tracing::{debug, warn};

use super::parts::Parts;
use crate::backoff::Backoff;
use crate::queue::QueueFacts;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// After a failure.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(10),
    most: HOUR,
};

/// Waiting, throttles and deployments are receives too.
const ENOUGH_RECEIVES: u32 = 100;

pub(super) async fn watch(parts: &Parts) {
    let mut told = Vec::new();
    let mut failures = 0;
    loop {
        let (concerns, wait) = match parts.queue.facts().await {
            Ok(facts) => {
                debug!(?facts, "how the queue is set up");
                failures = 0;
                parts.health.keeps_for(facts.retention);
                (concerns(&facts), HOUR)
            }
            Err(error) => {
                failures += 1;
                let unknown = format!(
                    "it is not known for how long the queue keeps messages, and whether it has a dead-letter queue: {error}"
                );
                (vec![unknown], BACKOFF.wait(failures))
            }
        };
        for concern in news(&told, &concerns) {
            warn!("{concern}");
        }
        told = concerns;
        tokio::time::sleep(wait).await;
    }
}

/// What was not told the last time: each is said once as long as it holds.
fn news<'a>(told: &[String], concerns: &'a [String]) -> Vec<&'a String> {
    let concerns = concerns.iter();
    concerns.filter(|concern| !told.contains(concern)).collect()
}

/// By what messages could be lost, or go astray, as the queue is set up.
pub(super) fn concerns(facts: &QueueFacts) -> Vec<String> {
    let mut concerns = Vec::new();
    if !facts.dead_letters {
        concerns.push(
            "the queue has no dead-letter queue: of what can never be finished only the receipt is left, and what is not understood goes round until its retention is over; give it one, or set queue.dead_letter_url"
                .to_owned(),
        );
    }
    if let Some(most) = facts
        .max_receive_count
        .filter(|most| *most < ENOUGH_RECEIVES)
    {
        concerns.push(format!(
            "the queue puts a message aside after {most} receives, and waiting for a token or a throttle is a receive, too: set maxReceiveCount of its redrive policy to 1000"
        ));
    }
    if let Some(short) = facts.retention.filter(|retention| *retention < DAY) {
        concerns.push(format!(
            "the queue keeps a message for {} s only: what waits longer for somebody to act is lost; set its retention to 14 days",
            short.as_secs()
        ));
    }
    concerns
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: QueueFacts = QueueFacts {
        retention: Some(DAY),
        visibility: None,
        max_receive_count: Some(ENOUGH_RECEIVES),
        dead_letters: true,
    };

    #[test]
    fn a_queue_that_loses_nothing_is_no_concern() {
        assert_eq!(concerns(&SOUND), [""; 0]);
        let for_ever = QueueFacts {
            retention: None,
            max_receive_count: None,
            ..SOUND
        };
        assert_eq!(concerns(&for_ever), [""; 0]);
    }

    #[test]
    fn what_a_queue_would_lose_is_said_with_what_to_set() {
        let poor = QueueFacts {
            retention: Some(DAY - Duration::from_secs(1)),
            visibility: None,
            max_receive_count: Some(ENOUGH_RECEIVES - 1),
            dead_letters: false,
        };
        let told = concerns(&poor);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("queue.dead_letter_url"), "{told:?}");
        assert!(told[1].contains("after 99 receives"), "{told:?}");
        assert!(told[2].contains("for 86399 s only"), "{told:?}");
    }

    #[test]
    fn a_concern_is_said_again_only_after_it_was_gone() {
        let one = ["a".to_owned()];
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(news(&[], &one), ["a"]);
        assert_eq!(news(&one, &two), ["b"]);
        assert!(news(&two, &two).is_empty());
        assert_eq!(news(&[], &two), ["a", "b"]);
    }
}
