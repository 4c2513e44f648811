//! How long the rows of a file take, whole and step by step: `cargo bench --bench rows`.
//!
//! One file of 10 000 people with ten identifiers each, in memory; one thread.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod measured;

use std::sync::LazyLock;

use audience_activator::identity::key::Api;
use audience_activator::identity::{IdentifiedRow, Scratch, Tally};
use audience_activator::rows::Record;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use measured::ours::{self, Cells, Plan};
use measured::{bare, people};
use tokio::runtime::Runtime;

const ROWS: u64 = 10_000;

static FILE: LazyLock<String> = LazyLock::new(|| people::csv(ROWS));
static RECORDS: LazyLock<Vec<Record>> =
    LazyLock::new(|| runtime().block_on(ours::records(FILE.as_bytes())));
static CELLS: LazyLock<Vec<Cells>> = LazyLock::new(|| Cells::of_all(&RECORDS));

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

fn plan(api: Api) -> Plan {
    Plan::of_header(api, people::HEADER)
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let runtime = runtime();
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::of_str(FILE.as_str()))
        .bench_local(|| runtime.block_on(ours::parse(FILE.as_bytes())));
}

/// Each with its hash, which [`hash`] measures alone.
#[divan::bench(args = people::HEADER.split(','))]
fn normalise_and_hash(bencher: Bencher, name: &str) {
    let position = people::HEADER.split(',').position(|found| found == name);
    let cells = &CELLS[position.unwrap()];
    let mut scratch = Scratch::default();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| cells.normalize(&mut scratch));
}

/// The ten digests of each row.
#[divan::bench]
fn hash(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| CELLS.iter().for_each(Cells::hash));
}

/// Cells become identifiers: mapped, normalised, hashed.
#[divan::bench]
fn identify(bencher: Bencher) {
    let plan = plan(Api::Conversions);
    let (mut row, mut tally) = (IdentifiedRow::default(), Tally::default());
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for record in RECORDS.iter() {
            plan.identify(record, &mut row, &mut tally);
        }
    });
}

/// Identifiers become request bodies.
#[divan::bench(args = ["conversions", "custom_audience"])]
fn serialise(bencher: Bencher, api: &str) {
    let plan = plan(api_of(api));
    let mut tally = Tally::default();
    let rows: Vec<_> = RECORDS
        .iter()
        .map(|record| {
            let mut row = IdentifiedRow::default();
            plan.identify(record, &mut row, &mut tally);
            (record, row)
        })
        .collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut builder = plan.builder();
        for (record, row) in &rows {
            divan::black_box(plan.write(record, row, &mut builder));
        }
        builder.finish()
    });
}

/// The whole way: bytes of a file become request bodies.
#[divan::bench(args = ["conversions", "custom_audience"])]
fn whole_row(bencher: Bencher, api: &str) {
    let (runtime, plan) = (runtime(), plan(api_of(api)));
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| runtime.block_on(plan.whole(FILE.as_bytes())));
}

#[divan::bench]
fn bare_loop(bencher: Bencher) {
    let runtime = runtime();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| runtime.block_on(bare::whole(FILE.as_bytes())));
}

fn api_of(name: &str) -> Api {
    match name {
        "conversions" => Api::Conversions,
        _ => Api::CustomAudience,
    }
}
