//! How long to wait before trying again, whatever it is that failed.

use std::time::Duration;

/// Doubles from `first` to `most`; each wait is drawn from the upper half, so that
/// workers that failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) most: Duration,
}

impl Backoff {
    /// The wait before the attempt that follows `failures` failed ones (from 1).
    pub(crate) fn wait(&self, failures: usize) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << failures.saturating_sub(1).min(20));
        let most = doubled.min(self.most);
        most.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_vary_in_the_upper_half() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            most: Duration::from_secs(10),
        };
        for (failures, most) in [
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (5, 10),
            (100, 10),
            (usize::MAX, 10),
        ] {
            for _ in 0..100 {
                let wait = backoff.wait(failures);
                let most = Duration::from_secs(most);
                assert!(
                    wait >= most / 2 && wait <= most,
                    "{failures} failures: {wait:?}"
                );
            }
        }
    }
}
