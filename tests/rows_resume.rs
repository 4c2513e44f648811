//! Reading that goes on at a position is as if it had never stopped: the same cells, faults,
//! numbers and offsets, and the same end.

#![allow(clippy::unwrap_used, clippy::panic)]

mod parquet;
mod pieces;

use std::future::poll_fn;

use audience_activator::rows::{
    self, Encoding, Escape, InputFormat, Next, ParquetOptions, Position, Quote, Record, RowFault,
    RowOptions, RowReader, Rows, RowsError,
};
use bytes::Bytes;
use pieces::{block_on, in_pieces};
use proptest::prelude::*;
use tokio::io::AsyncRead;

type Text = Box<dyn AsyncRead + Send + Unpin>;

/// One row as it was found, and where the next one begins.
#[derive(Debug, PartialEq)]
struct Seen {
    number: u64,
    offset: u64,
    cells: Result<Vec<String>, RowFault>,
    after: u64,
}

/// All rows that come, and where the end is.
async fn rest(mut reader: RowReader<Text>) -> (Vec<Seen>, u64) {
    let mut seen = Vec::new();
    let mut record = Record::new();
    loop {
        let cells = match reader.next(&mut record).await.unwrap() {
            Next::Row => Ok((0..record.len())
                .map(|at| record.get(at).to_owned())
                .collect()),
            Next::Fault { row, fault } => {
                assert_eq!((row, record.len()), (record.number(), 0));
                Err(fault)
            }
            Next::End => return (seen, reader.offset()),
        };
        seen.push(Seen {
            number: record.number(),
            offset: record.offset(),
            cells,
            after: reader.offset(),
        });
    }
}

/// A text that is read again and again, in pieces of a size.
struct File<'a> {
    text: &'a [u8],
    piece_bytes: usize,
    options: RowOptions,
}

impl File<'_> {
    fn from(&self, start: u64) -> Text {
        let start = self.text.len().min(start as usize);
        Box::new(in_pieces(&self.text[start..], self.piece_bytes))
    }

    /// `None` if there are no rows.
    async fn open(&self) -> Option<RowReader<Text>> {
        match rows::open(self.from(0), self.options.clone()).await {
            Ok(Rows::Table { reader, .. }) => Some(reader),
            Ok(Rows::Empty | Rows::HeaderOnly(_)) | Err(_) => None,
        }
    }

    async fn open_at(&self, rows: u64, offset: u64) -> Result<RowReader<Text>, RowsError> {
        let reader = self.open().await.unwrap();
        let position = Position { rows, offset };
        let from = reader.text_from(position);
        let text = async { Ok::<_, RowsError>(self.from(from)) };
        reader.go_on_at(position, from, text).await
    }

    /// Reads on from every position, or every so many, and compares what follows.
    async fn check(&self, every: usize) -> usize {
        let Some(reader) = self.open().await else {
            return 0;
        };
        let start = reader.offset();
        let (rows, end) = rest(reader).await;
        let mut positions = vec![(0, start), (0, 0)];
        for row in &rows {
            positions.push((row.number - 1, row.offset));
            positions.push((row.number, row.after));
        }
        for &(before, offset) in positions.iter().step_by(every) {
            let reader = self.open_at(before, offset).await;
            let reader = reader.unwrap_or_else(|error| panic!("{error}: {before}, {offset}"));
            assert_eq!(reader.offset(), if offset == 0 { start } else { offset });
            let (found, found_end) = rest(reader).await;
            let place = || format!("{before} rows, offset {offset}, {:?}", self.options);
            assert_eq!(found, rows[before as usize..], "{}", place());
            assert_eq!(found_end, end, "{}", place());
        }
        rows.len()
    }
}

