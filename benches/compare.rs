//! Ours beside the bare loop and Meta's Python SDK, on the same rows, in one run.
//!
//! `make bench` runs it with the SDK; without `ACTIVATOR_BENCH_PYTHON`, a Python that
//! has the SDK, that part is left out. Everything is measured once in each round and
//! medians are compared, because a shared machine is fast now and slow then.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod measured;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use audience_activator::identity::key::Api;
use audience_activator::identity::{IdentifiedRow, Tally};
use measured::ours::{self, Cells, Plan};
use measured::{bare, people};

const ROWS: u64 = 50_000;
/// The SDK gets fewer, or one round would take a second.
const ROWS_OF_THE_SDK: u64 = 1_000;
const ROUNDS: usize = 31;

const GOAL_AGAINST_SDK: f64 = 50.0;
const GOAL_AGAINST_BARE: f64 = 0.7;

/// Seconds a row, one for each round.
#[derive(Default)]
struct Samples(Vec<f64>);

impl Samples {
    fn time(&mut self, work: impl FnOnce()) {
        let started = Instant::now();
        work();
        self.add(started.elapsed(), ROWS);
    }

    fn add(&mut self, elapsed: Duration, rows: u64) {
        self.0.push(elapsed.as_secs_f64() / rows as f64);
    }

    fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// How many times as long as ours; of the rounds, the median.
    fn against(&self, ours: &Samples) -> f64 {
        let ratios = self.0.iter().zip(&ours.0);
        median(ratios.map(|(other, ours)| other / ours).collect())
    }

    fn print(&self, name: &str) {
        let seconds = self.median();
        println!(
            "{name:<28} {:>12.0} rows/s {:>12.0} ns/row",
            1.0 / seconds,
            seconds * 1e9
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let file = people::csv(ROWS);
    let mut sdk =
        std::env::var_os("ACTIVATOR_BENCH_PYTHON").map(|python| Sdk::start(python.as_ref()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (events, audience) = (plan(Api::Conversions), plan(Api::CustomAudience));
    let records = runtime.block_on(ours::records(file.as_bytes()));
    let cells = Cells::of_all(&records);
    let mut tally = Tally::default();
    let identified: Vec<_> = records
        .iter()
        .map(|record| {
            let mut row = IdentifiedRow::default();
            events.identify(record, &mut row, &mut tally);
            row
        })
        .collect();
    let mut scratch_row = IdentifiedRow::default();

    let mut measured = Measured::default();
    for _ in 0..ROUNDS {
        measured.whole.time(|| {
            runtime.block_on(events.whole(file.as_bytes()));
        });
        measured.bare.time(|| {
            runtime.block_on(bare::whole(file.as_bytes()));
        });
        measured.audience.time(|| {
            runtime.block_on(audience.whole(file.as_bytes()));
        });
        measured.parse.time(|| {
            runtime.block_on(ours::parse(file.as_bytes()));
        });
        measured.identify.time(|| {
            for record in &records {
                events.identify(record, &mut scratch_row, &mut tally);
            }
        });
        measured.hash.time(|| cells.iter().for_each(Cells::hash));
        measured.serialise.time(|| {
            let mut builder = events.builder();
            for (record, row) in records.iter().zip(&identified) {
                std::hint::black_box(events.write(record, row, &mut builder));
            }
        });
        if let Some(sdk) = &mut sdk {
            measured.sdk.add(sdk.round(), ROWS_OF_THE_SDK);
        }
    }
    measured.print();
}

fn plan(api: Api) -> Plan {
    Plan::of_header(api, people::HEADER)
}

#[derive(Default)]
struct Measured {
    whole: Samples,
    bare: Samples,
    audience: Samples,
    parse: Samples,
    identify: Samples,
    hash: Samples,
    serialise: Samples,
    sdk: Samples,
}

impl Measured {
    fn print(&self) {
        println!(
            "{} identifiers a row, one thread, medians of {ROUNDS} rounds\n",
            people::IDENTIFIERS
        );
        self.whole.print("row to Conversions event");
        self.audience.print("row to audience entry");
        self.bare.print("bare loop (event)");
        if self.sdk.0.is_empty() {
            println!("Meta's Python SDK: not measured; `make bench` does");
        } else {
            self.sdk.print("Meta's Python SDK (event)");
        }
        println!();
        if !self.sdk.0.is_empty() {
            let ratio = self.sdk.against(&self.whole);
            println!("{ratio:>7.1} × the SDK        (goal: at least {GOAL_AGAINST_SDK})");
        }
        let ratio = self.bare.against(&self.whole);
        println!("{ratio:>7.2} × the bare loop  (goal: at least {GOAL_AGAINST_BARE})");
        self.print_shares();
    }

    /// The steps are measured one by one, so that they need not add up to the whole.
    fn print_shares(&self) {
        let (whole, hash) = (self.whole.median(), self.hash.median());
        let normalise = self.identify.median() - hash;
        println!("\nwhere the time of an event goes:");
        for (name, seconds) in [
            ("parse", self.parse.median()),
            ("map and normalise", normalise),
            ("hash", hash),
            ("serialise", self.serialise.median()),
        ] {
            let share = 100.0 * seconds / whole;
            println!("  {name:<20} {share:>3.0} %  {:>6.0} ns", seconds * 1e9);
        }
    }
}

/// A process that runs `sdk.py`, a round when it is asked for.
struct Sdk {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    fn start(python: &Path) -> Sdk {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("people.csv");
        std::fs::write(&file, people::csv(ROWS_OF_THE_SDK)).unwrap();
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/sdk.py"))
            .arg(file)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ACTIVATOR_BENCH_PYTHON is a Python");
        let ask = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Sdk {
            process,
            ask,
            answers,
        }
    }

    fn round(&mut self) -> Duration {
        writeln!(self.ask).expect("the SDK's process lives");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let (seconds, bytes) = answer
            .trim()
            .split_once(' ')
            .expect("the SDK's process lives");
        assert!(bytes.parse::<u64>().unwrap() > ROWS_OF_THE_SDK, "no events");
        Duration::from_secs_f64(seconds.parse().unwrap())
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
