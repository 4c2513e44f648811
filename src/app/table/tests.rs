//! Objects that are gone on with, and what of them is read for that.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::io::AsyncReadExt;

use super::*;
use crate::config::{Config, Environment, Purpose};
use crate::object::version::ObjectAddress;
use crate::object::{Body, ObjectError};
use crate::receipts::Status;
use crate::rows::{Next, Record};

const PIECE_BYTES: u64 = 16 * 1024;

type Bytewise = dyn Fn(Range<u64>) -> Bytes + Send + Sync;

/// An object of any size, whose bytes are made when they are taken. Remembers what it was
/// asked for, and how much was taken.
struct Made {
    size: u64,
    bytes: Arc<Bytewise>,
    asked: Mutex<Vec<Range<u64>>>,
    taken: Arc<AtomicU64>,
}

impl Made {
    fn new(size: u64, bytes: impl Fn(Range<u64>) -> Bytes + Send + Sync + 'static) -> Arc<Made> {
        Arc::new(Made {
            size,
            bytes: Arc::new(bytes),
            asked: Mutex::default(),
            taken: Arc::default(),
        })
    }

    fn of(content: impl Into<Bytes>) -> Arc<Made> {
        let content = content.into();
        Made::new(content.len() as u64, move |range| {
            content.slice(range.start as usize..range.end as usize)
        })
    }

    fn asked(&self) -> Vec<Range<u64>> {
        self.asked.lock().unwrap().split_off(0)
    }
}

impl ObjectSource for Made {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        let version = ObjectVersion {
            address: address.clone(),
            etag: "e".to_owned(),
            size: self.size,
            last_modified: 0,
        };
        async { Ok(version) }.boxed()
    }

    fn read<'a>(
        &'a self,
        _: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        self.asked.lock().unwrap().push(range.clone());
        let (bytes, taken) = (self.bytes.clone(), self.taken.clone());
        let starts = range.clone().step_by(PIECE_BYTES as usize);
        let pieces = stream::iter(starts).map(move |start| {
            let piece = bytes(start..range.end.min(start + PIECE_BYTES));
            taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
            Ok(piece)
        });
        async { Ok(pieces.boxed()) }.boxed()
    }
}

/// A route, and how its objects are read.
fn config(input: &str, of_route: &str) -> Config {
    let text = format!(
        "[state]\nlocation = \"./state\"\n[input]\n{input}\n[[route]]\nname = \"r\"\nbucket = \"audiences\"\nprefix = \"\"\n\
         credentials = \"ssm:/meta\"\ncolumns = \"auto\"\n[route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n\
         [route.input]\n{of_route}\n"
    );
    let environment = Environment::default();
    Config::parse("test", &text, &environment, Purpose::OneShot).unwrap()
}

type Opened = Table<Arc<ReadProgress>>;

async fn opened(
    source: &Arc<Made>,
    key: &str,
    config: &Config,
    at: Option<Position>,
) -> Result<Opened, Halt> {
    let address = ObjectAddress {
        bucket: "audiences".to_owned(),
        key: key.to_owned(),
        version_id: None,
    };
    let version = source.describe(&address).await.unwrap();
    let source = Arc::<Made>::clone(source);
    let route = &config.routes[0];
    open(source, &version, route, &config.input, at, |read| read).await
}

/// The next rows: their numbers, offsets, and cells, those of folders included.
async fn rows(table: &mut Opened, most: usize) -> Vec<(u64, u64, Vec<String>)> {
    let mut found = Vec::new();
    let mut record = Record::new();
    while found.len() < most {
        match table.reader.next(&mut record).await.unwrap() {
            Next::End => break,
            Next::Row | Next::Fault { .. } => {
                let cells = 0..table.header.names().len();
                let cells = cells.map(|at| record.get(at).to_owned()).collect();
                found.push((record.number(), record.offset(), cells));
            }
        }
    }
    found
}

/// Reads on from positions over the whole object, and compares what follows.
async fn check(content: impl Into<Bytes>, key: &str, config: &Config, every: usize) {
    let source = Made::of(content);
    let mut whole = opened(&source, key, config, None).await.unwrap();
    let names = whole.header.names().to_vec();
    let all = rows(&mut whole, usize::MAX).await;
    assert!(all.len() > every, "{} rows", all.len());
    for (before, &(_, offset, _)) in all.iter().enumerate().step_by(every) {
        source.taken.store(0, Ordering::Relaxed);
        let at = Position {
            rows: before as u64,
            offset,
        };
        let mut table = opened(&source, key, config, Some(at)).await.unwrap();
        assert_eq!(table.header.names(), names);
        assert_eq!(rows(&mut table, usize::MAX).await, all[before..], "{at:?}");
        // The look at the beginning is counted, and everything after it.
        let taken = source.taken.load(Ordering::Relaxed);
        assert_eq!(table._watch.bytes(), taken);
    }
}

