#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::io::StreamReader;

use super::*;

mod configured;

/// What came of a file: its names, and every row as its cells or its fault.
pub(super) type Outcome = (Vec<String>, Vec<Result<Vec<String>, RowFault>>);

pub(super) async fn read_with(text: &[u8], options: RowOptions) -> Outcome {
    let Rows::Table { header, mut reader } = open(text, options).await.unwrap() else {
        panic!("no rows");
    };
    let mut rows = Vec::new();
    let mut record = Record::new();
    loop {
        match reader.next(&mut record).await.unwrap() {
            Next::Row => rows.push(Ok((0..record.len())
                .map(|index| record.get(index).to_owned())
                .collect())),
            Next::Fault { row, fault } => {
                assert!(record.is_empty());
                assert_eq!(row, rows.len() as u64 + 1);
                rows.push(Err(fault));
            }
            Next::End => return (header.names().to_vec(), rows),
        }
        assert_eq!(record.number(), rows.len() as u64);
    }
}

pub(super) async fn read(text: &[u8]) -> Outcome {
    read_with(text, RowOptions::default()).await
}

async fn refusal(text: &[u8]) -> RowsError {
    open(text, RowOptions::default()).await.unwrap_err()
}

fn limited(max_record_bytes: usize) -> RowOptions {
    RowOptions {
        max_record_bytes,
        ..RowOptions::default()
    }
}

pub(super) fn row(cells: &[&str]) -> Result<Vec<String>, RowFault> {
    Ok(cells.iter().map(|&cell| cell.to_owned()).collect())
}

#[tokio::test]
async fn every_line_end_and_a_byte_order_mark_are_understood() {
    for text in [
        "email,zip\na@x.org,1\nb@x.org,2\n",
        "email,zip\r\na@x.org,1\r\nb@x.org,2",
        "email,zip\ra@x.org,1\rb@x.org,2\r",
        "\u{feff} email ,zip\n\na@x.org,1\n\n\nb@x.org,2\n\n",
        "\u{feff}\"email\",\"zip\"\n\"a@x.org\",\"1\"\n\"b@x.org\",2\n",
    ] {
        let (names, rows) = read(text.as_bytes()).await;
        assert_eq!(names, ["email", "zip"], "{text:?}");
        assert_eq!(rows, [row(&["a@x.org", "1"]), row(&["b@x.org", "2"])]);
    }
}

#[tokio::test]
async fn quoted_fields_hold_delimiters_quotes_and_lines() {
    let (_, rows) = read(b"a;b\n\"x;\"\"y\"\"\nz\";2\n").await;
    assert_eq!(rows, [row(&["x;\"y\"\nz", "2"])]);
}

#[tokio::test]
async fn a_configured_delimiter_is_not_second_guessed() {
    let options = RowOptions {
        delimiter: Some(b'|'),
        ..RowOptions::default()
    };
    let (names, _) = read_with(b"a,b,c|d\n1,2,3|4\n", options).await;
    assert_eq!(names, ["a,b,c", "d"]);
}

#[tokio::test]
async fn a_cell_that_is_not_there_is_empty() {
    let Rows::Table { mut reader, .. } = open(&b"a,b\n,2\n"[..], RowOptions::default())
        .await
        .unwrap()
    else {
        panic!("no rows");
    };
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record).await.unwrap(), Next::Row);
    assert_eq!((record.get(0), record.get(1), record.get(7)), ("", "2", ""));
}

#[tokio::test]
async fn a_broken_row_costs_no_other_row() {
    let (_, rows) = read(b"a,b\n1,2\n3\n4,5,6\n\xff\xfe,7\n8,9\n").await;
    assert_eq!(
        rows,
        [
            row(&["1", "2"]),
            Err(RowFault::FieldCount {
                expected: 2,
                found: 1
            }),
            Err(RowFault::FieldCount {
                expected: 2,
                found: 3
            }),
            Err(RowFault::NotUtf8),
            row(&["8", "9"]),
        ]
    );
}

#[tokio::test]
async fn a_character_split_between_two_fields_is_not_utf8() {
    let good = "ä,1\n".repeat(20);
    let text = [b"a,b\n", good.as_bytes(), b"x\xc3,\xa4y\n"].concat();
    let (_, rows) = read(&text).await;
    assert_eq!(rows.last(), Some(&Err(RowFault::NotUtf8)));
}

#[tokio::test]
async fn a_row_over_the_limit_is_rejected_once_and_the_rest_goes_on() {
    let long = "x".repeat(500_000);
    for (text, limit) in [
        (format!("a,b\n1,2\n{long},3\n4,5\n"), 100),
        (format!("a,b\r\n1,2\r\n\"{long}\n,\"\"\",3\r\n4,5"), 100),
        (format!("a,b\n1,2\n{},3\n4,5\n", ",".repeat(200_000)), 100),
        (format!("a,b\n1,2\n{long},3\n4,5\n"), 65_536),
        (format!("a,b\n1,2\n{long},3\n4,5\n"), 499_999),
    ] {
        let (_, rows) = read_with(text.as_bytes(), limited(limit)).await;
        let fault = RowFault::TooLong { max_bytes: limit };
        assert_eq!(rows, [row(&["1", "2"]), Err(fault), row(&["4", "5"])]);
    }
}

