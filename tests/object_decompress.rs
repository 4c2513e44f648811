//! The text of an object comes out, whatever it is packed in, or a reason by name.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;

use std::io::Write;

use async_compression::Level;
use async_compression::tokio::bufread::{BzEncoder, GzipEncoder, ZstdEncoder};
use async_compression::zstd::CParameter;
use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{
    Compression, ContentError, Format, Limits, ObjectError, decompress,
};
use futures_util::stream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

const NO_LIMIT: Limits = Limits {
    max_bytes: u64::MAX,
    max_ratio: u64::MAX,
};

const CODECS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Zstd,
    Compression::Bzip2,
    Compression::Snappy,
];

async fn all(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// One member of the format, with checksums.
async fn pack(compression: Compression, text: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => text.to_vec(),
        Compression::Gzip => all(GzipEncoder::new(text)).await,
        Compression::Zstd => {
            let parameters = [CParameter::checksum_flag(true)];
            let level = Level::Default;
            all(ZstdEncoder::with_quality_and_params(
                text,
                level,
                &parameters,
            ))
            .await
        }
        Compression::Bzip2 => all(BzEncoder::new(text)).await,
        Compression::Snappy => {
            let mut encoder = snap::write::FrameEncoder::new(Vec::new());
            encoder.write_all(text).unwrap();
            // Not even a signature is written for nothing.
            let mut packed = encoder.into_inner().unwrap();
            if packed.is_empty() {
                packed = b"\xff\x06\x00\x00sNaPpY".to_vec();
            }
            packed
        }
    }
}

/// Decompresses all of it; the errors of both stages are one.
async fn text_of(
    input: impl AsyncBufRead + Unpin,
    limits: Limits,
) -> Result<Vec<u8>, ContentError> {
    let (_, mut reader) = decompress(input, limits).await?;
    let mut text = Vec::new();
    match reader.read_to_end(&mut text).await {
        Ok(_) => Ok(text),
        Err(error) => Err(error.downcast().unwrap()),
    }
}

