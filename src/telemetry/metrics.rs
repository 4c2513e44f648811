//! Every metric there is, with its name and meaning. `OPERATIONS.md` explains them
//! to the operator; `tests/documents.rs` keeps the two the same.
//!
//! Labels come from closed sets (or, for `route`, from the configuration), so that
//! no input can make the page grow.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

use crate::meta::{Answer, Usage};

/// One label with a value from a closed set.
type Label = [(&'static str, &'static str); 1];
/// One label with a value from the configuration.
type RouteLabel = [(&'static str, String); 1];

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
            registry: all,
        }
    }

    /// The page for `/metrics`, in OpenMetrics text.
    pub fn page(&self) -> String {
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
        let Usage {
            app_percent,
            account_percent,
            business_percent,
            regain_access: _,
        } = answer.usage;
        for (source, percent) in [
            ("app", app_percent),
            ("ad_account", account_percent),
            ("business_use_case", business_percent),
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

fn register<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
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
    fn a_request_is_in_flight_until_its_guard_is_dropped() {
        let metrics = Metrics::new();
        let guard = metrics.request_in_flight();
        assert_eq!(metrics.requests_in_flight.get(), 1);
        drop(guard);
        assert_eq!(metrics.requests_in_flight.get(), 0);
    }
}