#[tokio::test]
async fn a_row_over_the_limit_does_not_let_the_next_one_pass() {
    let limit = 100;
    let long = "x".repeat(limit);
    let text = format!("a,b\n1,{long}\n2,{long}\n3,ok\n4,{long}\n5,ok\n");
    let (_, rows) = read_with(text.as_bytes(), limited(limit)).await;
    let fault = RowFault::TooLong { max_bytes: limit };
    let expected = [
        Err(fault),
        Err(fault),
        row(&["3", "ok"]),
        Err(fault),
        row(&["5", "ok"]),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_limit_counts_the_line_end() {
    for (limit, fits) in [(8, true), (7, false)] {
        let (_, rows) = read_with(b"a,b\n123,567\n9,9\n", limited(limit)).await;
        assert_eq!(rows.first().unwrap().is_ok(), fits);
        assert_eq!(rows.get(1), Some(&row(&["9", "9"])));
    }
}

#[tokio::test]
async fn empty_lines_beyond_the_limit_cost_no_row() {
    let text = format!("a,b\n1,2\n{}3,4\n", "\r\n".repeat(100_000));
    let (_, rows) = read_with(text.as_bytes(), limited(64)).await;
    assert_eq!(rows, [row(&["1", "2"]), row(&["3", "4"])]);
}

#[tokio::test]
async fn a_quote_open_at_the_end_is_no_row_even_with_the_right_number_of_fields() {
    let (_, rows) = read(b"a,b\n1,2\n3,\"4\n5,6\n").await;
    assert_eq!(rows, [row(&["1", "2"]), Err(RowFault::OpenQuote)]);
}

#[tokio::test]
async fn a_quote_closed_at_the_very_end_is_a_row() {
    for text in ["a,b\n1,\"2\n\"", "a,b\n1,\"2\n\"\n", "a,b\n1,\"2\n\"\r"] {
        let (_, rows) = read(text.as_bytes()).await;
        assert_eq!(rows, [row(&["1", "2\n"])], "{text:?}");
    }
}

#[tokio::test]
async fn nothing_and_a_header_alone_are_told_apart() {
    for text in ["", "\u{feff}", "\n\r\n\n"] {
        let rows = open(text.as_bytes(), RowOptions::default()).await.unwrap();
        assert!(matches!(rows, Rows::Empty), "{text:?}");
    }
    for text in ["a,b", "a,b\n", "\u{feff}a,b\r\n\r\n\n", "\na,b\r"] {
        let rows = open(text.as_bytes(), RowOptions::default()).await.unwrap();
        let Rows::HeaderOnly(header) = rows else {
            panic!("{text:?}: {rows:?}");
        };
        assert_eq!(header.names(), ["a", "b"]);
    }
}

#[tokio::test]
async fn a_latin_1_file_is_refused_with_its_first_line() {
    let german = b"name,city\nMeyer,Bonn\nM\xfcller,K\xf6ln\nJ\xe4ger,Ulm\nHess,D\xfcren\n";
    let error = refusal(german).await;
    assert!(matches!(error, RowsError::NotUtf8 { line: 3, .. }));
    assert_eq!(
        error.to_string(),
        "the file is Latin-1, Windows-1252 or alike, not UTF-8 (first at line 3); \
         export it as UTF-8, or set route.input.encoding = \"windows-1252\""
    );
    let american = format!("name,city\r\n{}", "Smith,Reno\r\n".repeat(1_000));
    let rare = [american.as_bytes(), &b"Jos\xe9,Reno\r\n".repeat(3)].concat();
    assert!(matches!(
        refusal(&rare).await,
        RowsError::NotUtf8 { line: 1002, .. }
    ));
}

#[tokio::test]
async fn a_single_bad_row_does_not_make_a_file_latin_1() {
    let ascii = format!("name,city\n{}", "Smith,Reno\n".repeat(100));
    let (_, rows) = read(&[ascii.as_bytes(), b"Jos\xe9,Reno\n"].concat()).await;
    assert_eq!(rows.len(), 101);
    assert_eq!(rows.last(), Some(&Err(RowFault::NotUtf8)));
}

#[tokio::test]
async fn a_single_bad_row_of_a_small_file_costs_itself_alone() {
    for text in [
        &b"name,city\nMeyer,Bonn\nM\xfcller,Ulm\n"[..],
        b"name,city\nM\xfcller,Ulm\nMeyer,Bonn\n\xff\xfe,Ulm\nHess,Ulm\n",
    ] {
        let (_, rows) = read(text).await;
        assert!(rows.contains(&Err(RowFault::NotUtf8)));
        assert!(rows.iter().any(Result::is_ok));
    }
}

#[tokio::test]
async fn a_small_file_that_is_latin_1_in_its_header_or_in_all_rows_is_refused() {
    for text in [
        &b"name,stra\xdfe\nMeyer,Hof\nHess,Hof\n"[..],
        b"name,city\nM\xfcller,Ulm\n",
        b"name,city\nM\xfcller,Ulm\nJ\xe4ger,Ulm\n",
    ] {
        assert!(matches!(refusal(text).await, RowsError::NotUtf8 { .. }));
    }
}

#[tokio::test]
async fn a_sample_that_ends_inside_a_character_is_no_reason_to_refuse() {
    for shift in 0..3 {
        let text = format!("n{}\n{}\n", "n".repeat(shift), "\u{20ac}".repeat(30_000));
        let (_, rows) = read(text.as_bytes()).await;
        assert!(rows.first().unwrap().is_ok());
    }
}

#[tokio::test]
async fn what_is_not_text_is_refused() {
    let wide: Vec<u8> = "\u{feff}email\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let error = refusal(&wide).await;
    assert!(matches!(
        error,
        RowsError::NotUtf8 {
            encoding: "UTF-16",
            ..
        }
    ));
    let wide: Vec<u8> = "email\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert!(matches!(refusal(&wide).await, RowsError::NotUtf8 { .. }));
    assert!(matches!(
        refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").await,
        RowsError::NotText
    ));
    let noise: Vec<u8> = (1..=255).cycle().take(5_000).collect();
    assert!(matches!(refusal(&noise).await, RowsError::NotText));
}

#[tokio::test]
async fn a_header_that_cannot_be_read_refuses_the_file() {
    let long = format!("{}\n1\n", "x".repeat(2_000_000));
    let error = refusal(long.as_bytes()).await;
    assert!(matches!(
        error,
        RowsError::HeaderTooLong { max_bytes } if max_bytes == 1 << 20
    ));
    let error = refusal(b"a,\"b\n1,2\n3,4\n").await;
    assert!(matches!(
        error,
        RowsError::BrokenHeader(RowFault::OpenQuote)
    ));
}

#[tokio::test]
async fn reading_from_a_rows_offset_gives_that_row_first() {
    let text = "\u{feff}a,b\r\n1,2\r\n\"3\n,\",4\r\n5\r\n6,7\r\n";
    let Rows::Table { mut reader, .. } =
        open(text.as_bytes(), RowOptions::default()).await.unwrap()
    else {
        panic!("no rows");
    };
    let (_, all) = read(text.as_bytes()).await;
    let mut record = Record::new();
    for index in 0..all.len() {
        assert_ne!(reader.next(&mut record).await.unwrap(), Next::End);
        let offset = usize::try_from(record.offset()).unwrap();
        let rest = [b"a,b\n", text.as_bytes().get(offset..).unwrap()].concat();
        assert_eq!(read(&rest).await.1, all.get(index..).unwrap());
    }
}

#[tokio::test]
async fn an_error_of_the_input_is_handed_on_and_ends_the_rows() {
    let text = format!("a,b\n{}3,", "1,2\n".repeat(sample::SAMPLE_BYTES));
    let cut = futures_util::stream::iter([Err::<&[u8], _>(io::Error::other("cut"))]);
    let broken = text.as_bytes().chain(StreamReader::new(cut));
    let Rows::Table { mut reader, .. } = open(broken, RowOptions::default()).await.unwrap() else {
        panic!("no rows");
    };
    let mut record = Record::new();
    for _ in 0..sample::SAMPLE_BYTES {
        assert_eq!(reader.next(&mut record).await.unwrap(), Next::Row);
    }
    let Err(RowsError::Input(error)) = reader.next(&mut record).await else {
        panic!("no error");
    };
    assert_eq!(error.to_string(), "cut");
    let again = reader.next(&mut record).await;
    assert!(matches!(again, Err(RowsError::Interrupted)));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_read_is_an_error_later_and_never_a_wrong_row() {
    let (mut writer, input) = tokio::io::duplex(1 << 20);
    let text = format!("a,b\n{}", "1,2\n".repeat(sample::SAMPLE_BYTES / 4));
    writer.write_all(text.as_bytes()).await.unwrap();
    writer.write_all(b"3,\"4").await.unwrap();
    let Rows::Table { mut reader, .. } = open(input, RowOptions::default()).await.unwrap() else {
        panic!("no rows");
    };
    let mut record = Record::new();
    let second = Duration::from_secs(1);
    while let Ok(row) = tokio::time::timeout(second, reader.next(&mut record)).await {
        assert_eq!(row.unwrap(), Next::Row);
    }
    writer.write_all(b"\"\n5,6\n").await.unwrap();
    let again = reader.next(&mut record).await;
    assert!(matches!(again, Err(RowsError::Interrupted)));
}

#[tokio::test]
async fn nothing_of_a_row_is_in_debug_output() {
    let rows = open(&b"secret,b\nsecret,2\n"[..], RowOptions::default())
        .await
        .unwrap();
    assert!(!format!("{rows:?}").contains("secret"));
    let Rows::Table { mut reader, .. } = rows else {
        panic!("no rows");
    };
    let mut record = Record::new();
    reader.next(&mut record).await.unwrap();
    assert!(!format!("{record:?}").contains("secret"));
}
