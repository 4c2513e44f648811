//! Whether queue and state can be reached, so that one list has all that an operator has
//! to set up.

use super::finding::{Check, Finding};
use crate::app::parts::Parts;
use crate::app::queue_facts;
use crate::config::StateLocation;
use crate::error_chain::ErrorChain;
use crate::ledger::LedgerError;
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::queue::QueueError;

/// An object that nobody has: asking for its entry shows whether entries can be read.
const NO_OBJECT: &str = "preflight";

/// Looks at the queue, where one is configured, and at the state. Nothing is received and
/// nothing is written: whether both are allowed shows only when it is done.
pub async fn of_places(parts: &Parts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if parts.config.queue.url.is_some() {
        findings.extend(queue(parts).await);
    }
    for bucket in buckets(parts) {
        findings.push(state(parts, bucket).await);
    }
    findings
}

async fn queue(parts: &Parts) -> Vec<Finding> {
    let check = Check::Queue;
    match parts.queue.facts().await {
        Ok(facts) => {
            let mut findings = vec![Finding::ok(check, "the queue can be reached")];
            let concerns = queue_facts::concerns(&facts).into_iter();
            findings.extend(concerns.map(|concern| Finding::warning(check, concern)));
            findings
        }
        Err(error @ QueueError::Setup(_)) => vec![Finding::failed(check, error.to_string())],
        Err(error @ (QueueError::Transient(_) | QueueError::HandleExpired)) => {
            vec![Finding::unknown(check, error.to_string())]
        }
    }
}

/// Those whose state is looked at: one stands for all where the state has a place of its own.
fn buckets(parts: &Parts) -> Vec<&str> {
    let beside = matches!(parts.config.state, StateLocation::BesideObject { .. });
    if !beside {
        return vec![NO_OBJECT];
    }
    let routes = parts.config.routes.iter();
    let mut buckets: Vec<&str> = routes.filter_map(|route| route.bucket.as_deref()).collect();
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

async fn state(parts: &Parts, bucket: &str) -> Finding {
    let check = Check::State;
    let nothing = ObjectVersion {
        address: ObjectAddress {
            bucket: bucket.to_owned(),
            key: NO_OBJECT.to_owned(),
            version_id: None,
        },
        etag: NO_OBJECT.to_owned(),
        size: 0,
        last_modified: 0,
    };
    match parts.ledger.get(&nothing, NO_OBJECT).await {
        Ok(_) if bucket == NO_OBJECT => Finding::ok(check, "the state can be read"),
        Ok(_) => Finding::ok(check, format!("the state in bucket {bucket} can be read")),
        Err(error @ LedgerError::Transient(_)) => {
            Finding::unknown(check, ErrorChain(&error).to_string())
        }
        Err(error @ (LedgerError::Setup(_) | LedgerError::Unreadable { .. })) => {
            Finding::failed(check, ErrorChain(&error).to_string())
        }
    }
}
