//! Parquet files of every type, codec and encoding, from several writers, give exactly
//! the rows that were written: `tests/parquet/make_fixtures.py` makes both.

#![allow(clippy::unwrap_used, clippy::panic)]

mod parquet;

use audience_activator::rows::{ParquetError, ParquetOptions, RowsError};
use parquet::{Fixture, Found, fixture, fixtures, rows_of};
use serde_json::Value;

async fn read(fixture: &Fixture) -> Result<(Vec<String>, Vec<Found>), RowsError> {
    rows_of(&fixture.bytes, ParquetOptions::default(), None).await
}

fn expected(row: &Value) -> Found {
    match row {
        Value::String(fault) => Found::Fault(fault.clone()),
        cells => Found::Row(serde_json::from_value(cells.clone()).unwrap()),
    }
}

#[tokio::test]
async fn every_cell_of_every_fixture_is_read_as_it_was_written() {
    let mut failures = Vec::new();
    for fixture in fixtures() {
        if fixture.json.get("rows_like").is_some() {
            continue;
        }
        let found = read(&fixture).await;
        if let Some(words) = fixture.json.get("refused") {
            let said = found.unwrap_err().to_string();
            assert!(
                said.contains(words.as_str().unwrap()),
                "{}: {said}",
                fixture.name
            );
            continue;
        }
        let (header, rows) = match found {
            Ok(found) => found,
            Err(error) => {
                failures.push(format!("{}: {error}", fixture.name));
                continue;
            }
        };
        let names: Vec<String> = serde_json::from_value(fixture.json["header"].clone()).unwrap();
        let all: Vec<Found> = fixture.json["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(expected)
            .collect();
        if header != names {
            failures.push(format!(
                "{}: header {header:?}, not {names:?}",
                fixture.name
            ));
        }
        let differing = rows
            .iter()
            .zip(&all)
            .position(|(found, expected)| found != expected);
        if let Some(row) = differing {
            failures.push(format!(
                "{}: row {}: {:?}, not {:?}",
                fixture.name,
                row + 1,
                rows[row],
                all[row]
            ));
        }
        if rows.len() != all.len() {
            failures.push(format!(
                "{}: {} rows, not {}",
                fixture.name,
                rows.len(),
                all.len()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn refusal(read: Result<(Vec<String>, Vec<Found>), RowsError>) -> ParquetError {
    match read {
        Err(RowsError::Parquet(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn cells_of_columns_that_are_not_wanted_are_empty() {
    let fixture = fixture("audience");
    let (_, rows) = rows_of(
        &fixture.bytes,
        ParquetOptions::default(),
        Some(&[2, 1, 2, 99]),
    )
    .await
    .unwrap();
    assert_eq!(rows.len(), 500);
    for (row, number) in rows.into_iter().zip(1..) {
        let cells = [
            "",
            &format!("{number}"),
            &format!("Person{number}@Example.com"),
            "",
            "",
            "",
            "",
        ];
        assert_eq!(row, Found::Row(cells.map(str::to_owned).to_vec()));
    }
}

#[tokio::test]
async fn a_column_that_holds_no_text_is_refused_once_it_is_wanted() {
    let fixture = fixture("nested_v1");
    let names: Vec<String> = serde_json::from_value(fixture.json["header"].clone()).unwrap();
    for (position, name) in names.iter().enumerate() {
        let read = rows_of(&fixture.bytes, ParquetOptions::default(), Some(&[position])).await;
        if ["map.", "deep.", "structs."]
            .iter()
            .any(|deep| name.starts_with(deep))
        {
            let error = refusal(read);
            assert!(
                matches!(error, ParquetError::NoText { position: at, .. } if at == position + 1)
            );
        } else {
            assert_eq!(read.unwrap().1.len(), 40);
        }
    }
}

#[tokio::test]
async fn footers_and_pages_beyond_their_limits_are_refused() {
    let fixture = fixture("codec_snappy_v1");
    let small = ParquetOptions {
        max_footer_bytes: 100,
        ..ParquetOptions::default()
    };
    let error = refusal(rows_of(&fixture.bytes, small, None).await);
    assert!(
        matches!(error, ParquetError::FooterTooLarge { max_bytes: 100, .. }),
        "{error}"
    );
    let small = ParquetOptions {
        max_pages_bytes: 500,
        ..ParquetOptions::default()
    };
    let error = refusal(rows_of(&fixture.bytes, small, None).await);
    assert!(
        matches!(error, ParquetError::PagesTooLarge { max_bytes: 500, .. }),
        "{error}"
    );
    // One column alone is within it.
    let (_, rows) = rows_of(&fixture.bytes, small, Some(&[4])).await.unwrap();
    assert_eq!(rows.len(), 60);
}

#[tokio::test]
async fn a_row_that_is_too_long_is_rejected_and_no_other() {
    let fixture = fixture("types_2");
    let options = ParquetOptions {
        max_record_bytes: 25,
        ..ParquetOptions::default()
    };
    // 32 characters in the third row, 4 in the first.
    let (_, rows) = rows_of(&fixture.bytes, options, Some(&[2])).await.unwrap();
    assert!(
        matches!(&rows[..], [Found::Row(_), Found::Row(_), Found::Fault(code)] if code == "row_too_long")
    );
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let fixture = fixture("pages_v1");
    for end in [0, 4, 11, 12, 1_000, fixture.bytes.len() - 1] {
        let cut = fixture.bytes.slice(..end);
        let error = refusal(rows_of(&cut, ParquetOptions::default(), None).await);
        assert_eq!(error, ParquetError::CutOff, "{end}");
    }
}

#[tokio::test]
async fn a_page_that_was_changed_is_told_by_its_checksum() {
    let fixture = fixture("checksum");
    let email = b"person7@";
    let at = fixture
        .bytes
        .windows(email.len())
        .position(|part| part == email)
        .unwrap();
    let mut changed = fixture.bytes.to_vec();
    changed[at] = b'q';
    let error = refusal(rows_of(&changed.into(), ParquetOptions::default(), None).await);
    assert_eq!(error, ParquetError::Damaged("a page's checksum is wrong"));
}
