//! Passing over what was read before takes little memory, whatever its length. Alone in its
//! process, because it looks at the peak of the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod peak;

use std::io::Write;

use audience_activator::object::{Compression, Limits, decompress};
use audience_activator::rows::{self, Next, Position, Record, RowOptions, Rows, RowsError};
use flate2::write::GzEncoder;
use peak::peak_bytes;

const ROW: &str = "someone@example.com,12345,Springfield\n";
const HEADER: &str = "email,zip,city\n";
const ROWS: u64 = 4_000_000;

#[tokio::test]
async fn a_packed_object_of_150_mb_is_passed_over_in_little_memory() {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(HEADER.as_bytes()).unwrap();
    let thousand = ROW.repeat(1_000);
    for _ in 0..ROWS / 1_000 {
        packed.write_all(thousand.as_bytes()).unwrap();
    }
    let packed = packed.finish().unwrap();
    let position = Position {
        rows: ROWS - 1,
        offset: HEADER.len() as u64 + (ROWS - 1) * ROW.len() as u64,
    };

    let before = peak_bytes("self").unwrap();
    let (found, text) = decompress(&packed[..], Limits::default()).await.unwrap();
    assert_eq!(found, Compression::Gzip);
    let Rows::Table { reader, .. } = rows::open(text, RowOptions::default()).await.unwrap() else {
        panic!("no rows");
    };
    let again = async {
        let again = decompress(&packed[..], Limits::default()).await;
        Ok::<_, RowsError>(again.unwrap().1)
    };
    let mut reader = reader.go_on_at(position, 0, again).await.unwrap();
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record).await.unwrap(), Next::Row);
    assert_eq!((record.number(), record.get(1)), (ROWS, "12345"));
    assert_eq!(reader.next(&mut record).await.unwrap(), Next::End);

    let grown = peak_bytes("self").unwrap() - before;
    assert!(grown < 4 * 1024 * 1024, "{grown} bytes");
}
