#![allow(clippy::unwrap_used)]

use base64::prelude::{BASE64_STANDARD as PADDED, BASE64_URL_SAFE_NO_PAD as UNPADDED};
use proptest::prelude::*;
use secrecy::SecretSlice;

use super::*;

const TOKEN: &str = "EAABmarkedToken0123456789ZD";
const OBJECT: &str =
    r#"{"access_token": "EAABmarkedToken0123456789ZD", "pixel_id": "123456789012345"}"#;

fn text(secret: &str) -> Result<Credentials, ShapeError> {
    recognise(&RawSecret::Text(SecretString::from(secret)))
}

fn binary(secret: &[u8]) -> Result<Credentials, ShapeError> {
    recognise(&RawSecret::Binary(SecretSlice::from(secret.to_vec())))
}

#[test]
fn every_documented_shape_gives_the_same_token() {
    let shapes: [(String, &str, bool); 16] = [
        (OBJECT.to_owned(), "a JSON object", true),
        (format!("\u{feff}{OBJECT}\r\n"), "a JSON object", true),
        (
            format!(r#"{{"accessToken": "{TOKEN}", "pixelId": 123456789012345}}"#),
            "a JSON object",
            true,
        ),
        (
            format!(r#"{{"token": "{TOKEN}\n"}}"#),
            "a JSON object",
            false,
        ),
        (
            serde_json::to_string(OBJECT).unwrap(),
            "a JSON object",
            true,
        ),
        (
            format!(r#"{{"credentials": "{}"}}"#, PADDED.encode(OBJECT)),
            "a JSON object in base64 under one key",
            true,
        ),
        (
            format!(
                r#"{{"credentials": "{}", "note": "x"}}"#,
                PADDED.encode(TOKEN)
            ),
            "a token alone in base64 under one key",
            false,
        ),
        (
            format!(r#"{{"meta": "{}"}}"#, PADDED.encode(format!("{TOKEN}\n"))),
            "a token alone in base64 under one key",
            false,
        ),
        (
            format!(r#"{{"meta": "{}"}}"#, UNPADDED.encode(OBJECT)),
            "a JSON object in base64 under one key",
            true,
        ),
        (
            format!(r#"{{"meta": {}}}"#, serde_json::to_string(OBJECT).unwrap()),
            "a JSON object under one key",
            true,
        ),
        (
            format!(r#"{{"meta": "{TOKEN}"}}"#),
            "a token alone under one key",
            false,
        ),
        (PADDED.encode(OBJECT), "a JSON object in base64", true),
        (PADDED.encode(TOKEN), "a token alone in base64", false),
        (TOKEN.to_owned(), "a token alone", false),
        (format!("\"{TOKEN}\"\n"), "a token alone", false),
        (format!("'{TOKEN}'\n"), "a token alone", false),
    ];
    for (secret, shape, has_pixel) in shapes {
        for (found, suffix) in [(text(&secret), ""), (binary(secret.as_bytes()), ", binary")] {
            let found = found.unwrap();
            assert_eq!(found.access_token.expose_secret(), TOKEN, "{shape}");
            assert_eq!(found.shape.to_string(), format!("{shape}{suffix}"));
            let pixel = has_pixel.then(|| "123456789012345".to_owned());
            assert_eq!(found.pixel_id, pixel, "{shape}");
        }
    }
}

#[test]
fn base64_with_line_breaks_is_read() {
    let mut wrapped = PADDED.encode(OBJECT);
    wrapped.insert(40, '\n');
    assert_eq!(text(&wrapped).unwrap().access_token.expose_secret(), TOKEN);
}

#[test]
fn an_app_secret_comes_along() {
    let found = text(&format!(
        r#"{{"access_token":"{TOKEN}","app_secret":"abc"}}"#
    ))
    .unwrap();
    assert_eq!(found.app_secret.unwrap().expose_secret(), "abc");
}

#[test]
fn a_token_of_plain_letters_is_not_taken_for_base64() {
    let found = text("demotoken1234567").unwrap();
    assert_eq!(found.access_token.expose_secret(), "demotoken1234567");
}

#[test]
fn a_secret_without_a_token_is_refused_with_its_own_reason() {
    let cases = [
        ("", ShapeError::Empty),
        (" \n", ShapeError::Empty),
        ("{\"access_token\": ", ShapeError::BrokenJson),
        ("{}", ShapeError::NoToken { members: 0 }),
        (r#"{"a":"b","c":"d"}"#, ShapeError::NoToken { members: 2 }),
        (r#"{"password":"p?ss"}"#, ShapeError::NotBase64),
        (r#"{"credentials":{"a":1}}"#, ShapeError::NotBase64),
        (r#"{"access_token":""}"#, ShapeError::BadToken),
        ("two words", ShapeError::BadToken),
        (
            r#"{"access_token":7}"#,
            ShapeError::MemberNotText {
                member: "access_token",
            },
        ),
        (
            r#"{"access_token":"t","pixel_id":"12x"}"#,
            ShapeError::BadPixelId,
        ),
    ];
    for (secret, expected) in cases {
        assert_eq!(text(secret).unwrap_err(), expected, "{secret}");
    }
    assert_eq!(binary(&[0xff, 0xfe]).unwrap_err(), ShapeError::NotText);
}

#[test]
fn neither_errors_nor_debug_hold_a_part_of_the_secret() {
    for secret in [
        OBJECT.to_owned(),
        format!("{{\"marked\": \"{TOKEN} marked\"}}"),
        format!("{{marked {TOKEN}"),
        format!("marked {TOKEN}"),
        r#"{"access_token":"marked","pixel_id":"marked"}"#.to_owned(),
    ] {
        let shown = match text(&secret) {
            Ok(credentials) => format!("{credentials:?} {}", credentials.shape),
            Err(error) => format!("{error:?} {error}"),
        };
        assert!(!shown.contains("marked"), "{shown}");
    }
    let raw = RawSecret::Text(SecretString::from("marked"));
    assert_eq!(format!("{raw:?}"), "Text(6 bytes)");
}

proptest! {
    #[test]
    fn no_bytes_whatever_end_in_a_panic(secret in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = binary(&secret);
    }

    #[test]
    fn any_token_survives_every_wrapping(token in "EAA[A-Za-z0-9]{5,150}") {
        for secret in [
            token.clone(),
            PADDED.encode(&token),
            format!(r#"{{"k": "{}"}}"#, PADDED.encode(&token)),
            format!(r#"{{"access_token": "{token}"}}"#),
        ] {
            let found = text(&secret).unwrap();
            prop_assert_eq!(found.access_token.expose_secret(), token.as_str());
        }
    }
}
