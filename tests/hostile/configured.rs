//! Files that are not what their route says, and what only a route can say.

use crate::case::Case;
use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::events;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| letter as u8).collect()
}

pub fn cases() -> Vec<Case> {
    let plain = "email,city\nann@example.com,Bonn\n";
    let letters = "email,city\nann@example.com,K\u{f6}ln\n";
    vec![
        events("wide", utf16(letters), Delivered(1, &[])).of("utf-16"),
        events(
            "wide-and-marked",
            utf16(&format!("\u{feff}{letters}")),
            Delivered(1, &[]),
        )
        .of("utf-16"),
        events(
            // Big-endian then: a header of `mail`.
            "wide-without-its-first-byte",
            &utf16(&format!("{letters}bob@example.com,U"))[1..],
            Delivered(1, &[("row_not_utf8", 1)]),
        )
        .of("utf-16"),
        events(
            "wide-that-is-cut",
            [utf16(letters), b"x".to_vec()].concat(),
            Delivered(1, &[("row_not_utf8", 1)]),
        )
        .of("utf-16"),
        events(
            "wide-with-half-a-pair",
            [
                utf16(letters),
                utf16("bob@example.com,"),
                b"\x3d\xd8".to_vec(),
                utf16("\n"),
            ]
            .concat(),
            Delivered(1, &[("row_not_utf8", 1)]),
        )
        .of("utf-16"),
        events("wide-that-is-utf-8", letters, Refused("not_as_configured")).of("utf-16"),
        events("wide-of-nothing", b"\xff\xfe", Skipped("empty")).of("utf-16"),
        events("latin-1-as-said", latin1(letters), Delivered(1, &[])).of("latin-1"),
        events(
            "latin-1-that-is-utf-8",
            letters,
            Refused("not_as_configured"),
        )
        .of("latin-1"),
        events(
            "latin-1-that-is-utf-16",
            utf16(plain),
            Refused("not_as_configured"),
        )
        .of("latin-1"),
        events("latin-1-that-is-ascii", plain, Delivered(1, &[])).of("latin-1"),
        events(
            "windows-1252-as-said",
            b"email,city\nann@example.com,\x8cuvre\n",
            Delivered(1, &[]),
        )
        .of("windows-1252"),
        events(
            "windows-1252-with-no-character",
            b"email,city\nann@example.com,\x81\nbob@example.com,Bonn\n",
            Delivered(1, &[("row_not_utf8", 1)]),
        )
        .of("windows-1252"),
        events(
            "windows-1252-marked-as-utf-8",
            format!("\u{feff}{plain}"),
            Refused("not_as_configured"),
        )
        .of("windows-1252"),
        events(
            "single-quotes-as-said",
            "email,city\nann@example.com,'Bonn, am Rhein'\n",
            Delivered(1, &[]),
        )
        .of("single-quotes"),
        events(
            "single-quotes-that-are-double",
            "email,city\nann@example.com,\"Bonn, am Rhein\"\nbob@example.com,Ulm\n",
            Delivered(1, &[("row_field_count", 1)]),
        )
        .of("single-quotes"),
        events(
            "single-quote-left-open",
            "email,city\nann@example.com,'s-Gravenhage\nbob@example.com,Ulm\n",
            Delivered(0, &[("row_open_quote", 1)]),
        )
        .of("single-quotes"),
        events(
            "no-quotes-as-said",
            "email,city\nann@example.com,\"Bonn\nbob@example.com,Ulm\n",
            Delivered(2, &[]),
        )
        .of("no-quotes"),
        events(
            "no-quotes-but-some",
            "email,city\nann@example.com,\"Bonn, am Rhein\"\nbob@example.com,Ulm\n",
            Delivered(1, &[("row_field_count", 1)]),
        )
        .of("no-quotes"),
        events(
            "escapes-as-said",
            "email,city\nann@example.com,\"Bonn \\\"am\\\" Rhein\"\n",
            Delivered(1, &[]),
        )
        .of("escapes"),
        events(
            "escapes-that-are-none",
            "email,city\nann@example.com,\"C:\\\"\nbob@example.com,Ulm\n",
            Delivered(0, &[("row_open_quote", 1)]),
        )
        .of("escapes"),
        events(
            "semicolons-that-are-commas",
            plain,
            Refused("header_does_not_fit"),
        )
        .of("semicolons"),
        events(
            "headerless-as-said",
            "ann@example.com,Bonn\nbob@example.com,Ulm\n",
            Delivered(2, &[]),
        )
        .of("headerless"),
        events(
            "headerless-with-a-header",
            plain,
            Refused("not_as_configured"),
        )
        .of("headerless"),
        events(
            "headerless-of-json",
            "{\"email\":\"ann@example.com\"}\n",
            Refused("not_as_configured"),
        )
        .of("headerless"),
        events(
            "headerless-of-other-columns",
            "1,ann@example.com,Bonn\n",
            Delivered(0, &[("row_field_count", 1)]),
        )
        .of("headerless"),
        events("headerless-and-empty", "\n\n", Skipped("empty")).of("headerless"),
        events(
            "json-lines-that-are-csv",
            plain,
            Refused("not_as_configured"),
        )
        .of("json-lines"),
        events(
            "csv-that-is-json-lines",
            "{\"email\":\"ann@example.com\"}\n",
            Refused("not_as_configured"),
        )
        .of("csv"),
    ]
}
