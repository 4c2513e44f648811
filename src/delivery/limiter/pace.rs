//! How fast to go where the quota runs low: a little faster all the time, and slower by a
//! share as soon as it would not last. Workers that do so, and hear the same, come to
//! the same rate, whatever they began with.

use std::time::Duration;

use tokio::time::Instant;

/// Where usage is steered to, in percent.
const TARGET: f64 = 90.0;
/// It must not get there sooner than that.
const HORIZON: Duration = Duration::from_secs(30);

/// From nothing to the ceiling in so many seconds.
const CLIMB_SECONDS: f64 = 100.0;
/// And where the quota has recovered: workers that hear it later are to find some of it.
const RECOVERY_SECONDS: f64 = 30.0;
/// A second's share is left at most, and at least, when it has to be less.
const LEAST_CUT: f64 = 0.75;
const DEEPEST_CUT: f64 = 0.1;
/// What a cut does is not seen before that.
const BETWEEN_CUTS: Duration = Duration::from_secs(2);

/// Requests a second below which there is nothing to slow down.
const SLOWEST: f64 = 1.0 / 60.0;

/// The time over which our own requests are counted for a rate to begin with.
const FLOW_SECONDS: f64 = 5.0;

/// Of one worker, in requests a second.
#[derive(Debug)]
pub(super) struct Pace {
    ceiling: f64,
    /// While it is needed.
    steered: Option<Steered>,
    flow: f64,
    last_request: Option<Instant>,
}

#[derive(Debug)]
struct Steered {
    rate: f64,
    at: Instant,
    /// From nothing to the ceiling in so many seconds.
    climbs_within: Option<f64>,
    cut_at: Instant,
}

impl Pace {
    pub(super) fn new(ceiling: f64) -> Pace {
        Pace {
            ceiling,
            steered: None,
            flow: 0.0,
            last_request: None,
        }
    }

    pub(super) fn rate(&self, now: Instant) -> f64 {
        self.steered
            .as_ref()
            .map_or(self.ceiling, |steered| steered.rate_at(now, self.ceiling))
    }

    /// A request goes out.
    pub(super) fn request(&mut self, now: Instant) {
        self.flow = self.flow_at(now) + 1.0 / FLOW_SECONDS;
        self.last_request = Some(now);
    }

    /// Nothing is known that would have to be steered.
    pub(super) fn forget(&mut self) {
        self.steered = None;
    }

    /// There is enough again.
    pub(super) fn recover(&mut self, now: Instant) {
        let rate = self.rate(now);
        if rate >= self.ceiling {
            self.steered = None;
        } else if let Some(steered) = &mut self.steered {
            (steered.rate, steered.at) = (rate, now);
            steered.climbs_within = Some(RECOVERY_SECONDS);
        }
    }

    /// When the next request may go, if something is still steered.
    pub(super) fn next_if_steered(&mut self, now: Instant) -> Option<Instant> {
        self.steered.is_some().then(|| self.next(now))?
    }

    /// Usage is `percent`, and would be `rise` more after [`Pace::HORIZON`].
    pub(super) fn steer(&mut self, now: Instant, percent: f64, rise: f64) {
        let room = TARGET - percent;
        let is_new = self.steered.is_none();
        let rate = self.begin(now);
        let Some(steered) = &mut self.steered else {
            return;
        };
        (steered.rate, steered.at) = (rate, now);
        steered.climbs_within = (rise <= room).then_some(CLIMB_SECONDS);
        if steered.climbs_within.is_some()
            || !is_new && now.duration_since(steered.cut_at) < BETWEEN_CUTS
        {
            return;
        }
        steered.cut_at = now;
        let share = if rise > 0.0 { room / rise } else { LEAST_CUT };
        steered.rate = (rate * share.clamp(DEEPEST_CUT, LEAST_CUT)).max(SLOWEST);
    }

    pub(super) const HORIZON: Duration = HORIZON;

    /// When the next request may go, where something is steered. Begins to, at the rate of
    /// the last seconds, if it was free before.
    pub(super) fn next(&mut self, now: Instant) -> Option<Instant> {
        let rate = self.begin(now);
        let next = self.last_request? + Duration::from_secs_f64(1.0 / rate);
        (next > now).then_some(next)
    }

    fn begin(&mut self, now: Instant) -> f64 {
        let flow = self.flow_at(now).clamp(SLOWEST, self.ceiling.max(SLOWEST));
        let steered = self.steered.get_or_insert(Steered {
            rate: flow,
            at: now,
            climbs_within: Some(CLIMB_SECONDS),
            cut_at: now,
        });
        steered.rate_at(now, self.ceiling)
    }

    fn flow_at(&self, now: Instant) -> f64 {
        let since = self.last_request.map(|last| now.duration_since(last));
        let since = since.map_or(0.0, |since| since.as_secs_f64());
        self.flow * (-since / FLOW_SECONDS).exp()
    }
}

impl Steered {
    fn rate_at(&self, now: Instant, ceiling: f64) -> f64 {
        let since = now.duration_since(self.at).as_secs_f64();
        let climbed = self
            .climbs_within
            .map_or(0.0, |within| ceiling * since / within);
        (self.rate + climbed).min(ceiling.max(SLOWEST))
    }
}
