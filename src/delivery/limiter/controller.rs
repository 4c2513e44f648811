//! Decides from what Meta tells whether the next request may go, and when.
//!
//! No clock, no waiting, no I/O: the moment comes with each call. Meta counts what the
//! whole fleet does, so workers that follow the same numbers agree without talking.

use std::time::Duration;

use tokio::time::Instant;

use super::cost::Cost;
use super::gate::{Gate, Told};
use super::pace::Pace;
use super::trend::Trend;
use crate::meta::Reading;

/// Below this use of the quota nothing holds a request up but the ceiling.
const FREE_BELOW: f64 = 75.0;
/// From here on none goes out.
const CLOSED_FROM: f64 = 95.0;
/// Where Meta blocks; a little less, since some numbers are rounded.
const LIMIT: f64 = 99.0;

/// Numbers that old say nothing: the score is gone by then. Nor does whoever was quiet
/// for so long know what others did.
const OLD: Duration = Duration::from_secs(300);

/// Of one quota: an account's, or the app's behind a token.
#[derive(Debug)]
pub(super) struct Controller {
    rng: fastrand::Rng,
    /// Whether the first request goes alone.
    begins_alone: bool,
    gate: Gate,
    window: Window,
    pace: Pace,
    trend: Option<Trend>,
    reset: Option<Duration>,
    out: usize,
    /// Of those that are out.
    points_out: u32,
    last_ended: Option<Instant>,
}

/// How many requests may be out at once.
#[derive(Debug)]
enum Window {
    /// One, to see how things stand.
    Probe,
    /// As many, and one more with each answer: twice as many with each round.
    Grows(usize),
}

/// Why a request may not go yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hold {
    /// The gate is closed until then; without the jitter, for so long.
    Closed { until: Instant, known: Duration },
    /// Then it is due, or earlier if the quota recovers.
    Due(Instant),
    /// Until one of those that are out has its answer.
    Answer,
}

/// What an answer says about the quota.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    pub(super) reading: Option<Reading>,
    /// Refused for this quota.
    pub(super) throttled: bool,
    /// How long to wait, if the answer said so itself.
    pub(super) retry_after: Option<Duration>,
}

impl Controller {
    /// An account's: its first request goes alone, for the account may be blocked, or used
    /// up by others.
    pub(super) fn of_account(ceiling: f64, rng: fastrand::Rng) -> Controller {
        Controller {
            rng,
            begins_alone: true,
            gate: Gate::default(),
            window: Window::Probe,
            pace: Pace::new(ceiling),
            trend: None,
            reset: None,
            out: 0,
            points_out: 0,
            last_ended: None,
        }
    }

    /// A token's: one account that is slow to answer must not hold up all others, so
    /// nothing goes alone before the gate was closed once.
    pub(super) fn of_token(ceiling: f64, rng: fastrand::Rng) -> Controller {
        Controller {
            begins_alone: false,
            window: Window::Grows(usize::MAX),
            ..Controller::of_account(ceiling, rng)
        }
    }

    /// Whether a request may go now.
    pub(super) fn check(&mut self, now: Instant, cost: Cost) -> Result<(), Hold> {
        if let Some(until) = self.gate.opens(now) {
            let known = self.gate.closed_for(now);
            return Err(Hold::Closed { until, known });
        }
        self.forget_old(now);
        match self.window {
            Window::Probe if self.out > 0 => return Err(Hold::Answer),
            // Only by it can anything new be known.
            Window::Probe => return Ok(()),
            Window::Grows(most) if self.out >= most => return Err(Hold::Answer),
            Window::Grows(_) => {}
        }
        let Some(trend) = &self.trend else {
            return Ok(());
        };
        let then = trend.after(self.points_out + cost.points());
        if then < FREE_BELOW {
            let next = self.pace.next_if_steered(now);
            return next.map_or(Ok(()), |at| Err(Hold::Due(at)));
        }
        if then >= CLOSED_FROM && self.out > 0 {
            return Err(Hold::Answer);
        }
        self.pace.next(now).map_or(Ok(()), |at| Err(Hold::Due(at)))
    }

    /// The request that may go does.
    pub(super) fn begin(&mut self, now: Instant, cost: Cost) {
        self.out += 1;
        self.points_out += cost.points();
        self.pace.request(now);
    }

