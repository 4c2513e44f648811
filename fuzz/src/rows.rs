//! The bytes of a file of CSV, once they are decompressed.

use audience_activator::rows::{
    self, InputFormat, Next, Position, Record, RowFault, RowOptions, RowReader, Rows, RowsError,
};
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
    Table(Vec<String>, Vec<Row>),
}

/// Where a row begins, and its cells or its fault.
type Row = (u64, Result<Vec<String>, RowFault>);

/// Any bytes are rows, each numbered, whole and within the limit, or a refusal; however
/// they arrive, and wherever reading goes on.
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
    if let Found::Table(_, rows) = at_once {
        block_on(go_on(text, &options, &rows));
    }
}

/// At one of the rows, which the length of the text chooses.
async fn go_on(text: &[u8], options: &RowOptions, rows: &[Row]) {
    let before = text.len() % rows.len().max(1);
    let Some(&(offset, _)) = rows.get(before) else {
        return;
    };
    let Ok(Rows::Table { header, reader }) = rows::open(text, options.clone()).await else {
        panic!("it was opened before");
    };
    let position = Position {
        rows: before as u64,
        offset,
    };
    let from = reader.text_from(position);
    let rest = async { Ok::<_, RowsError>(&text[from as usize..]) };
    let reader = reader.go_on_at(position, from, rest).await;
    let reader = reader.expect("a row begins there");
    let most = options.max_record_bytes.max(1);
    let found = read_on(reader, header.names().len(), most, position).await;
    assert_eq!(found.as_deref(), Ok(&rows[before..]), "{options:?}");
}

async fn read(text: impl AsyncRead + Unpin + Send, options: RowOptions) -> Found {
    let most = options.max_record_bytes.max(1);
    let (header, reader) = match rows::open(text, options).await {
        Ok(Rows::Table { header, reader }) => (header, reader),
        Ok(Rows::Empty | Rows::HeaderOnly(_)) => return Found::NoRows,
        Err(error) => return Found::Refused(error.to_string()),
    };
    match read_on(reader, header.names().len(), most, Position::default()).await {
        Ok(found) => Found::Table(header.names().to_vec(), found),
        Err(refusal) => Found::Refused(refusal),
    }
}

/// The rows that come, the first of them at the position or behind it.
async fn read_on(
    mut reader: RowReader<impl AsyncRead + Unpin + Send>,
    columns: usize,
    most: usize,
    at: Position,
) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    let mut record = Record::new();
    // A row may begin where reading goes on.
    let mut offset = at.offset.checked_sub(1);
    loop {
        let next = match reader.next(&mut record).await {
            Ok(next) => next,
            Err(error) => return Err(error.to_string()),
        };
        if next == Next::End {
            break;
        }
        let start = Some(record.offset());
        assert!(start > offset, "rows lie one behind the other");
        offset = start;
        let cells: Vec<_> = (0..record.len())
            .map(|at| record.get(at).to_owned())
            .collect();
        match next {
            Next::Row => {
                assert_eq!(cells.len(), columns);
                let bytes: usize = cells.iter().map(String::len).sum();
                assert!(bytes <= most);
                found.push((record.offset(), Ok(cells)));
            }
            Next::Fault { row, fault } => {
                assert!(cells.is_empty());
                assert_eq!(row, record.number());
                found.push((record.offset(), Err(fault)));
            }
            Next::End => break,
        }
        assert_eq!(record.number(), at.rows + found.len() as u64);
    }
    assert!(
        matches!(reader.next(&mut record).await, Ok(Next::End)),
        "the end stays the end"
    );
    Ok(found)
}
