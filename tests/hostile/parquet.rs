//! Parquet: cut, packed, mended by hand, and files of a hundred bytes that claim billions.

use std::path::Path;

use crate::case::Case;
use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::events;
use crate::compression::gzip;
use crate::craft::{File, Struct, dictionary, list_of, page, rows_of, run, same};

fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/fixtures");
    std::fs::read(directory.join(name).with_extension("parquet")).unwrap()
}

/// A file of nothing but this footer.
fn of_footer(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

pub fn cases() -> Vec<Case> {
    let ann = |count| rows_of(b"ann@example.com", count);
    let good = ann(2).write().to_vec();
    let end = |bytes: &[u8]| [&good[..good.len() - bytes.len()], bytes].concat();
    let cut = |bytes: usize| good[..good.len() - bytes].to_vec();
    // Of a page, the first number is its kind, the second and third its sizes.
    let with_pages = |pages: Vec<u8>| File { pages, ..ann(2) }.write();
    let header = |size: i64, packed: i64| {
        let inner = Struct::default().int(1, 2).int(2, 0).int(3, 3).int(4, 3);
        let header = Struct::default().int(1, 0).int(2, size).int(3, packed);
        header.within(5, inner).end()
    };
    let values = |values: &[&[u8]]| [dictionary(values), page(2, &[run(2, 1)], &same(2))].concat();
    let schema = || vec![Struct::default().binary(4, b"schema").int(5, 0)];
    vec![
        events("parquet", &good, Delivered(2, &[])),
        events("parquet-cut-by-a-byte", cut(1), Refused("damaged")),
        events("parquet-cut-in-the-footer", cut(20), Refused("damaged")),
        events("parquet-cut-in-the-pages", &good[..30], Refused("damaged")),
        events("parquet-magic-alone", b"PAR1\x15", Refused("damaged")),
        events(
            "parquet-with-a-wrong-magic-at-the-end",
            end(b"PAR2"),
            Refused("damaged"),
        ),
        events(
            "parquet-with-garbage-behind",
            [&good[..], b"garbage"].concat(),
            Refused("damaged"),
        ),
        events(
            "parquet-with-a-footer-beyond-the-file",
            end(b"\xff\xff\0\0PAR1"),
            Refused("damaged"),
        ),
        events(
            "parquet-with-a-footer-of-4-gib",
            end(b"\xff\xff\xff\xffPAR1"),
            Refused("damaged"),
        ),
        events(
            "parquet-with-a-footer-of-no-length",
            end(b"\0\0\0\0PAR1"),
            Refused("damaged"),
        ),
        events(
            "parquet-with-a-footer-of-zeros",
            [&b"PAR1\x15"[..], &[0; 60], b"\x20\0\0\0PAR1"].concat(),
            Refused("damaged"),
        ),
        events(
            "parquet-footer-of-nested-structs",
            of_footer(&[&b"\x15\x02"[..], &[0xfc; 5_000]].concat()),
            Refused("damaged"),
        ),
        events(
            "parquet-footer-of-more-than-16-mib",
            of_footer(&[&b"\x15\x02"[..], &vec![0; 17 << 20]].concat()),
            Refused("too_large"),
        ),
        events(
            "parquet-encrypted",
            fixture("encrypted"),
            Refused("unsupported_format"),
        ),
        events(
            "parquet-with-brotli",
            fixture("codec_brotli"),
            Refused("unsupported_format"),
        ),
        events(
            "parquet-in-gzip",
            gzip(&good),
            Refused("unsupported_format"),
        ),
        events(
            "parquet-without-columns",
            of_footer(
                &Struct::default()
                    .int(1, 1)
                    .list(2, schema())
                    .int(3, 0)
                    .end(),
            ),
            Skipped("empty"),
        ),
        events(
            "parquet-without-rows",
            fixture("empty"),
            Skipped("header_only"),
        ),
        events(
            "parquet-with-a-map",
            fixture("nested_v1"),
            Refused("header_does_not_fit"),
        )
        .of("maps"),
        events(
            "parquet-where-csv-is-said",
            &good,
            Refused("not_as_configured"),
        )
        .of("csv"),
        events(
            "parquet-that-claims-fewer-rows",
            File {
                all_rows: 1,
                ..ann(2)
            }
            .write(),
            Refused("damaged"),
        ),
        events(
            "parquet-that-claims-all-rows",
            File {
                rows: i64::MAX,
                all_rows: i64::MAX,
                ..ann(2)
            }
            .write(),
            Refused("damaged"),
        ),
        events(
            "parquet-that-claims-a-negative-count",
            File {
                rows: -1,
                all_rows: -1,
                ..ann(2)
            }
            .write(),
            Refused("damaged"),
        ),
        events(
            "parquet-with-more-values-than-rows",
            File {
                rows: 1,
                all_rows: 1,
                ..ann(2)
            }
            .write(),
            Refused("damaged"),
        ),
        events(
            "parquet-with-fewer-values-than-rows",
            File {
                rows: 3,
                all_rows: 3,
                ..ann(2)
            }
            .write(),
            Refused("damaged"),
        ),
        events(
            "parquet-of-a-million-rows-in-a-run",
            rows_of(b"", 1_000_000).write(),
            Delivered(0, &[("no_identifiers", 1_000_000)]),
        ),
        events(
            "parquet-of-a-list-of-millions",
            list_of(b"", 20_000_000),
            Delivered(0, &[("row_too_long", 1)]),
        ),
        events(
            "parquet-with-a-page-of-2-gib",
            with_pages([header(i64::from(i32::MAX), 10), vec![0; 10]].concat()),
            Refused("too_large"),
        ),
        events(
            "parquet-with-a-page-beyond-its-column",
            with_pages(header(10, 1_000)),
            Refused("damaged"),
        ),
        events(
            "parquet-with-a-page-of-less-than-nothing",
            with_pages(header(-1, -1)),
            Refused("damaged"),
        ),
        events(
            "parquet-with-pages-of-zeros",
            with_pages(vec![0; 64]),
            Refused("damaged"),
        ),
        events(
            "parquet-without-its-dictionary",
            with_pages(page(2, &[run(2, 1)], &same(2))),
            Refused("damaged"),
        ),
        events(
            "parquet-with-an-empty-dictionary",
            with_pages(values(&[])),
            Refused("damaged"),
        ),
        events(
            "parquet-that-is-not-utf-8",
            with_pages(values(&[b"K\xf6ln@example.com"])),
            Delivered(0, &[("row_not_utf8", 2)]),
        ),
        events(
            "parquet-with-a-value-of-2-mib",
            with_pages(values(&[&vec![b'x'; 2 << 20]])),
            Delivered(0, &[("row_too_long", 2)]),
        ),
        events(
            "parquet-with-a-dictionary-of-20-mib",
            with_pages(values(&[&vec![b'x'; 20 << 20]])),
            Refused("too_large"),
        ),
        events(
            "parquet-with-a-name-of-8-mib",
            File {
                name: vec![b'x'; 8 << 20],
                ..ann(2)
            }
            .write(),
            Refused("too_large"),
        ),
    ]
}
