//! What the usage that Meta tells says about what comes next.
//!
//! Usage is the fleet's, so what it grows by from one answer of ours to the next holds
//! the requests of all workers. Each takes that for the price of its own requests, and is
//! right about what comes as long as the others go on as before.

use std::time::Duration;

use tokio::time::Instant;

use super::cost::Cost;

/// What a point may cost until that is known, in percent: no quota that is known makes it
/// more (the limited tier's score has sixty).
const DEAREST: f64 = 100.0 / 60.0;

/// The growth that is measured. Less could be all rounding: some numbers are whole.
const SPAN: f64 = 2.0;
/// Unless there were so many points, of 64 writes.
const MOST_POINTS: u32 = 192;

/// Over how long the rise is measured.
const WHILE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Trend {
    percent: f64,
    at: Instant,
    /// Percent for each point of our requests.
    price: f64,
    /// Where the growth that is being measured began, and the points of ours since.
    price_from: f64,
    points: u32,
    /// Percent a second.
    rise: f64,
    rise_from: (Instant, f64),
}

impl Trend {
    pub(super) fn new(now: Instant, percent: f64, cost: Cost) -> Trend {
        Trend {
            percent,
            at: now,
            // It holds the request by whose answer it came.
            price: (percent / f64::from(cost.points())).min(DEAREST),
            price_from: percent,
            points: 0,
            rise: 0.0,
            rise_from: (now, percent),
        }
    }

    /// The answer to one of our requests tells this.
    pub(super) fn told(&mut self, now: Instant, percent: f64, cost: Cost) {
        (self.percent, self.at) = (percent, now);
        self.points += cost.points();
        let growth = percent - self.price_from;
        if growth < 0.0 {
            self.measure_price_from(percent);
        } else if growth >= SPAN || self.points >= MOST_POINTS {
            self.price = growth / f64::from(self.points);
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
        (self.price_from, self.points) = (percent, 0);
    }

    /// When it was last told.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// As it was last told.
    pub(super) fn percent(&self) -> f64 {
        self.percent
    }

    /// What usage is when so many more points have been counted.
    pub(super) fn after(&self, points: u32) -> f64 {
        self.percent + self.price * f64::from(points)
    }

    /// How much more it is after so long, if all go on as they do; less, if it falls.
    pub(super) fn rise_within(&self, time: Duration) -> f64 {
        self.rise * time.as_secs_f64()
    }
}
