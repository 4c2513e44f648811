//! Packed files: cut, mended by hand, packed twice, or of a kind we do not unpack.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::{Case, events};

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn cases() -> Vec<Case> {
    let text = b"email\nann@example.com\nbob@example.com\n";
    let packed = gzip(text);
    let cut = |bytes: usize| packed[..packed.len() - bytes].to_vec();
    let mut wrong_sum = packed.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let members = [
        gzip(b"email\nann@ex"),
        gzip(b""),
        gzip(b"ample.com\nbob@example.com\n"),
    ]
    .concat();
    vec![
        events("gzip", &packed, Delivered(2, &[])),
        events("gzip-members-cut-in-a-cell", members, Delivered(2, &[])),
        events("gzip-of-nothing", gzip(b""), Skipped("empty")),
        events("gzip-of-a-header", gzip(b"email\n"), Skipped("header_only")),
        events("gzip-cut-in-the-sum", cut(3), Refused("damaged")),
        events("gzip-cut-in-the-data", cut(12), Refused("damaged")),
        events("gzip-cut-in-the-head", &packed[..5], Refused("damaged")),
        events("gzip-with-a-wrong-sum", wrong_sum, Refused("damaged")),
        events(
            "gzip-with-garbage-behind",
            [&packed[..], b"garbage"].concat(),
            Refused("damaged"),
        ),
        events("gzip-in-gzip", gzip(&packed), Refused("unsupported_format")),
        events("gzip-magic-alone", b"\x1f\x8b", Refused("damaged")),
        events(
            "zip",
            b"PK\x03\x04\x14\0\0\0\x08\0",
            Refused("unsupported_format"),
        ),
        events(
            "lz4",
            b"\x04\x22\x4d\x18\x64\x40",
            Refused("unsupported_format"),
        ),
        events("xz", b"\xfd7zXZ\0\0\x04", Refused("unsupported_format")),
    ]
    .into_iter()
    .chain(zstd_cases())
    .chain(bzip2_and_snappy_cases())
    .collect()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; zstd_safe::compress_bound(content.len())];
    let mut context = zstd_safe::CCtx::create();
    let checksum = zstd_safe::CParameter::ChecksumFlag(true);
    context.set_parameter(checksum).unwrap();
    let length = context.compress2(&mut packed[..], content).unwrap();
    packed.truncate(length);
    packed
}

fn zstd_cases() -> Vec<Case> {
    let text = b"email\nann@example.com\nbob@example.com\n";
    let packed = zstd(text);
    let cut = |bytes: usize| packed[..packed.len() - bytes].to_vec();
    let frames = [zstd(b"email\nann@ex"), zstd(b"ample.com\n")].concat();
    // A frame of one empty block, whose window is 2 to the power of so much.
    let window = |log: u8| [b"\x28\xb5\x2f\xfd\0", &[(log - 10) << 3, 1, 0, 0][..]].concat();
    let skipped = |claimed: u32| [b"\x50\x2a\x4d\x18", &claimed.to_le_bytes()[..]].concat();
    let mut wrong_sum = packed.clone();
    *wrong_sum.last_mut().unwrap() ^= 1;
    vec![
        events("zstd", &packed, Delivered(2, &[])),
        events("zstd-frames-cut-in-a-cell", &frames, Delivered(1, &[])),
        events("zstd-cut-in-the-sum", cut(2), Refused("damaged")),
        events("zstd-cut-in-the-data", cut(9), Refused("damaged")),
        events("zstd-cut-in-the-head", &packed[..6], Refused("damaged")),
        events(
            "zstd-cut-in-the-second-frame",
            &frames[..frames.len() - 3],
            Refused("damaged"),
        ),
        events("zstd-with-a-wrong-sum", wrong_sum, Refused("damaged")),
        events(
            "zstd-with-garbage-behind",
            [&packed[..], b"garbage"].concat(),
            Refused("damaged"),
        ),
        events("zstd-of-nothing", zstd(b""), Skipped("empty")),
        events(
            "zstd-window-of-32-mib",
            [window(25), packed.clone()].concat(),
            Delivered(2, &[]),
        ),
        events("zstd-window-of-64-mib", window(26), Refused("damaged")),
        events("zstd-window-of-2-gib", window(31), Refused("damaged")),
        events("zstd-window-beyond-any", window(41), Refused("damaged")),
        events(
            "zstd-behind-a-frame-to-skip",
            [skipped(0), packed.clone()].concat(),
            Delivered(2, &[]),
        ),
        events(
            "zstd-frame-to-skip-that-is-cut",
            skipped(u32::MAX),
            Refused("damaged"),
        ),
        events("zstd-in-zstd", zstd(&packed), Refused("unsupported_format")),
        events(
            "zstd-bomb",
            zstd(&vec![b'\n'; 32 << 20]),
            Refused("too_large"),
        ),
    ]
}

