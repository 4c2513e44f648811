//! A Parquet file, damaged in whatever way.

use std::io::Cursor;
use std::ops::Range;

use audience_activator::rows::{
    self, InputFormat, Next, ParquetOptions, Position, ReadRange, Record, Rows, RowsError,
};
use tokio::io::AsyncRead;

use crate::bytes::{Choices, block_on};

/// A few bytes can be billions of rows, each as good as the one before.
const MOST_ROWS: u64 = 2_000;

const MAX_RECORD_BYTES: usize = 4096;

/// Any bytes are rows, each numbered, whole and within the limit, or a refusal; and the
/// same ones again, wherever reading goes on.
pub fn parquet(data: &[u8]) {
    let mut choices = Choices::of(data);
    let first_only = choices.below(2) == 1;
    let file = choices.rest();
    let once = block_on(read(file, first_only, 0));
    let again = block_on(read(file, first_only, 0));
    assert_eq!(once, again, "it is read alike");
    // At one of the rows, which the length of the file chooses; whatever was seen to its end.
    let (rows, ended) = once;
    if ended == "the end" {
        let before = file.len() % (rows.len() + 1);
        let rest = block_on(read(file, first_only, before as u64));
        assert_eq!(rest, (rows[before..].to_vec(), ended));
    }
}

struct File(Vec<u8>);

impl ReadRange for File {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Box<dyn AsyncRead + Send + Unpin> {
        assert!(range.start <= range.end && range.end <= self.size());
        let range = range.start as usize..range.end as usize;
        Box::new(Cursor::new(self.0[range].to_vec()))
    }
}

/// The bytes of each row's cells from one row on, or that it has a fault; then how it ended.
async fn read(file: &[u8], first_only: bool, before: u64) -> (Vec<Option<usize>>, String) {
    let options = ParquetOptions {
        format: InputFormat::Auto,
        max_footer_bytes: 64 * 1024,
        max_pages_bytes: 1024 * 1024,
        max_record_bytes: MAX_RECORD_BYTES,
    };
    let mut found = Vec::new();
    let input = Box::new(File(file.to_vec()));
    let (header, reader) = match rows::open_parquet::<&[u8]>(input, options).await {
        Ok(Rows::Table { header, reader }) => (header, reader),
        Ok(Rows::Empty | Rows::HeaderOnly(_)) => return (found, "no rows".to_owned()),
        Err(error) => return (found, refusal(&error)),
    };
    let position = Position {
        rows: before,
        offset: before,
    };
    let text = async { panic!("Parquet has no text") };
    let mut reader = match reader.go_on_at::<RowsError>(position, 0, text).await {
        Ok(reader) => reader,
        Err(error) => return (found, refusal(&error)),
    };
    let projected = if first_only {
        reader.project(&[0])
    } else {
        Ok(())
    };
    if let Err(error) = projected {
        return (found, refusal(&error));
    }
    let mut record = Record::new();
    for number in before + 1..=MOST_ROWS {
        match reader.next(&mut record).await {
            Ok(Next::Row) => {
                assert_eq!(record.len(), header.names().len());
                let cells = (0..record.len()).map(|at| record.get(at).len());
                let bytes = cells.sum::<usize>();
                // A number may be longer as text than as bytes.
                assert!(bytes <= MAX_RECORD_BYTES + 400 * record.len());
                found.push(Some(bytes));
            }
            Ok(Next::Fault { row, .. }) => {
                assert!(record.is_empty());
                assert_eq!(row, number);
                found.push(None);
            }
            Ok(Next::End) => return (found, "the end".to_owned()),
            Err(error) => return (found, refusal(&error)),
        }
        assert_eq!((record.number(), record.offset()), (number, number - 1));
    }
    (found, "more rows".to_owned())
}

/// The refusal as a text. The bytes are all there, so that nothing but the file is at fault.
fn refusal(error: &RowsError) -> String {
    match error {
        RowsError::Parquet(error) => error.to_string(),
        error => panic!("{error:?}"),
    }
}
