//! The text inside an object's bytes, by what they are and not by what they are called.

use std::fmt;
use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, Chain, ReadBuf};

use super::content::{Compression, ContentError, PEEK_BYTES, recognise};
use super::error::ObjectError;

/// Looks at the first bytes and unpacks what follows accordingly: all members of a
/// gzip file, one after the other.
///
/// No more than `max_bytes` come out of a compressed object, so that a bomb ends
/// somewhere; a plain object is as long as it is. Memory does not depend on either.
///
/// # Errors
///
/// A format that is known and not supported is refused here. Later, while reading,
/// an error carries a [`ContentError`] or the [`ObjectError`] of the reader below.
pub async fn decompress<R>(
    mut reader: R,
    max_bytes: u64,
) -> Result<(Compression, Decompressed<R>), ContentError>
where
    R: AsyncBufRead + Unpin,
{
    let mut start = Vec::new();
    (&mut reader)
        .take(PEEK_BYTES)
        .read_to_end(&mut start)
        .await
        .map_err(ContentError::Input)?;
    let compression = recognise(&start).map_err(ContentError::Unsupported)?;
    let whole = AsyncReadExt::chain(Cursor::new(start), reader);
    let inner = match compression {
        Compression::None => Inner::Plain(whole),
        Compression::Gzip => {
            let mut decoder = GzipDecoder::new(whole);
            decoder.multiple_members(true);
            Inner::Gzip(Gzip {
                decoder: Box::new(decoder),
                left: max_bytes,
                max_bytes,
                failed: false,
            })
        }
    };
    Ok((compression, Decompressed { inner }))
}

/// The text of an object. Made by [`decompress`].
///
/// After an error there are only errors: no end that could be taken for the text's.
pub struct Decompressed<R> {
    inner: Inner<Chain<Cursor<Vec<u8>>, R>>,
}

enum Inner<R> {
    Plain(R),
    Gzip(Gzip<R>),
}

struct Gzip<R> {
    decoder: Box<GzipDecoder<R>>,
    left: u64,
    max_bytes: u64,
    failed: bool,
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Decompressed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(reader) => Pin::new(reader).poll_read(context, buffer),
            Inner::Gzip(gzip) => {
                let before = buffer.filled().len();
                let read = ready!(gzip.poll_read(context, buffer));
                if read.is_err() {
                    gzip.failed = true;
                    buffer.set_filled(before);
                }
                Poll::Ready(read)
            }
        }
    }
}

impl<R: AsyncBufRead + Unpin> Gzip<R> {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(io::Error::other("decompression failed before")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.decoder).poll_read(context, buffer)).map_err(damaged)?;
        let count = (buffer.filled().len() - before) as u64;
        let max_bytes = self.max_bytes;
        self.left = self
            .left
            .checked_sub(count)
            .ok_or(ContentError::TooLarge { max_bytes })?;
        Poll::Ready(Ok(()))
    }
}

/// The decoder hands on the errors of the reader below as they are; its own are
/// about the data.
fn damaged(error: io::Error) -> io::Error {
    if ObjectError::within(&error).is_some() {
        error
    } else {
        ContentError::Damaged(error).into()
    }
}

impl<R> fmt::Debug for Decompressed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.inner {
            Inner::Plain(_) => "Decompressed(plain)",
            Inner::Gzip(_) => "Decompressed(gzip)",
        })
    }
}
