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
        events(
            "gzip-in-gzip",
            gzip(&packed),
            Refused("unsupported_format"),
        ),
        events("gzip-magic-alone", b"\x1f\x8b", Refused("damaged")),
        events(
            "zip",
            b"PK\x03\x04\x14\0\0\0\x08\0",
            Refused("unsupported_format"),
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