fn people(count: u64) -> String {
    let row = |n: u64| {
        let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("p{n}@example.com,{hash:x}\n")
    };
    let rows: String = (0..count).map(row).collect();
    format!("email,zip\n{rows}")
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn packed_objects_are_gone_on_with() {
    use async_compression::tokio::bufread::{BzEncoder, ZstdEncoder};

    let text = people(4_000);
    let (first, second) = text.as_bytes().split_at(text.len() / 3);
    let members = [gzip(first), gzip(b""), gzip(second)].concat();
    let (mut zstd, mut bzip2) = (Vec::new(), Vec::new());
    let mut encoder = ZstdEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut zstd).await.unwrap();
    let mut encoder = BzEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut bzip2).await.unwrap();
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(text.as_bytes()).unwrap();
    let snappy = snappy.into_inner().unwrap();
    let config = config("", "");
    for packed in [members, zstd, bzip2, snappy, text.clone().into_bytes()] {
        check(packed, "part", &config, 997).await;
    }
}

#[tokio::test]
async fn what_folders_and_the_route_say_holds_for_the_rows_gone_on_with() {
    let key = "dt=2026-01-01/part";
    let headed = people(40);
    let headless = headed.strip_prefix("email,zip\n").unwrap().to_owned();
    check(headed.clone(), key, &config("", ""), 7).await;
    let lines = "{\"email\":\"a@example.com\"}\n\n{\"email\":\n{\"email\":\"b@example.com\"}\n";
    check(lines.repeat(20), key, &config("", ""), 7).await;
    let header = config("", "header = [\"email\", \"zip\"]");
    check(headless.clone(), key, &header, 7).await;
    check(format!("\u{feff}{headless}"), key, &header, 7).await;
    let units = headed.encode_utf16().flat_map(u16::to_le_bytes);
    let wide = config("", "encoding = \"utf-16\"");
    check(units.collect::<Vec<u8>>(), key, &wide, 7).await;
    let latin = headed.replace("p1", "\u{e4}");
    let latin = latin.chars().map(|letter| letter as u8);
    let single = config("", "encoding = \"latin-1\"");
    check(gzip(&latin.collect::<Vec<u8>>()), key, &single, 7).await;
    // What the route says is asked of the file as ever.
    let found = opened(&Made::of(headed), key, &header, Some(Position::default())).await;
    let refusal = found.map(drop).unwrap_err().to_string();
    assert!(refusal.contains("header"), "{refusal}");
}

const ROW_BYTES: u64 = 1024;

/// A header and rows with their numbers, all of the same length.
fn even_rows(range: Range<u64>) -> Bytes {
    let first = range.start / ROW_BYTES;
    let lines = (first..range.end.div_ceil(ROW_BYTES)).map(|row| {
        let cell = if row == 0 {
            "email".to_owned()
        } else {
            row.to_string()
        };
        let width = ROW_BYTES as usize - 1;
        format!("{cell:<width$}\n")
    });
    let lines = Bytes::from(lines.collect::<String>());
    let start = (range.start - first * ROW_BYTES) as usize;
    lines.slice(start..start + (range.end - range.start) as usize)
}

/// Before this row.
fn before(row: u64) -> Option<Position> {
    Some(Position {
        rows: row - 1,
        offset: row * ROW_BYTES,
    })
}

#[tokio::test]
async fn of_a_plain_object_only_the_beginning_and_the_rest_are_read() {
    let count = 64 * 1024;
    let source = Made::new(count * ROW_BYTES, even_rows);
    let config = config("", "");
    let at = before(count / 2);
    let mut table = opened(&source, "part", &config, at).await.unwrap();
    let found = rows(&mut table, usize::MAX).await;
    assert_eq!(found.len() as u64, count / 2);
    for (row, (number, offset, cells)) in (count / 2..).zip(found) {
        assert_eq!((number, offset), (row, row * ROW_BYTES));
        assert_eq!(cells[0].trim_end(), row.to_string());
    }
    // What is looked at, and the end of the line before.
    let rest = count * ROW_BYTES / 2;
    assert_eq!(table._watch.bytes(), rest + 64 * 1024 + 1);
    assert_eq!(source.asked()[0], 0..64 * 1024);
}