async fn check(text: &[u8], options: RowOptions) {
    for piece_bytes in [1, 7, 100_000] {
        let file = File {
            text,
            piece_bytes,
            options: options.clone(),
        };
        assert!(file.check(1).await > 1, "{text:?}");
    }
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

#[tokio::test]
async fn every_position_of_csv_is_one_to_go_on_at() {
    for text in [
        &b"email,zip\na,1\nb,2\nc,3\n"[..],
        b"email,zip\r\na,1\r\nb,2\r\n\r\n\r\nc,3",
        b"email,zip\ra,1\r\rb,2\rc,3\r",
        b"\n\r\nemail,zip\n\n\na,1\n\r\n\nb,2\n\n",
        b"email;zip\n\"a\nb\r\n\";1\n\"c\"\"\n\";\"2\"\nd;3\n",
        b"\xef\xbb\xbfemail,zip\na,1\nb,2\n",
        // A row that begins with what could be a byte order mark.
        b"email,zip\na,1\n\xef\xbb\xbfb,2\r\n\xef\xbb\xbf\xef\xbb\xbfc,3\n",
        b"email,zip\na\nb,2,3\n\xff,3\n\xc3,4\n,\n\"\",\"\"\n \n",
        b"email,zip\na,1\nb,\"2\nc,3\n",
        b"email,zip\na,1\nb,\"2",
        b"'email','zip'\n'a','1\n'\n'b','''2'\n",
        b"email,zip\n\"a \\\"b\\\"\",1\n\"c\\\\\",2\n",
    ] {
        check(text, RowOptions::default()).await;
    }
}

#[tokio::test]
async fn rows_at_the_limit_and_beyond_it_stay_what_they_are() {
    for line_end in [
        "\n",
        "\r\n",
        "\r",
        "\n\n\n\n\n\n\n\n\n\n\n\n",
        "\r\n\r\n\r\n",
    ] {
        let long = "x".repeat(300);
        let text = [
            "a,b",
            "1,2",
            "12345,7890",
            "1234,7890",
            "123,7890",
            &long,
            "\"1\n2\",3",
            &long,
            "1,2",
        ]
        .join(line_end);
        for max_record_bytes in 8..=14 {
            let options = RowOptions {
                max_record_bytes,
                ..RowOptions::default()
            };
            check(text.as_bytes(), options).await;
        }
    }
}

#[tokio::test]
async fn a_file_without_a_header_is_gone_on_with_too() {
    let options = RowOptions {
        header: names(&["email", "zip"]),
        ..RowOptions::default()
    };
    for text in [
        &b"a,1\nb,2\nc,3"[..],
        b"\xef\xbb\xbfa,1\nb,2\n",
        b"\xef\xbb\xbf\xef\xbb\xbfa,1\nb,2\n",
        b"\r\na,1\r\nb\r\n",
    ] {
        check(text, options.clone()).await;
    }
}

#[tokio::test]
async fn every_position_of_json_lines_is_one_to_go_on_at() {
    for text in [
        &b"{\"a\":1,\"b\":2}\n{\"a\":3}\n{\"b\":4}\n"[..],
        b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  \n{\"a\":2,\"late\":3}\r\n\n",
        b"{\"a\":1}\n{\"a\":\nnothing\n\xff\n{\"a\":1,\"a\":2}\n{\"a\":[[1]]}\n\n{\"a\":4}",
        b"\n\n{\"a\":1}\n\xef\xbb\xbf{\"a\":2}\n{\"a\":[1,2]}\n",
    ] {
        check(text, RowOptions::default()).await;
        let options = RowOptions {
            max_record_bytes: 12,
            ..RowOptions::default()
        };
        check(text, options).await;
    }
}

#[tokio::test]
async fn text_of_another_encoding_is_gone_on_with_where_its_utf_8_is() {
    let text = "email,zip\nä,1\n€\u{feff},2\n\u{feff}b,3\n\u{fffd}\n𝄞,4";
    let wide = |to_bytes: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
        units.into_iter().flat_map(to_bytes).collect()
    };
    for (bytes, encoding) in [
        (wide(u16::to_le_bytes, "\u{feff}"), Encoding::Utf16),
        (wide(u16::to_be_bytes, "\u{feff}"), Encoding::Utf16),
        (wide(u16::to_le_bytes, ""), Encoding::Utf16),
        (
            b"email,zip\n\xe4,1\n\x80\x81,2\nb\x8d,3\nc\xfc\xfc,4\n".to_vec(),
            Encoding::Latin1,
        ),
    ] {
        let options = RowOptions {
            encoding,
            ..RowOptions::default()
        };
        check(&bytes, options).await;
    }
}

/// Beyond what is looked at first, and beyond every buffer.
#[tokio::test]
async fn long_files_are_gone_on_with_everywhere() {
    let row = |n: u64| match n % 7 {
        0 => format!("\"{n}\nü\",{}\r\n", "y".repeat((n % 90) as usize)),
        1 => format!("{n}\r\n\r\n"),
        2 => format!("{n},{}\n", "z".repeat(900)),
        _ => format!("{n},x\n"),
    };
    let mut csv = b"a,b\r\n".to_vec();
    csv.extend((0..2000).flat_map(|n| row(n).into_bytes()));
    let header = format!("a,{}\n", "h".repeat(100_000));
    let long_header = [header.as_bytes(), &csv[5..]].concat();
    let mut lines = b"{\"a\":1}\n".to_vec();
    lines.extend((0..5000).flat_map(|n| format!("{{\"a\":{n},\"b\":\"{n}\"}}\n\n").into_bytes()));
    for text in [csv, long_header, lines] {
        assert!(text.len() > 100 * 1024, "{}", text.len());
        let file = File {
            text: &text,
            piece_bytes: 5_000,
            options: RowOptions {
                max_record_bytes: 800,
                // So that little time goes into telling it, again and again.
                delimiter: Some(b','),
                quote: Some(Quote::Double),
                escape: Some(Escape::None),
                ..RowOptions::default()
            },
        };
        assert!(file.check(331).await >= 2000);
    }
}

async fn open_parquet(bytes: &Bytes) -> RowReader<Text> {
    let input = Box::new(parquet::InMemory(bytes.clone()));
    match rows::open_parquet(input, ParquetOptions::default()).await {
        Ok(Rows::Table { reader, .. }) => reader,
        _ => panic!("no rows"),
    }
}

async fn go_on_in_parquet(
    reader: RowReader<Text>,
    rows: u64,
    offset: u64,
) -> Result<RowReader<Text>, RowsError> {
    let position = Position { rows, offset };
    let from = reader.text_from(position);
    let text = async { panic!("Parquet has no text") };
    reader.go_on_at(position, from, text).await
}

#[tokio::test]
async fn every_position_of_parquet_is_one_to_go_on_at() {
    let mut files = 0;
    for fixture in parquet::fixtures() {
        let read = parquet::rows_of(&fixture.bytes, ParquetOptions::default(), None).await;
        // One is long, and would take long.
        if !read.is_ok_and(|(_, rows)| (1..1000).contains(&rows.len())) {
            continue;
        }
        files += 1;
        for first_only in [false, true] {
            let projected = |mut reader: RowReader<Text>| {
                if first_only {
                    reader.project(&[0]).unwrap();
                }
                reader
            };
            let reader = projected(open_parquet(&fixture.bytes).await);
            let (rows, end) = rest(reader).await;
            let every = if rows.len() < 100 { 1 } else { 7 };
            for before in (0..=rows.len()).step_by(every) {
                let place = before as u64;
                let reader = open_parquet(&fixture.bytes).await;
                let reader = go_on_in_parquet(reader, place, place).await.unwrap();
                assert_eq!(reader.offset(), place);
                // Which columns are wanted is said after that.
                let (found, found_end) = rest(projected(reader)).await;
                assert_eq!(found, rows[before..], "{} at {before}", fixture.name);
                assert_eq!(found_end, end);
            }
        }
    }
    assert!(files > 30, "{files}");
}

fn is_nowhere<T>(found: &Result<T, RowsError>) -> bool {
    matches!(found, Err(RowsError::NoSuchPosition(_)))
}

#[tokio::test]
async fn a_position_that_cannot_be_is_an_error_and_no_end() {
    let csv = b"email,zip\r\na,1\r\nb,2\r\nc,3";
    let lines = b"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n{\"a\":3}";
    let headerless = b"\xef\xbb\xbfa,1\nb,2\nc,3";
    let header = names(&["email", "zip"]);
    for (text, header, first) in [
        (&csv[..], None, 10),
        (lines, None, 3),
        (headerless, header, 3),
    ] {
        let file = File {
            text,
            piece_bytes: 3,
            options: RowOptions {
                header,
                ..RowOptions::default()
            },
        };
        let end = text.len() as u64;
        let mut good = 0;
        for offset in 1..end + 3 {
            let at_line_end = text[..text.len().min(offset as usize)].ends_with(b"\n")
                || text[..text.len().min(offset as usize)].ends_with(b"\r");
            let expected =
                offset == first || offset == end || (first..end).contains(&offset) && at_line_end;
            let found = file.open_at(0, offset).await;
            assert_eq!(is_nowhere(&found), !expected, "{offset}");
            good += usize::from(found.is_ok());
        }
        assert!(good >= 4, "{good}");
        for (rows, offset) in [
            (0, u64::MAX),
            (u64::MAX, u64::MAX),
            (u64::MAX, end),
            (1, first),
            (1, 0),
            (end - first + 1, end),
        ] {
            let found = file.open_at(rows, offset).await;
            assert!(is_nowhere(&found), "{rows} rows, {offset}");
        }
        let (found, _) = rest(file.open_at(3, end).await.unwrap()).await;
        assert_eq!(found, []);
    }
}

#[tokio::test]
async fn text_that_begins_too_late_is_not_gone_on_with() {
    let file = File {
        text: b"email\nb\nc\nd\n",
        piece_bytes: 3,
        options: RowOptions {
            encoding: Encoding::Latin1,
            ..RowOptions::default()
        },
    };
    let position = Position { rows: 1, offset: 8 };
    for from in [1, 7, 8] {
        let reader = file.open().await.unwrap();
        let text = async { Ok::<_, RowsError>(file.from(from)) };
        assert!(is_nowhere(&reader.go_on_at(position, from, text).await));
    }
}

/// How often a future that waits for nothing gave others their turn.
async fn turns<F: Future>(future: F) -> (F::Output, u64) {
    let mut future = std::pin::pin!(future);
    let mut turns = 0;
    let output = poll_fn(|context| {
        let polled = future.as_mut().poll(context);
        turns += u64::from(polled.is_pending());
        polled
    });
    (output.await, turns)
}

#[tokio::test]
async fn others_get_their_turn_while_rows_are_passed_over() {
    let text = ["email,zip\n", &"a,1\n".repeat(500_000)].concat();
    let file = File {
        text: text.as_bytes(),
        piece_bytes: 1_000_000,
        options: RowOptions::default(),
    };
    let position = Position {
        rows: 499_999,
        offset: text.len() as u64 - 4,
    };
    let reader = file.open().await.unwrap();
    let whole = async { Ok::<_, RowsError>(file.from(0)) };
    let (reader, times) = turns(reader.go_on_at(position, 0, whole)).await;
    assert!(times >= text.len() as u64 / (64 * 1024), "{times}");
    assert_eq!(rest(reader.unwrap()).await.0.len(), 1);

    let fixture = parquet::fixture("long");
    let mut reader = open_parquet(&fixture.bytes).await;
    reader.project(&[0]).unwrap();
    let mut reader = go_on_in_parquet(reader, 9_000, 9_000).await.unwrap();
    let mut record = Record::new();
    let (next, times) = turns(reader.next(&mut record)).await;
    assert_eq!((next.unwrap(), record.number()), (Next::Row, 9_001));
    assert!(times >= 9_000 / 256, "{times}");
}

#[tokio::test]
async fn parquet_has_no_position_behind_its_last_row() {
    let fixture = parquet::fixture("pages_v1");
    for (rows, offset) in [
        (401, 401),
        (400, 401),
        (399, 400),
        (0, 1),
        (u64::MAX, u64::MAX),
    ] {
        let reader = open_parquet(&fixture.bytes).await;
        let found = go_on_in_parquet(reader, rows, offset).await;
        assert!(is_nowhere(&found), "{rows}, {offset}");
    }
    let reader = open_parquet(&fixture.bytes).await;
    let reader = go_on_in_parquet(reader, 400, 400).await.unwrap();
    assert_eq!(rest(reader).await, (Vec::new(), 400));
}

prop_compose! {
    /// Whatever pieces of a file come together.
    fn any_file()(
        pieces in prop::collection::vec(
            prop_oneof![
                8 => prop::sample::select(vec![
                    &b","[..], b"\n", b"\r\n", b"\r", b"\"", b"a", b"1,2\n", b"\"x\ny\",2\n",
                ]),
                2 => prop::sample::select(vec![
                    &b"\\"[..], b"'", b";", b"\xff", b"\xef\xbb\xbf", "ü".as_bytes(), b" ",
                ]),
            ],
            0..60,
        ),
        json in any::<bool>(),
        max_record_bytes in prop::sample::select(vec![1 << 20, 0, 3, 9, 16]),
        quote in prop::sample::select(vec![None, Some(Quote::None), Some(Quote::Double)]),
        header in prop::sample::select(vec![None, names(&["a", "b"])]),
        encoding in prop::sample::select(vec![Encoding::Utf8, Encoding::Utf8, Encoding::Latin1]),
    ) -> (Vec<u8>, RowOptions) {
        let (start, format, header) = if json {
            (&b"{\"a\":1}\n"[..], InputFormat::JsonLines, None)
        } else {
            (&b"a,b\n"[..], InputFormat::Csv, header)
        };
        let text = [&[start][..], &pieces].concat().concat();
        let options = RowOptions { format, max_record_bytes, quote, header, encoding, ..RowOptions::default() };
        (text, options)
    }
}

proptest! {
    #[test]
    fn whatever_the_file_is_reading_goes_on_between_any_two_rows(
        (text, options) in any_file(),
        piece_bytes in 1..40_usize,
    ) {
        let file = File { text: &text, piece_bytes, options };
        block_on(file.check(1));
    }
}
