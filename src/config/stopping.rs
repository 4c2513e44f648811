//! Whether a stop leaves enough time for what is out, as the settings stand together.

use std::time::Duration;

use super::route::{Destination, Route};
use super::settings::Sections;
use super::tree::Report;

/// For saving progress and giving the messages back, after the last answer.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// Notes a request, or a poll, that may take longer than a stop waits for it. Nothing is
/// lost by that, but it is sent again, or its messages come back late.
pub(super) fn check(report: &Report<'_>, sections: &Sections, routes: &[Route]) {
    let stop = sections.worker.stop;
    let goes = |is: fn(&Destination) -> bool| routes.iter().any(|route| is(&route.destination));
    let conversions = goes(|to| matches!(to, Destination::Conversions(_)));
    let audiences = goes(|to| matches!(to, Destination::CustomAudience(_)));
    for (setting, timeout, in_use) in [
        (
            "delivery.conversions_timeout_seconds",
            sections.delivery.conversions_timeout,
            conversions,
        ),
        (
            "delivery.audience_timeout_seconds",
            sections.delivery.audience_timeout,
            audiences,
        ),
    ] {
        if in_use && timeout + AFTERWARDS > stop {
            report.notice(format!(
                "{setting} is {} and worker.stop_seconds is {}: a stop may cut off a request that is out, which is then sent again; keep {} seconds between them",
                timeout.as_secs(),
                stop.as_secs(),
                AFTERWARDS.as_secs()
            ));
        }
    }
    let wait = sections.queue.wait;
    if wait + AFTERWARDS > stop {
        report.notice(format!(
            "queue.wait_seconds is {} and worker.stop_seconds is {}: a stop may cut off a poll, whose messages then come back only after queue.visibility_seconds; keep {} seconds between them",
            wait.as_secs(),
            stop.as_secs(),
            AFTERWARDS.as_secs()
        ));
    }
}
