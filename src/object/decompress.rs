//! The text inside an object's bytes, by what they are and not by what they are called.

use std::fmt;
use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, Chain, ReadBuf};

use super::content::{Compression, ContentError, PEEK_BYTES, recognise};
use super::unpack::{Codec, Limits, Unpacked};

/// Looks at the first bytes and unpacks what follows accordingly: all members of a
/// gzip file, all frames of a zstd file, all streams of a bzip2 file, one after the
/// other, and the chunks of snappy's framing format.
///
/// No more than `limits` allow comes out of a compressed object, so that a bomb ends
/// somewhere; a plain object is as long as it is. Memory does not depend on either.
/// Files are unpacked once: what is compressed twice is refused, and so is Parquet
/// within, which is read from its end.
///
/// A file cut off inside a member is an error. One that is cut exactly between two of
/// them (in snappy, between two chunks) cannot be told from a shorter file: that the
/// object came whole is the care of the reader below.
///
/// # Errors
///
/// A format that is known and not supported is refused here, and so is compressed data
/// that is damaged at its beginning. Later, while reading, an error carries a
/// [`ContentError`] or the error of the reader below.
pub async fn decompress<R>(
    mut reader: R,
    limits: Limits,
) -> Result<(Compression, Decompressed<R>), ContentError>
where
    R: AsyncBufRead + Unpin,
{
    let start = beginning(&mut reader).await.map_err(ContentError::Input)?;
    let compression = recognise(&start).map_err(ContentError::Unsupported)?;
    let whole = AsyncReadExt::chain(Cursor::new(start), reader);
    let codec = match compression {
        Compression::None => return Ok((compression, Decompressed(Inner::Plain(whole)))),
        Compression::Gzip => Codec::gzip(whole),
        Compression::Zstd => Codec::zstd(whole),
        Compression::Bzip2 => Codec::bzip2(whole),
        Compression::Snappy => Codec::snappy(whole),
    };
    let mut unpacked = Box::new(Unpacked::new(compression, codec, limits));
    let start = match beginning(&mut unpacked).await {
        Ok(start) => start,
        Err(error) => return Err(error.downcast().unwrap_or_else(ContentError::Input)),
    };
    let inner = match recognise(&start) {
        Ok(Compression::None) => None,
        Ok(inner) => Some(inner.to_string()),
        Err(format) => Some(format.to_string()),
    };
    if let Some(inner) = inner {
        let outer = compression;
        return Err(ContentError::Nested { outer, inner });
    }
    let text = AsyncReadExt::chain(Cursor::new(start), unpacked);
    Ok((compression, Decompressed(Inner::Packed(text))))
}

/// The first [`PEEK_BYTES`], or fewer where there are no more.
async fn beginning(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(PEEK_BYTES).read_to_end(&mut start).await?;
    Ok(start)
}

/// The text of an object. Made by [`decompress`].
///
/// After an error there are only errors: no end that could be taken for the text's.
pub struct Decompressed<R>(Inner<R>);

/// Bytes that were looked at, and those that follow them.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

enum Inner<R> {
    Plain(Whole<R>),
    Packed(Whole<Box<Unpacked<Whole<R>>>>),
}

impl<R: AsyncRead> Decompressed<R> {
    /// What is known to be the text itself, from anywhere in it on.
    pub fn plain(text: R) -> Decompressed<R> {
        Decompressed(Inner::Plain(AsyncReadExt::chain(Cursor::default(), text)))
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Decompressed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Inner::Plain(reader) => Pin::new(reader).poll_read(context, buffer),
            Inner::Packed(reader) => Pin::new(reader).poll_read(context, buffer),
        }
    }
}

impl<R> fmt::Debug for Decompressed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Plain(_) => "Decompressed(plain)",
            Inner::Packed(_) => "Decompressed(packed)",
        })
    }
}
