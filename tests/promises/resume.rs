//! Whatever the file and wherever it goes: what is sent after a crash is what would have been
//! sent without one, byte for byte, and event ids with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use async_compression::tokio::bufread::{BzEncoder, GzipEncoder, ZstdEncoder};
use audience_activator::receipts::Status;
use serde_json::json;
use simulator::{AudienceChange, Changes};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::stage::paused::{Brought, Paused, on_a_paused_clock};
use crate::stage::people::email;
use crate::stage::{ACCOUNT, AUDIENCE, DATASET};

const IN_FLIGHT: usize = 2;

const SETTINGS: &[(&str, &str)] = &[
    ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "2"),
    ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
    ("ACTIVATOR_INPUT_SAMPLE_ROWS", "100"),
    ("ACTIVATOR_INPUT_WINDOW_BYTES", "65536"),
];

/// Longer than a message is hidden for.
const MUCH_LATER: Duration = Duration::from_secs(3_600);

const COLUMNS: [&str; 6] = [
    "email",
    "ext",
    "worth",
    "data_processing_options",
    "data_processing_options_country",
    "data_processing_options_state",
];

/// One in seven asks for Limited Data Use, one in eleven cannot be sent, and one in thirteen
/// is left out by a filter.
fn cells(number: u64) -> [String; 7] {
    let limited = number.is_multiple_of(7);
    let of_limited = |text: &str| if limited { text } else { "" }.to_owned();
    let (email, ext) = match number % 11 {
        0 => ("nothing".to_owned(), String::new()),
        _ => (email(number), format!("id-{number}")),
    };
    let consent = if number.is_multiple_of(13) { "N" } else { "Y" };
    [
        email,
        ext,
        format!("{}.5", number % 90 + 1),
        of_limited("LDU"),
        of_limited("1"),
        of_limited("1000"),
        consent.to_owned(),
    ]
}

fn csv(rows: u64) -> String {
    let mut text = COLUMNS.join(",") + ",consent\n";
    for number in 1..=rows {
        text += &(cells(number).join(",") + "\n");
    }
    text
}

/// With cells that go over the ends of lines, and line ends of two bytes.
fn quoted_csv(rows: u64) -> String {
    let mut text = COLUMNS.join(";") + ";consent\r\n";
    for number in 1..=rows {
        let cells = cells(number).map(|cell| format!("\"{cell}\r\n\""));
        text += &(cells.join(";") + "\r\n");
    }
    text
}

fn json_lines(rows: u64) -> String {
    let line = |number| {
        let names = COLUMNS.into_iter().chain(["consent"]);
        let cells = names.zip(cells(number));
        let object: serde_json::Map<_, _> = cells
            .map(|(name, cell)| (name.to_owned(), json!(cell)))
            .collect();
        serde_json::to_string(&object).unwrap() + "\n"
    };
    (1..=rows).map(line).collect()
}

async fn packed(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut packed = Vec::new();
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

/// Files of so many rows, each with what its route says of it.
async fn files(rows: u64) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (csv, lines) = (csv(rows), json_lines(rows));
    let wide = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut snappy = snap::read::FrameEncoder::new(csv.as_bytes());
    let mut of_snappy = Vec::new();
    std::io::Read::read_to_end(&mut snappy, &mut of_snappy).unwrap();
    vec![
        ("csv", csv.clone().into_bytes(), ""),
        ("quoted", quoted_csv(rows).into_bytes(), ""),
        ("gzip", packed(GzipEncoder::new(csv.as_bytes())).await, ""),
        ("zstd", packed(ZstdEncoder::new(csv.as_bytes())).await, ""),
        ("bzip2", packed(BzEncoder::new(csv.as_bytes())).await, ""),
        ("snappy", of_snappy, ""),
        ("utf-16", wide, "encoding = \"utf-16\""),
        ("json lines", lines.clone().into_bytes(), ""),
        (
            "json lines, gzip",
            packed(GzipEncoder::new(lines.as_bytes())).await,
            "",
        ),
    ]
}

const LIMITED: &str = "data_processing_options = \"data_processing_options\"\n\
    data_processing_options_country = \"data_processing_options_country\"\n\
    data_processing_options_state = \"data_processing_options_state\"\n";

