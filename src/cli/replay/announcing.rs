//! The replay itself: objects listed, described and announced, in the order of their keys.
//!
//! Nothing is collected: a prefix with a million objects costs no more memory than one
//! with ten. An announcement that is repeated does no harm, so nothing is remembered
//! of one that failed either.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::selection::{Selection, Skip};
use crate::cli::Exit;
use crate::event;
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{ListError, Listed, ObjectError, ObjectSource, S3Source};
use crate::queue::{QueueError, SqsQueue};
use crate::receipts::ObjectDescription;

/// What SQS takes at once.
const AT_ONCE: usize = 10;
/// How many objects are described at a time.
const DESCRIBED_AT_ONCE: usize = 16;

/// Where announcements go.
pub(super) enum To<'a> {
    Queue(&'a SqsQueue),
    /// Nobody: each object is shown as it is found. Says whether anybody still looks.
    Show(&'a mut (dyn FnMut(&ObjectVersion, &str) -> bool + Send)),
}

/// What was done so far, for whoever wants to show it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) objects: AtomicU64,
    pub(super) skipped: AtomicU64,
}

/// What became of a replay, whether or not it came to its end.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Announced; in a dry run, found to be announced.
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) skipped: BTreeMap<&'static str, u64>,
}

/// Why it did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Describe(#[from] ObjectError),
    #[error(transparent)]
    Send(#[from] QueueError),
    #[error("stopped by a signal")]
    Interrupted,
}

impl Failure {
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Failure::List(ListError::Transient { .. })
            | Failure::Describe(ObjectError::Transient { .. })
            | Failure::Send(QueueError::Transient(_) | QueueError::HandleExpired) => Exit::Failed,
            Failure::List(_) | Failure::Describe(_) | Failure::Send(_) => Exit::RouteStopped,
            Failure::Interrupted => Exit::Interrupted,
        }
    }
}

/// Everything that it needs.
pub(super) struct Announcing<'a> {
    pub(super) source: &'a S3Source,
    pub(super) selection: &'a Selection<'a>,
    pub(super) to: To<'a>,
    /// With a name, what was delivered before is sent again.
    pub(super) replay_name: Option<&'a str>,
    pub(super) stop: &'a CancellationToken,
    pub(super) counts: &'a Counts,
}

impl Announcing<'_> {
    /// Adds to `outcome` what is done, also where it fails later.
    pub(super) async fn run(mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        let mut judged = judged(self.source, self.selection);
        let mut batch: Vec<ObjectVersion> = Vec::new();
        loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Failure::Interrupted),
                next = judged.try_next() => next?,
            };
            match next {
                None => break,
                Some(Judged::Skipped(skip)) => {
                    *outcome.skipped.entry(skip.name()).or_default() += 1;
                    self.counts.skipped.fetch_add(1, Ordering::Relaxed);
                }
                Some(Judged::Taken { object, route }) => match &mut self.to {
                    To::Queue(_) => batch.push(object),
                    To::Show(show) => {
                        let anybody_looks = show(&object, route);
                        outcome.objects += 1;
                        outcome.bytes += object.size;
                        if !anybody_looks {
                            return Ok(());
                        }
                    }
                },
            }
            if batch.len() == AT_ONCE {
                self.send(&mut batch, outcome).await?;
            }
        }
        self.send(&mut batch, outcome).await
    }

    async fn send(
        &self,
        batch: &mut Vec<ObjectVersion>,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let To::Queue(queue) = &self.to else {
            return Ok(());
        };
        if batch.is_empty() {
            return Ok(());
        }
        let now = OffsetDateTime::now_utc();
        let events = batch
            .iter()
            .map(|object| event::announce(object, self.replay_name, now));
        queue.send_all(events.collect()).await?;
        for object in batch.drain(..) {
            outcome.objects += 1;
            outcome.bytes += object.size;
            self.counts.objects.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

enum Judged<'c> {
    Taken {
        object: ObjectVersion,
        route: &'c str,
    },
    Skipped(Skip),
}

/// What would be announced: how many objects, and how many bytes. Nothing is described,
/// so this is fast, and what it says may be a little less true.
pub(super) async fn survey(
    source: &S3Source,
    selection: &Selection<'_>,
) -> Result<(u64, u64), Failure> {
    let mut listed = source.list(&selection.bucket, &selection.prefix);
    let (mut objects, mut bytes) = (0, 0);
    while let Some(Listed {
        key,
        size,
        last_modified,
        ..
    }) = listed.try_next().await?
    {
        if selection.judge(&key, size, last_modified).is_ok() {
            objects += 1;
            bytes += size;
        }
    }
    Ok((objects, bytes))
}

/// Each listed object, in order. Only those that are taken by their listing are
/// described, and then judged again: another version may lie there by now.
fn judged<'a>(
    source: &'a S3Source,
    selection: &'a Selection<'a>,
) -> BoxStream<'a, Result<Judged<'a>, Failure>> {
    let listed = source.list(&selection.bucket, &selection.prefix);
    let described = listed.map(move |listed| async move {
        let listed = listed?;
        if let Err(skip) = selection.judge(&listed.key, listed.size, listed.last_modified) {
            return Ok(Judged::Skipped(skip));
        }
        let address = ObjectAddress {
            bucket: selection.bucket.clone(),
            key: listed.key,
            version_id: None,
        };
        let object = match source.describe(&address).await {
            Ok(object) => object,
            Err(ObjectError::NotFound { .. }) => return Ok(Judged::Skipped(Skip::Gone)),
            Err(error) => return Err(error.into()),
        };
        let judged = selection.judge(&object.address.key, object.size, object.last_modified);
        Ok(match judged {
            Ok(route) => Judged::Taken {
                object,
                route: &route.name,
            },
            Err(skip) => Judged::Skipped(skip),
        })
    });
    described.buffered(DESCRIBED_AT_ONCE).boxed()
}

/// An object of a dry run, for scripts.
pub(super) fn as_json(object: &ObjectVersion, route: &str) -> Value {
    let mut json = serde_json::to_value(ObjectDescription::from(object)).unwrap_or_default();
    json["route"] = json!(route);
    json
}
