//! The quotas of Meta's, as they are when the page is asked for.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::metrics::{RouteLabel, register};

/// What Meta leaves of the quota of a route's account, for this worker.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaState {
    pub route: String,
    /// While the gate is open.
    pub requests_per_second: f64,
    /// If the gate is closed.
    pub opens_in: Option<Duration>,
    /// The share that is in use, the token's quota or the account's, if it was told lately.
    pub used: Option<f64>,
}

pub(super) struct Quotas {
    rate: Family<RouteLabel, Gauge<f64, AtomicU64>>,
    closed: Family<RouteLabel, Gauge>,
    opens_in: Family<RouteLabel, Gauge<f64, AtomicU64>>,
    used: Family<RouteLabel, Gauge<f64, AtomicU64>>,
    look: Option<Box<dyn Fn() -> Vec<QuotaState> + Send + Sync>>,
}

impl Quotas {
    pub(super) fn register(all: &mut Registry) -> Quotas {
        Quotas {
            rate: register(
                all,
                "meta_rate",
                "Requests a second that the quota of a route's account leaves this worker",
                Family::default(),
            ),
            closed: register(
                all,
                "meta_gate_closed",
                "1 while a route's account is not called, because its quota is used up",
                Family::default(),
            ),
            opens_in: register(
                all,
                "meta_gate_opens_in_seconds",
                "How long that stays so, as far as is known",
                Family::default(),
            ),
            used: register(
                all,
                "meta_quota_used_ratio",
                "Share in use of the quota that a route's requests count against, as last told",
                Family::default(),
            ),
            look: None,
        }
    }

    pub(super) fn look_up_by(
        &mut self,
        look: impl Fn() -> Vec<QuotaState> + Send + Sync + 'static,
    ) {
        self.look = Some(Box::new(look));
    }

    pub(super) fn refresh(&self) {
        self.used.clear();
        for state in self.look.as_ref().map_or_else(Vec::new, |look| look()) {
            let label = [("route", state.route)];
            let opens_in = state.opens_in.unwrap_or_default();
            self.rate
                .get_or_create(&label)
                .set(state.requests_per_second);
            self.closed
                .get_or_create(&label)
                .set(state.opens_in.is_some().into());
            self.opens_in
                .get_or_create(&label)
                .set(opens_in.as_secs_f64());
            if let Some(used) = state.used {
                self.used.get_or_create(&label).set(used);
            }
        }
    }
}

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn quotas_are_on_the_page_as_they_are_when_it_is_asked_for() {
        let asked = AtomicU64::new(0);
        let metrics = Metrics::new().watching(move || {
            let closed = asked.fetch_add(1, Ordering::Relaxed) == 0;
            vec![QuotaState {
                route: "members".to_owned(),
                requests_per_second: 2.5,
                opens_in: closed.then_some(Duration::from_secs(90)),
                used: closed.then_some(0.975),
            }]
        });
        let page = metrics.page();
        for line in [
            "worker_meta_rate{route=\"members\"} 2.5\n",
            "worker_meta_gate_closed{route=\"members\"} 1\n",
            "worker_meta_gate_opens_in_seconds{route=\"members\"} 90.0\n",
            "worker_meta_quota_used_ratio{route=\"members\"} 0.975\n",
        ] {
            assert!(page.contains(line), "{page}");
        }
        let later = metrics.page();
        assert!(
            later.contains("worker_meta_gate_closed{route=\"members\"} 0\n"),
            "{later}"
        );
        let told = later.contains("worker_meta_quota_used_ratio{");
        assert!(!told, "what was told too long ago: {later}");
    }
}
