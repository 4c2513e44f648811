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
    /// From the stop signal to the platform's SIGKILL, where that was told.
    pub platform_stop: Option<Duration>,
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

/// What the platform does can only be told: no interface of ECS or Kubernetes says it.
pub(super) const PLATFORM_STOP: Setting<Duration> = Setting {
    about: About {
        section: "worker",
        key: "platform_stop_seconds",
        default: None,
        help: "how long the platform waits before it kills, to check stop_seconds against: ECS's stopTimeout, Kubernetes' terminationGracePeriodSeconds",
    },
    read: seconds::<6, 86_400>,
};

/// Between the end of a stop and the platform's SIGKILL: for the last lines of the log.
const BEFORE_THE_KILL: Duration = Duration::from_secs(5);

impl WorkerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<WorkerSettings> {
        let objects = reader.get(&OBJECTS);
        let stop = reader.get(&STOP);
        let platform_stop = reader.get_if_any(&PLATFORM_STOP);
        if let (Some(stop), Some(platform)) = (stop, platform_stop)
            && stop + BEFORE_THE_KILL > platform
        {
            let problem = format!(
                "a stop may take {} seconds, and the platform kills after {}: lower it to {} at most, or raise the platform's limit and worker.platform_stop_seconds",
                stop.as_secs(),
                platform.as_secs(),
                platform.saturating_sub(BEFORE_THE_KILL).as_secs()
            );
            reader.refuse(STOP.about, problem);
            return None;
        }
        Some(WorkerSettings {
            objects: objects?,
            stop: stop?,
            platform_stop,
        })
    }
}