fn bzip2(content: &[u8]) -> Vec<u8> {
    let encoder = async_compression::tokio::bufread::BzEncoder::new(content);
    let mut packed = Vec::new();
    let mut encoder = std::pin::pin!(encoder);
    let read = tokio::io::AsyncReadExt::read_to_end(&mut encoder, &mut packed);
    // The content is there: nothing is waited for.
    futures_util::FutureExt::now_or_never(read)
        .unwrap()
        .unwrap();
    packed
}

fn snappy(content: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(content).unwrap();
    encoder.into_inner().unwrap()
}

fn bzip2_and_snappy_cases() -> Vec<Case> {
    let text = b"email\nann@example.com\nbob@example.com\n";
    let streams = [bzip2(b"email\nann@ex"), bzip2(b"ample.com\n")].concat();
    let cut = |packed: &[u8], bytes: usize| packed[..packed.len() - bytes].to_vec();
    let mut wrong_sum = snappy(text);
    // Behind the signature and the chunk's header.
    wrong_sum[14] ^= 1;
    let chunk = |kind: u8, length: u8| [&snappy(text)[..], &[kind, length, 0, 0]].concat();
    vec![
        events("bzip2", bzip2(text), Delivered(2, &[])),
        events("bzip2-streams-cut-in-a-cell", &streams, Delivered(1, &[])),
        events("bzip2-cut", cut(&bzip2(text), 5), Refused("damaged")),
        events(
            "bzip2-cut-in-the-second-stream",
            cut(&streams, 5),
            Refused("damaged"),
        ),
        events(
            "bzip2-with-garbage-behind",
            [bzip2(text), b"garbage".to_vec()].concat(),
            Refused("damaged"),
        ),
        events("bzip2-of-nothing", bzip2(b""), Skipped("empty")),
        events(
            "bzip2-bomb",
            bzip2(&vec![b'\n'; 32 << 20]),
            Refused("too_large"),
        ),
        events("bzip2-magic-alone", b"BZh9", Skipped("header_only")),
        events("snappy", snappy(text), Delivered(2, &[])),
        events(
            "snappy-streams",
            [snappy(text), snappy(b"cy@example.com\n")].concat(),
            Delivered(3, &[]),
        ),
        events(
            "snappy-cut-in-a-chunk",
            cut(&snappy(text), 3),
            Refused("damaged"),
        ),
        events("snappy-with-a-wrong-sum", wrong_sum, Refused("damaged")),
        events(
            "snappy-signature-alone",
            b"\xff\x06\0\0sNaPpY",
            Skipped("empty"),
        ),
        events("snappy-padding", chunk(0xfe, 0), Delivered(2, &[])),
        events(
            "snappy-padding-that-is-cut",
            chunk(0xfe, 9),
            Refused("damaged"),
        ),
        events(
            "snappy-chunk-of-a-later-version",
            chunk(0x02, 0),
            Refused("damaged"),
        ),
    ]
}

/// Sixteen million of one byte, a thousandth of the size when packed.
pub fn bomb(before: &[u8], byte: u8, after: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(before).unwrap();
    let piece = [byte; 64 * 1024];
    for _ in 0..256 {
        encoder.write_all(&piece).unwrap();
    }
    encoder.write_all(after).unwrap();
    encoder.finish().unwrap()
}
