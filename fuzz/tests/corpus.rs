//! Every committed input holds what its target asks, in every `cargo test`. An input that
//! once crashed is added to the corpus, and stays mended.

#![allow(clippy::panic)]

use std::path::{Path, PathBuf};

/// Runs a target on every file of a directory, and says on which it failed.
fn replay(target: fn(&[u8]), directory: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let files = std::fs::read_dir(&directory).expect("a directory of inputs");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "{} has inputs", directory.display());
    for path in paths {
        let input = std::fs::read(&path).expect("a file that can be read");
        let ended = std::panic::catch_unwind(|| target(&input));
        assert!(ended.is_ok(), "{}", path.display());
    }
}

#[test]
fn messages_that_were_recorded_or_documented_are_decoded() {
    replay(fuzz::event, "../tests/events");
}

#[test]
fn whole_files_become_bodies() {
    replay(fuzz::file, "corpus/file");
}

#[test]
fn cells_are_normalised() {
    replay(fuzz::normalise, "corpus/normalise");
}

#[test]
fn bytes_become_rows() {
    replay(fuzz::rows, "corpus/rows");
}

#[test]
fn lines_of_json_become_rows() {
    replay(fuzz::json_lines, "corpus/json_lines");
}

#[test]
fn parquet_files_become_rows_or_are_refused() {
    replay(fuzz::parquet, "corpus/parquet");
}
