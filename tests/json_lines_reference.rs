//! Our rows of JSON lines are what `serde_json` makes of each line, however the bytes
//! arrive.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pieces;

use audience_activator::rows::{self, LIST_SEPARATOR, Next, Record, RowOptions, Rows};
use pieces::{block_on, in_pieces};
use proptest::prelude::*;
use serde_json::{Map, Value};
use tokio::io::AsyncRead;

/// The text of a scalar.
fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every value by its path, in the order of the object.
fn flat(prefix: &str, object: &Map<String, Value>, into: &mut Vec<(String, String)>) {
    for (key, value) in object {
        let path = format!("{prefix}{key}");
        match value {
            Value::Object(object) => flat(&format!("{path}."), object, into),
            Value::Array(list) => {
                let list: Vec<_> = list.iter().filter(|v| !v.is_null()).map(scalar).collect();
                into.push((path, list.join(&LIST_SEPARATOR.to_string())));
            }
            value => into.push((path, scalar(value))),
        }
    }
}

type Table = (Vec<String>, Vec<Vec<String>>);

fn reference(lines: &[Map<String, Value>]) -> Table {
    let rows: Vec<Vec<(String, String)>> = lines
        .iter()
        .map(|line| {
            let mut row = Vec::new();
            flat("", line, &mut row);
            row
        })
        .collect();
    let mut names: Vec<String> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let cell = |row: &Vec<(String, String)>, name: &String| {
        let found = row.iter().find(|(other, _)| other == name);
        found.map(|(_, cell)| cell.clone()).unwrap_or_default()
    };
    let rows = rows
        .iter()
        .map(|row| names.iter().map(|name| cell(row, name)).collect())
        .collect();
    (names, rows)
}

async fn ours(input: impl AsyncRead + Unpin + Send) -> Table {
    let opened = rows::open(input, RowOptions::default()).await.unwrap();
    let Rows::Table { header, mut reader } = opened else {
        panic!("no rows");
    };
    let mut rows = Vec::new();
    let mut record = Record::new();
    while reader.next(&mut record).await.unwrap() == Next::Row {
        rows.push(
            (0..record.len())
                .map(|index| record.get(index).to_owned())
                .collect(),
        );
    }
    assert_eq!(rows.len() as u64, record.number());
    (header.names().to_vec(), rows)
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z@. \"\\\\\n]{0,12}".prop_map(Value::from),
    ]
}

fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        4 => any_scalar(),
        1 => prop::collection::vec(any_scalar(), 0..4).prop_map(Value::from),
    ];
    let value = value.prop_recursive(3, 12, 3, |inner| {
        prop::collection::hash_map("[a-d\"é]{1,2}", inner, 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    });
    prop::collection::hash_map("[a-d\"é]{1,2}", value, 0..6)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn rows_are_those_of_the_reference(
        lines in prop::collection::vec(any_object(), 1..12),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\n\n \n"]),
        piece_bytes in 1..40_usize,
    ) {
        let texts: Vec<String> = lines
            .iter()
            .map(|line| serde_json::to_string(line).unwrap())
            .collect();
        let text = texts.join(line_end);
        let expected = reference(&lines);
        prop_assert_eq!(&block_on(ours(text.as_bytes())), &expected);
        prop_assert_eq!(&block_on(ours(in_pieces(text.as_bytes(), piece_bytes))), &expected);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise_than_by_refusing(
        text in "\\{\"[ab]\":[0-9\\[\\]{}\",:ab\\\\\nu]{0,80}",
        tail in prop::collection::vec(any::<u8>(), 0..40),
        max_record_bytes in 0..60_usize,
        piece_bytes in 1..20_usize,
    ) {
        let bytes = [b"{\"a\":1}\n", text.as_bytes(), &tail].concat();
        let options = RowOptions { max_record_bytes, ..RowOptions::default() };
        block_on(async {
            let Ok(Rows::Table { mut reader, .. }) = rows::open(in_pieces(&bytes, piece_bytes), options).await else {
                return;
            };
            let mut record = Record::new();
            let mut count = 0;
            while reader.next(&mut record).await.unwrap() != Next::End {
                count += 1;
                assert_eq!(record.number(), count);
            }
        });
    }
}
