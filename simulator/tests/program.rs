//! The `simulator` program: started, asked for its health, stopped.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_simulator");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped());
    command
}

/// A program that ends by itself.
fn run(arguments: &[&str]) -> Output {
    program(arguments).stdout(Stdio::piped()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Kills what a failed assertion leaves behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[test]
fn it_starts_is_healthy_and_stops_cleanly_on_a_signal() {
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--dataset",
        "1",
        "--audience",
        "2:3",
    ];
    let mut running = Running(program(&arguments).spawn().unwrap());
    let log = BufReader::new(running.0.stderr.take().unwrap());
    let mut lines = log.lines();
    let address = lines
        .find_map(|line| Some(line.unwrap().split_once("address=")?.1.to_owned()))
        .unwrap();

    let health = run(&["healthcheck", "--listen", &address]);
    assert!(health.status.success(), "{}", stderr(&health));

    let pid = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let _rest: Vec<_> = lines.collect();
    assert_eq!(running.0.wait().unwrap().code(), Some(0));

    let health = run(&["healthcheck", "--listen", &address]);
    assert_eq!(health.status.code(), Some(1));
    assert!(stderr(&health).contains(&format!("no simulator answers on {address}")));
}

#[test]
fn a_start_that_cannot_be_ends_with_a_sentence() {
    for (arguments, sentence) in [
        (
            &["--dataset", "pixel"][..],
            "the dataset id \"pixel\" is not a number",
        ),
        (
            &["--faults", "/nowhere.json"],
            "cannot read the fault rules in /nowhere.json",
        ),
        (
            &["--scenario", "/nowhere.toml"],
            "cannot read the scenario in /nowhere.toml",
        ),
        (
            &["--clock-speed=-1"],
            "a clock's speed is a number from 0 to 1000000",
        ),
        (&["--listen", "256.0.0.1:1"], "cannot listen on 256.0.0.1:1"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(sentence), "{}", stderr(&output));
    }
}

#[test]
fn the_help_tells_the_commands_and_hides_secrets() {
    let output = program(&["--help"])
        .env("SIMULATOR_TOKEN", "EAAB-secret")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(help.contains("/_simulator/inspect/member"));
    assert!(help.contains("--audience <ID[:ACCOUNT]>"));
    assert!(!help.contains("EAAB-secret"));
}

#[test]
fn fault_rules_that_are_none_are_told_with_their_line_and_no_value() {
    let name = format!("faults-{}.json", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, "[\n{\"on\": \"mary@example.com\"}]").unwrap();
    let output = run(&["--faults", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("(line 2, column "), "{told}");
    assert!(!told.contains("mary"), "{told}");
}

#[test]
fn a_scenario_that_is_none_is_told_with_its_line() {
    let name = format!("scenario-{}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, "[[step]]\nafter_s = 1\nchanges = {}\n").unwrap();
    let output = run(&["--scenario", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("line 3: unknown field `changes`"), "{told}");
}
