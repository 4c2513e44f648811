//! Bytes that are no UTF-8, and characters that nobody sees.

use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::{Case, events};

pub fn cases() -> Vec<Case> {
    let utf16 = |big_endian: bool| -> Vec<u8> {
        let units = "\u{feff}email\nann@example.com\n".encode_utf16();
        units
            .flat_map(|unit| match big_endian {
                true => unit.to_be_bytes(),
                false => unit.to_le_bytes(),
            })
            .collect()
    };
    let latin1: Vec<u8> = "email,city\nann@example.com,K\u{f6}ln\nbob@example.com,M\u{e1}laga\ncy@example.com,Malm\u{f6}\n"
        .chars()
        .map(|c| c as u8)
        .collect();
    let many: String = (0..40)
        .map(|n| format!("p{n}@example.com,Bonn\n"))
        .collect();
    let one_bad_row = [b"email,city\n", many.as_bytes(), b"x@example.com,K\xf6ln\n"].concat();
    vec![
        events("mark", "\u{feff}email\nann@example.com\n", Delivered(1, &[])),
        events("mark-and-quotes", "\u{feff}\"email\"\nann@example.com\n", Delivered(1, &[])),
        events("mark-alone", "\u{feff}", Skipped("empty")),
        events("two-marks", "\u{feff}\u{feff}email\nann@example.com\n", Delivered(1, &[])),
        events("mark-in-the-middle", "email\n\u{feff}ann@example.com\n", Delivered(1, &[])),
        events("utf16-little-endian", utf16(false), Refused("not_utf8")),
        events("utf16-big-endian", utf16(true), Refused("not_utf8")),
        events("utf16-without-mark", &utf16(false)[2..], Refused("not_utf8")),
        events("latin-1", latin1, Refused("not_utf8")),
        events("one-row-of-another-encoding", one_bad_row, Delivered(40, &[("row_not_utf8", 1)])),
        events("broken-header", b"email,st\xe4dt\nann@example.com,Bonn\n", Refused("not_utf8")),
        events("cut-character-at-the-end", b"email,city\nann@example.com,Bonn\nbob@example.com,Bonn\ncy@example.com,Bonn\ndo@example.com,Bonn\nex@example.com,K\xc3", Delivered(4, &[("row_not_utf8", 1)])),
        events("zero-bytes", b"email\nann@exa\0mple.com\n", Refused("not_text")),
        events("binary", (0..=255_u8).cycle().take(4096).collect::<Vec<_>>(), Refused("not_text")),
        events("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0", Refused("not_text")),
        events("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\n", Refused("header_does_not_fit")),
        events("many-control-characters", b"email\n\x01\x02\x03\x04\x05\x06@example.com\n", Refused("not_text")),
        events("surrogate-halves", b"email,city\nann@example.com,\xed\xa0\x80\n", Refused("not_utf8")),
        events("overlong-slash", b"email,city\nann@example.com,\xc0\xaf\n", Refused("not_utf8")),
    ]
}
