//! A fault of the program in the middle of a row: in a process of its own, since the way
//! in which panics are told is the whole process's.

use std::process::Command;

use audience_activator::config::{LogFormat, LogLevel};
use audience_activator::telemetry::{init_logs, tell_panics_by_their_place};

use super::marks::{MARK, assert_clean, person};

/// Which log the process has that is started for it.
const LOG: &str = "PRIVACY_PANICS";
const HERE: &str = "panics::a_panic_tells_its_place_and_not_its_text";

#[test]
fn a_panic_tells_its_place_and_not_its_text() {
    if let Ok(log) = std::env::var(LOG) {
        return panic_in_many_ways(&log);
    }
    for log in ["none", "human", "json"] {
        let this = std::env::current_exe().unwrap();
        let output = Command::new(this)
            .args(["--exact", HERE, "--nocapture"])
            .env(LOG, log)
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let said = said.concat();
        assert!(output.status.success(), "{log}: {said}");
        assert_clean(&format!("a panic, log {log}"), &said);
        let told = |line: &&str| {
            line.contains("a fault of the program") && line.contains("tests/privacy/panics.rs:")
        };
        assert_eq!(said.lines().filter(told).count(), 3, "{log}: {said}");
        let traced = said.contains("panic_in_many_ways");
        assert_eq!(traced, log != "none", "{log}: {said}");
    }
}

fn panic_in_many_ways(log: &str) {
    match log {
        "human" => init_logs(LogFormat::Human, LogLevel::Trace),
        "json" => init_logs(LogFormat::Json, LogLevel::Trace),
        _ => {}
    }
    tell_panics_by_their_place();
    let ways: [fn(); 3] = [
        || panic!("what is this: {}", person(1)),
        || {
            // Not between two letters.
            let cell = format!("{MARK}\u{e4}");
            drop(cell[..MARK.len() + 1].to_owned());
        },
        || refused().unwrap(),
    ];
    for way in ways {
        assert!(std::thread::spawn(way).join().is_err());
    }
}

fn refused() -> Result<(), String> {
    Err(person(2))
}
