//! An object's bytes on their whole way to rows: pinned, unpacked, read.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use async_compression::tokio::bufread::GzipEncoder;
use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{
    self, Compression, ContentError, Decompressed, Limits, LocalSource, ObjectError, ObjectSource,
    PinnedReader, ReadOptions, decompress,
};
use audience_activator::rows::{self, Next, Record, RowOptions, RowReader, Rows, RowsError};
use tokio::io::AsyncReadExt;

type Reader = RowReader<Decompressed<PinnedReader>>;

/// Digits that do not repeat, so that the packed file has many windows.
fn text(rows: u64) -> String {
    let rows: String = (0..rows)
        .map(|n| format!("{:x},{n}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    format!("id,row\n{rows}")
}

async fn gzip(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = GzipEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

async fn rows_of(directory: &Path, compression: Compression) -> Reader {
    let source = Arc::new(LocalSource::of_directory("audiences", directory));
    let address = ObjectAddress {
        bucket: "audiences".to_owned(),
        key: "part".to_owned(),
        version_id: None,
    };
    let version = source.describe(&address).await.unwrap();
    let options = ReadOptions {
        window_bytes: 64 * 1024,
        ..ReadOptions::default()
    };
    let bytes = object::open(source, version, options);
    let (found, text) = decompress(bytes, Limits::default()).await.unwrap();
    assert_eq!(found, compression);
    match rows::open(text, RowOptions::default()).await.unwrap() {
        Rows::Table { reader, .. } => reader,
        other => panic!("{other:?}"),
    }
}

/// How many rows there are, or the error after them.
async fn count(reader: &mut Reader) -> Result<u64, RowsError> {
    let mut record = Record::new();
    while reader.next(&mut record).await? == Next::Row {
        assert_eq!(record.get(1), (record.number() - 1).to_string());
    }
    Ok(record.number())
}

#[tokio::test]
async fn plain_and_packed_objects_give_the_same_rows() {
    let directory = tempfile::tempdir().unwrap();
    let part = directory.path().join("part");
    std::fs::write(&part, text(50_000)).unwrap();
    let mut plain = rows_of(directory.path(), Compression::None).await;
    assert_eq!(count(&mut plain).await.unwrap(), 50_000);
    std::fs::write(&part, gzip(&text(50_000)).await).unwrap();
    let mut packed = rows_of(directory.path(), Compression::Gzip).await;
    assert_eq!(count(&mut packed).await.unwrap(), 50_000);
}

#[tokio::test]
async fn no_row_comes_from_another_version() {
    let directory = tempfile::tempdir().unwrap();
    let part = directory.path().join("part");
    for packed in [false, true] {
        let content = match packed {
            false => text(50_000).into_bytes(),
            true => gzip(&text(50_000)).await,
        };
        std::fs::write(&part, &content).unwrap();
        let compression = if packed {
            Compression::Gzip
        } else {
            Compression::None
        };
        let mut reader = rows_of(directory.path(), compression).await;
        std::fs::write(&part, [&content[..], b"more"].concat()).unwrap();
        let Err(RowsError::Input(error)) = count(&mut reader).await else {
            panic!("no error");
        };
        let cause = ObjectError::within(&error);
        assert!(matches!(cause, Some(ObjectError::Overwritten { .. })));
    }
}

#[tokio::test]
async fn a_packed_object_that_was_cut_off_is_damaged_and_does_not_just_end() {
    let directory = tempfile::tempdir().unwrap();
    let content = gzip(&text(50_000)).await;
    let half = &content[..content.len() / 2];
    std::fs::write(directory.path().join("part"), half).unwrap();
    let mut reader = rows_of(directory.path(), Compression::Gzip).await;
    let Err(RowsError::Input(error)) = count(&mut reader).await else {
        panic!("no error");
    };
    let cause = ContentError::within(&error);
    assert!(matches!(cause, Some(ContentError::Damaged { .. })));
}
