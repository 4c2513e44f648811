//! Beside the worker's loop: every route is looked at when the worker starts, and again
//! each hour; what is not in order, sooner.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::time::sleep;

use super::finding::Mark;
use super::known::look;
use crate::app::parts::Parts;
use crate::backoff::Backoff;
use crate::config::Route;

const HOUR: Duration = Duration::from_secs(3600);

/// While something is not in order. Messages of the route ask as well. What is known for
/// longer than this, as a block of Meta's is, is looked at without a question.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(60),
    most: Duration::from_secs(900),
};

/// Routes that are asked about at once when the worker starts: the quota is not for this.
const AT_ONCE: usize = 2;

pub(in crate::app) async fn watch(parts: &Parts) {
    if !parts.config.meta.preflight {
        return;
    }
    let routes = &parts.config.routes;
    let looks: Vec<_> = routes.iter().map(|route| look(parts, route)).collect();
    let marks: Vec<Mark> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let pairs = routes.iter().zip(marks);
    join_all(pairs.map(|(route, mark)| follow(parts, route, mark))).await;
}

async fn follow(parts: &Parts, route: &Route, mut mark: Mark) {
    let mut failures = 0;
    loop {
        let wait = if mark < Mark::Unknown {
            failures = 0;
            // Workers that started together do not ask together for ever.
            HOUR.mul_f64(1.0 + 0.2 * fastrand::f64())
        } else {
            failures += 1;
            BACKOFF.wait(failures)
        };
        sleep(wait).await;
        mark = look(parts, route).await;
    }
}