/// Lines that do not repeat.
fn lines(count: u64) -> Vec<u8> {
    let lines: String = (0..count)
        .map(|n| format!("{:x},{n}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    lines.into_bytes()
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
async fn plain_text_is_passed_on_unchanged_and_without_a_limit() {
    let nothing = Limits {
        max_bytes: 0,
        max_ratio: 0,
    };
    for text in [&b""[..], b"e", b"email,zip\n1,2\n", b"\x1f is no gzip"] {
        let (compression, _) = decompress(text, nothing).await.unwrap();
        assert_eq!(compression, Compression::None);
        assert_eq!(text_of(text, nothing).await.unwrap(), text);
    }
}

#[tokio::test]
async fn every_format_is_known_by_its_content_and_all_of_its_members_are_read() {
    let text = lines(20_000);
    let (first, second) = text.split_at(text.len() / 3);
    for codec in CODECS {
        let members = [
            pack(codec, first).await,
            pack(codec, b"").await,
            pack(codec, second).await,
        ]
        .concat();
        let (found, _) = decompress(&members[..], NO_LIMIT).await.unwrap();
        assert_eq!(found, codec);
        let read = text_of(&members[..], NO_LIMIT).await.unwrap();
        assert!(read == text, "{codec}");
        let read = text_of(dripping(&members), NO_LIMIT).await.unwrap();
        assert!(read == text, "{codec} in single bytes");
    }
}

#[tokio::test]
async fn a_compressed_nothing_is_nothing() {
    for codec in CODECS {
        let packed = pack(codec, b"").await;
        assert_eq!(
            text_of(&packed[..], NO_LIMIT).await.unwrap(),
            b"",
            "{codec}"
        );
    }
}

#[tokio::test]
async fn what_python_wrote_is_read() {
    let text = b"email,zip\na@x.org,1\nb@x.org,2\n";
    for (codec, packed) in [
        (
            Compression::Gzip,
            &include_bytes!("compressed/two_members.gz")[..],
        ),
        (
            Compression::Bzip2,
            include_bytes!("compressed/two_streams.bz2"),
        ),
        (
            Compression::Zstd,
            include_bytes!("compressed/skippable_and_two_frames.zst"),
        ),
        (
            Compression::Snappy,
            include_bytes!("compressed/padded_two_streams.sz"),
        ),
    ] {
        let read = text_of(packed, NO_LIMIT).await.unwrap();
        assert_eq!(read, text, "{codec}");
    }
}

#[tokio::test]
async fn a_file_cut_off_anywhere_is_an_error_and_never_a_shorter_text() {
    for codec in CODECS {
        let packed = pack(codec, &lines(150)).await;
        // Shorter ones have no whole signature.
        for length in 10..packed.len() {
            let read = text_of(&packed[..length], NO_LIMIT).await;
            if codec == Compression::Snappy && length == 10 {
                // A whole chunk, and nothing says that another should come.
                assert_eq!(read.unwrap(), b"");
                continue;
            }
            let Err(error) = read else {
                panic!("{codec} cut after {length} bytes");
            };
            assert!(matches!(error, ContentError::Damaged { .. }), "{error}");
            let again = text_of(dripping(&packed[..length]), NO_LIMIT).await;
            assert!(again.is_err(), "{codec} cut after {length} single bytes");
        }
        let garbage_behind = [&packed[..], b"garbage"].concat();
        let read = text_of(&garbage_behind[..], NO_LIMIT).await;
        assert!(read.is_err(), "{codec} with garbage behind");
    }
}

#[tokio::test]
async fn a_bit_that_fell_over_never_changes_the_text() {
    let text = lines(50);
    for codec in CODECS {
        let packed = pack(codec, &text).await;
        for (position, bit) in (10..packed.len()).zip((0..8).cycle()) {
            let mut damaged = packed.clone();
            damaged[position] ^= 1 << bit;
            // Some bits mean nothing, such as the time in gzip's header.
            if let Ok(read) = text_of(&damaged[..], NO_LIMIT).await {
                assert!(read == text, "{codec}, byte {position}");
            }
        }
    }
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit_of_bytes() {
    let zeros = vec![b'a'; 5_000_000];
    for codec in CODECS {
        let packed = pack(codec, &zeros).await;
        let mut limits = NO_LIMIT;
        limits.max_bytes = 5_000_000;
        assert_eq!(text_of(&packed[..], limits).await.unwrap(), zeros);

        limits.max_bytes -= 1;
        let (_, mut reader) = decompress(&packed[..], limits).await.unwrap();
        let mut text = Vec::new();
        let error = reader.read_to_end(&mut text).await.unwrap_err();
        assert_eq!(
            ContentError::within(&error).unwrap().to_string(),
            "more than 4999999 bytes after decompression (input.max_decompressed_bytes)"
        );
        assert!(text.len() < 5_000_000);
        // Nor does it go on behind the error.
        assert!(reader.read_u8().await.is_err());
    }
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit_of_the_ratio_but_a_small_file_may_be_nothing_but_zeros() {
    let limits = Limits {
        max_ratio: 15,
        ..NO_LIMIT
    };
    for codec in CODECS {
        let small = pack(codec, &vec![b'a'; 16 << 20]).await;
        assert_eq!(text_of(&small[..], limits).await.unwrap().len(), 16 << 20);
        let large = pack(codec, &vec![b'a'; 20 << 20]).await;
        let error = text_of(&large[..], limits).await.unwrap_err();
        assert!(
            matches!(error, ContentError::TooDense { max_ratio: 15 }),
            "{codec}: {error}"
        );
    }
}

#[tokio::test]
async fn a_format_that_is_not_supported_is_refused_by_name() {
    for (start, format, sentence) in [
        (
            &b"\x04\x22\x4d\x18\x40\x00"[..],
            Format::Lz4,
            "unsupported format: lz4; send Parquet, or CSV",
        ),
        (b"\xfd7zXZ\0\0", Format::Xz, "unsupported format: xz"),
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
async fn what_is_packed_twice_is_refused_by_name() {
    for outer in CODECS {
        for inner in CODECS {
            let packed = pack(outer, &pack(inner, b"email\n").await).await;
            let error = decompress(&packed[..], NO_LIMIT).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "unsupported format: {inner} inside {outer}; send the {inner} data as it is"
                )
            );
        }
        let packed = pack(outer, b"PAR1\x15\x04\x15\x00").await;
        let error = decompress(&packed[..], NO_LIMIT).await.unwrap_err();
        assert!(error.to_string().contains(": Parquet inside"), "{error}");
    }
}

#[tokio::test]
async fn a_zstd_window_beyond_32_mib_is_refused() {
    // A frame of one empty block; the sixth byte is the window's exponent over 10.
    let frame = |exponent: u8| [40, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3, 1, 0, 0];
    assert_eq!(text_of(&frame(25)[..], NO_LIMIT).await.unwrap(), b"");
    for exponent in [26, 27, 28] {
        let error = text_of(&frame(exponent)[..], NO_LIMIT).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the zstd data asks for a window of more than 33554432 bytes; \
             recompress it without --long and --ultra"
        );
    }
}

#[tokio::test]
async fn a_failure_of_the_source_is_not_taken_for_damage() {
    let packed = pack(Compression::Gzip, b"email\na@x.org\n").await;
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
