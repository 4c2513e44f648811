#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::tests::{read, read_with, row};
use super::super::*;

fn wanting(names: &[&str]) -> RowOptions {
    RowOptions {
        wanted: names.iter().map(|&name| name.to_owned()).collect(),
        ..RowOptions::default()
    }
}

#[tokio::test]
async fn the_columns_are_the_keys_in_the_order_in_which_they_first_occur() {
    let text = "{\"email\":\"a@x.org\",\"zip\":1}\n\n  {\"zip\": 2, \"name\":null}\r\n{}";
    let (names, rows) = read(text.as_bytes()).await;
    assert_eq!(names, ["email", "zip", "name"]);
    assert_eq!(
        rows,
        [
            row(&["a@x.org", "1", ""]),
            row(&["", "2", ""]),
            row(&["", "", ""]),
        ]
    );
}

#[tokio::test]
async fn a_value_is_the_text_it_has_in_the_file() {
    let text = concat!(
        r#"{"a":12345678901234567890.10,"b":-0,"c":1e400,"d":true,"e":null,"f":" x ","#,
        r#""g":"\u00e9\n\"\\\ud83d\ude00"}"#
    );
    let (_, rows) = read(text.as_bytes()).await;
    let cells = [
        "12345678901234567890.10",
        "-0",
        "1e400",
        "true",
        "",
        " x ",
        "é\n\"\\😀",
    ];
    assert_eq!(rows, [row(&cells)]);
}

#[tokio::test]
async fn objects_within_are_flattened_with_dots_and_lists_become_one_cell() {
    let text = r#"{"user":{"email":["a@x.org","b@x.org"],"name":{"first":"Ann"}},"tags":[],"n":[1,null,"\t",true]}"#;
    let (names, rows) = read(text.as_bytes()).await;
    assert_eq!(names, ["user.email", "user.name.first", "tags", "n"]);
    assert_eq!(
        rows,
        [row(&[
            "a@x.org\u{1f}b@x.org",
            "Ann",
            "",
            "1\u{1f}\t\u{1f}true"
        ])]
    );
}

#[tokio::test]
async fn a_broken_line_costs_itself_and_nothing_else() {
    for (broken, fault) in [
        ("{\"a\":1", RowFault::BadJson),
        ("{\"a\":1} {\"a\":2}", RowFault::BadJson),
        ("[1,2]", RowFault::BadJson),
        ("a,b", RowFault::BadJson),
        ("{\"a\":\"\\ud800\"}", RowFault::BadJson),
        ("{\"a\":[\"\\ud800\"]}", RowFault::BadJson),
        ("{\"a\":01}", RowFault::BadJson),
        ("{\"a\":NaN}", RowFault::BadJson),
        ("{\"a\":1,\"a\":1}", RowFault::RepeatedKey),
        ("{\"a\":null,\"a\":1}", RowFault::RepeatedKey),
        ("{\"b\":{\"c\":1},\"b.c\":1}", RowFault::RepeatedKey),
        ("{\"a\":{\"x\":[[1]]},\"b\":[1,{}]}", RowFault::NestedValue),
    ] {
        let first = "{\"a\":1,\"b\":[],\"b.c\":3}\n{\"zzz\":{}}\n".repeat(2_000);
        let text = format!("{first}{broken}\n{{\"a\":9}}\n");
        let (_, rows) = read(text.as_bytes()).await;
        assert_eq!(rows.len(), 4_002, "{broken}");
        assert_eq!(rows.get(4_000), Some(&Err(fault)), "{broken}");
        assert_eq!(rows.last(), Some(&row(&["9", "", ""])), "{broken}");
    }
    let (_, rows) = read(b"{\"a\":1}\n{\"a\":\"\xff\"}\n{\"a\":3}\n").await;
    assert_eq!(rows, [row(&["1"]), Err(RowFault::NotUtf8), row(&["3"])]);
}

#[tokio::test]
async fn a_line_over_the_limit_is_rejected_once_and_the_rest_goes_on() {
    let long = "x".repeat(300_000);
    let text = format!("{{\"a\":1}}\n{{\"a\":\"{long}\"}}\n{{\"a\":3}}\n{{\"a\":\"{long}\"}}");
    for limit in [10, 65_536, 300_000] {
        let options = RowOptions {
            max_record_bytes: limit,
            ..RowOptions::default()
        };
        let (_, rows) = read_with(text.as_bytes(), options).await;
        let fault = Err(RowFault::TooLong { max_bytes: limit });
        assert_eq!(rows, [row(&["1"]), fault.clone(), row(&["3"]), fault]);
    }
    // With its line end it is just within.
    let options = RowOptions {
        max_record_bytes: 8,
        ..RowOptions::default()
    };
    let (_, rows) = read_with(b"{\"a\":1}\n{\"a\":12}\n", options).await;
    assert_eq!(rows, [row(&["1"]), Err(RowFault::TooLong { max_bytes: 8 })]);
}

