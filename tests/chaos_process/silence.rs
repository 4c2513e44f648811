//! LocalStack that does not answer: stopped, and with its connections open.

use std::path::PathBuf;
use std::process::Command;

use super::localstack;

/// LocalStack stands still until this is dropped.
pub(crate) struct Silence {
    process: String,
}

impl Silence {
    pub(crate) fn begin() -> Silence {
        let process = process();
        signal("STOP", &process);
        Silence { process }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        signal("CONT", &self.process);
    }
}

fn signal(name: &str, process: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), process])
        .status()
        .expect("kill can be run");
    assert!(status.success(), "kill -{name} of LocalStack failed");
}

/// As `scripts/localstack/start` notes it.
fn process() -> String {
    let endpoint = localstack::endpoint();
    let port = endpoint.rsplit(':').next().unwrap_or_default();
    let cache = match std::env::var_os("ACTIVATOR_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").expect("HOME is set"))
            .join(".cache/audience-activator"),
    };
    let noted = cache.join("run").join(port).join("pid");
    let process = std::fs::read_to_string(&noted).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; this test stops the process of LocalStack for a while, so it has to be \
             one that scripts/localstack/start has started on this machine",
            noted.display()
        )
    });
    process.trim().to_owned()
}
