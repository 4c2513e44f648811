//! How long to wait before a read is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubling pauses, each of a random length between its half and its whole, so that
/// a fleet cut off at once does not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    ceiling: Duration,
    random: RandomState,
    drawn: u64,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff {
            ceiling: FIRST,
            // The standard library's one source of randomness; nothing here needs
            // a better one.
            random: RandomState::new(),
            drawn: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.ceiling = FIRST;
    }

    pub(super) fn next_pause(&mut self) -> Duration {
        self.drawn += 1;
        let share = (self.random.hash_one(self.drawn) >> 11) as f64 / (1_u64 << 53) as f64;
        let pause = self.ceiling.mul_f64(0.5 + share / 2.0);
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn pauses_double_up_to_a_limit_and_start_again_after_progress() {
        let mut backoff = Backoff::new();
        let mut ceiling = FIRST;
        for _ in 0..20 {
            let pause = backoff.next_pause();
            assert!(pause >= ceiling / 2 && pause <= ceiling, "{pause:?}");
            ceiling = (ceiling * 2).min(LONGEST);
        }
        assert_eq!(ceiling, LONGEST);
        backoff.reset();
        assert!(backoff.next_pause() <= FIRST);
    }
}
