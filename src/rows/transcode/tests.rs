#![allow(clippy::unwrap_used, clippy::panic)]

use tokio_util::io::StreamReader;

use super::super::tests::{read_with, row};
use super::super::*;

fn of(encoding: Encoding) -> RowOptions {
    RowOptions {
        encoding,
        ..RowOptions::default()
    }
}

fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

async fn refusal(bytes: &[u8], encoding: Encoding) -> String {
    open(bytes, of(encoding)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn utf_16_is_read_in_either_byte_order_with_and_without_a_mark() {
    let text = "name,city\r\nJürgen 😀,Köln\r\n\u{fffd},x\r\n";
    let marked = format!("\u{feff}{text}");
    for bytes in [
        wide(&marked, u16::to_le_bytes),
        wide(&marked, u16::to_be_bytes),
        wide(text, u16::to_le_bytes),
        wide(text, u16::to_be_bytes),
    ] {
        let (names, rows) = read_with(&bytes, of(Encoding::Utf16)).await;
        assert_eq!(names, ["name", "city"]);
        assert_eq!(rows, [row(&["Jürgen 😀", "Köln"]), row(&["\u{fffd}", "x"])]);
    }
}

#[tokio::test]
async fn latin_1_is_read_as_windows_1252() {
    let bytes = b"name,price\nM\xfcller,5 \x80\n\xc0\xd6\xff,\x93x\x94\n";
    for encoding in [Encoding::Latin1, Encoding::Windows1252] {
        let (_, rows) = read_with(bytes, of(encoding)).await;
        assert_eq!(rows, [row(&["Müller", "5 €"]), row(&["ÀÖÿ", "“x”"])]);
    }
}

#[tokio::test]
async fn bytes_that_stand_for_nothing_cost_their_row_alone() {
    let (_, rows) = read_with(
        b"a,b\n1,\xe9\n2,\x81\n\x9d,3\n4,\xe9\n",
        of(Encoding::Windows1252),
    )
    .await;
    let fault = || Err(RowFault::NotUtf8);
    assert_eq!(rows, [row(&["1", "é"]), fault(), fault(), row(&["4", "é"])]);

    // Half of a surrogate pair, and a last byte that has no other half.
    let mut bytes = wide("a,b\n1,2\n3,", u16::to_le_bytes);
    bytes.extend(0xd800_u16.to_le_bytes());
    bytes.extend(wide("\n5,6\n7,8", u16::to_le_bytes));
    bytes.push(b'9');
    let (_, rows) = read_with(&bytes, of(Encoding::Utf16)).await;
    assert_eq!(rows, [row(&["1", "2"]), fault(), row(&["5", "6"]), fault()]);
}

#[tokio::test]
async fn json_lines_of_another_encoding_are_read_too() {
    let bytes = wide("{\"a\":\"é\"}\n{\"a\":\"ü\"}\n", u16::to_le_bytes);
    let (_, rows) = read_with(&bytes, of(Encoding::Utf16)).await;
    assert_eq!(rows, [row(&["é"]), row(&["ü"])]);
}

#[tokio::test]
async fn an_encoding_that_the_content_contradicts_is_refused() {
    for (bytes, encoding, found) in [
        (&b"a,b\nJos\xc3\xa9,2\n"[..], Encoding::Latin1, "UTF-8"),
        (b"\xef\xbb\xbfa,b\n1,2\n", Encoding::Windows1252, "UTF-8"),
        (b"\xff\xfea\0,\0b\0\n\0", Encoding::Latin1, "UTF-16"),
        (b"a\0,\0b\0\n\0", Encoding::Latin1, "UTF-16"),
        (b"a,b\n1,2\n", Encoding::Utf16, "text of single bytes"),
    ] {
        let refusal = refusal(bytes, encoding).await;
        let expected = format!("the file is {found}, not ");
        assert!(refusal.starts_with(&expected), "{refusal}");
        assert!(
            refusal.ends_with("as route.input.encoding says"),
            "{refusal}"
        );
    }
    // Plain ASCII is of every one-byte encoding, and nothing is of all.
    for bytes in [&b"a,b\n1,2\n"[..], b""] {
        assert!(open(bytes, of(Encoding::Latin1)).await.is_ok());
    }
    assert!(matches!(
        open(&b""[..], of(Encoding::Utf16)).await.unwrap(),
        Rows::Empty
    ));
}

#[tokio::test]
async fn utf_8_that_the_sample_cuts_inside_a_character_is_still_known() {
    for shift in 0..3 {
        let text = format!("{}\n{}", "n".repeat(shift), "€".repeat(30_000));
        let refusal = refusal(text.as_bytes(), Encoding::Latin1).await;
        assert!(refusal.starts_with("the file is UTF-8"), "{refusal}");
    }
}

#[tokio::test]
async fn it_does_not_matter_how_the_bytes_arrive() {
    let text = format!("id,name\n{}", "7,Jürgen 😀 €\n".repeat(3_000));
    let bytes = wide(&text, u16::to_be_bytes);
    for piece_bytes in [1, 3, 1000] {
        let pieces: Vec<_> = bytes
            .chunks(piece_bytes)
            .map(|piece| Ok::<_, std::io::Error>(std::io::Cursor::new(piece.to_vec())))
            .collect();
        let input = StreamReader::new(futures_util::stream::iter(pieces));
        let opened = open(input, of(Encoding::Utf16)).await.unwrap();
        let Rows::Table { mut reader, .. } = opened else {
            panic!("no rows");
        };
        let mut record = Record::new();
        while reader.next(&mut record).await.unwrap() == Next::Row {
            assert_eq!(record.get(1), "Jürgen 😀 €");
        }
        assert_eq!(record.number(), 3_000);
    }
}
