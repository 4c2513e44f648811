//! Input far larger than memory is meant to hold, through the built program.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use simulator::Simulator;

use crate::peak::peak_bytes;
use crate::stage::people::{HEADER, row};
use crate::stage::program::program;
use crate::stage::{ACCOUNT, AUDIENCE, DATASET, ROUTES, TOKEN};

const LONG: usize = 50 * 1024 * 1024;

/// 3 000 rows, and before the second thousand of them one of `long` bytes.
fn with_a_record_of(long: usize, path: &Path) {
    let mut out = create(path);
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

fn create(path: &Path) -> BufWriter<File> {
    BufWriter::new(File::create(path).unwrap())
}

/// A hundred rows, packed, and then so many bytes more of a single one that they are a
/// few thousand.
fn bomb(path: &Path) {
    let mut out = GzEncoder::new(create(path), Compression::best());
    out.write_all(HEADER.as_bytes()).unwrap();
    for number in 1..=100 {
        out.write_all(row(number).as_bytes()).unwrap();
    }
    for _ in 0..2 * LONG / 1024 {
        out.write_all(&[b'x'; 1024]).unwrap();
    }
    out.finish().unwrap().into_inner().unwrap();
}

/// A Parquet file that says that nearly all of it is its footer.
fn endless_footer(path: &Path) {
    let mut out = create(path);
    out.write_all(b"PAR1").unwrap();
    for _ in 0..LONG / 1024 {
        out.write_all(&[0x15; 1024]).unwrap();
    }
    out.write_all(&(LONG as u32).to_le_bytes()).unwrap();
    out.write_all(b"PAR1").unwrap();
    out.into_inner().unwrap();
}

/// A header of nothing but names.
fn endless_header(path: &Path) {
    let mut out = create(path);
    for number in 0..LONG / 8 {
        write!(out, "{number:07},").unwrap();
    }
    out.into_inner().unwrap();
}

/// Uploads a file; gives what is told of it, and the most memory that it took.
async fn upload(directory: &Path, simulator: &Simulator, file: PathBuf) -> (Value, u64) {
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
        .env("ACTIVATOR_INPUT_MAX_DECOMPRESSION_RATIO", "100")
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
    // What is refused is told as well.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{complaint}");
    (serde_json::from_slice(&output.stdout).unwrap(), most)
}

async fn simulator() -> Simulator {
    let simulator = Simulator::builder()
        .token(TOKEN)
        .dataset(DATASET)
        .audience(AUDIENCE, ACCOUNT);
    simulator.start().await.unwrap()
}

#[tokio::test]
async fn a_record_of_fifty_megabytes_is_rejected_and_the_rest_goes_on() {
    let simulator = simulator().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    with_a_record_of(LONG, &file);
    let (receipt, _) = upload(directory.path(), &simulator, file).await;
    assert_eq!(receipt["status"], "delivered");
    assert_eq!(receipt["rows"]["read"], 3_001);
    assert_eq!(receipt["rejects"]["row_too_long"], 1);
    assert_eq!(receipt["reject_samples"][0]["row"], 1_001);
    assert_eq!(receipt["sent"]["accepted"], 3_000);
    let events = &simulator.inspect().datasets[DATASET];
    assert_eq!(events.changed_duplicates, 0);
}

#[tokio::test]
async fn memory_stays_bounded_whatever_the_input() {
    let simulator = simulator().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    with_a_record_of(1024, &path("usual"));
    let (receipt, usual) = upload(directory.path(), &simulator, path("usual")).await;
    assert_eq!(receipt["rows"]["rejected"], 0);

    type Write = fn(&Path);
    let inputs: [(&str, Write, &str, Value); 4] = [
        (
            "a record",
            |path| with_a_record_of(LONG, path),
            "delivered",
            Value::Null,
        ),
        ("a bomb", bomb, "refused", "too_large".into()),
        ("a footer", endless_footer, "refused", "too_large".into()),
        ("a header", endless_header, "refused", "too_large".into()),
    ];
    for (name, write, status, reason) in inputs {
        write(&path(name));
        let (told, peak) = upload(directory.path(), &simulator, path(name)).await;
        assert_eq!(
            (&told["status"], &told["reason"]),
            (&status.into(), &reason),
            "{name}"
        );
        assert!(
            peak < usual + LONG as u64 / 2,
            "{name}: {peak} bytes, and {usual} for a small file"
        );
    }
}
