//! Every metric there is, with its name and meaning. `OPERATIONS.md` explains them
//! to the operator; `tests/documents.rs` keeps the two the same.
//!
//! Labels come from closed sets (or, for `route`, from the configuration), so that
//! no input can make the page grow.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use time::OffsetDateTime;

use super::quotas::{QuotaState, Quotas};
use crate::meta::Answer;

/// One label with a value from a closed set.
type Label = [(&'static str, &'static str); 1];
/// One label with a value from the configuration.
pub(super) type RouteLabel = [(&'static str, String); 1];
/// A route, and one of the results of a check.
type PreflightLabels = [(&'static str, String); 2];

/// The process's metrics. Fields are counted where things happen; sums that need a
/// label go through a method, so that its values stay a closed set.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: Family<Label, Counter>,
    noise: Family<Label, Counter>,
    objects: Family<Label, Counter>,
    rejects: Family<Label, Counter>,
    requests: Family<Label, Counter>,
    request_seconds: Histogram,
    requests_in_flight: Gauge,
    usage: Family<Label, Gauge<f64, AtomicU64>>,
    routes_stopped: Family<RouteLabel, Gauge>,
    messages_expire: Family<RouteLabel, Gauge>,
    preflight: Family<PreflightLabels, Gauge>,
    lookups: Family<Label, Counter>,
    routes_testing: Family<RouteLabel, Gauge>,
    quotas: Quotas,
    pub objects_in_progress: Gauge,
    pub rows_read: Counter,
    pub rows_filtered: Counter,
    pub rows_accepted: Counter,
    pub rows_refused: Counter,
    pub entries_invalid: Counter,
    pub retries: Counter,
    pub version_warnings: Counter,
    pub bytes_read: Counter,
    pub read_resumes: Counter,
    pub heartbeats_lost: Counter,
    pub queue_errors: Counter,
    pub keys_decoded: Counter,
    pub objects_resumed: Counter,
    pub objects_lost: Counter,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    pub fn new() -> Metrics {
        let mut all = Registry::with_prefix("worker");
        Metrics {
            messages: register(
                &mut all,
                "messages",
                "Messages by what became of them",
                Family::default(),
            ),
            noise: register(
                &mut all,
                "noise_messages",
                "Records deleted unread, by kind",
                Family::default(),
            ),
            objects: register(
                &mut all,
                "objects",
                "Objects by how they ended",
                Family::default(),
            ),
            rejects: register(
                &mut all,
                "rows_rejected",
                "Rows that cannot be sent, by reason",
                Family::default(),
            ),
            requests: register(
                &mut all,
                "requests",
                "Requests to Meta by outcome",
                Family::default(),
            ),
            request_seconds: {
                let histogram = Histogram::new(exponential_buckets(0.025, 2.0, 13));
                let help = "Time from a request to Meta to its answer";
                all.register_with_unit("request_duration", help, Unit::Seconds, histogram.clone());
                histogram
            },
            requests_in_flight: register(
                &mut all,
                "requests_in_flight",
                "Requests sent to Meta and not answered",
                Gauge::default(),
            ),
            usage: register(
                &mut all,
                "meta_usage_ratio",
                "Share of Meta's quota that is used, by the header that says so",
                Family::default(),
            ),
            routes_stopped: register(
                &mut all,
                "route_stopped",
                "1 while a route waits for its token or set-up to be mended",
                Family::default(),
            ),
            routes_testing: register(
                &mut all,
                "route_test_events",
                "1 for a route whose events show in Meta's test view, and count all the same",
                Family::default(),
            ),
            messages_expire: {
                let family = Family::<RouteLabel, Gauge>::default();
                let help = "Time until the first message of a stopped route is lost to the queue's retention";
                let name = "route_stopped_message_expires";
                all.register_with_unit(name, help, Unit::Seconds, family.clone());
                family
            },
            preflight: register(
                &mut all,
                "preflight_checks",
                "Checks of a route when Meta was last asked about it, by result",
                Family::default(),
            ),
            lookups: register(
                &mut all,
                "lookups",
                "Questions to Meta about tokens, datasets, audiences and terms, by outcome",
                Family::default(),
            ),
            quotas: Quotas::register(&mut all),
            objects_in_progress: register(
                &mut all,
                "objects_in_progress",
                "Objects being worked on",
                Gauge::default(),
            ),
            rows_read: register(
                &mut all,
                "rows_read",
                "Rows read from objects",
                Counter::default(),
            ),
            rows_filtered: register(
                &mut all,
                "rows_filtered",
                "Rows left out by a route's only_if",
                Counter::default(),
            ),
            rows_accepted: register(
                &mut all,
                "rows_accepted",
                "Rows that Meta accepted",
                Counter::default(),
            ),
            rows_refused: register(
                &mut all,
                "rows_refused",
                "Rows that Meta refused by themselves",
                Counter::default(),
            ),
            entries_invalid: register(
                &mut all,
                "entries_invalid",
                "Audience entries that Meta calls wrongly formed",
                Counter::default(),
            ),
            retries: register(
                &mut all,
                "request_retries",
                "Requests sent again",
                Counter::default(),
            ),
            version_warnings: register(
                &mut all,
                "version_warnings",
                "Answers that warn of the API version's end",
                Counter::default(),
            ),
            bytes_read: register(
                &mut all,
                "object_read_bytes",
                "Bytes read from objects",
                Counter::default(),
            ),
            read_resumes: register(
                &mut all,
                "object_read_resumes",
                "Reads taken up again after they broke off",
                Counter::default(),
            ),
            heartbeats_lost: register(
                &mut all,
                "heartbeats_lost",
                "Messages that were lost while being worked on",
                Counter::default(),
            ),
            queue_errors: register(
                &mut all,
                "queue_errors",
                "Calls to the queue that failed",
                Counter::default(),
            ),
            keys_decoded: register(
                &mut all,
                "object_keys_decoded",
                "Objects found only under the percent-decoded key of their event",
                Counter::default(),
            ),
            objects_resumed: register(
                &mut all,
                "objects_resumed",
                "Attempts that went on where an earlier one had come to",
                Counter::default(),
            ),
            objects_lost: register(
                &mut all,
                "objects_lost",
                "Objects lost to another worker, or for want of an answer of the ledger",
                Counter::default(),
            ),
            registry: all,
        }
    }

    /// With these numbers on the page too, looked up whenever it is asked for: how long a
    /// gate stays closed changes without anything happening.
    pub fn watching(
        mut self,
        look: impl Fn() -> Vec<QuotaState> + Send + Sync + 'static,
    ) -> Metrics {
        self.quotas.look_up_by(look);
        self
    }

    /// The page for `/metrics`, in OpenMetrics text.
    pub fn page(&self) -> String {
        self.quotas.refresh();
        let mut page = String::new();
        // Writing into a text cannot fail.
        let _ = encode(&mut page, &self.registry);
        page
    }

    pub fn message(&self, result: &'static str) {
        self.messages.get_or_create(&[("result", result)]).inc();
    }

    pub fn noise(&self, kind: &'static str) {
        self.noise.get_or_create(&[("kind", kind)]).inc();
    }

    pub fn object(&self, status: &'static str) {
        self.objects.get_or_create(&[("status", status)]).inc();
    }

    pub fn rejected(&self, reason: &'static str) {
        self.rejects.get_or_create(&[("reason", reason)]).inc();
    }

    pub fn route_stopped(&self, route: &str, stopped: bool) {
        let label = [("route", route.to_owned())];
        self.routes_stopped
            .get_or_create(&label)
            .set(i64::from(stopped));
    }

    /// The route has a `test_event_code`.
    pub fn route_sends_test_events(&self, route: &str) {
        let label = [("route", route.to_owned())];
        self.routes_testing.get_or_create(&label).set(1);
    }

    /// For each route that stands still, when the first of its messages is lost. Those
    /// that are not named have no value.
    pub fn messages_expire(&self, at: &BTreeMap<String, OffsetDateTime>, now: OffsetDateTime) {
        self.messages_expire.clear();
        for (route, expiry) in at {
            let left = (*expiry - now).whole_seconds().max(0);
            let label = [("route", route.clone())];
            self.messages_expire.get_or_create(&label).set(left);
        }
    }

    /// Counts an object as in progress until the guard is dropped.
    pub fn object_in_progress(&self) -> InFlight<'_> {
        self.objects_in_progress.inc();
        InFlight(&self.objects_in_progress)
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn request_in_flight(&self) -> InFlight<'_> {
        self.requests_in_flight.inc();
        InFlight(&self.requests_in_flight)
    }

    pub fn answered(&self, answer: &Answer, after: Duration) {
        self.requests
            .get_or_create(&[("outcome", answer.outcome.name())])
            .inc();
        self.request_seconds.observe(after.as_secs_f64());
        self.told(answer);
    }

    /// A question was answered, or not.
    pub fn looked_up(&self, answer: &Answer) {
        let label = [("outcome", answer.outcome.name())];
        self.lookups.get_or_create(&label).inc();
        self.told(answer);
    }

    /// How many checks of a route came out so.
    pub fn preflight(&self, route: &str, result: &'static str, checks: usize) {
        let labels = [("route", route.to_owned()), ("result", result.to_owned())];
        let checks = i64::try_from(checks).unwrap_or(i64::MAX);
        self.preflight.get_or_create(&labels).set(checks);
    }

    fn told(&self, answer: &Answer) {
        if answer.version_warning {
            self.version_warnings.inc();
        }
        let usage = &answer.usage;
        for (source, percent) in [
            ("app", usage.app_percent),
            ("ad_account", usage.account_percent),
            ("business_use_case", usage.business_percent()),
        ] {
            if let Some(percent) = percent {
                self.usage
                    .get_or_create(&[("source", source)])
                    .set(percent / 100.0);
            }
        }
    }
}

/// Something that has begun and not ended.
#[derive(Debug)]
pub struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

pub(super) fn register<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_page_is_open_metrics_text() {
        let metrics = Metrics::new();
        metrics.message("deleted");
        metrics.rows_read.inc_by(3);
        metrics.route_stopped("store-buyers", true);
        let page = metrics.page();
        assert!(
            page.contains("worker_messages_total{result=\"deleted\"} 1\n"),
            "{page}"
        );
        assert!(page.contains("worker_rows_read_total 3\n"), "{page}");
        assert!(
            page.contains("worker_route_stopped{route=\"store-buyers\"} 1\n"),
            "{page}"
        );
        assert!(page.ends_with("# EOF\n"), "{page}");
    }

    #[test]
    fn what_is_left_of_a_stopped_route_s_messages_counts_down_to_zero_and_goes() {
        let metrics = Metrics::new();
        let expiry = datetime!(2026-11-15 12:00 UTC);
        let at = BTreeMap::from([("store-buyers".to_owned(), expiry)]);
        for (minutes, left) in [(2, 120), (1, 60), (0, 0), (-1, 0)] {
            metrics.messages_expire(&at, expiry - time::Duration::minutes(minutes));
            let line = format!(
                "worker_route_stopped_message_expires_seconds{{route=\"store-buyers\"}} {left}\n"
            );
            assert!(metrics.page().contains(&line), "{}", metrics.page());
        }
        metrics.messages_expire(&BTreeMap::new(), expiry);
        assert!(!metrics.page().contains("expires_seconds{"));
    }

    #[test]
    fn a_request_is_in_flight_until_its_guard_is_dropped() {
        let metrics = Metrics::new();
        let guard = metrics.request_in_flight();
        assert_eq!(metrics.requests_in_flight.get(), 1);
        drop(guard);
        assert_eq!(metrics.requests_in_flight.get(), 0);
    }
}
