//! Lines of JSON: broken, nested, repeated, and such as only look like it.

use crate::case::Case;
use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::events;

const ANN: &str = "{\"email\":\"ann@example.com\"}\n";
const BOB: &str = "{\"email\":\"bob@example.com\"}\n";

/// Between two good lines.
fn between(
    name: &'static str,
    line: impl AsRef<str>,
    reasons: &'static [(&'static str, u64)],
) -> Case {
    events(
        name,
        format!("{ANN}{}\n{BOB}", line.as_ref()),
        Delivered(2, reasons),
    )
}

const BAD: &[(&str, u64)] = &[("row_bad_json", 1)];
const TWICE: &[(&str, u64)] = &[("row_repeated_key", 1)];

pub fn cases() -> Vec<Case> {
    let deep = |open: &str, close: &str| {
        format!("{{\"x\":{}1{}}}", open.repeat(50_000), close.repeat(50_000))
    };
    let long_key = "k".repeat(60_000);
    let fat = format!("{{\"email\":\"{}\"}}\n", "x".repeat(5 << 20));
    let people: String = (0..5_000)
        .map(|n| format!("\"p{n}@example.com\":{{}},"))
        .collect();
    vec![
        events("json-lines", format!("{ANN}{BOB}"), Delivered(2, &[])),
        events(
            "json-marked",
            format!("\u{feff}{ANN}{BOB}"),
            Delivered(2, &[]),
        ),
        events(
            "json-with-crlf",
            format!("{ANN}{BOB}").replace('\n', "\r\n"),
            Delivered(2, &[]),
        ),
        events(
            "json-with-cr-alone",
            format!("{ANN}{BOB}").replace('\n', "\r"),
            Refused("unsupported_format"),
        ),
        events(
            "json-without-the-last-line-end",
            format!("{ANN}{}", BOB.trim_end()),
            Delivered(2, &[]),
        ),
        events(
            "json-cut-in-the-last-line",
            format!("{ANN}{}", &BOB[..12]),
            Delivered(1, BAD),
        ),
        events(
            "json-of-empty-objects",
            "{}\n{}\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "json-array",
            format!("[{}]", ANN.trim_end()),
            Refused("unsupported_format"),
        ),
        events(
            "json-document",
            "{\n\"email\":\"ann@example.com\"\n}\n",
            Refused("unsupported_format"),
        ),
        events("json-null", "null\n", Skipped("header_only")),
        events(
            "json-objects-on-one-line",
            format!("{}{ANN}", ANN.trim_end()),
            Refused("unsupported_format"),
        ),
        events(
            "json-blank-lines",
            format!("\n\n{ANN} \n\t\n{BOB}\n"),
            Delivered(2, &[]),
        ),
        events("json-of-blanks", " \n \n", Refused("header_does_not_fit")),
        events(
            "json-keys-that-are-people",
            format!("{{{people}\"email\":\"ann@example.com\"}}\n"),
            Delivered(1, &[]),
        ),
        events(
            "json-values-that-are-people",
            format!(
                "{{{}\"email\":\"ann@example.com\"}}\n",
                people.replace("{}", "1")
            ),
            Refused("too_large"),
        ),
        events(
            "json-line-that-is-cut",
            format!("{ANN}{{\"email\":\n{BOB}"),
            Delivered(2, BAD),
        ),
        between("json-row-of-null", "null", BAD),
        between("json-row-of-a-list", "[1,2]", BAD),
        between("json-row-of-a-number", "7", BAD),
        between("json-row-of-csv", "cy@example.com,Bonn", BAD),
        between("json-row-of-two-objects", "{} {}", BAD),
        between(
            "json-row-of-a-comma-behind",
            "{\"email\":\"cy@example.com\"},",
            BAD,
        ),
        between(
            "json-row-with-a-comma-too-many",
            "{\"email\":\"cy@example.com\",}",
            BAD,
        ),
        between(
            "json-row-in-single-quotes",
            "{'email':'cy@example.com'}",
            BAD,
        ),
        between("json-row-of-nan", "{\"email\":NaN}", BAD),
        between(
            "json-row-with-a-raw-tab",
            "{\"email\":\"cy\t@example.com\"}",
            BAD,
        ),
        between("json-row-with-a-number-from-zero", "{\"email\":007}", BAD),
        between(
            "json-row-with-half-a-pair",
            "{\"email\":\"\\ud800@example.com\"}",
            BAD,
        ),
        between(
            "json-row-with-a-half-nobody-asks-for",
            "{\"x\":\"\\ud800\"}",
            BAD,
        ),
        between("json-row-of-nothing", "{}", &[("no_identifiers", 1)]),
        between(
            "json-row-of-a-null-value",
            "{\"email\":null}",
            &[("no_identifiers", 1)],
        ),
        between(
            "json-row-of-an-empty-list",
            "{\"email\":[]}",
            &[("no_identifiers", 1)],
        ),
        between(
            "json-row-of-a-huge-number",
            format!("{{\"email\":{}}}", "9".repeat(10_000)),
            &[("unsupported_hash_length", 1)],
        ),
        between(
            "json-row-of-a-number-beyond-any",
            "{\"email\":1e999999}",
            &[("email_without_at", 1)],
        ),
        between(
            "json-row-with-a-key-twice",
            "{\"email\":\"cy@example.com\",\"email\":\"do@example.com\"}",
            TWICE,
        ),
        between(
            "json-row-with-a-key-twice-in-escapes",
            "{\"email\":\"cy@example.com\",\"\\u0065mail\":\"do@example.com\"}",
            TWICE,
        ),
        between(
            "json-row-of-nested-brackets",
            deep("[", "]"),
            &[("no_identifiers", 1)],
        ),
        between(
            "json-row-of-nested-objects",
            deep("{\"x\":", "}"),
            &[("no_identifiers", 1)],
        ),
        between(
            "json-row-of-open-brackets",
            format!("{{\"x\":{}", "[".repeat(500_000)),
            BAD,
        ),
        // No column of the first lines holds one, unless it is asked for by name.
        events(
            "json-row-of-lists-of-objects",
            format!("{ANN}{{\"email\":[{{\"a\":1}}]}}\n{BOB}"),
            Refused("header_does_not_fit"),
        ),
        between(
            "json-row-with-a-mark",
            "\u{feff}{\"email\":\"cy@example.com\"}",
            BAD,
        ),
        between(
            "json-row-with-a-long-key",
            format!("{{\"{long_key}\":{{\"a\":1,\"b\":2}}}}"),
            &[("no_identifiers", 1)],
        ),
        between("json-row-of-5-mib", fat.trim_end(), &[("row_too_long", 1)]),
        events(
            "json-first-line-of-5-mib",
            format!("{fat}{BOB}"),
            Refused("header_does_not_fit"),
        ),
        events(
            "json-key-with-dots",
            "{\"user.email\":\"x\",\"email\":\"ann@example.com\"}\n{\"user\":{\"email\":\"y\"},\"email\":\"bob@example.com\"}\n",
            Delivered(2, &[]),
        ),
        events(
            "json-key-with-dots-twice",
            format!(
                "{ANN}{{\"user.email\":\"x\",\"user\":{{\"email\":\"y\"}},\"email\":\"bob@example.com\"}}\n"
            ),
            Delivered(1, TWICE),
        ),
        events(
            "json-empty-key",
            "{\"\":1,\"email\":\"ann@example.com\"}\n",
            Delivered(1, &[]),
        ),
        events(
            "json-key-with-spaces",
            "{\" email \":\"ann@example.com\"}\n",
            Delivered(1, &[]),
        ),
        events(
            "json-with-a-zero-byte",
            "{\"email\":\"ann@exa\0mple.com\"}\n",
            Refused("not_text"),
        ),
        events(
            "json-with-a-zero-in-escapes",
            "{\"email\":\"ann@exa\\u0000mple.com\"}\n",
            Delivered(0, &[("email_forbidden_character", 1)]),
        ),
        events(
            "json-row-of-latin-1",
            [
                ANN.as_bytes(),
                b"{\"email\":\"cy@example.com\",\"city\":\"K\xf6ln\"}\n",
                BOB.as_bytes(),
            ]
            .concat(),
            Delivered(2, &[("row_not_utf8", 1)]),
        ),
        events(
            "json-wide",
            ANN.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>(),
            Refused("not_utf8"),
        ),
        events("json-of-nothing-but-a-mark", "\u{feff}\n", Skipped("empty")),
        events(
            "json-list-of-two-addresses",
            "{\"email\":[\"ann@example.com\",null,\"bob@example.com\"]}\n",
            Delivered(1, &[]),
        ),
    ]
}
