//! Whether a text is JSON, told from its beginning.

use serde::de::IgnoredAny;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rows) enum Shape {
    /// Objects line by line; single lines may be broken.
    Lines,
    /// One array of objects.
    Array,
    /// One object over several lines, or several on one line.
    Document,
    Other,
}

/// `text` is the beginning, or the `whole`.
pub(in crate::rows) fn shape(text: &[u8], whole: bool) -> Shape {
    let text = text.trim_ascii_start();
    match text {
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => return Shape::Array,
        [b'{', ..] => {}
        _ => return Shape::Other,
    }
    let mut first_ends_early = None;
    let mut lines = text.split(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let cut = !whole && lines.peek().is_none();
        if line.trim_ascii().is_empty() {
            continue;
        }
        let ends_early = match is_object(line) {
            Ok(()) => return Shape::Lines,
            Err(ends_early) => ends_early,
        };
        // One line that is longer than what was looked at.
        if cut && first_ends_early.is_none() && ends_early {
            return Shape::Lines;
        }
        first_ends_early = first_ends_early.or(Some(ends_early));
    }
    if first_ends_early == Some(true) || begins_with_object(text) {
        Shape::Document
    } else {
        Shape::Other
    }
}

/// Whatever follows it.
fn begins_with_object(text: &[u8]) -> bool {
    let values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    matches!(values.take(1).next(), Some(Ok(_)))
}

/// If not, whether it is the beginning of one.
fn is_object(line: &[u8]) -> Result<(), bool> {
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(false);
    }
    match serde_json::from_slice::<IgnoredAny>(line) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.is_eof()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, shape};

    #[test]
    fn json_lines_are_known_by_one_line_that_is_an_object() {
        for (text, expected) in [
            ("{\"a\":1}", Shape::Lines),
            ("\n  {}\r\n{\"a\":{\"b\":[]}}\n", Shape::Lines),
            ("{\"a\":broken}\n{\"a\":1}\n", Shape::Lines),
            ("[{\"a\":1},\n{\"a\":2}]", Shape::Array),
            ("[\n  {\"a\":1}\n]", Shape::Array),
            ("{\n  \"a\": 1\n}\n", Shape::Document),
            ("{\"a\":1}{\"a\":2}\n", Shape::Document),
            ("{\"a\":1}\r{\"a\":2}\r", Shape::Document),
            ("email,name\n{},{}\n", Shape::Other),
            ("{email},{name}\n1,2\n", Shape::Other),
            ("[email],[name]\n1,2\n", Shape::Other),
            ("", Shape::Other),
        ] {
            assert_eq!(shape(text.as_bytes(), true), expected, "{text:?}");
        }
    }

    #[test]
    fn a_first_line_longer_than_the_sample_is_known_by_its_beginning() {
        assert_eq!(shape(b"{\"a\":[1,2,", false), Shape::Lines);
        assert_eq!(shape(b"{\"a\":[1,2,", true), Shape::Document);
        assert_eq!(shape(b"{email},a", false), Shape::Other);
    }
}
