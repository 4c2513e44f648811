//! The beginning of a file, looked at before anything is read from it: is it text,
//! is it UTF-8?
//!
//! A file of another encoding is refused as a whole, because rejecting its rows one
//! by one would send the ASCII half of an audience and call that done. A single bad
//! row in a good file is not refused here: the reader rejects that row.

use std::io::Cursor;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::RowsError;

pub(super) const SAMPLE_BYTES: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct Sample {
    bytes: Vec<u8>,
    /// Bytes of the byte order mark before the text: 0 or 3.
    mark: usize,
    /// The file ends with the sample.
    whole: bool,
}

impl Sample {
    /// Reads the first [`SAMPLE_BYTES`], or less if the file is shorter, and gives
    /// the reader back for the rest.
    pub(super) async fn take<R>(mut reader: R) -> Result<(Sample, R), RowsError>
    where
        R: AsyncRead + Unpin,
    {
        let mut bytes = Vec::with_capacity(SAMPLE_BYTES);
        (&mut reader)
            .take(SAMPLE_BYTES as u64)
            .read_to_end(&mut bytes)
            .await
            .map_err(RowsError::Input)?;
        let mark = if bytes.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let whole = bytes.len() < SAMPLE_BYTES;
        Ok((Sample { bytes, mark, whole }, reader))
    }

    /// The sampled text, without its byte order mark.
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(self.mark..).unwrap_or_default()
    }

    /// Where the text begins in the file.
    pub(super) fn text_start(&self) -> u64 {
        self.mark as u64
    }

    /// The offset in the file after which nothing but line ends follow; `None`
    /// where the file is longer than the sample.
    pub(super) fn content_end_if_whole(&self) -> Option<u64> {
        let content = self
            .bytes
            .iter()
            .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
            .map_or(0, |last| last + 1);
        self.whole.then_some(content as u64)
    }

    /// The sampled text again, to be read.
    pub(super) fn into_text(self) -> Cursor<Vec<u8>> {
        let mut text = Cursor::new(self.bytes);
        text.set_position(self.mark as u64);
        text
    }

    /// Refuses what is not UTF-8 text.
    pub(super) fn check(&self) -> Result<(), RowsError> {
        // Before binary data, because half of UTF-16 is NUL bytes.
        if self.bytes.starts_with(b"\xff\xfe") || self.bytes.starts_with(b"\xfe\xff") {
            return Err(RowsError::NotUtf8 {
                encoding: "UTF-16",
                line: 1,
            });
        }
        if is_binary(self.text()) {
            return Err(RowsError::NotText);
        }
        match first_foreign_line(self.text(), self.whole) {
            Some(line) => Err(RowsError::NotUtf8 {
                encoding: "Latin-1, Windows-1252 or alike",
                line,
            }),
            None => Ok(()),
        }
    }
}

/// A NUL byte, or more than one control character in fifty: no text has that.
fn is_binary(text: &[u8]) -> bool {
    let controls = text
        .iter()
        .filter(|byte| matches!(byte, 0..=8 | 14..=25 | 28..=31 | 127))
        .count();
    text.contains(&0) || controls * 50 > text.len()
}

/// The first line that is not UTF-8, where the file as a whole is not: most lines
/// with anything beyond ASCII are broken, and they are three or a quarter of all lines.
/// Fewer may be single bad rows.
fn first_foreign_line(text: &[u8], whole: bool) -> Option<u64> {
    let line_end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    let (mut lines, mut valid, mut broken) = (0_u64, 0_u64, 0_u64);
    let mut first = None;
    let mut parts = text.split(|&byte| byte == line_end).zip(1..).peekable();
    while let Some((line, number)) = parts.next() {
        lines += u64::from(!line.is_empty());
        if line.is_ascii() {
            continue;
        }
        let cut = !whole && parts.peek().is_none();
        match std::str::from_utf8(line) {
            Ok(_) => valid += 1,
            // The sample ends in the middle of a character.
            Err(error) if cut && error.error_len().is_none() => valid += 1,
            Err(_) => {
                broken += 1;
                first = first.or(Some(number));
            }
        }
    }
    let plenty = broken >= 3 || broken * 4 >= lines;
    first.filter(|_| broken > valid && plenty)
}
