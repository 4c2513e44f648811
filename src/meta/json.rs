//! JSON written straight into a request's body. Writing into memory cannot fail.

use serde_json::Number;

use crate::identity::Identifier;

/// A JSON string.
pub(super) fn text(body: &mut Vec<u8>, text: &str) {
    // Most texts are names of keys: nothing in them needs a closer look.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
        return;
    }
    let _ = serde_json::to_writer(body, text);
}

pub(super) fn identifier(body: &mut Vec<u8>, identifier: Identifier<'_>) {
    match identifier {
        Identifier::Sha256(digest) => hex(body, digest.as_bytes()),
        Identifier::Plain(plain) => text(body, plain),
        Identifier::Json(json) => body.extend_from_slice(json.as_bytes()),
    }
}

pub(super) fn integer(body: &mut Vec<u8>, number: impl Into<Number>) {
    let _ = serde_json::to_writer(body, &number.into());
}

/// Bytes as a JSON string of lower-case hex, the only form in which Meta's
/// documents show digests.
pub(super) fn hex<const N: usize>(body: &mut Vec<u8>, bytes: &[u8; N]) {
    body.push(b'"');
    let start = body.len();
    body.resize(start + 2 * N, 0);
    // The space is exactly twice the bytes, which is all the encoder asks for.
    let _ = const_hex::encode_to_slice(bytes, &mut body[start..]);
    body.push(b'"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn digests_are_lower_case_hex_in_quotes() {
        let mut body = Vec::new();
        hex(&mut body, &[0x0f, 0xA0, 0xff]);
        assert_eq!(body, br#""0fa0ff""#);
    }

    #[test]
    fn text_is_escaped() {
        let mut body = Vec::new();
        text(&mut body, "a\"b\\c\n\u{1}é");
        let back: String = serde_json::from_slice(&body).unwrap();
        assert_eq!(back, "a\"b\\c\n\u{1}é");
    }
}
