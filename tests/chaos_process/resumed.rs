//! A large file is interrupted in the middle, and gone on with from there.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::Simulator;

use super::bytes_read::{Life, to_the_end};
use super::given;
use super::people::email_hash;
use super::stage::{DATASET, TOKEN};
use super::worker::{program_on, signal};

/// For the short play, which is a part of `make test`.
const MEGABYTES: u64 = 100;
/// However large the file is: large files have long rows.
const ROWS: u32 = 200_000;
const REQUESTS_IN_FLIGHT: u64 = 2;
/// What one request of a range asks for, by default.
const READ_AHEAD: u64 = 8 << 20;
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
#[ignore = "reads a large file: make test"]
async fn resumes_in_the_middle() {
    let megabytes = given("CHAOS_MEGABYTES").unwrap_or(MEGABYTES);
    let started = Instant::now();
    let desk = Desk::set_up(megabytes * 1_000_000).await;

    let first = desk.upload();
    desk.until_received(u64::from(ROWS / 2)).await;
    signal(&first, "KILL");
    let first = to_the_end(first, LONG).await;
    assert!(first.was_killed(), "{}", first.status);
    let before = desk.meta.inspect().datasets[DATASET].clone();
    assert!(before.distinct < u64::from(ROWS), "killed at the end");
    // Of the requests around the kill: later ones have longer row numbers, and fewer events.
    let largest = desk.events_of_a_request();

    let (later, uploads) = desk.upload_until_done().await;
    // Certificates and the like, which every process reads: found by one that has nothing
    // of the file to read.
    let beside = desk.upload_what_is_done().await;
    let all = first.bytes_read + later - (1 + uploads) * beside;
    assert!(
        all >= desk.size / 100 * 99,
        "the kernel counted {all} bytes, less than the file has"
    );
    let read_again = all.saturating_sub(desk.size);
    let dataset = &desk.meta.inspect().datasets[DATASET];
    let share = read_again as f64 / desk.size as f64;
    eprintln!(
        "\n  a file of {megabytes} MB, killed after {} of {ROWS} rows\n  \
         bytes read before        {:>14}\n  bytes read after         {:>14}\n  \
         bytes read again         {read_again:>14}   {:.2} %\n  events sent again        {:>14}\n  \
         seconds                  {:>14}",
        before.distinct,
        first.bytes_read - beside,
        later - uploads * beside,
        share * 100.0,
        dataset.duplicates,
        started.elapsed().as_secs(),
    );
    assert_eq!(dataset.distinct, u64::from(ROWS));
    assert_eq!(dataset.changed_duplicates, 0);
    for person in (0..ROWS).step_by(97).chain([ROWS - 1]) {
        let arrivals = desk.meta.events_bearing(DATASET, "em", &email_hash(person));
        assert!(arrivals >= 1, "person {person} is lost");
    }
    let most_in_flight = REQUESTS_IN_FLIGHT * largest.max(desk.events_of_a_request());
    assert!(
        dataset.duplicates <= most_in_flight,
        "{} events came again, and only {most_in_flight} were in flight",
        dataset.duplicates
    );
    // Of a smaller file one percent is less than what is read ahead.
    let most = (desk.size / 100).max(READ_AHEAD);
    assert!(
        read_again <= most,
        "{read_again} bytes of {} were read again",
        desk.size
    );
}

/// A file, a directory for the state, and Meta.
struct Desk {
    meta: Simulator,
    directory: tempfile::TempDir,
    size: u64,
}

impl Desk {
    async fn set_up(size: u64) -> Desk {
        let meta = Simulator::builder().token(TOKEN).dataset(DATASET);
        // Not where the system keeps small things: it may be memory.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        write_file(&directory.path().join("large.csv"), size).unwrap();
        let size = directory.path().join("large.csv").metadata().unwrap().len();
        Desk {
            meta: meta.start().await.unwrap(),
            directory,
            size,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn upload(&self) -> Child {
        let config = format!(
            "[ledger]\nlease_seconds = 3\n[state]\nlocation = {:?}\n[meta]\nendpoint = \"{}\"\n\
             [delivery]\nrequests_in_flight = {REQUESTS_IN_FLIGHT}\n\
             requests_per_second = 10000\nmax_body_bytes = 65536\n\
             [[route]]\nname = \"people\"\nprefix = \"\"\ncredentials = \"env:META_TOKEN\"\n\
             columns = \"auto\"\n[route.conversions]\ndataset_id = \"{DATASET}\"\n\
             event_name = \"Lead\"\naction_source = \"physical_store\"\nevent_time = \"object\"\n",
            self.path("state"),
            self.meta.endpoint(),
        );
        let mut command: Command = program_on("http://127.0.0.1:1");
        command
            .args(["upload", "--json"])
            .arg(self.path("large.csv"))
            .env("ACTIVATOR_CONFIG", config)
            .env("META_TOKEN", format!("{{\"access_token\": \"{TOKEN}\"}}"))
            .stdin(Stdio::null())
            .stdout(File::create(self.path("told")).unwrap())
            .stderr(File::create(self.path("log")).unwrap());
        command.spawn().expect("the upload starts")
    }

    /// Again and again: whoever was killed may count as at work for a while. Gives the
    /// bytes that all of them have read, and how many these were.
    async fn upload_until_done(&self) -> (u64, u64) {
        let deadline = Instant::now() + LONG;
        let (mut bytes, mut uploads) = (0, 0);
        loop {
            let Life { bytes_read, status } = to_the_end(self.upload(), LONG).await;
            bytes += bytes_read;
            uploads += 1;
            if status.success() {
                break;
            }
            let log = std::fs::read_to_string(self.path("log")).unwrap();
            assert!(Instant::now() < deadline, "{status}: {log}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let receipt = self.told();
        assert_eq!(receipt["status"], "delivered");
        assert_eq!(receipt["rows"]["read"], ROWS);
        assert_eq!(receipt["sent"]["accepted"], ROWS);
        (bytes, uploads)
    }

    /// Gives the bytes that it has read.
    async fn upload_what_is_done(&self) -> u64 {
        let Life { bytes_read, status } = to_the_end(self.upload(), LONG).await;
        assert!(status.success(), "{status}");
        assert_eq!(self.told()["status"], "already_delivered");
        bytes_read
    }

    /// What the last upload has printed.
    fn told(&self) -> Value {
        let told = std::fs::read_to_string(self.path("told")).unwrap();
        serde_json::from_str(&told).unwrap()
    }

    async fn until_received(&self, events: u64) {
        let deadline = Instant::now() + LONG;
        while self.meta.inspect().datasets[DATASET].received < events {
            assert!(
                Instant::now() < deadline,
                "waited in vain for {events} events"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// As many as the largest that came lately.
    fn events_of_a_request(&self) -> u64 {
        let recent = self.meta.inspect().requests.recent;
        let items = recent.iter().map(|request| request.items);
        items.max().unwrap_or(0)
    }
}

/// People in rows of one length, so that the file has about this size.
fn write_file(path: &Path, size: u64) -> std::io::Result<()> {
    let padding = "x".repeat(
        usize::try_from(size / u64::from(ROWS))
            .unwrap_or(0)
            .saturating_sub(32),
    );
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "E-Mail,Note")?;
    for person in 0..ROWS {
        writeln!(file, "Person{person}@Example.com,{padding}")?;
    }
    file.flush()
}
