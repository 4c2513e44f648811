//! What options say of a text, and the limits of its header.

use super::super::*;
use super::{limited, read, read_with, row};

#[tokio::test]
async fn a_file_without_a_header_takes_the_configured_names() {
    let options = |names: &[&str]| RowOptions {
        header: Some(names.iter().map(|&name| name.to_owned()).collect()),
        ..RowOptions::default()
    };
    for text in [
        "a@x.org,1\n2\nb@x.org,3\n",
        "\u{feff}\n\na@x.org,1\r\n2\r\nb@x.org,3",
    ] {
        let (names, rows) = read_with(text.as_bytes(), options(&["email", "zip"])).await;
        assert_eq!(names, ["email", "zip"]);
        let fault = RowFault::FieldCount {
            expected: 2,
            found: 1,
        };
        assert_eq!(
            rows,
            [row(&["a@x.org", "1"]), Err(fault), row(&["b@x.org", "3"])]
        );
    }
    for text in ["", "\n\n"] {
        let rows = open(text.as_bytes(), options(&["email"])).await.unwrap();
        assert!(matches!(rows, Rows::Empty));
    }
    // One row is enough for a table, and it may be a broken one.
    let (_, rows) = read_with(b"a@x.org", options(&["email"])).await;
    assert_eq!(rows, [row(&["a@x.org"])]);
    let (_, rows) = read_with(b"\"a@x.org", options(&["email"])).await;
    assert_eq!(rows, [Err(RowFault::OpenQuote)]);
}

#[tokio::test]
async fn a_configured_header_that_the_file_has_itself_is_refused() {
    let options = RowOptions {
        header: Some(vec!["email".to_owned(), "zip".to_owned()]),
        ..RowOptions::default()
    };
    let error = open(&b"email , zip\na@x.org,1\n"[..], options.clone()).await;
    assert!(matches!(error.unwrap_err(), RowsError::HeaderPresent));
    let error = open(&b"{\"email\":\"a@x.org\"}\n"[..], options).await;
    assert!(matches!(error.unwrap_err(), RowsError::HeaderOfObjects));
}

#[tokio::test]
async fn escapes_and_single_quotes_are_read_as_sniffed_or_as_configured() {
    let (_, rows) = read(b"'name','zip'\n'O''Neil, Ann','1\n2'\n").await;
    assert_eq!(rows, [row(&["O'Neil, Ann", "1\n2"])]);
    let (_, rows) = read(b"name,zip\n\"Ann \\\"A, B\\\" Lee\",1\n\"C:\\\\\",2\n").await;
    assert_eq!(rows, [row(&["Ann \"A, B\" Lee", "1"]), row(&["C:\\", "2"])]);
    let (_, rows) = read(b"path,zip\n\"C:\\\",\"D:\\x\"\nE:\\,2\n").await;
    assert_eq!(rows, [row(&["C:\\", "D:\\x"]), row(&["E:\\", "2"])]);
    let options = RowOptions {
        quote: Some(Quote::None),
        ..RowOptions::default()
    };
    let (_, rows) = read_with(b"name,zip\n\"Ann,1\n'Bob',\"2\"\n", options).await;
    assert_eq!(rows, [row(&["\"Ann", "1"]), row(&["'Bob'", "\"2\""])]);
    let options = RowOptions {
        escape: Some(Escape::Backslash),
        ..RowOptions::default()
    };
    let (_, rows) = read_with(b"name,zip\n\"a\\\",b\",1\n3,\"x\\", options).await;
    assert_eq!(rows, [row(&["a\",b", "1"]), Err(RowFault::OpenQuote)]);
}

#[tokio::test]
async fn a_header_over_its_limits_refuses_the_file() {
    let options = RowOptions {
        max_header_bytes: 10,
        max_columns: 4,
        ..RowOptions::default()
    };
    for text in [
        "a,b,c,d,e\n1,2,3,4,5\n",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1}\n",
    ] {
        let error = open(text.as_bytes(), options.clone()).await.unwrap_err();
        assert!(
            matches!(error, RowsError::TooManyColumns { max_columns: 4 }),
            "{error}"
        );
    }
    for text in ["aaaa,bbbb,c\n1,2,3\n", "{\"aaaaaa\":1,\"bbbbbb\":1}\n"] {
        let error = open(text.as_bytes(), options.clone()).await.unwrap_err();
        assert!(
            matches!(error, RowsError::HeaderTooLong { max_bytes: 10 }),
            "{error}"
        );
    }
    // The rows are not held to it.
    let (_, rows) = read_with(b"a,b\n11111111,22222222\n", options).await;
    assert_eq!(rows, [row(&["11111111", "22222222"])]);
}

#[tokio::test]
async fn a_header_may_be_longer_than_a_row_and_lets_no_long_row_pass() {
    let names = "column_".repeat(20_000);
    for limit in [8, 1_000, 100_000] {
        let long = "x".repeat(limit);
        let text = format!("{names},b\r\n{long},2\r\n3,4\r\n");
        let (header, rows) = read_with(text.as_bytes(), limited(limit)).await;
        assert_eq!(header.len(), 2);
        let fault = RowFault::TooLong { max_bytes: limit };
        assert_eq!(rows, [Err(fault), row(&["3", "4"])]);
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_the_route_says_is_refused() {
    let csv = "email,zip\na@x.org,1\n";
    let json = "{\"email\":\"a@x.org\"}\n";
    for (format, text) in [
        (InputFormat::Csv, json),
        (InputFormat::JsonLines, csv),
        (InputFormat::Parquet, csv),
        (InputFormat::Parquet, json),
    ] {
        let options = RowOptions {
            format,
            ..RowOptions::default()
        };
        let error = open(text.as_bytes(), options).await.unwrap_err();
        assert!(matches!(error, RowsError::OtherFormat { .. }), "{error}");
    }
    for (format, text) in [(InputFormat::Csv, csv), (InputFormat::JsonLines, json)] {
        let options = RowOptions {
            format,
            ..RowOptions::default()
        };
        assert_eq!(read_with(text.as_bytes(), options).await.1.len(), 1);
    }
}