    /// It has its answer. One that was on its way when the gate closed opens nothing; nor does
    /// a question's, which does not say that Meta takes rows.
    pub(super) fn answered(&mut self, now: Instant, cost: Cost, heard: Heard) {
        self.ended(now, cost);
        if let Some(reading) = heard.reading {
            self.told(now, cost, reading);
        }
        if heard.throttled {
            let told = Told {
                exactly: heard.retry_after,
                at_least: heard.reading.and_then(|reading| reading.regain_access),
            };
            self.close(now, told);
        } else if !self.close_if_used_up(now, heard.reading)
            && self.gate.opens(now).is_none()
            && matches!(cost, Cost::Write)
        {
            self.gate.went_through();
            self.widen();
        }
    }

    /// It did not go after all.
    pub(super) fn unused(&mut self, now: Instant, cost: Cost) {
        self.ended(now, cost);
        self.close_if_used_up(now, None);
    }

    /// It has none, or none that says anything. Where access is on trial, the next one
    /// goes alone as well.
    pub(super) fn lost(&mut self, now: Instant, cost: Cost) {
        self.ended(now, cost);
        if !self.close_if_used_up(now, None) && !self.gate.is_on_trial() {
            self.widen();
        }
    }

    /// When the gate opens, if it is closed.
    pub(super) fn opens(&self, now: Instant) -> Option<Instant> {
        self.gate.opens(now)
    }

    /// Requests a second that may go while the gate is open.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        self.pace.rate(now)
    }

    /// The share of the quota that was last told to be in use, in percent, unless that was
    /// too long ago to say anything.
    pub(super) fn used(&self, now: Instant) -> Option<f64> {
        let trend = self.trend.as_ref();
        trend
            .filter(|trend| now.duration_since(trend.at()) <= OLD)
            .map(Trend::percent)
    }

    fn ended(&mut self, now: Instant, cost: Cost) {
        self.out = self.out.saturating_sub(1);
        self.points_out = self.points_out.saturating_sub(cost.points());
        self.last_ended = Some(now);
    }

    fn told(&mut self, now: Instant, cost: Cost, reading: Reading) {
        self.reset = reading.reset;
        let trend = match &mut self.trend {
            Some(trend) => {
                trend.told(now, reading.percent, cost);
                trend
            }
            none => none.insert(Trend::new(now, reading.percent, cost)),
        };
        if reading.percent < FREE_BELOW {
            self.pace.recover(now);
        } else {
            let rise = trend.rise_within(Pace::HORIZON);
            self.pace.steer(now, reading.percent, rise);
        }
    }

    /// Before Meta has to refuse anything. Says whether it was so.
    fn close_if_used_up(&mut self, now: Instant, reading: Option<Reading>) -> bool {
        let Some(trend) = &self.trend else {
            return false;
        };
        let regain = reading.and_then(|reading| reading.regain_access);
        let told_used_up = reading.is_some_and(|reading| reading.percent >= CLOSED_FROM);
        let write = Cost::Write.points();
        let no_room = self.out == 0 && trend.after(write) >= CLOSED_FROM;
        if regain.is_none() && !told_used_up && !no_room {
            return false;
        }
        // Where single requests weigh as much, even asking could be too much: not before
        // the use has gone.
        let reset = self.reset.filter(|_| trend.after(2 * write) >= LIMIT);
        let told = Told {
            exactly: None,
            at_least: regain.max(reset),
        };
        self.close(now, told);
        true
    }

    fn close(&mut self, now: Instant, told: Told) {
        self.gate.close(now, told, &mut self.rng);
        self.window = Window::Probe;
    }

    fn widen(&mut self) {
        self.window = match self.window {
            Window::Probe => Window::Grows(2),
            Window::Grows(most) => Window::Grows(most.saturating_add(1)),
        };
    }

    fn forget_old(&mut self, now: Instant) {
        let is_old = |at: Instant| now.duration_since(at) > OLD;
        if self.trend.as_ref().is_some_and(|trend| is_old(trend.at())) {
            self.trend = None;
            self.pace.forget();
        }
        if self.begins_alone && self.out == 0 && self.last_ended.is_some_and(is_old) {
            self.window = Window::Probe;
        }
    }
}

#[cfg(test)]
mod tests;
