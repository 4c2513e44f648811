#![allow(clippy::unwrap_used)]

use super::*;

fn sniffed(text: &str) -> Dialect {
    sniff(text.as_bytes(), true, &RowOptions::default())
}

fn delimiter_of(text: &str) -> char {
    char::from(sniffed(text).delimiter)
}

#[test]
fn the_most_frequent_candidate_of_the_first_record_wins() {
    for (text, expected) in [
        ("email,phone,zip\n", ','),
        ("email;phone;zip\n", ';'),
        ("email\tphone\n", '\t'),
        ("email|phone|zip", '|'),
        ("email;name, first;zip\r\na,b,c,d\n", ';'),
    ] {
        assert_eq!(delimiter_of(text), expected, "{text:?}");
    }
}

#[test]
fn what_the_rows_bear_out_goes_before_what_is_more_frequent() {
    assert_eq!(delimiter_of("name, first;zip\nAnn;1\nBob;2\n"), ';');
    assert_eq!(delimiter_of("a, b, c;zip\nAnn;1\nBob;2\n"), ';');
    // Ragged rows bear nothing out.
    assert_eq!(delimiter_of("a,b,c;d\n1,2\n1\n1;2;3\n"), ',');
}

#[test]
fn what_is_quoted_is_not_counted() {
    assert_eq!(delimiter_of("\"a,b,c,d\";\"e\n,,,\";f\nx,y,z"), ';');
    assert_eq!(delimiter_of("'a,b,c,d';'e'\n'x';'y'"), ';');
}

#[test]
fn empty_lines_before_the_header_are_passed_over() {
    assert_eq!(delimiter_of("\r\n\na|b\nc,d,e,f"), '|');
}

#[test]
fn a_single_column_and_a_tie_are_read_with_commas() {
    assert_eq!(delimiter_of("email\na;b;c"), ',');
    assert_eq!(delimiter_of("a,b;c"), ',');
    assert_eq!(delimiter_of(""), ',');
}

#[test]
fn a_header_wholly_in_single_quotes_is_quoted_so() {
    for text in [
        "'email','name'\n'a@x.org','O''Neil'\n",
        "'email'\n'a@x.org'\n",
        "'email';'name'\r\n'a@x.org';'Smith; Ann'\r\n",
        "'email','name'\n'a@x.org','O\\'Neil'\n",
    ] {
        assert_eq!(sniffed(text).quote, Some(b'\''), "{text:?}");
    }
}

#[test]
fn apostrophes_are_no_quotes_on_any_doubt() {
    for text in [
        "name,city\n't Hooft,'s-Hertogenbosch\n",
        "name,city\n't Hooft, 'Ann'\n'x','y'\n",
        // Only a part of the header.
        "'name',city\n'Ann','Rome'\n",
        // The rows contradict.
        "'name','city'\n't Hooft,Rome\nO'Neil,Cork\n",
        "'name','city'\n'Ann' Lee,'Rome'\n",
        "\"'name'\",\"'city'\"\n\"'Ann'\",\"'Rome'\"\n",
        "'name','city'\n'Ann,Rome\n",
    ] {
        assert_eq!(sniffed(text).quote, Some(b'"'), "{text:?}");
    }
}

#[test]
fn a_backslash_escapes_where_quotes_would_make_no_sense_otherwise() {
    for text in [
        "name,zip\n\"Ann \\\"Annie\\\" Lee\",1\n",
        "name,zip\n\"\\\"Annie\\\"\",1\n\"C:\\\\\",2\n",
        "name,data\n\"Ann\",\"{\\\"a\\\":1,\\\"b\\\":2}\"\n",
        "name,zip\n\"5\\\" tall, \\\"x\\\"\",1\n",
    ] {
        assert!(sniffed(text).escape, "{text:?}");
    }
}

#[test]
fn a_backslash_is_ordinary_on_any_doubt() {
    for text in [
        "name,path\nAnn,C:\\\nBob,D:\\x\n",
        "name,path\n\"Ann\",\"C:\\\"\n\"Bob\",\"D:\\dir\"\n",
        "name,path\n\"C:\\\",\"D:\\\"\n",
        // Doubled quotes explain it.
        "name,path\n\"the \"\"C:\\\"\" drive\",1\n",
        // Text behind a quote that no backslash explains.
        "name,zip\n\"Ann\" Lee,1\n\"Ann \\\"Annie\\\" Lee\",2\n",
        // Backslashes that an escaping writer would have doubled.
        "name,zip\n\"Ann \\\"Annie\\\" Lee\",2\n\"C:\\dir\",3\n",
        // Not within quotes.
        "name,zip\nAnn \\\"Annie\\\" Lee,2\n",
        // The escape would leave the quote open.
        "name,path\n\"a\\\"b\",\"C:\\\"\n",
    ] {
        assert!(!sniffed(text).escape, "{text:?}");
    }
}

#[test]
fn what_is_configured_is_not_second_guessed() {
    let options = RowOptions {
        delimiter: Some(b'|'),
        quote: Some(Quote::None),
        escape: Some(Escape::None),
        ..RowOptions::default()
    };
    let dialect = sniff(b"'a','b'\n\"x \\\"y\\\" z\",1\n", true, &options);
    let expected = Dialect {
        delimiter: b'|',
        quote: None,
        escape: false,
    };
    assert_eq!(dialect, expected);
}

#[test]
fn a_record_that_the_sample_cuts_off_is_no_evidence() {
    let text = b"'a','b'\n'1','2'\n'3','lo";
    let options = RowOptions::default();
    assert_eq!(sniff(text, false, &options).quote, Some(b'\''));
    assert_eq!(sniff(text, true, &options).quote, Some(b'"'));
}
