//! What came to pass in a schedule, in numbers.

use std::sync::atomic::Ordering;

use super::Stage;
use crate::BUCKET;
use crate::meta::Accepted;
use crate::schedule::Schedule;

/// What happened on the way, counted: a storm that never reaches something proves nothing
/// of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub crashed: u64,
    pub attempts: u64,
    /// Those that went on where another came to.
    pub resumed: u64,
    /// Objects that became somebody else's in the middle of the work.
    pub lost: u64,
    pub messages_lost: u64,
    pub reads_resumed: u64,
    pub retried: u64,
    pub refused: u64,
    pub unheard: u64,
    /// Requests that brought what had arrived.
    pub repeated: u64,
    pub overwritten: u64,
    pub put_aside: u64,
}

impl Seen {
    pub(super) fn of(stage: &Stage, schedule: &Schedule) -> Seen {
        let mut seen = Seen {
            crashed: stage.world.crashed.load(Ordering::Relaxed),
            unheard: stage.world.unheard.load(Ordering::Relaxed),
            repeated: stage.meta.accepted(Accepted::repeats),
            put_aside: stage.queue.dead_letters().len() as u64,
            ..Seen::default()
        };
        for parts in stage.all.lock().unwrap().iter() {
            let metrics = &parts.metrics;
            seen.resumed += metrics.objects_resumed.get();
            seen.lost += metrics.objects_lost.get();
            seen.messages_lost += metrics.heartbeats_lost.get();
            seen.reads_resumed += metrics.read_resumes.get();
            seen.retried += metrics.retries.get();
            seen.refused += metrics.rows_refused.get();
        }
        for object in &schedule.objects {
            let versions = stage.bucket.versions(&object.key);
            seen.overwritten += (versions.len() as u64).saturating_sub(1);
            let route = stage.config.route_for(BUCKET, &object.key).unwrap();
            let entries = versions
                .iter()
                .filter_map(|version| stage.state.entry(version, &route.name));
            seen.attempts += entries.map(|found| found.entry.attempts.total).sum::<u64>();
        }
        seen
    }

    pub fn add(&mut self, other: Seen) {
        for ((_, sum), (_, count)) in self.counts().into_iter().zip({ other }.counts()) {
            *sum += *count;
        }
    }

    pub fn counts(&mut self) -> [(&'static str, &mut u64); 12] {
        [
            ("workers crashed", &mut self.crashed),
            ("attempts made", &mut self.attempts),
            ("attempts went on", &mut self.resumed),
            ("objects lost to another", &mut self.lost),
            ("messages lost to another", &mut self.messages_lost),
            ("reads resumed", &mut self.reads_resumed),
            ("requests retried", &mut self.retried),
            ("rows refused", &mut self.refused),
            ("answers unheard", &mut self.unheard),
            ("requests repeated", &mut self.repeated),
            ("objects overwritten", &mut self.overwritten),
            ("messages put aside", &mut self.put_aside),
        ]
    }
}
