//! Hostile files, and what becomes of each, in tables: one file of cases for each kind.
//!
//! Every file goes through the whole pipeline to a simulated Meta. Whatever it is, the
//! receipt balances and holds no cell, Meta has exactly the rows that the receipt says
//! were sent, and neither time nor memory depends on what the file claims to be.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../peak/mod.rs"]
mod peak;
#[path = "../stage/mod.rs"]
mod stage;

mod case;
mod cells;
mod compression;
mod configured;
#[path = "../parquet/craft.rs"]
mod craft;
mod encoding;
mod json_lines;
mod parquet;
mod structure;
mod volume;

use peak::peak_bytes;
use std::panic::AssertUnwindSafe;

use case::Case;
use futures_util::FutureExt;
use stage::Stage;

/// However many of a file's few rows are rejected, the others are sent.
const SETTINGS: &[(&str, &str)] = &[("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")];

async fn run(cases: Vec<Case>) {
    let stage = Stage::with(&case::routes(), SETTINGS).await;
    let mut failed = Vec::new();
    for case in cases {
        // All of a table at once: what changed in one place shows in several.
        let checked = AssertUnwindSafe(case.check(&stage)).catch_unwind();
        if checked.await.is_err() {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn there_are_a_hundred_and_fifty_cases_each_with_a_name_of_its_own() {
    let cases = [
        structure::cases(),
        encoding::cases(),
        cells::cases(),
        compression::cases(),
        configured::cases(),
        json_lines::cases(),
        parquet::cases(),
        volume::cases(),
    ];
    let names: Vec<_> = cases.iter().flatten().map(|case| case.name).collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.len() >= 150, "{}", names.len());
}

#[tokio::test]
async fn odd_structure_costs_no_more_than_the_rows_it_is_in() {
    run(structure::cases()).await;
}

#[tokio::test]
async fn odd_encodings_are_read_or_refused_by_name() {
    run(encoding::cases()).await;
}

#[tokio::test]
async fn odd_cells_are_values_or_rejects_and_never_anything_else() {
    run(cells::cases()).await;
}

#[tokio::test]
async fn odd_compression_is_unpacked_or_refused() {
    run(compression::cases()).await;
}

#[tokio::test]
async fn what_contradicts_its_route_is_refused_or_costs_the_rows_that_do() {
    run(configured::cases()).await;
}

#[tokio::test]
async fn odd_lines_of_json_cost_themselves() {
    run(json_lines::cases()).await;
}

#[tokio::test]
async fn odd_parquet_is_read_or_refused() {
    run(parquet::cases()).await;
}

#[tokio::test]
async fn neither_length_nor_width_nor_ratio_fills_the_memory() {
    run(volume::cases()).await;
    let peak = peak_bytes("self").unwrap_or(0);
    assert!(peak < 300 << 20, "{} MiB", peak >> 20);
}