#[tokio::test]
async fn a_first_line_longer_than_the_sample_gives_its_columns_too() {
    let long = "x".repeat(300_000);
    let text = format!("{{\"a\":\"{long}\",\"b\":2}}\n{{\"b\":3}}\n");
    let (names, rows) = read(text.as_bytes()).await;
    assert_eq!(names, ["a", "b"]);
    assert_eq!(rows, [row(&[&long, "2"]), row(&["", "3"])]);
}

#[tokio::test]
async fn wanted_columns_that_are_left_out_where_null_are_there_all_the_same() {
    let text = b"{\"email\":\"a@x.org\"}\n";
    let (names, rows) = read_with(text, wanting(&["phone", "email"])).await;
    assert_eq!(names, ["email", "phone"]);
    assert_eq!(rows, [row(&["a@x.org", ""])]);
    // Another file altogether.
    let (names, _) = read_with(text, wanting(&["phone", "zip"])).await;
    assert_eq!(names, ["email"]);
    // More likely mistyped.
    let (names, _) = read_with(text, wanting(&["email", "e_mial"])).await;
    assert_eq!(names, ["email"]);
}

#[tokio::test]
async fn a_wanted_column_that_turns_up_late_is_read() {
    let text = format!(
        "{}{{\"zip\":\"1\",\"more\":2}}\n",
        "{\"email\":\"a@x.org\"}\n".repeat(5_000)
    );
    let (names, rows) = read_with(text.as_bytes(), wanting(&["email", "zip"])).await;
    assert_eq!(names, ["email", "zip"]);
    assert_eq!(rows.last(), Some(&row(&["", "1"])));
}

#[tokio::test]
async fn what_has_no_single_value_is_no_column_unless_it_is_wanted() {
    let deep = format!("{}1{}", "{\"d\":".repeat(9), "}".repeat(9));
    let text = format!("{{\"a\":1,\"items\":[{{}}],\"deep\":{deep}}}\n{{\"a\":2,\"items\":[]}}\n");
    let (names, rows) = read(text.as_bytes()).await;
    assert_eq!(names, ["a"]);
    assert_eq!(rows, [row(&["1"]), row(&["2"])]);
    let (names, rows) = read_with(text.as_bytes(), wanting(&["a", "items"])).await;
    assert_eq!(names, ["a", "items"]);
    assert_eq!(rows, [Err(RowFault::NestedValue), row(&["2", ""])]);
}

#[tokio::test]
async fn an_array_or_a_document_is_refused_with_what_to_do() {
    for text in ["[{\"a\":1},{\"a\":2}]", "{\n\"a\": 1\n}\n"] {
        let error = open(text.as_bytes(), RowOptions::default())
            .await
            .unwrap_err();
        assert!(
            error.to_string().ends_with("write one object on each line"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn reading_from_a_rows_offset_gives_that_row_first() {
    let text = "\u{feff}{\"a\":1}\r\n\n{\"a\":\n{\"a\":3}\n";
    let Rows::Table { mut reader, .. } =
        open(text.as_bytes(), RowOptions::default()).await.unwrap()
    else {
        panic!("no rows");
    };
    let mut record = Record::new();
    let mut starts = Vec::new();
    while reader.next(&mut record).await.unwrap() != Next::End {
        let offset = usize::try_from(record.offset()).unwrap();
        starts.push(text.get(offset..offset + 5).unwrap());
    }
    assert_eq!(starts, ["{\"a\":", "{\"a\":", "{\"a\":"]);
    assert!(!format!("{reader:?}").contains("a\""));
}

#[tokio::test]
async fn a_key_longer_than_any_costs_neither_time_nor_memory_for_each_value_within() {
    // Of each value within, the name would have half a megabyte.
    let long = "k".repeat(500_000);
    let within: Vec<String> = (0..30_000).map(|n| format!("\"{n}\":[{{}}]")).collect();
    let line = format!("{{\"a\":1,\"{long}\":{{{}}}}}\n", within.join(","));
    let started = std::time::Instant::now();
    let (names, rows) = read(line.repeat(3).as_bytes()).await;
    assert_eq!(names, ["a"]);
    assert_eq!(rows, [row(&["1"]), row(&["1"]), row(&["1"])]);
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_wanted_column_is_one_with_spaces_around_its_name_too() {
    let text = b"{\" items \":1}\n{\" items \":[{}]}\n";
    let (names, rows) = read_with(text, wanting(&["items"])).await;
    assert_eq!(names, ["items"]);
    assert_eq!(rows, [row(&["1"]), Err(RowFault::NestedValue)]);
}

#[tokio::test]
async fn brackets_without_end_are_one_broken_line_and_no_deep_recursion() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let deep = open.repeat(100_000);
        let text = format!("{{\"a\":1}}\n{{\"a\":{deep}\n{{\"a\":3}}\n");
        let (_, rows) = read(text.as_bytes()).await;
        assert_eq!(rows, [row(&["1"]), Err(RowFault::BadJson), row(&["3"])]);
    }
    let (opened, closed) = ("[".repeat(100_000), "]".repeat(100_000));
    let text = format!("{{\"a\":1}}\n{{\"b\":{opened}{closed}}}\n{{\"a\":3}}\n");
    let (_, rows) = read(text.as_bytes()).await;
    assert_eq!(rows, [row(&["1"]), row(&[""]), row(&["3"])]);
}
