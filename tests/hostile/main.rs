//! Hostile files, and what becomes of each, in tables: one file of cases for each kind.
//!
//! Every file goes through the whole pipeline to a simulated Meta. Whatever it is, the
//! receipt balances and holds no cell, Meta has exactly the rows that the receipt says
//! were sent, and neither time nor memory depends on what the file claims to be.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../stage/mod.rs"]
mod stage;

mod case;
mod cells;
mod compression;
mod encoding;
mod structure;
mod volume;

use std::panic::AssertUnwindSafe;

use case::{Case, ROUTES};
use futures_util::FutureExt;
use stage::Stage;

/// However many of a file's few rows are rejected, the others are sent.
const SETTINGS: &[(&str, &str)] = &[("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")];

async fn run(cases: Vec<Case>) {
    let stage = Stage::with(ROUTES, SETTINGS).await;
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
fn there_are_sixty_cases_each_with_a_name_of_its_own() {
    let cases = [
        structure::cases(),
        encoding::cases(),
        cells::cases(),
        compression::cases(),
        volume::cases(),
    ];
    let names: Vec<_> = cases.iter().flatten().map(|case| case.name).collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.len() >= 60, "{}", names.len());
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
async fn neither_length_nor_width_nor_ratio_fills_the_memory() {
    run(volume::cases()).await;
    let peak = case::peak_bytes();
    assert!(peak < 300 << 20, "{} MiB", peak >> 20);
}
