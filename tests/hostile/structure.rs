//! Lines, quotes, delimiters and headers as nobody should write them.

use crate::case::Expected::{Delivered, Refused, Skipped};
use crate::case::{Case, events};

pub fn cases() -> Vec<Case> {
    vec![
        events("empty", "", Skipped("empty")),
        events("line-ends-only", "\n\r\n\n", Skipped("empty")),
        events("header-only", "email,phone\n", Skipped("header_only")),
        events("header-without-line-end", "email", Skipped("header_only")),
        events(
            "white-space-only",
            "   \n \t \n",
            Refused("header_does_not_fit"),
        ),
        events(
            "no-header",
            "ann@example.com,+16505551212\nbob@example.com,\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "unknown-header",
            "a,b\n1,2\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "header-twice",
            "email,phone\nann@example.com,\nemail,phone\n",
            Delivered(1, &[("email_without_at", 1)]),
        ),
        events(
            "same-name-twice",
            "email,email\nann@example.com,bob@example.com\n",
            Delivered(1, &[]),
        ),
        events(
            "empty-header-cells",
            "email,,,\nann@example.com,1,2,3\n",
            Delivered(1, &[]),
        ),
        events(
            "header-in-quotes",
            "\"email\",\"pho\"\"ne\"\nann@example.com,1\n",
            Delivered(1, &[]),
        ),
        events(
            "header-with-line-end",
            "\"ema\nil\",email\n1,ann@example.com\n",
            Delivered(1, &[]),
        ),
        events(
            "proto-as-header",
            "__proto__,constructor,email\n1,2,ann@example.com\n",
            Delivered(1, &[]),
        ),
        events(
            "mixed-line-ends",
            "email\r\nann@example.com\nbob@example.com\rcy@example.com\r\n",
            Delivered(3, &[]),
        ),
        events(
            "carriage-returns",
            "email\rann@example.com\rbob@example.com",
            Delivered(2, &[]),
        ),
        events(
            "no-line-end-at-the-end",
            "email\nann@example.com",
            Delivered(1, &[]),
        ),
        events(
            "empty-lines-between",
            "email\n\n\nann@example.com\n\n\r\n\nbob@example.com\n\n",
            Delivered(2, &[]),
        ),
        events(
            "too-few-and-too-many-cells",
            "email,phone\nann@example.com\nbob@example.com,,\ncy@example.com,\n",
            Delivered(1, &[("row_field_count", 2)]),
        ),
        events(
            "trailing-commas",
            "email,\nann@example.com,\n",
            Delivered(1, &[]),
        ),
        events(
            "quote-open-at-the-end",
            "email,city\nann@example.com,\"Bonn\nbob@example.com,Ulm\n",
            Delivered(0, &[("row_open_quote", 1)]),
        ),
        events(
            "quote-open-in-the-header",
            "email,\"city\nann@example.com,Bonn\n",
            Refused("unreadable_header"),
        ),
        events(
            "quotes-in-quotes",
            "email,city\nann@example.com,\"\"\"Bonn\"\"\"\n",
            Delivered(1, &[]),
        ),
        events(
            "quote-inside-a-field",
            "email,city\nann@example.com,Bo\"nn\nbob@example.com,Ulm\n",
            Delivered(2, &[]),
        ),
        events(
            "quote-then-more",
            "email,city\n\"ann@example.com\"x,Bonn\n",
            Delivered(1, &[]),
        ),
        events(
            "line-end-in-quotes",
            "email,city\nann@example.com,\"Bonn\r\nam Rhein\"\n",
            Delivered(1, &[]),
        ),
        events(
            "delimiter-in-quotes",
            "email;city\nann@example.com;\"Bonn; Rhein\"\n",
            Delivered(1, &[]),
        ),
        events(
            "tabs",
            "email\tcity\nann@example.com\tBonn\n",
            Delivered(1, &[]),
        ),
        events(
            "pipes",
            "email|city\nann@example.com|Bonn\n",
            Delivered(1, &[]),
        ),
        // Excel's own first line: one column, which is none of ours.
        events(
            "excel-separator-line",
            "sep=;\nemail;city\nann@example.com;Bonn\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "html",
            "<!DOCTYPE html>\n<html><body>Access Denied</body></html>\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "xml-error-of-s3",
            "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n",
            Refused("header_does_not_fit"),
        ),
        events(
            "one-json-document",
            "[{\"email\":\"ann@example.com\"},\n{\"email\":\"bob@example.com\"}]\n",
            Refused("unsupported_format"),
        ),
    ]
}