#[tokio::test]
async fn of_two_gigabytes_read_half_next_to_nothing_is_read_again() {
    let count = 2 * 1024 * 1024;
    let source = Made::new(count * ROW_BYTES, even_rows);
    let config = config("", "");
    for row in [count / 2, count - 3] {
        let mut table = opened(&source, "part", &config, before(row)).await.unwrap();
        let found = rows(&mut table, 3).await;
        assert_eq!((found[0].0, found[2].0), (row, row + 2));
        let again = source.asked().into_iter().map(|range| {
            let end = range.end.min(row * ROW_BYTES);
            end.saturating_sub(range.start)
        });
        let again: u64 = again.sum();
        assert!((1..=128 * 1024).contains(&again), "{again}");
    }
    let end = rows(
        &mut opened(&source, "part", &config, before(count))
            .await
            .unwrap(),
        1,
    )
    .await;
    assert_eq!(end, []);
}

fn fixture(name: &str) -> Vec<u8> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parquet/fixtures");
    std::fs::read(format!("{directory}/{name}")).unwrap()
}

#[tokio::test]
async fn of_parquet_no_row_group_is_asked_for_that_lies_before() {
    let config = config("", "");
    check(fixture("pages_v1.parquet"), "dt=2026/part", &config, 67).await;
    let chunks: serde_json::Value = serde_json::from_slice(&fixture("audience.json")).unwrap();
    let groups: Vec<Vec<[u64; 2]>> = serde_json::from_value(chunks["chunks"].clone()).unwrap();
    let starts: Vec<u64> = groups
        .iter()
        .map(|group| group.iter().map(|chunk| chunk[0]).min().unwrap())
        .collect();
    let source = Made::of(fixture("audience.parquet"));
    let mut whole = opened(&source, "part", &config, None).await.unwrap();
    let all = rows(&mut whole, usize::MAX).await;
    for (group, start) in starts.into_iter().enumerate() {
        source.asked();
        // In the group, of which each but the last has 120 rows.
        let row = 120 * group + 10;
        let at = Position {
            rows: row as u64,
            offset: row as u64,
        };
        let mut table = opened(&source, "part", &config, Some(at)).await.unwrap();
        assert_eq!(rows(&mut table, usize::MAX).await, all[row..]);
        // After the look that tells what it is.
        let asked = source.asked().split_off(1);
        let first = asked.into_iter().map(|range| range.start).min();
        assert_eq!(first, Some(start), "group {group}");
    }
}

#[tokio::test]
async fn a_position_that_does_not_fit_the_object_is_refused_by_name() {
    let config = config("", "");
    let at = |rows, offset| Position { rows, offset };
    let text = people(5);
    let end = text.len() as u64;
    let parquet = fixture("pages_v1.parquet");
    let header = b"email,zip\n".to_vec();
    for (content, at) in [
        (text.clone().into_bytes(), at(5, end + 1)),
        (text.clone().into_bytes(), at(5, u64::MAX)),
        (text.clone().into_bytes(), at(1, 4)),
        (text.clone().into_bytes(), at(2, end - 1)),
        (gzip(text.as_bytes()), at(5, end + 1)),
        (gzip(text.as_bytes()), at(5, u64::MAX)),
        (parquet, at(401, 401)),
        (header.clone(), at(1, 10)),
        (gzip(b"\n\n"), at(1, 2)),
    ] {
        let source = Made::of(content);
        let found = opened(&source, "part", &config, Some(at)).await;
        let Err(Halt::Refused(refusal)) = found.map(drop) else {
            panic!("{at:?}");
        };
        let reason = "ledger_does_not_fit".into();
        assert_eq!(refusal.status(), Status::Refused { reason });
        let sentence = refusal.to_string();
        assert!(sentence.contains(&at.offset.to_string()), "{sentence}");
    }
    let nothing = opened(&Made::of(header), "part", &config, Some(at(0, 10))).await;
    let nothing = nothing.map(drop).unwrap_err();
    assert!(matches!(
        nothing,
        Halt::Refused(Refusal::Nothing("header_only"))
    ));
}

#[tokio::test]
async fn what_is_passed_over_counts_against_the_limits() {
    let text = people(40_000);
    let at = Some(Position {
        rows: 39_999,
        offset: text.trim_end().rfind('\n').unwrap() as u64 + 1,
    });
    let source = Made::of(gzip(text.as_bytes()));
    let good = opened(&source, "part", &config("", ""), at).await.unwrap();
    drop(good);
    let limit = config("max_decompressed_bytes = 1_200_000", "");
    let found = opened(&source, "part", &limit, at).await.map(drop);
    let Err(Halt::Refused(refusal)) = found else {
        panic!("{found:?}");
    };
    assert!(matches!(
        refusal,
        Refusal::Content(ContentError::TooLarge {
            max_bytes: 1_200_000
        })
    ));
}
