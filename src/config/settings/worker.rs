//! `[worker]`: how much is done at once, and how long stopping may take.

use std::time::Duration;

use super::super::scalar::{Scalar, count, seconds};
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSettings {
    /// Objects worked on at once.
    pub objects: usize,
    /// From the stop signal to the end of the process.
    pub stop: Duration,
}

pub(super) const OBJECTS: Setting<usize> = Setting {
    about: About {
        section: "worker",
        key: "objects",
        default: Some(Scalar::Integer(2)),
        help: "how many objects are worked on at once",
    },
    read: count::<1, 64>,
};

/// Fargate kills a task 120 seconds after the signal at the latest.
pub(super) const STOP: Setting<Duration> = Setting {
    about: About {
        section: "worker",
        key: "stop_seconds",
        default: Some(Scalar::Integer(100)),
        help: "how long a stop may take; keep it below the orchestrator's limit",
    },
    read: seconds::<1, 110>,
};

impl WorkerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<WorkerSettings> {
        let objects = reader.get(&OBJECTS);
        let stop = reader.get(&STOP);
        Some(WorkerSettings {
            objects: objects?,
            stop: stop?,
        })
    }
}
