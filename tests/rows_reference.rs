//! Our rows are those of the `csv` crate, however the bytes arrive.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pieces;

use audience_activator::rows::{self, Escape, Next, Quote, Record, RowFault, RowOptions, Rows};
use pieces::{block_on, in_pieces};
use proptest::prelude::*;
use tokio::io::AsyncRead;

/// A row's cells, or how many there were instead of the header's number.
type Row = Result<Vec<String>, usize>;

#[derive(Debug, PartialEq)]
struct Table {
    header: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Dialect {
    delimiter: u8,
    quote: u8,
    escape: bool,
}

const STANDARD: Dialect = Dialect {
    delimiter: b',',
    quote: b'"',
    escape: false,
};

impl Dialect {
    fn options(self) -> RowOptions {
        RowOptions {
            delimiter: Some(self.delimiter),
            quote: Some(match self.quote {
                b'\'' => Quote::Single,
                _ => Quote::Double,
            }),
            escape: Some(match self.escape {
                true => Escape::Backslash,
                false => Escape::None,
            }),
            ..RowOptions::default()
        }
    }
}

/// `None` where there is no row.
async fn ours(input: impl AsyncRead + Unpin + Send, dialect: Dialect) -> Option<Table> {
    let opened = rows::open(input, dialect.options()).await.unwrap();
    let Rows::Table { header, mut reader } = opened else {
        return None;
    };
    let mut rows = Vec::new();
    let mut record = Record::new();
    let mut offset = 0;
    loop {
        let next = reader.next(&mut record).await.unwrap();
        assert!(record.offset() > offset || next == Next::End);
        offset = record.offset();
        rows.push(match next {
            Next::Row => Ok((0..record.len())
                .map(|index| record.get(index).to_owned())
                .collect()),
            Next::Fault {
                fault: RowFault::FieldCount { found, .. },
                ..
            } => Err(found),
            Next::Fault { fault, .. } => panic!("{fault}"),
            Next::End => break,
        });
        assert_eq!(record.number(), rows.len() as u64);
    }
    let header = header.names().to_vec();
    Some(Table { header, rows })
}

fn reference(text: &[u8], dialect: Dialect) -> Option<Table> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quote(dialect.quote)
        .escape(dialect.escape.then_some(b'\\'))
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let mut records = reader.records().map(Result::unwrap);
    let header: Vec<_> = records
        .next()?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let rows: Vec<Row> = records
        .map(|record| {
            let cells: Vec<_> = record.iter().map(str::to_owned).collect();
            if cells.len() == header.len() {
                Ok(cells)
            } else {
                Err(cells.len())
            }
        })
        .collect();
    (!rows.is_empty()).then_some(Table { header, rows })
}

/// Writes a cell as a careful or a careless writer would.
fn written(cell: &str, dialect: Dialect, always_quoted: bool) -> String {
    let quote = char::from(dialect.quote);
    let special = cell.contains([quote, '\r', '\n', char::from(dialect.delimiter)]);
    if !special && !always_quoted {
        return cell.to_owned();
    }
    let cell = if dialect.escape {
        cell.replace('\\', "\\\\")
            .replace(quote, &format!("\\{quote}"))
    } else {
        cell.replace(quote, &format!("{quote}{quote}"))
    };
    format!("{quote}{cell}{quote}")
}

prop_compose! {
    /// The text of a table, some of its rows too short or too long.
    fn any_text()(
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        quote in prop::sample::select(vec![b'"', b'\'']),
        escape in any::<bool>(),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        table in prop::collection::vec(
            prop::collection::vec(("[ -~äß€😀\t\r\n\"'\\\\,;|]{0,12}", any::<bool>()), 1..6),
            1..30,
        ),
        mark in any::<bool>(),
        ended in any::<bool>(),
    ) -> (Vec<u8>, Dialect) {
        let dialect = Dialect {
            delimiter,
            quote,
            escape,
        };
        let lines: Vec<String> = table
            .iter()
            .map(|cells| {
                let cells: Vec<_> = cells
                    .iter()
                    .map(|(cell, quoted)| written(cell, dialect, *quoted))
                    .collect();
                cells.join(&char::from(delimiter).to_string())
            })
            .collect();
        let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
        text.push_str(&lines.join(line_end));
        if ended {
            text.push_str(line_end);
        }
        (text.into_bytes(), dialect)
    }
}

proptest! {
    #[test]
    fn rows_are_those_of_the_reference((text, dialect) in any_text(), piece_bytes in 1..40_usize) {
        let expected = reference(&text, dialect);
        prop_assert_eq!(&block_on(ours(&text[..], dialect)), &expected);
        let pieces = in_pieces(&text, piece_bytes);
        prop_assert_eq!(&block_on(ours(pieces, dialect)), &expected);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise_than_by_refusing(
        text in prop::collection::vec(
            prop_oneof![
                8 => prop::sample::select(b"ab,;\"\"\n\r'\\".to_vec()),
                1 => any::<u8>(),
            ],
            0..400,
        ),
        max_record_bytes in 0..60_usize,
        piece_bytes in 1..20_usize,
    ) {
        let options = RowOptions { max_record_bytes, ..RowOptions::default() };
        block_on(async {
            let Ok(Rows::Table { mut reader, .. }) = rows::open(in_pieces(&text, piece_bytes), options).await else {
                return;
            };
            let mut record = Record::new();
            let mut count = 0;
            while reader.next(&mut record).await.unwrap() != Next::End {
                count += 1;
                assert_eq!(record.number(), count);
                for index in 0..record.len() {
                    assert!(record.get(index).len() <= max_record_bytes.max(1));
                }
            }
        });
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_rows() {
    let rows: String = (0..20_000)
        .map(|n| format!("{n},\"Ann, \"\"{n}\"\"\",Köln\r\n"))
        .collect();
    let text = format!("\u{feff}id,name,city\r\n{rows}");
    let expected = reference(text.as_bytes(), STANDARD);
    assert_eq!(
        block_on(ours(in_pieces(text.as_bytes(), 1), STANDARD)),
        expected
    );
    assert_eq!(expected.unwrap().rows.len(), 20_000);
}