fn route(input: &str, columns: &str, destination: &str) -> String {
    format!(
        "[[route]]\nname = \"people\"\nprefix = \"people/\"\ncredentials = \"env:META_TOKEN\"\n\
         [route.input]\n{input}\n\
         [route.columns]\nemail = \"email\"\next = \"external_id\"\nconsent = {{ only_if = [\"Y\"] }}\n{columns}\
         {destination}"
    )
}

fn events() -> String {
    format!(
        "[route.conversions]\ndataset_id = \"{DATASET}\"\nevent_name = \"Purchase\"\naction_source = \"physical_store\"\n\
         event_time = \"object\"\nvalue = {{ column = \"worth\" }}\ncurrency = \"USD\"\n"
    )
}

fn members(mode: &str) -> String {
    format!(
        "[route.custom_audience]\nad_account = \"act_{ACCOUNT}\"\naudience = \"{AUDIENCE}\"\nmode = \"{mode}\"\n"
    )
}

/// Delivers the object with a crash in its middle, and once more on purpose without one.
async fn goes_on(what: &str, routes: &str, content: &[u8], answered: usize) {
    let stage = Paused::new(routes, SETTINGS, |builder| builder);
    let by_value = AudienceChange {
        is_value_based: Some(routes.contains("lookalike_value")),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, by_value);
    stage.wire.platform.change(change).unwrap();
    stage.wire.silent_after(answered);
    let object = stage.put("people/part-0", content).await;
    let worker = stage.work();
    let sent = || stage.wire.bodies().len();
    let out = answered + IN_FLIGHT;
    stage
        .until("all that may be out are out", || sent() == out)
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(sent(), out, "{what}");
    worker.abort();
    stage.wire.silent_no_more();
    stage.leases_are_over();
    tokio::time::sleep(MUCH_LATER).await;

    let worker = stage.work();
    stage.until_done().await;
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.status, Status::Delivered, "{what}");
    let attempts = receipt.attempts.unwrap();
    assert_eq!(attempts.total, 2, "{what}");
    assert!(attempts.rows_before > 0, "{what}: it was begun anew");
    let with_a_crash = stage.wire.bodies();
    stage.announce_as("people/part-0", Some("again")).await;
    stage.until_done().await;
    worker.abort();
    let all = stage.wire.bodies();
    let (with_a_crash, without) = all.split_at(with_a_crash.len());
    let batches = receipt.batches.acknowledged as usize;
    assert!(batches >= out, "{what}: {batches} batches have no middle");
    assert_eq!(without.len(), batches, "{what}");
    assert_eq!(with_a_crash.len(), batches + IN_FLIGHT, "{what}");
    let distinct = |sent: &[Brought]| sent.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(distinct(without).len(), batches, "{what}");
    assert!(
        distinct(with_a_crash) == distinct(without),
        "{what}: other bytes were sent after the crash"
    );
}

#[test]
fn events_of_every_format_are_sent_after_a_crash_as_they_would_have_been_without() {
    on_a_paused_clock(async {
        for (name, content, input) in files(1_500).await {
            let routes = route(input, LIMITED, &events());
            goes_on(name, &routes, &content, 3).await;
        }
    });
}

#[test]
fn members_of_every_format_with_value_and_limit_are_sent_after_a_crash_as_without() {
    on_a_paused_clock(async {
        let columns = format!("worth = \"lookalike_value\"\n{LIMITED}");
        for (name, content, input) in files(4_500).await {
            let routes = route(input, &columns, &members("add"));
            goes_on(name, &routes, &content, 3).await;
        }
    });
}

#[test]
fn who_is_removed_is_removed_after_a_crash_as_without() {
    on_a_paused_clock(async {
        let routes = route("", "", &members("remove"));
        goes_on("removal", &routes, csv(5_000).as_bytes(), 2).await;
    });
}

#[test]
fn events_of_parquet_are_sent_after_a_crash_as_without() {
    on_a_paused_clock(async {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/fixtures");
        let file = std::fs::read(file.join("audience.parquet")).unwrap();
        let routes = route("", "", &events())
            .replace("ext = \"external_id\"", "id = \"external_id\"")
            .replace("worth", "paid");
        goes_on("parquet", &routes, &file, 1).await;
    });
}
