//! The text of an object comes out, whatever it is packed in, or a reason by name.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;

use async_compression::tokio::bufread::GzipEncoder;
use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{Compression, ContentError, Format, ObjectError, decompress};
use futures_util::stream;
use tokio::io::{AsyncBufRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

const NO_LIMIT: u64 = u64::MAX;

async fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = GzipEncoder::new(text);
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

async fn text_of(
    input: impl AsyncBufRead + Unpin,
    max_bytes: u64,
) -> (Compression, io::Result<Vec<u8>>) {
    let (compression, mut reader) = decompress(input, max_bytes).await.unwrap();
    let mut text = Vec::new();
    let read = reader.read_to_end(&mut text).await;
    (compression, read.map(|_| text))
}

/// Delivers the bytes one by one.
fn dripping(bytes: &[u8]) -> impl AsyncBufRead + Unpin {
    let pieces: Vec<_> = bytes
        .iter()
        .map(|&byte| Ok::<_, io::Error>(io::Cursor::new([byte])))
        .collect();
    StreamReader::new(stream::iter(pieces))
}

#[tokio::test]
async fn plain_text_is_passed_on_unchanged() {
    for text in [&b""[..], b"e", b"email,zip\n1,2\n", b"\x1f is no gzip"] {
        let (compression, read) = text_of(text, 0).await;
        assert_eq!(compression, Compression::None);
        assert_eq!(read.unwrap(), text);
    }
}

#[tokio::test]
async fn every_member_of_a_gzip_file_is_read() {
    let members = [
        gzip(b"email\n").await,
        gzip(b"").await,
        gzip(b"a@x.org\n").await,
    ]
    .concat();
    let (compression, read) = text_of(&members[..], NO_LIMIT).await;
    assert_eq!(compression, Compression::Gzip);
    assert_eq!(read.unwrap(), b"email\na@x.org\n");
    let (_, read) = text_of(dripping(&members), NO_LIMIT).await;
    assert_eq!(read.unwrap(), b"email\na@x.org\n");
}

#[tokio::test]
async fn damaged_gzip_is_an_error_and_never_a_shorter_text() {
    let packed = gzip(&b"email,zip\n".repeat(1_000)).await;
    for length in 2..packed.len() {
        let (_, read) = text_of(&packed[..length], NO_LIMIT).await;
        let error = read.expect_err(&format!("cut after {length} bytes"));
        let cause = ContentError::within(&error).unwrap();
        assert!(matches!(cause, ContentError::Damaged(_)), "{cause}");
    }
    let garbage_behind = [&packed[..], b"garbage"].concat();
    let (_, read) = text_of(&garbage_behind[..], NO_LIMIT).await;
    assert!(read.is_err());
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let packed = gzip(&vec![b'a'; 5_000_000]).await;
    assert!(packed.len() < 10_000);
    let (_, read) = text_of(&packed[..], 5_000_000).await;
    assert_eq!(read.unwrap().len(), 5_000_000);

    let (_, mut reader) = decompress(&packed[..], 4_999_999).await.unwrap();
    let mut text = Vec::new();
    let error = reader.read_to_end(&mut text).await.unwrap_err();
    assert_eq!(
        ContentError::within(&error).unwrap().to_string(),
        "more than 4999999 bytes after decompression"
    );
    assert!(text.len() < 5_000_000);
    // Nor does it go on behind the error.
    assert!(reader.read_u8().await.is_err());
}

#[tokio::test]
async fn a_format_that_is_not_supported_is_refused_by_name() {
    for (start, format, sentence) in [
        (
            &b"\x28\xb5\x2f\xfd\x04\x00"[..],
            Format::Zstd,
            "unsupported format: zstd",
        ),
        (
            b"BZh91AY&SY\x00",
            Format::Bzip2,
            "unsupported format: bzip2",
        ),
        (
            b"PAR1\x15\x00\x15",
            Format::Parquet,
            "unsupported format: Parquet",
        ),
    ] {
        let error = decompress(dripping(start), NO_LIMIT).await.unwrap_err();
        assert!(error.to_string().starts_with(sentence), "{error}");
        assert!(matches!(error, ContentError::Unsupported(found) if found == format));
    }
}

#[tokio::test]
async fn a_failure_of_the_source_is_not_taken_for_damage() {
    let packed = gzip(b"email\na@x.org\n").await;
    for sent in [0, 5, 15] {
        let gone = ObjectError::NotFound {
            address: ObjectAddress {
                bucket: "audiences".to_owned(),
                key: "part".to_owned(),
                version_id: None,
            },
        };
        let pieces = [
            Ok(io::Cursor::new(packed[..sent].to_vec())),
            Err(io::Error::from(gone)),
        ];
        let input = BufReader::new(StreamReader::new(stream::iter(pieces)));
        let error: io::Error = match decompress(input, NO_LIMIT).await {
            Ok((_, mut reader)) => reader.read_to_end(&mut Vec::new()).await.unwrap_err(),
            Err(ContentError::Input(error)) => error,
            Err(error) => panic!("{error}"),
        };
        assert!(matches!(
            ObjectError::within(&error),
            Some(ObjectError::NotFound { .. })
        ));
    }
}
