//! A model of Meta's limits. What Meta documents: 3 points for a write, 60 or 9 000 of them,
//! a decay of 300 s, a block of 300 or 60 s; calls of a business use case in a rolling hour.
//! What it does not: how a score decays, hence both ways that are thinkable; and that a call
//! begins a block anew, hence the harsher.

use std::collections::VecDeque;
use std::time::Duration;

use audience_activator::meta::{Answer, BusinessUsage, ErrorCode, Outcome, Usage};
use tokio::time::Instant;

pub const ACCOUNT: u64 = 3003;
const WRITE: f64 = 3.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// A point is gone 300 s after it was made.
    Window,
    /// Points go evenly, all that there can be within 300 s.
    Steady,
}

/// One limit.
#[derive(Clone, Debug)]
pub struct Limit {
    pub most: f64,
    pub within: Duration,
    pub decay: Decay,
    counted: VecDeque<(Instant, f64)>,
    used: f64,
    as_of: Option<Instant>,
}

impl Limit {
    pub fn new(most: f64, within: u64, decay: Decay) -> Limit {
        Limit {
            most,
            within: Duration::from_secs(within),
            decay,
            counted: VecDeque::new(),
            used: 0.0,
            as_of: None,
        }
    }

    fn used(&mut self, now: Instant) -> f64 {
        match self.decay {
            Decay::Window => {
                while let Some(&(at, points)) = self.counted.front()
                    && now - at >= self.within
                {
                    self.used -= points;
                    self.counted.pop_front();
                }
            }
            Decay::Steady => {
                let passed = now - self.as_of.unwrap_or(now);
                let gone = self.most * passed.as_secs_f64() / self.within.as_secs_f64();
                self.used = (self.used - gone).max(0.0);
            }
        }
        self.as_of = Some(now);
        self.used
    }

    fn count(&mut self, now: Instant, points: f64) {
        self.used += points;
        if self.decay == Decay::Window {
            self.counted.push_back((now, points));
        }
    }

    fn percent(&mut self, now: Instant) -> f64 {
        100.0 * self.used(now) / self.most
    }

    /// Until nothing is left.
    fn reset(&mut self, now: Instant) -> Duration {
        match self.decay {
            Decay::Window => self
                .counted
                .back()
                .map_or(Duration::ZERO, |(at, _)| self.within - (now - *at)),
            Decay::Steady => self.within.mul_f64(self.used(now) / self.most),
        }
    }
}

/// The limits of one account, as far as a run has them.
#[derive(Clone, Debug)]
pub struct Meta {
    pub score: Option<Limit>,
    pub block: Duration,
    pub calls: Option<Limit>,
    /// Whether headers say how long anything lasts, and not only how much is used.
    pub tells_times: bool,
    blocked_until: Option<Instant>,
}

impl Meta {
    pub fn full(decay: Decay) -> Meta {
        Meta {
            score: Some(Limit::new(9_000.0, 300, decay)),
            block: Duration::from_secs(60),
            calls: None,
            tells_times: true,
            blocked_until: None,
        }
    }

    pub fn limited(decay: Decay) -> Meta {
        Meta {
            score: Some(Limit::new(60.0, 300, decay)),
            block: Duration::from_secs(300),
            ..Meta::full(decay)
        }
    }

    /// The quota of the business use case alone.
    pub fn hourly(calls: f64) -> Meta {
        Meta {
            score: None,
            calls: Some(Limit::new(calls, 3_600, Decay::Window)),
            ..Meta::full(Decay::Window)
        }
    }

    /// The most requests that can be accepted in so long.
    pub fn most(&self, time: Duration) -> f64 {
        let limits = [(&self.score, WRITE), (&self.calls, 1.0)];
        let limits = limits.iter().filter_map(|(limit, points)| {
            let limit = limit.as_ref()?;
            let times = time.as_secs_f64() / limit.within.as_secs_f64();
            // What goes evenly has gone by then, and as much is there at the beginning.
            let times = match limit.decay {
                Decay::Window => times.ceil(),
                Decay::Steady => times + 1.0,
            };
            Some(limit.most / points * times)
        });
        limits.fold(f64::INFINITY, f64::min)
    }

    /// The highest use, in percent.
    pub fn percent(&mut self, now: Instant) -> f64 {
        let limits = [&mut self.score, &mut self.calls].into_iter().flatten();
        limits.fold(0.0, |most, limit| limit.percent(now).max(most))
    }

    /// Points that no worker here made.
    pub fn used_by_others(&mut self, now: Instant, points: f64) {
        for limit in [&mut self.score, &mut self.calls].into_iter().flatten() {
            limit.used(now);
            limit.count(now, points);
        }
    }

    pub fn call(&mut self, now: Instant) -> Answer {
        let is_blocked = self.blocked_until.is_some_and(|until| until > now);
        let is_over = self.is_over(now);
        if is_blocked || is_over {
            if self.score.is_some() {
                self.blocked_until = Some(now + self.block);
            }
            return self.answer(now, Outcome::Throttled { wait: None });
        }
        if let Some(score) = &mut self.score {
            score.count(now, WRITE);
            if score.used >= score.most {
                self.blocked_until = Some(now + self.block);
            }
        }
        if let Some(calls) = &mut self.calls {
            calls.count(now, 1.0);
        }
        self.answer(now, Outcome::Accepted { received: 1 })
    }

    fn is_over(&mut self, now: Instant) -> bool {
        let score = self.score.as_mut();
        let calls = self.calls.as_mut();
        score.is_some_and(|score| score.used(now) + WRITE > score.most)
            || calls.is_some_and(|calls| calls.used(now) + 1.0 > calls.most)
    }

    fn answer(&mut self, now: Instant, outcome: Outcome) -> Answer {
        let throttled = matches!(outcome, Outcome::Throttled { .. });
        let blocked = self.blocked_until.filter(|until| *until > now);
        let mut usage = Usage::default();
        if let Some(score) = &mut self.score {
            usage.account_percent = Some(match blocked {
                Some(_) => 100.0,
                None => score.percent(now),
            });
            let reset = blocked.map_or_else(|| score.reset(now), |until| until - now);
            usage.account_reset = Some(reset).filter(|_| self.tells_times);
        }
        if let Some(calls) = &mut self.calls {
            // These are whole numbers.
            let percent = calls.percent(now).floor();
            let wait = match calls.counted.front() {
                Some((at, _)) if throttled => Some(calls.within - (now - *at)),
                _ => None,
            };
            usage.businesses.push(BusinessUsage {
                object: Some(ACCOUNT),
                of_audiences: true,
                percent: Some(percent),
                regain_access: wait.filter(|_| self.tells_times),
                limited: None,
            });
        }
        let error = ErrorCode {
            code: if self.score.is_some() { 17 } else { 80_003 },
            subcode: Some(2_446_079),
        };
        Answer {
            outcome,
            status: Some(if throttled { 400 } else { 200 }),
            error: throttled.then_some(error),
            trace_id: None,
            usage,
            version_warning: false,
            retry_after: None,
        }
    }
}
