//! How many bytes a process has read from files, as the kernel counts: no matter what the
//! program says of itself.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// What was read in a process's whole life, and how that ended.
pub(crate) struct Life {
    pub(crate) bytes_read: u64,
    pub(crate) status: ExitStatus,
}

impl Life {
    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

/// Waits for the end of the process. Its numbers are there until it has been waited for.
pub(crate) async fn to_the_end(mut child: Child, within: Duration) -> Life {
    let deadline = Instant::now() + within;
    while !has_ended(child.id()) {
        assert!(
            Instant::now() < deadline,
            "the process did not end within {within:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let bytes_read = bytes_read(child.id());
    let status = child.wait().unwrap();
    Life { bytes_read, status }
}

fn has_ended(process: u32) -> bool {
    let stat = of_process(process, "stat");
    // The name before it, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.starts_with('Z')
}

fn bytes_read(process: u32) -> u64 {
    let counts = of_process(process, "io");
    let line = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.unwrap().parse().unwrap()
}

fn of_process(process: u32, file: &str) -> String {
    let path = format!("/proc/{process}/{file}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
