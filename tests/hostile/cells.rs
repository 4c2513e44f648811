//! Values that want to be something else.

use crate::case::Expected::Delivered;
use crate::case::{Case, events};

/// A row is `KEY,VALUE` beside a good e-mail address, or the value alone.
fn with_email(name: &'static str, column: &str, cell: &str) -> Case {
    let cell = cell.replace('"', "\"\"");
    let text = format!("email,{column}\nann@example.com,\"{cell}\"\n");
    events(name, text, Delivered(1, &[]))
}

fn alone(
    name: &'static str,
    column: &str,
    cell: &str,
    expected: &'static [(&'static str, u64)],
) -> Case {
    let cell = cell.replace('"', "\"\"");
    let sent = u64::from(expected.is_empty());
    events(
        name,
        format!("{column}\n\"{cell}\"\n"),
        Delivered(sent, expected),
    )
}

pub fn cases() -> Vec<Case> {
    let zalgo = format!("Z{}", "\u{301}\u{30c}\u{307}".repeat(20_000));
    let mut cases = vec![
        with_email("zalgo-name", "first_name", &zalgo),
        with_email("formula", "first_name", "=cmd|'/C calc'!A1"),
        with_email(
            "formula-link",
            "city",
            "=HYPERLINK(\"http://example.com\",\"x\")",
        ),
        with_email("sql", "last_name", "Robert'); DROP TABLE students;--"),
        with_email("html-cell", "first_name", "<script>alert(1)</script>"),
        with_email("json-cell", "last_name", "{\"$ne\": null}"),
        with_email(
            "json-breaking-cell",
            "first_name",
            "\"}]},{\"event_name\":\"Purchase\"",
        ),
        with_email(
            "template",
            "first_name",
            "{{7*7}}${jndi:ldap://example.com/a}",
        ),
        with_email("path", "city", "../../../../etc/passwd"),
        with_email("percent-and-backslash", "city", "%s%n%00\\u0000\\x00"),
        with_email(
            "right-to-left",
            "first_name",
            "\u{202e}nnA\u{202c}\u{2066}x\u{2069}",
        ),
        with_email("emoji", "first_name", "👩‍👩‍👧‍👦🏳️‍🌈"),
        with_email("private-use", "last_name", "\u{e000}\u{f8ff}\u{10ffff}"),
        with_email("date-far-out", "birth_date", "9999-12-31"),
        with_email("date-of-year-zero", "birth_date", "0000-00-00"),
        with_email("date-enormous", "birth_date", &"9".repeat(10_000)),
        with_email("phone-of-ten-thousand-digits", "phone", &"1".repeat(10_000)),
        with_email("phone-of-zeros", "phone", &"0".repeat(500)),
        with_email("infinity", "zip", "Infinity"),
        with_email("not-a-number", "last_name", "NaN"),
        with_email(
            "huge-number",
            "external_id",
            &format!("1{}", "0".repeat(400)),
        ),
        with_email(
            "only-spaces",
            "first_name",
            "\u{a0}\u{2003}\u{200b}\u{feff} ",
        ),
        alone(
            "very-long-email",
            "email",
            &format!("{}@example.com", "a".repeat(500_000)),
            &[],
        ),
        alone(
            "email-of-at-signs",
            "email",
            &"@".repeat(10_000),
            &[("email_with_several_at", 1)],
        ),
        alone(
            "email-with-bidi",
            "email",
            "ann\u{202e}@example.com",
            &[("email_forbidden_character", 1)],
        ),
        alone("email-formula", "email", "=1+1@example.com", &[]),
        alone(
            "hash-of-nothing",
            "email",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            &[("hash_of_empty", 1)],
        ),
        alone(
            "hash-one-digit-short",
            "email",
            &"a1".repeat(32)[1..],
            &[("unsupported_hash_length", 1)],
        ),
        alone(
            "md5",
            "email",
            "a189c633d9995e11bf8607170ec9a4b8",
            &[("unsupported_hash_md5", 1)],
        ),
        alone(
            "hash-with-a-stranger",
            "email",
            &format!("{}g", &"a1".repeat(32)[1..]),
            &[("email_without_at", 1)],
        ),
        alone(
            "hash-in-full-width",
            "email",
            &"ａ".repeat(64),
            &[("email_without_at", 1)],
        ),
        alone(
            "sealed",
            "email",
            "01:enc:bm90aGluZw==",
            &[("sealed_value", 1)],
        ),
        alone("blank-words", "email", "NULL", &[("no_identifiers", 1)]),
        alone("gender-alone", "gender", "f", &[("weak_identifiers", 1)]),
    ];
    for (name, paid, expected) in [
        ("value-not-a-number", "NaN", &[("value_missing", 1)][..]),
        ("value-infinite", "Infinity", &[("value_no_number", 1)]),
        ("value-negative", "-0.01", &[("value_negative", 1)]),
        (
            "value-huge",
            "999999999999999999999999",
            &[("value_too_long", 1)],
        ),
        ("value-exponent", "1e308", &[("value_no_number", 1)]),
        ("value-hexadecimal", "0x10", &[("value_no_number", 1)]),
        ("value-json", "0}],\"x\":[{", &[("value_no_number", 1)]),
        ("value-missing", "", &[("value_missing", 1)]),
    ] {
        let cell = paid.replace('"', "\"\"");
        let text = format!("email,paid\nann@example.com,\"{cell}\"\n");
        cases.push(events(name, text, Delivered(0, expected)).of_purchases());
    }
    cases.push(
        with_email(
            "member-json-breaking-id",
            "external_id",
            "\"],[\"\\\u{2028}",
        )
        .of_members(),
    );
    cases.push(alone("member-id-that-is-a-formula", "external_id", "=1+1", &[]).of_members());
    cases
}
