//! What the program logs on this thread, as an operator would read it.
#![allow(dead_code, reason = "each suite listens in its own way")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Takes the lines of this thread until it is dropped.
pub struct Logged {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// Warnings and worse.
    pub fn new() -> Logged {
        Logged::filtered("warn")
    }

    /// As the service's, at its most talkative.
    pub fn all() -> Logged {
        Logged::filtered("warn,audience_activator=trace")
    }

    fn filtered(filter: &str) -> Logged {
        hear_all_threads();
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter(EnvFilter::new(filter))
            .with_writer(lines.clone())
            .finish();
        Logged {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap()
    }

    pub fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// How many lines hold all of these.
    pub fn lines_with(&self, parts: &[&str]) -> usize {
        let text = self.text();
        let holds = |line: &&str| parts.iter().all(|part| line.contains(part));
        text.lines().filter(holds).count()
    }
}

/// While there is a single subscriber in the process, `tracing` asks the thread that comes
/// to a log line first whether anybody wants it, and remembers the answer for all: a thread
/// of another test, which has no subscriber, would silence the one that listens. With a
/// second one, for all threads, all are asked.
fn hear_all_threads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where there is one already, it does as well.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    });
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Lines;

    fn make_writer(&self) -> Lines {
        self.clone()
    }
}
