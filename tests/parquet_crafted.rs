//! Parquet files of a hundred bytes that say they hold much, or what they do not hold.
//! Alone in its process, because it looks at the peak of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod peak;

#[path = "parquet/craft.rs"]
mod craft;
mod parquet;

use peak::peak_bytes;
use std::time::{Duration, Instant};

use audience_activator::rows::{self, Next, ParquetOptions, Record, Rows, RowsError};
use bytes::Bytes;
use craft::{File, Struct, dictionary, list_of, page, run, same};
use parquet::{Found, InMemory, rows_of};

const MIB: u64 = 1024 * 1024;

async fn read(bytes: &Bytes) -> Result<Vec<Found>, RowsError> {
    let (_, rows) = rows_of(bytes, ParquetOptions::default(), None).await?;
    Ok(rows)
}

async fn refusal(bytes: &Bytes) -> String {
    read(bytes).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_put_together_here_is_a_file_of_rows() {
    let rows = read(&craft::rows_of(b"a@example.com", 3).write())
        .await
        .unwrap();
    assert_eq!(rows, vec![Found::Row(vec!["a@example.com".to_owned()]); 3]);
    let rows = read(&list_of(b"a@example.com", 2)).await.unwrap();
    let both = "a@example.com\u{1f}a@example.com";
    assert_eq!(rows, [Found::Row(vec![both.to_owned()])]);
}

#[tokio::test]
async fn a_list_of_millions_of_empty_values_is_one_row_too_long_and_little_memory() {
    let before = peak_bytes("self").unwrap();
    for value in [&b""[..], b"a@example.com"] {
        let rows = read(&list_of(value, 30_000_000)).await.unwrap();
        assert_eq!(rows, [Found::Fault("row_too_long".to_owned())]);
    }
    let grown = peak_bytes("self").unwrap() - before;
    assert!(grown < 16 * MIB, "{} MiB", grown / MIB);
}

#[tokio::test]
async fn a_list_of_billions_of_values_can_be_given_up_at_any_time() {
    let input = Box::new(InMemory(list_of(b"", i32::MAX as u64)));
    let opened = rows::open_parquet::<&[u8]>(input, ParquetOptions::default()).await;
    let Rows::Table { mut reader, .. } = opened.unwrap() else {
        panic!("no rows");
    };
    let started = Instant::now();
    let mut record = Record::new();
    let first = tokio::time::timeout(Duration::from_millis(50), reader.next(&mut record)).await;
    assert!(first.is_err(), "it takes longer");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    // And nobody takes the rest of it for a row.
    let error = reader.next(&mut record).await.unwrap_err();
    assert!(matches!(error, RowsError::Interrupted));
}

#[tokio::test]
async fn billions_of_rows_come_one_by_one() {
    let file = craft::rows_of(b"a@example.com", i32::MAX as u64).write();
    let input = Box::new(InMemory(file));
    let opened = rows::open_parquet::<&[u8]>(input, ParquetOptions::default()).await;
    let Rows::Table { mut reader, .. } = opened.unwrap() else {
        panic!("no rows");
    };
    let mut record = Record::new();
    for number in 1..10_000 {
        assert_eq!(reader.next(&mut record).await.unwrap(), Next::Row);
        assert_eq!(record.number(), number);
    }
}

#[tokio::test]
async fn a_footer_that_has_lost_rows_is_damage() {
    for all_rows in [0, 1, 4, i64::MAX] {
        let file = File {
            all_rows,
            ..craft::rows_of(b"a@example.com", 3)
        };
        let said = refusal(&file.write()).await;
        assert!(said.contains("not as many rows as it says"), "{said}");
    }
}

#[tokio::test]
async fn a_level_that_no_value_can_have_is_damage_and_no_null() {
    // Of one bit, a run's level takes a byte all the same.
    for level in [2, 3, 0x80, 0xff] {
        let pages = page(3, &[[run(2, 1), run(1, level)].concat()], &same(3));
        let file = File {
            pages: [dictionary(&[b"a@example.com"]), pages].concat(),
            ..craft::rows_of(b"", 3)
        };
        let said = refusal(&file.write()).await;
        assert!(said.contains("a level is beyond"), "{said}");
    }
}

/// A file of nothing but a footer, of so many columns of one name.
fn of_columns(count: usize, rows: i64) -> Bytes {
    let root = Struct::default().binary(4, b"schema").int(5, count as i64);
    let column = || Struct::default().int(1, 6).int(3, 1).binary(4, b"email");
    let schema = std::iter::once(root).chain((0..count).map(|_| column()));
    let chunk = || {
        let metadata = Struct::default().int(1, 6).int(4, 0).int(5, rows);
        Struct::default().within(3, metadata.int(7, 0).int(9, 4))
    };
    let group = Struct::default().list(1, (0..count).map(|_| chunk()).collect());
    let footer = Struct::default()
        .int(1, 1)
        .list(2, schema.collect())
        .int(3, rows)
        .list(4, vec![group.int(3, rows)])
        .end();
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", &footer[..], &length, b"PAR1"].concat().into()
}

#[tokio::test]
async fn more_columns_than_can_be_read_side_by_side_are_refused() {
    let file = of_columns(10_000, 1);
    let all: Vec<usize> = (0..10_000).collect();
    for project in [None, Some(&all[..]), Some(&all[..129])] {
        let read = rows_of(&file, ParquetOptions::default(), project).await;
        let Err(RowsError::Parquet(error)) = read else {
            panic!("not refused");
        };
        assert_eq!(error.code(), "too_large", "{error}");
    }
    // As many as that are read: nothing is there.
    let said = rows_of(&file, ParquetOptions::default(), Some(&all[..128])).await;
    assert!(said.unwrap_err().to_string().contains("ends within a page"));
}
