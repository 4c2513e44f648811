//! Snappy's framing format: chunks of at most 64 KiB, each with its checksum.
//! <https://github.com/google/snappy/blob/main/framing_format.txt>

use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use snap::read::FrameDecoder;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// Type and length.
const HEADER_BYTES: usize = 4;
/// The checksum, and 64 KiB that grew as much as snappy lets them.
const MAX_CHUNK_BYTES: usize = 4 + 76_490;

/// Gives the decoder one whole chunk after the other, since it cannot wait for bytes.
pub(super) struct SnappyDecoder<R> {
    input: R,
    /// Reads from the chunk at hand.
    decoder: FrameDecoder<Cursor<Vec<u8>>>,
    /// The chunk at hand is whole, and the decoder may have more of it.
    whole: bool,
    /// Bytes of a chunk to be passed over that are still to come.
    skip: usize,
}

impl<R> SnappyDecoder<R> {
    pub(super) fn new(input: R) -> SnappyDecoder<R> {
        SnappyDecoder {
            input,
            decoder: FrameDecoder::new(Cursor::new(Vec::new())),
            whole: false,
            skip: 0,
        }
    }

    pub(super) fn get_ref(&self) -> &R {
        &self.input
    }
}

impl<R: AsyncBufRead + Unpin> SnappyDecoder<R> {
    /// Whether the chunk is there, whole; the end of the input is the only time it is not.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let input = ready!(Pin::new(&mut self.input).poll_fill_buf(context))?;
            let chunk = self.decoder.get_mut().get_mut();
            if input.is_empty() {
                return Poll::Ready(if chunk.is_empty() && self.skip == 0 {
                    Ok(false)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                });
            }
            let wanted = match (self.skip, body_bytes(chunk)) {
                (0, None) => HEADER_BYTES - chunk.len(),
                (0, Some(body)) => HEADER_BYTES + body - chunk.len(),
                (skip, _) => skip,
            };
            let taken = wanted.min(input.len());
            if self.skip > 0 {
                self.skip -= taken;
            } else {
                chunk.extend(input.iter().take(taken));
            }
            Pin::new(&mut self.input).consume(taken);
            let Some(body) = body_bytes(chunk) else {
                continue;
            };
            // Padding, and what later versions may add for others.
            if matches!(chunk.first(), Some(0x80..=0xfe)) {
                self.skip = body;
                chunk.clear();
            } else if body > MAX_CHUNK_BYTES {
                return Poll::Ready(Err(broken()));
            } else if chunk.len() == HEADER_BYTES + body {
                return Poll::Ready(Ok(true));
            }
        }
    }
}

/// How long the chunk is behind its header, once that is there.
fn body_bytes(chunk: &[u8]) -> Option<usize> {
    match chunk {
        [_, low, middle, high, ..] => {
            Some(usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16)
        }
        _ => None,
    }
}

/// Without the decoder's own words, which may repeat bytes of the file.
fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a chunk is broken")
}

impl<R: AsyncBufRead + Unpin> AsyncRead for SnappyDecoder<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.whole {
                let room = buffer.initialize_unfilled();
                let count = this.decoder.read(room).map_err(|_| broken())?;
                if count > 0 || room.is_empty() {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                let chunk = this.decoder.get_mut();
                chunk.get_mut().clear();
                chunk.set_position(0);
            }
            this.whole = ready!(this.poll_chunk(context))?;
            if !this.whole {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
