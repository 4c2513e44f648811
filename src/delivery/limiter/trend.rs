//! What the usage that Meta tells says about what comes next.
//!
//! Usage is the fleet's, so what it grows by from one answer of ours to the next holds
//! the requests of all workers. Each takes that for the price of its own request, and is
//! right about what comes as long as the others go on as before.

use std::time::Duration;

use tokio::time::Instant;

/// What a request may cost until that is known, in percent: no quota that is known
/// makes it more (the limited tier's score takes twenty writes).
const DEAREST: f64 = 5.0;

/// The growth that is measured. Less could be all rounding: some numbers are whole.
const SPAN: f64 = 2.0;
/// Unless there were so many requests.
const MOST_REQUESTS: u32 = 64;

/// Over how long the rise is measured.
const WHILE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Trend {
    percent: f64,
    at: Instant,
    /// Percent for each of our requests.
    price: f64,
    /// Where the growth that is being measured began, and our requests since.
    price_from: f64,
    requests: u32,
    /// Percent a second.
    rise: f64,
    rise_from: (Instant, f64),
}

impl Trend {
    pub(super) fn new(now: Instant, percent: f64) -> Trend {
        Trend {
            percent,
            at: now,
            // It holds the request by whose answer it came.
            price: percent.min(DEAREST),
            price_from: percent,
            requests: 0,
            rise: 0.0,
            rise_from: (now, percent),
        }
    }

    /// The answer to one of our requests tells this.
    pub(super) fn told(&mut self, now: Instant, percent: f64) {
        (self.percent, self.at) = (percent, now);
        self.requests += 1;
        let growth = percent - self.price_from;
        if growth < 0.0 {
            self.measure_price_from(percent);
        } else if growth >= SPAN || self.requests >= MOST_REQUESTS {
            self.price = growth / f64::from(self.requests);
            self.measure_price_from(percent);
        }
        let (since, from) = self.rise_from;
        let passed = now.saturating_duration_since(since);
        if passed >= WHILE {
            self.rise = (percent - from) / passed.as_secs_f64();
            self.rise_from = (now, percent);
        } else if self.rise * WHILE.as_secs_f64() < percent - from {
            // Faster than before, even if nothing more came.
            self.rise = (percent - from) / passed.as_secs_f64().max(1.0);
        }
    }

    fn measure_price_from(&mut self, percent: f64) {
        (self.price_from, self.requests) = (percent, 0);
    }

    /// When it was last told.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// What usage is when so many more requests have been counted.
    pub(super) fn after(&self, requests: usize) -> f64 {
        self.percent + self.price * requests as f64
    }

    /// How much more it is after so long, if all go on as they do; less, if it falls.
    pub(super) fn rise_within(&self, time: Duration) -> f64 {
        self.rise * time.as_secs_f64()
    }
}
