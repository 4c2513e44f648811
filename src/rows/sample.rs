//! The beginning of a file, looked at before anything is read from it: is it text,
//! is it UTF-8?
//!
//! A file of another encoding is refused as a whole, because rejecting its rows one
//! by one would send the ASCII half of an audience and call that done. A single bad
//! row in a good file is not refused here: the reader rejects that row.

use std::io::Cursor;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::RowsError;
use super::options::Encoding;

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
    /// The text of a sample, as a file of its own.
    pub(super) fn of(text: Vec<u8>) -> Sample {
        Sample {
            bytes: text,
            mark: 0,
            whole: true,
        }
    }

    /// Reads on until there is a whole line in it, unless that is longer than `max_bytes`.
    pub(super) async fn complete_line<R>(
        &mut self,
        rest: &mut R,
        max_bytes: usize,
    ) -> Result<(), RowsError>
    where
        R: AsyncRead + Unpin,
    {
        let mut searched = 0;
        while !self.whole && self.bytes.len() <= max_bytes {
            let fresh = self.bytes.get(searched..).unwrap_or_default();
            if fresh.contains(&b'\n') {
                break;
            }
            searched = self.bytes.len();
            (&mut *rest)
                .take(SAMPLE_BYTES as u64)
                .read_to_end(&mut self.bytes)
                .await
                .map_err(RowsError::Input)?;
            self.whole = self.bytes.len() - searched < SAMPLE_BYTES;
        }
        Ok(())
    }

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

    /// The sample, its byte order mark included.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// There is a byte order mark of UTF-8.
    pub(super) fn is_marked(&self) -> bool {
        self.mark > 0
    }

    /// The sampled text, without its byte order mark.
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(self.mark..).unwrap_or_default()
    }

    /// The file ends with the sample.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
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

    /// Refuses what is not text, and what is not UTF-8 though nothing else was said.
    pub(super) fn check(&self, encoding: Encoding) -> Result<(), RowsError> {
        // Transcoded: what is broken then is broken row by row.
        let transcoded = encoding != Encoding::Utf8;
        // Before binary data, because half of UTF-16 is NUL bytes.
        if !transcoded && is_utf16(&self.bytes) {
            return Err(RowsError::NotUtf8 {
                encoding: "UTF-16",
                setting: "utf-16",
                line: 1,
            });
        }
        if is_binary(self.text()) {
            return Err(RowsError::NotText);
        }
        match first_foreign_line(self.text(), self.whole) {
            Some(line) if !transcoded => Err(RowsError::NotUtf8 {
                encoding: "Latin-1, Windows-1252 or alike",
                setting: "windows-1252",
                line,
            }),
            _ => Ok(()),
        }
    }
}

/// A mark of UTF-16; or, without one, text in which every other byte is NUL and hardly
/// any of those between.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let nuls = |odd: usize| {
        let bytes = bytes.iter().skip(odd).step_by(2);
        bytes.filter(|&&byte| byte == 0).count()
    };
    let (even, odd) = (nuls(0), nuls(1));
    let pairs = bytes.len() / 2;
    pairs >= 2 && even.max(odd) * 2 > pairs && even.min(odd) * 20 <= pairs
}

/// A NUL byte, or more than one control character in fifty: no text has that.
fn is_binary(text: &[u8]) -> bool {
    let controls = text
        .iter()
        .filter(|byte| matches!(byte, 0..=8 | 14..=25 | 28..=31 | 127))
        .count();
    text.contains(&0) || controls * 50 > text.len()
}

/// The first line that is not UTF-8, where the file as a whole is not: more lines are
/// broken than hold anything valid beyond ASCII, and they are three, or the header,
/// or all rows there are. Fewer may be single bad rows, which are rejected one by one
/// (and of a small file the sample gate holds everything back if they are many).
fn first_foreign_line(text: &[u8], whole: bool) -> Option<u64> {
    let line_end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    let (mut lines, mut valid, mut broken) = (0_u64, 0_u64, 0_u64);
    let mut first = None;
    let mut parts = text.split(|&byte| byte == line_end).zip(1..).peekable();
    while let Some((line, number)) = parts.next() {
        lines += u64::from(!line.trim_ascii().is_empty());
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
                first = first.or(Some((number, lines)));
            }
        }
    }
    let (number, rank) = first?;
    let is_header = rank == 1;
    let all_rows = broken + 1 >= lines;
    (broken > valid && (broken >= 3 || is_header || all_rows)).then_some(number)
}
