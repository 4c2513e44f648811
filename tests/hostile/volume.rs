//! Files that are longer, wider or emptier than anybody's memory.

use crate::case::Expected::{Delivered, Refused};
use crate::case::{Case, events};
use crate::compression::bomb;

const MIB: usize = 1 << 20;
const TOO_LONG: &[(&str, u64)] = &[("row_too_long", 1)];

pub fn cases() -> Vec<Case> {
    let head = "email\nann@example.com\n";
    let tail = "\nbob@example.com\n";
    let wide_header = (0..100_000)
        .map(|n| format!("column{n},"))
        .collect::<String>();
    let wide_row = ",".repeat(100_000);
    vec![
        Case::repeated(
            "line-of-50-mib",
            head,
            ("x", 50 * MIB),
            tail,
            Delivered(2, TOO_LONG),
        ),
        Case::repeated(
            "line-of-commas",
            head,
            (",", 50 * MIB),
            tail,
            Delivered(2, TOO_LONG),
        ),
        Case::repeated(
            "line-of-quotes",
            head,
            ("\"", 50 * MIB),
            tail,
            Delivered(2, TOO_LONG),
        ),
        Case::repeated(
            "open-quote-over-50-mib",
            &format!("{head}\""),
            ("x@example.com\nyyyyyyyyyyyyyyyyy\n", 50 * MIB / 32),
            "",
            Delivered(1, TOO_LONG),
        ),
        Case::repeated(
            "header-of-50-mib",
            "email",
            ("x", 50 * MIB),
            "\nann@example.com\n",
            Refused("too_large"),
        ),
        Case::repeated(
            "empty-lines",
            head,
            ("\n", 20 * MIB),
            tail,
            Delivered(2, &[]),
        ),
        Case::repeated(
            "millions-of-short-rows",
            "email,city\nann@example.com,Bonn\n",
            ("\n1\n1", MIB / 2),
            "\n",
            Delivered(1, &[("row_field_count", MIB as u64)]),
        ),
        events(
            "a-hundred-thousand-columns",
            format!("{wide_header}email\n{wide_row}ann@example.com\n"),
            Refused("too_large"),
        ),
        events(
            "two-thousand-columns",
            format!(
                "{}email\n{}ann@example.com\n",
                "x,".repeat(1_999),
                ",".repeat(1_999)
            ),
            Delivered(1, &[]),
        ),
        events(
            "one-more-column-than-that",
            format!(
                "{}email\n{}ann@example.com\n",
                "x,".repeat(2_000),
                ",".repeat(2_000)
            ),
            Refused("too_large"),
        ),
        events(
            "gzip-bomb-of-one-line",
            bomb(head.as_bytes(), b'x', tail.as_bytes()),
            Refused("too_large"),
        ),
        events(
            "gzip-bomb-of-empty-lines",
            bomb(head.as_bytes(), b'\n', tail.as_bytes()),
            Refused("too_large"),
        ),
        events(
            "gzip-bomb-of-zero-bytes",
            bomb(head.as_bytes(), 0, tail.as_bytes()),
            Refused("not_text"),
        ),
    ]
}
