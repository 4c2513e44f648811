//! JSON lines, compared with what `serde_json` makes of each line.

use audience_activator::rows::{
    self, InputFormat, Next, Position, Record, RowFault, RowOptions, RowReader, Rows, RowsError,
};
use serde_json::Value;
use tokio::io::AsyncRead;

use crate::bytes::{Choices, Pieces, block_on};

const LIMITS: [usize; 4] = [1024 * 1024, 0, 16, 200];
const PIECES: [usize; 4] = [1, 7, 64, 4096];

/// A row: its cells or its fault.
type Row = Result<Vec<String>, RowFault>;

/// Any line that is not blank is one row, however it arrives and wherever reading goes on: the cells are those of an
/// object that `serde_json` reads too, or it is a fault.
pub fn json_lines(data: &[u8]) {
    let mut choices = Choices::of(data);
    let options = RowOptions {
        format: InputFormat::JsonLines,
        wanted: match choices.below(2) {
            0 => Vec::new(),
            _ => vec!["email".to_owned(), "user.phone".to_owned()],
        },
        max_record_bytes: choices.of_list(&LIMITS),
        max_columns: 50,
        ..RowOptions::default()
    };
    let bytes = choices.of_list(&PIECES);
    let text = choices.rest();
    let pieces = Pieces { rest: text, bytes };
    let whole = block_on(read(text, text, options.clone()));
    let in_pieces = block_on(read(pieces, text, options.clone()));
    assert_eq!(whole, in_pieces, "{options:?}, pieces of {bytes}");
    if let Ok((header, places, rows)) = whole {
        block_on(go_on(text, &options, &places, &rows));
        check(text, &header, &rows, &options);
    }
}

/// At one of the rows, which the length of the text chooses.
async fn go_on(text: &[u8], options: &RowOptions, places: &[u64], rows: &[Row]) {
    let before = text.len() % rows.len().max(1);
    let Some(&offset) = places.get(before) else {
        return;
    };
    let Ok(Rows::Table { reader, .. }) = rows::open(text, options.clone()).await else {
        panic!("it was opened before");
    };
    let position = Position {
        rows: before as u64,
        offset,
    };
    let from = reader.text_from(position);
    let rest = async { Ok::<_, RowsError>(&text[from as usize..]) };
    let reader = reader.go_on_at(position, from, rest).await;
    let mut reader = reader.expect("a row begins there");
    let found = read_on(&mut reader, text, position.rows).await;
    let found = found.expect("it was read before");
    assert_eq!(found, (places[before..].to_vec(), rows[before..].to_vec()));
}

/// The header, where the rows begin and the rows, or the refusal as a text: it names no value.
async fn read(
    input: impl AsyncRead + Unpin + Send,
    text: &[u8],
    options: RowOptions,
) -> Result<(Vec<String>, Vec<u64>, Vec<Row>), String> {
    let refused = |error: RowsError| error.to_string();
    let Rows::Table { header, mut reader } = rows::open(input, options).await.map_err(refused)?
    else {
        return Err("no rows".to_owned());
    };
    let (places, rows) = read_on(&mut reader, text, 0).await.map_err(refused)?;
    Ok((header.names().to_vec(), places, rows))
}

/// The rows that come, of which so many lie before.
async fn read_on(
    reader: &mut RowReader<impl AsyncRead + Unpin + Send>,
    text: &[u8],
    before: u64,
) -> Result<(Vec<u64>, Vec<Row>), RowsError> {
    let (mut places, mut found) = (Vec::new(), Vec::new());
    let mut record = Record::new();
    loop {
        let next = reader.next(&mut record).await?;
        let cells = (0..record.len()).map(|at| record.get(at).to_owned());
        found.push(match next {
            Next::End => break,
            Next::Row => Ok(cells.collect()),
            Next::Fault { fault, .. } => {
                assert!(record.is_empty());
                Err(fault)
            }
        });
        places.push(record.offset());
        assert_eq!(record.number(), before + found.len() as u64);
        let start = usize::try_from(record.offset()).expect("an offset in the text");
        assert!(
            start == 0 || text[..start].ends_with(b"\n") || start == 3,
            "a row begins where a line does"
        );
    }
    Ok((places, found))
}

/// Line by line, with a parser of another's.
fn check(text: &[u8], header: &[String], rows: &[Row], options: &RowOptions) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    // A line beyond the limit is a row even if it is blank.
    let lines: Vec<_> = lines
        .filter(|line| !line.trim_ascii().is_empty() || line.len() > options.max_record_bytes)
        .collect();
    assert_eq!(lines.len(), rows.len(), "every line is one row");
    for (line, row) in lines.iter().zip(rows) {
        let too_long = line.len() > options.max_record_bytes;
        let is_fault = |expected: RowFault| row.as_ref().err() == Some(&expected);
        let max_bytes = options.max_record_bytes;
        assert_eq!(too_long, is_fault(RowFault::TooLong { max_bytes }));
        let Ok(cells) = row else { continue };
        assert_eq!(cells.len(), header.len());
        // Numbers beyond any type and halves of pairs in what nobody asks for are rows too.
        let Ok(Value::Object(object)) = serde_json::from_slice(line) else {
            continue;
        };
        for (name, cell) in header.iter().zip(cells) {
            // Names that differ in spaces only are the same in the header.
            if header.iter().filter(|other| *other == name).count() > 1 {
                continue;
            }
            if let Some(Value::String(expected)) = object.get(name) {
                assert_eq!(cell, expected);
            }
        }
    }
}
