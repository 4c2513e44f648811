//! The bytes of a file of CSV, once they are decompressed.

use audience_activator::rows::{self, InputFormat, Next, Record, RowFault, RowOptions, Rows};
use tokio::io::AsyncRead;

use crate::bytes::{Choices, Pieces, block_on};

const LIMITS: [usize; 4] = [1024 * 1024, 0, 16, 200];
const PIECES: [usize; 4] = [1, 7, 64, 4096];
const DELIMITERS: [Option<u8>; 3] = [None, Some(b','), Some(b'\t')];

/// What was read of a file: nothing, or the header and each row or its fault.
#[derive(Debug, PartialEq)]
enum Found {
    /// The refusal as a text: it names no value.
    Refused(String),
    NoRows,
    Table(Vec<String>, Vec<Result<Vec<String>, RowFault>>),
}

/// Any bytes are rows, each numbered, whole and within the limit, or a refusal; however
/// they arrive.
pub fn rows(data: &[u8]) {
    let mut choices = Choices::of(data);
    let options = RowOptions {
        // Of JSON lines there is another target.
        format: InputFormat::Csv,
        max_record_bytes: choices.of_list(&LIMITS),
        delimiter: choices.of_list(&DELIMITERS),
        ..RowOptions::default()
    };
    let piece_bytes = choices.of_list(&PIECES);
    let text = choices.rest();
    let pieces = Pieces {
        rest: text,
        bytes: piece_bytes,
    };
    let (at_once, in_pieces) = block_on(async {
        (
            read(text, options.clone()).await,
            read(pieces, options.clone()).await,
        )
    });
    assert_eq!(at_once, in_pieces, "{options:?}, pieces of {piece_bytes}");
}

async fn read(text: impl AsyncRead + Unpin + Send, options: RowOptions) -> Found {
    let most = options.max_record_bytes.max(1);
    let (header, mut reader) = match rows::open(text, options).await {
        Ok(Rows::Table { header, reader }) => (header, reader),
        Ok(Rows::Empty | Rows::HeaderOnly(_)) => return Found::NoRows,
        Err(error) => return Found::Refused(error.to_string()),
    };
    let mut found = Vec::new();
    let mut record = Record::new();
    let mut offset = 0;
    loop {
        let next = match reader.next(&mut record).await {
            Ok(next) => next,
            Err(error) => return Found::Refused(error.to_string()),
        };
        if next == Next::End {
            break;
        }
        assert!(record.offset() > offset, "rows lie one behind the other");
        offset = record.offset();
        let cells: Vec<_> = (0..record.len())
            .map(|at| record.get(at).to_owned())
            .collect();
        match next {
            Next::Row => {
                assert_eq!(cells.len(), header.names().len());
                let bytes: usize = cells.iter().map(String::len).sum();
                assert!(bytes <= most);
                found.push(Ok(cells));
            }
            Next::Fault { row, fault } => {
                assert!(cells.is_empty());
                assert_eq!(row, record.number());
                found.push(Err(fault));
            }
            Next::End => break,
        }
        assert_eq!(record.number(), found.len() as u64);
    }
    assert!(
        matches!(reader.next(&mut record).await, Ok(Next::End)),
        "the end stays the end"
    );
    Found::Table(header.names().to_vec(), found)
}
