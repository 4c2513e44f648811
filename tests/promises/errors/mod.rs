//! Every error that Meta is known to give, put into the way of a real worker: what it does,
//! what the operator sees, and how the object ends. `docs/ERRORS.md` is the outcome.

mod document;
mod play;
mod rows;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use play::{Played, play};
use rows::{Row, rows};

#[tokio::test]
async fn every_error_of_metas_has_its_answer_and_costs_no_row() {
    let rows = rows();
    let next = AtomicUsize::new(0);
    let played: Mutex<Vec<(usize, Played)>> = Mutex::default();
    let one_after_the_other = || {
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let number = rows.iter().position(|one| std::ptr::eq(one, row)).unwrap();
            let done = play(row);
            played.lock().unwrap().push((number, done));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(one_after_the_other);
        }
    });
    let mut played = played.into_inner().unwrap();
    played.sort_by_key(|(number, _)| *number);
    assert_eq!(played.len(), rows.len());
    let shown: Vec<(&Row, &Played)> = rows.iter().zip(played.iter().map(|one| &one.1)).collect();
    document::check(&shown);
}

/// A removal after which too few would be left is the file's own fault: given up with an
/// alert, while the route goes on.
#[test]
fn a_removal_that_meta_forbids_is_put_aside_and_stops_no_route() {
    play::put_aside();
}
