//! A record far longer than memory is meant to hold, through the built program.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use simulator::Simulator;

use crate::peak::peak_bytes;
use crate::stage::people::{HEADER, row};
use crate::stage::program::program;
use crate::stage::{ACCOUNT, AUDIENCE, DATASET, ROUTES, TOKEN};

const LONG: usize = 50 * 1024 * 1024;

/// 3 000 rows, and before the second thousand of them one of `long` bytes.
fn write(path: &Path, long: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    out.write_all(HEADER.as_bytes()).unwrap();
    for number in 1..=3_000 {
        if number == 1_001 {
            out.write_all(b"id,\"").unwrap();
            for _ in 0..long / 1024 {
                out.write_all(&[b'x'; 1023]).unwrap();
                out.write_all(b"\n").unwrap();
            }
            out.write_all(b"\",Y,1\n").unwrap();
        }
        out.write_all(row(number).as_bytes()).unwrap();
    }
    out.into_inner().unwrap();
}

/// Uploads the file; gives the receipt, and the most memory that it took.
async fn upload(directory: &Path, simulator: &Simulator, long: usize) -> (Value, u64) {
    let file = directory.join(format!("people-{long}.csv"));
    write(&file, long);
    let config = directory.join("config.toml");
    let state = directory.join("state");
    std::fs::write(&config, format!("[state]\nlocation = {state:?}\n{ROUTES}")).unwrap();
    let mut process = program()
        .args(["upload", "--json", "--route", "buyers", "--config"])
        .arg(config)
        .arg(file)
        .env("META_TOKEN", TOKEN)
        .env("ACTIVATOR_META_ENDPOINT", simulator.endpoint())
        .env("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "1000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while process.try_wait().unwrap().is_none() {
        most = peak_bytes(&process.id().to_string()).unwrap_or(0).max(most);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let output = process.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    (serde_json::from_slice(&output.stdout).unwrap(), most)
}

#[tokio::test]
async fn a_record_of_fifty_megabytes_is_rejected_and_the_rest_goes_on() {
    let simulator = Simulator::builder()
        .token(TOKEN)
        .dataset(DATASET)
        .audience(AUDIENCE, ACCOUNT)
        .start()
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (short, usual) = upload(directory.path(), &simulator, 1024).await;
    let (receipt, peak) = upload(directory.path(), &simulator, LONG).await;

    assert_eq!(short["rows"]["rejected"], 0);
    assert_eq!(receipt["status"], "delivered");
    assert_eq!(receipt["rows"]["read"], 3_001);
    assert_eq!(receipt["rejects"]["row_too_long"], 1);
    assert_eq!(receipt["reject_samples"][0]["row"], 1_001);
    assert_eq!(receipt["sent"]["accepted"], 3_000);
    let events = &simulator.inspect().datasets[DATASET];
    assert_eq!(events.changed_duplicates, 0);
    assert!(
        peak < usual + LONG as u64 / 2,
        "{peak} bytes, and {usual} without the long record"
    );
}
