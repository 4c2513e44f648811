//! The same people arrive, whatever their file looks like; and what a route says of its
//! files is held to.

use async_compression::tokio::bufread::{BzEncoder, ZstdEncoder};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::stage::people::{email, file, hashed_email, row};
use crate::stage::{DATASET, ROUTES, Stage};

const PEOPLE: u64 = 300;

async fn packed(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut packed = Vec::new();
    encoder.read_to_end(&mut packed).await.unwrap();
    packed
}

fn json_lines() -> String {
    let line = |number| {
        format!(
            "{{\"person\":{{\"id\":\"id-{number}\",\"email\":\"{}\"}},\"consent\":\"Y\",\"paid\":12.50}}\n",
            email(number)
        )
    };
    (1..=PEOPLE).map(line).collect()
}

/// The routes, with these lines of input in the first.
fn routes_with(input: &str) -> String {
    let input = format!("[route.input]\n{input}\n[route.conversions]");
    ROUTES.replacen("[route.conversions]", &input, 1)
}

async fn arrives(routes: &str, content: impl AsRef<[u8]>) {
    let stage = Stage::with(routes, &[]).await;
    let object = stage.put("conversions/people", content);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.rows.read, receipt.sent.accepted), (PEOPLE, PEOPLE));
    for number in [1, PEOPLE] {
        let events = stage
            .simulator
            .events_bearing(DATASET, "em", &hashed_email(number));
        assert_eq!(events, 1, "{number}");
    }
}

#[tokio::test]
async fn people_of_every_format_and_compression_arrive() {
    let text = file(PEOPLE);
    arrives(ROUTES, packed(ZstdEncoder::new(text.as_bytes())).await).await;
    arrives(ROUTES, packed(BzEncoder::new(text.as_bytes())).await).await;
    arrives(ROUTES, text.replace(',', "\t")).await;
    let nested = ROUTES
        .replacen("id = \"ext", "\"person.id\" = \"ext", 1)
        .replacen("email = \"em", "\"person.email\" = \"em", 1);
    arrives(&nested, json_lines()).await;
    let packed_lines = packed(ZstdEncoder::new(json_lines().as_bytes())).await;
    arrives(&nested, packed_lines).await;
}

#[tokio::test]
async fn what_a_route_says_of_its_files_is_how_they_are_read() {
    let rows: String = (1..=PEOPLE).map(row).collect();
    let header = "header = [\"id\", \"email\", \"consent\", \"paid\"]";
    arrives(&routes_with(header), &rows).await;
    let wide: Vec<u8> = file(PEOPLE)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    arrives(&routes_with("encoding = \"utf-16\""), wide).await;
    let odd = file(PEOPLE).replace(',', "^");
    arrives(&routes_with("delimiter = \"^\""), odd).await;
}

#[tokio::test]
async fn a_file_beyond_a_limit_or_unlike_its_route_is_refused_with_the_reason() {
    let text = file(PEOPLE);
    let bomb = packed(ZstdEncoder::new(&vec![b'a'; 64 << 20][..])).await;
    let large = packed(ZstdEncoder::new(&vec![b'a'; 2 << 20][..])).await;
    let limits = [
        ("ACTIVATOR_INPUT_MAX_COLUMNS", "3"),
        ("ACTIVATOR_INPUT_MAX_DECOMPRESSED_BYTES", "1048576"),
    ];
    let ratio = [
        ("ACTIVATOR_INPUT_MAX_DECOMPRESSION_RATIO", "100"),
        ("ACTIVATOR_INPUT_MAX_HEADER_BYTES", "67108864"),
    ];
    let header = [("ACTIVATOR_INPUT_MAX_HEADER_BYTES", "1024")];
    let long_header = [&"x".repeat(2_000), "\n1\n"].concat();
    let none: [(&str, &str); 0] = [];
    for (input, settings, content, reason) in [
        ("", &limits[..], text.as_bytes(), "too_large"),
        ("", &limits, &large[..], "too_large"),
        ("", &ratio, &bomb[..], "too_large"),
        ("", &header, long_header.as_bytes(), "too_large"),
        (
            "format = \"json_lines\"",
            &none,
            text.as_bytes(),
            "not_as_configured",
        ),
        (
            "format = \"parquet\"",
            &none,
            text.as_bytes(),
            "not_as_configured",
        ),
        (
            "encoding = \"utf-16\"",
            &none,
            text.as_bytes(),
            "not_as_configured",
        ),
    ] {
        let stage = Stage::with(&routes_with(input), settings).await;
        let object = stage.put("conversions/people", content);
        let halt = stage.deliver(&object).await.unwrap_err();
        let receipt = stage.receipt(&object).await.unwrap();
        let code = receipt.status.reason().unwrap();
        assert_eq!(receipt.status.name(), "refused");
        assert_eq!(code.as_str(), reason, "{halt}");
        assert_eq!(stage.requests(), 0);
    }
}
