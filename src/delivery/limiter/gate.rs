//! Whether an account may be called at all, and when again.

use std::time::Duration;

use tokio::time::Instant;

/// Meta blocks for one to five minutes, and calling while blocked lengthens it.
const FIRST: Duration = Duration::from_secs(60);
const MOST: Duration = Duration::from_secs(900);

/// Waits are lengthened by a random part of this share, so that workers that heard the
/// same do not come back together; but no more than that.
const JITTER: f64 = 0.1;
const MOST_JITTER: Duration = Duration::from_secs(60);

/// Opens by itself. Closed again before anything went through, it stays closed for longer.
#[derive(Debug, Default)]
pub(super) struct Gate {
    opens: Option<Instant>,
    /// For this worker, on top.
    jitter: Duration,
    closings_in_a_row: u32,
}

/// How long somebody says it takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// For this one request, as by `Retry-After`.
    pub(super) exactly: Option<Duration>,
    pub(super) at_least: Option<Duration>,
}

impl Gate {
    /// When it opens, if it is closed.
    pub(super) fn opens(&self, now: Instant) -> Option<Instant> {
        self.opens
            .map(|opens| opens + self.jitter)
            .filter(|opens| *opens > now)
    }

    /// How much longer it is closed by what is known, without the jitter.
    pub(super) fn closed_for(&self, now: Instant) -> Duration {
        self.opens
            .map_or(Duration::ZERO, |opens| opens.saturating_duration_since(now))
    }

    /// An exact time is taken at its word once, unless the account's own numbers say that it
    /// takes longer. If the next request is refused all the same, it was no good.
    pub(super) fn close(&mut self, now: Instant, told: Told, rng: &mut fastrand::Rng) {
        let told_at_least = told.at_least.unwrap_or_default();
        let is_closed = self.opens(now).is_some();
        // Requests that were out together are refused together: one event.
        if !is_closed {
            self.closings_in_a_row = self.closings_in_a_row.saturating_add(1);
        }
        let wait = match told.exactly {
            Some(exactly) if self.closings_in_a_row == 1 => exactly.max(told_at_least),
            exactly => doubled(self.closings_in_a_row)
                .max(told_at_least)
                .max(exactly.unwrap_or_default()),
        };
        if is_closed && self.closed_for(now) >= wait {
            return;
        }
        self.opens = Some(now + wait);
        self.jitter = wait.mul_f64(JITTER * rng.f64()).min(MOST_JITTER);
    }

    /// Meta took a request, and not only one that was out when it closed.
    pub(super) fn went_through(&mut self) {
        self.closings_in_a_row = 0;
    }

    /// Nothing went through since it was last closed.
    pub(super) fn is_on_trial(&self) -> bool {
        self.closings_in_a_row > 0
    }
}

fn doubled(closings: u32) -> Duration {
    let doublings = closings.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(MOST)
}
