//! Our rows are those of Python's `csv`, in dialects that are told and in dialects that
//! are found. `tests/csv/make.py` writes the cases.

#![allow(clippy::unwrap_used, clippy::panic)]

use audience_activator::rows::{self, Escape, Next, Quote, Record, RowFault, RowOptions, Rows};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    text: String,
    delimiter: char,
    quote: char,
    escape: Option<char>,
    rows: Vec<Vec<String>>,
    /// The text alone tells the dialect.
    told: bool,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("csv/python.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

impl Case {
    fn options(&self) -> RowOptions {
        RowOptions {
            delimiter: Some(u8::try_from(self.delimiter).unwrap()),
            quote: Some(match self.quote {
                '\'' => Quote::Single,
                _ => Quote::Double,
            }),
            escape: Some(match self.escape {
                Some(_) => Escape::Backslash,
                None => Escape::None,
            }),
            ..RowOptions::default()
        }
    }

    /// Rows of another length than the header's are so many fields.
    fn expected(&self) -> Vec<Result<Vec<String>, usize>> {
        let (header, rows) = self.rows.split_first().unwrap();
        let rows = rows.iter().map(|row| {
            if row.len() == header.len() {
                Ok(row.clone())
            } else {
                Err(row.len())
            }
        });
        rows.collect()
    }
}

async fn ours(text: &str, options: RowOptions) -> (Vec<String>, Vec<Result<Vec<String>, usize>>) {
    let opened = rows::open(text.as_bytes(), options).await.unwrap();
    let Rows::Table { header, mut reader } = opened else {
        panic!("no rows: {text:?}");
    };
    let mut rows = Vec::new();
    let mut record = Record::new();
    loop {
        rows.push(match reader.next(&mut record).await.unwrap() {
            Next::Row => Ok((0..record.len())
                .map(|index| record.get(index).to_owned())
                .collect()),
            Next::Fault {
                fault: RowFault::FieldCount { found, .. },
                ..
            } => Err(found),
            Next::Fault { fault, .. } => panic!("{fault}: {text:?}"),
            Next::End => return (header.names().to_vec(), rows),
        });
    }
}

#[tokio::test]
async fn a_dialect_that_is_configured_gives_the_rows_of_python() {
    for case in cases() {
        let (header, rows) = ours(&case.text, case.options()).await;
        assert_eq!(&header, case.rows.first().unwrap());
        assert_eq!(rows, case.expected(), "{:?}", case.text);
    }
}

#[tokio::test]
async fn a_dialect_that_is_found_gives_the_rows_of_python() {
    let told: Vec<Case> = cases().into_iter().filter(|case| case.told).collect();
    assert!(told.len() > 100);
    for case in told {
        let (header, rows) = ours(&case.text, RowOptions::default()).await;
        assert_eq!(&header, case.rows.first().unwrap(), "{:?}", case.text);
        assert_eq!(rows, case.expected(), "{:?}", case.text);
    }
}
