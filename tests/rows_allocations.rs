//! Once warm, rows are read, mapped, normalised, hashed and written without allocating:
//! whatever the number of fields, the allocator is not asked.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../benches/measured/mod.rs"]
mod measured;

use allocation_counter::measure;
use audience_activator::identity::key::Api;
use audience_activator::identity::{IdentifiedRow, Tally, Verdict};
use audience_activator::rows::{Next, Record};
use measured::ours::{self, Plan};
use measured::people;

/// Rows that make every buffer as large as it needs to be.
const WARM_UP: u64 = 800;
const ROWS: u64 = 2_000;

/// How often the allocator is asked from the first row after the warm-up on. A batch's
/// body is allocated once and given away with the batch; here one is used again.
fn allocations(api: Api, text: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let plan = Plan::of_header(api, people::HEADER);
    runtime.block_on(async {
        let mut reader = ours::open(text.as_bytes()).await;
        let (mut record, mut row) = (Record::new(), IdentifiedRow::default());
        let mut tally = Tally::default();
        let mut body = Vec::new();
        let mut counted = 0;
        while reader.next(&mut record).await.unwrap() == Next::Row {
            body.clear();
            let of_row = measure(|| {
                let cell = |position| record.get(position);
                let verdict = plan.mapping.identify(cell, &mut row, &mut tally);
                assert_eq!(verdict, Verdict::Keep);
                plan.destination.write(&record, &row, &mut body).unwrap();
            });
            if record.number() > WARM_UP {
                counted += of_row.count_total;
            }
        }
        assert_eq!(record.number(), ROWS);
        counted
    })
}

#[test]
fn a_row_costs_no_allocation_once_the_buffers_are_warm() {
    let text = people::csv(ROWS);
    assert_eq!(allocations(Api::Conversions, &text), 0);
    assert_eq!(allocations(Api::CustomAudience, &text), 0);
}

#[test]
fn reading_a_row_costs_no_allocation_either() {
    let few = people::csv(WARM_UP);
    let many = people::csv(10 * WARM_UP);
    let of = |text: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        measure(|| {
            runtime.block_on(ours::parse(text.as_bytes()));
        })
        .count_total
    };
    assert_eq!(of(&few), of(&many));
}

/// The count sees what it is meant to see.
#[test]
fn an_allocation_would_be_counted() {
    assert_eq!(measure(|| drop(Box::new(1))).count_total, 1);
}
