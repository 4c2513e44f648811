//! Text of another encoding becomes UTF-8, where one is configured.
//!
//! Bytes that stand for nothing in that encoding become a byte that stands for nothing
//! in UTF-8. So the row that holds them is rejected as any other that is not valid,
//! and a replacement character that somebody really wrote stays what it is.

use std::fmt;
use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use tokio::io::{AsyncRead, AsyncReadExt, Chain, ReadBuf};

use super::error::RowsError;
use super::options::Encoding;
use super::sample::{Sample, is_utf16};

/// In no UTF-8 text.
const MARK: u8 = 0xff;

const BUFFER_BYTES: usize = 32 * 1024;

/// A reader's text as UTF-8.
pub(super) enum Text<R> {
    Utf8(R),
    Transcoded(Box<Transcoder<Chain<Cursor<Vec<u8>>, R>>>),
}

impl<R: AsyncRead + Unpin> Text<R> {
    /// # Errors
    ///
    /// Text whose beginning is clearly of another encoding than the configured one is
    /// refused: its letters would be changed without a trace.
    pub(super) async fn open(reader: R, encoding: Encoding) -> Result<Text<R>, RowsError> {
        if encoding == Encoding::Utf8 {
            return Ok(Text::Utf8(reader));
        }
        let (sample, rest) = Sample::take(reader).await?;
        let start = sample.bytes();
        let is_wide = is_utf16(start);
        let is_utf8 = sample.is_marked() || holds_utf8(start, sample.is_whole());
        let (decoder, mark_bytes) = match encoding {
            Encoding::Utf16 if start.starts_with(b"\xff\xfe") => (UTF_16LE, 2),
            Encoding::Utf16 if start.starts_with(b"\xfe\xff") => (UTF_16BE, 2),
            // Delimiters and line ends at least have a zero byte.
            Encoding::Utf16 if !start.is_empty() && !start.contains(&0) => {
                return Err(RowsError::OtherEncoding {
                    configured: "UTF-16",
                    found: "text of single bytes",
                });
            }
            Encoding::Utf16 if start.first() == Some(&0) => (UTF_16BE, 0),
            Encoding::Utf16 => (UTF_16LE, 0),
            Encoding::Utf8 | Encoding::Latin1 | Encoding::Windows1252 => {
                if is_wide || is_utf8 {
                    return Err(RowsError::OtherEncoding {
                        configured: "Latin-1 or Windows-1252",
                        found: if is_wide { "UTF-16" } else { "UTF-8" },
                    });
                }
                (WINDOWS_1252, 0)
            }
        };
        let mut start = Cursor::new(sample.into_bytes());
        start.set_position(mark_bytes);
        Ok(Text::Transcoded(Box::new(Transcoder {
            input: start.chain(rest),
            decoder: decoder.new_decoder_without_bom_handling(),
            single_bytes: decoder == WINDOWS_1252,
            bytes: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            ended: false,
            text: Vec::with_capacity(4 * BUFFER_BYTES),
            given: 0,
            finished: false,
        })))
    }
}

/// Anything beyond ASCII, and all of it valid: no text of single bytes looks so but by
/// a rare chance.
fn holds_utf8(start: &[u8], whole: bool) -> bool {
    let valid = match std::str::from_utf8(start) {
        Ok(_) => start.len(),
        Err(error) if !whole && error.error_len().is_none() => error.valid_up_to(),
        Err(_) => 0,
    };
    start.iter().take(valid).any(|byte| !byte.is_ascii())
}

impl<R: AsyncRead + Unpin> AsyncRead for Text<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Text::Utf8(reader) => Pin::new(reader).poll_read(context, buffer),
            Text::Transcoded(reader) => Pin::new(reader).poll_read(context, buffer),
        }
    }
}

pub(super) struct Transcoder<R> {
    input: R,
    decoder: Decoder,
    /// Windows-1252, of whose bytes five stand for nothing.
    single_bytes: bool,
    bytes: Vec<u8>,
    /// The part of `bytes` that is not decoded yet.
    start: usize,
    end: usize,
    /// The input has no more.
    ended: bool,
    text: Vec<u8>,
    /// How much of `text` was given out.
    given: usize,
    /// Nothing more comes behind `text`.
    finished: bool,
}

impl<R: AsyncRead + Unpin> Transcoder<R> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = ReadBuf::new(&mut self.bytes);
        ready!(Pin::new(&mut self.input).poll_read(context, &mut buffer))?;
        self.start = 0;
        self.end = buffer.filled().len();
        self.ended = self.end == 0;
        Poll::Ready(Ok(()))
    }

    /// Decodes what was read, up to the first bytes that stand for nothing.
    fn decode(&mut self) {
        self.text.clear();
        self.given = 0;
        let bytes = self.bytes.get(self.start..self.end).unwrap_or_default();
        let foreign = if self.single_bytes {
            bytes.iter().position(|byte| is_undefined(*byte))
        } else {
            None
        };
        if foreign == Some(0) {
            self.text.push(MARK);
            self.start += 1;
            return;
        }
        let bytes = bytes
            .get(..foreign.unwrap_or(bytes.len()))
            .unwrap_or_default();
        // No encoding grows by more than three; the rest is for what the decoder held back.
        self.text.resize(3 * bytes.len() + 16, 0);
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(bytes, &mut self.text, self.ended);
        self.text.truncate(written);
        self.start += read;
        match result {
            DecoderResult::Malformed(..) => self.text.push(MARK),
            DecoderResult::InputEmpty => self.finished = self.ended,
            DecoderResult::OutputFull => {}
        }
    }
}

/// Windows-1252 has no character there
/// (<https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT>).
fn is_undefined(byte: u8) -> bool {
    matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)
}

impl<R: AsyncRead + Unpin> AsyncRead for Transcoder<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let text = this.text.get(this.given..).unwrap_or_default();
            if !text.is_empty() {
                let count = text.len().min(buffer.remaining());
                buffer.put_slice(text.get(..count).unwrap_or_default());
                this.given += count;
                return Poll::Ready(Ok(()));
            }
            if this.finished {
                return Poll::Ready(Ok(()));
            }
            if this.start == this.end && !this.ended {
                ready!(this.poll_fill(context))?;
            }
            this.decode();
        }
    }
}

impl<R> fmt::Debug for Text<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Text::Utf8(_) => "Text(UTF-8)",
            Text::Transcoded(_) => "Text(transcoded)",
        })
    }
}

#[cfg(test)]
mod tests;
