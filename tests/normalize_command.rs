//! `audience-activator normalize`, as its user runs it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-activator"));
    command.arg("normalize").args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // It may have ended before it read all.
    let _ = writing.join().unwrap();
    output
}

fn results(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn one(arguments: &[&str]) -> Value {
    let output = run(arguments, b"");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut results = results(&output);
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

#[test]
fn each_value_has_one_line_in_order_with_its_status() {
    let hash = sha256("mary@example.com");
    let values = ["Mary@Example.com", &hash.to_uppercase(), "null", "mary"];
    let arguments: Vec<&str> = ["--key", "EMAIL"].into_iter().chain(values).collect();
    let output = run(&arguments, b"");
    let line = |status: &str, normalized: Value, sent: Value, reason: Value| json!({"key": "EMAIL", "status": status, "normalized": normalized, "sent": sent, "reason": reason});
    let null = Value::Null;
    let expected = [
        line(
            "hashed",
            json!("mary@example.com"),
            json!(hash),
            null.clone(),
        ),
        line("already_hashed", null.clone(), json!(hash), null.clone()),
        line("empty", null.clone(), null.clone(), null.clone()),
        line("rejected", null.clone(), null, json!("email_without_at")),
    ];
    assert_eq!(results(&output), expected);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("{\"key\":\"EMAIL\",\"status\":\"hashed\",\"normalized\":"));
}

#[test]
fn sent_is_what_stands_in_a_request() {
    for (arguments, normalized, sent) in [
        (
            &["--key", "external_id", " Ab 1 "][..],
            "Ab 1",
            json!(sha256("Ab 1")),
        ),
        (&["--key", "EXTERN_ID", " Ab 1 "], "Ab 1", json!("Ab 1")),
        (&["--key", "fb_login_id", "17"], "17", json!(17)),
        (&["--key", "APPUID", "17"], "17", json!("17")),
        (&["--key", "LOOKALIKE_VALUE", "12.50"], "12.5", json!(12.5)),
        (
            &["--key", "DATA_PROCESSING_OPTIONS", "ldu"],
            "[\"LDU\"]",
            json!(["LDU"]),
        ),
        (
            &["--key", "ph", "--country", "us", "(650)555-1212"],
            "16505551212",
            json!(sha256("16505551212")),
        ),
        (
            &[
                "--key",
                "external_id",
                "--api",
                "custom-audience",
                "--",
                "-7",
            ],
            "-7",
            json!("-7"),
        ),
    ] {
        let result = one(arguments);
        assert_eq!(result["normalized"], normalized, "{arguments:?}");
        assert_eq!(result["sent"], sent, "{arguments:?}");
        assert_eq!(result["key"], arguments[1]);
    }
}

#[test]
fn each_line_of_standard_input_is_a_value() {
    let output = run(&["--key", "fn"], "Mary\r\n\nValéry\nJohn".as_bytes());
    let texts: Vec<_> = results(&output)
        .iter()
        .map(|result| result["normalized"].clone())
        .collect();
    assert_eq!(
        texts,
        [json!("mary"), json!(null), json!("valéry"), json!("john")]
    );
    assert_eq!(run(&["--key", "fn"], b"").stdout, b"");
}

#[test]
fn a_value_with_a_line_end_comes_as_a_json_string() {
    let input = "\"Mary\\nAnn\"\r\n\"\"\n\"Ab\\r\"\n";
    let output = run(&["--key", "EXTERN_ID", "--json-strings"], input.as_bytes());
    let sent: Vec<_> = results(&output)
        .iter()
        .map(|result| result["sent"].clone())
        .collect();
    assert_eq!(sent, [json!("Mary\nAnn"), json!(null), json!("Ab")]);
}

#[test]
fn a_line_that_is_no_value_is_named_and_never_shown() {
    for (arguments, input, problem) in [
        (
            &["--key", "fn", "--json-strings"][..],
            &b"\"Mary\"\nSecret\n"[..],
            "line 2 of standard input is not a JSON string",
        ),
        (
            &["--key", "fn"],
            b"Mary\nSecret\xff\n",
            "line 2 of standard input is not UTF-8",
        ),
    ] {
        let output = run(arguments, input);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(results(&output).len(), 1);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(problem) && !said.contains("Secret"), "{said}");
    }
}

#[test]
fn arguments_that_cannot_be_used_are_told() {
    for (arguments, problem) in [
        (&["--key", "nose", "x"][..], "--key is not known"),
        (
            &["--key", "em", "--country", "USA", "x"],
            "a country's two letters",
        ),
        (
            &["--key", "ph", "--country", "UK", "x"],
            "a country's two letters, as US or GB",
        ),
        (
            &["--key", "fbp", "--api", "custom-audience", "x"],
            "does not know the key fbp",
        ),
        (&["--key", "em", "--json-strings", "x"], "cannot be used"),
        (&["x"], "--key"),
    ] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(problem), "{said}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let mut child = command(&["--key", "em"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(
        move || {
            while stdin.write_all(b"mary@example.com\n").is_ok() {}
        },
    );
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn ten_thousand_values_take_no_time() {
    let input: String = (0..10_000)
        .map(|number| format!("mary.{number}@example.com\n"))
        .collect();
    let start = Instant::now();
    let output = run(&["--key", "em"], input.as_bytes());
    let took = start.elapsed();
    assert_eq!(results(&output).len(), 10_000);
    // Without optimisation, beside other tests; the release build takes some milliseconds.
    assert!(took < Duration::from_secs(5), "{took:?}");
}
