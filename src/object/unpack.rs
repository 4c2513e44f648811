//! Compressed bytes become text, no more of it than the limits allow.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BzDecoder, GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::content::{Compression, ContentError};
use super::error::ObjectError;
use super::snappy::SnappyDecoder;

/// How much may come out of a compressed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub max_bytes: u64,
    /// Decompressed by compressed bytes; measured once more than
    /// [`RATIO_FREE_BYTES`] came out, since a small file may be nothing but zeros.
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 1 << 40,
            max_ratio: 1000,
        }
    }
}

pub(super) const RATIO_FREE_BYTES: u64 = 16 << 20;

/// The decoder keeps a window of this size: 32 MiB. The zstd program asks for 8 MiB at
/// most, but for `--long` and `--ultra`.
const ZSTD_WINDOW_LOG: u32 = 25;

/// A decoder over the counted input.
pub(super) enum Codec<R> {
    Gzip(GzipDecoder<Counted<R>>),
    Zstd(ZstdDecoder<Counted<R>>),
    Bzip2(BzDecoder<Counted<R>>),
    Snappy(SnappyDecoder<Counted<R>>),
}

impl<R: AsyncBufRead + Unpin> Codec<R> {
    pub(super) fn gzip(input: R) -> Codec<R> {
        let mut decoder = GzipDecoder::new(Counted::new(input));
        decoder.multiple_members(true);
        Codec::Gzip(decoder)
    }

    pub(super) fn zstd(input: R) -> Codec<R> {
        let parameters = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
        let mut decoder = ZstdDecoder::with_params(Counted::new(input), &parameters);
        decoder.multiple_members(true);
        Codec::Zstd(decoder)
    }

    pub(super) fn bzip2(input: R) -> Codec<R> {
        let mut decoder = BzDecoder::new(Counted::new(input));
        decoder.multiple_members(true);
        Codec::Bzip2(decoder)
    }

    pub(super) fn snappy(input: R) -> Codec<R> {
        Codec::Snappy(SnappyDecoder::new(Counted::new(input)))
    }

    /// How many compressed bytes were taken.
    fn taken(&self) -> u64 {
        match self {
            Codec::Gzip(decoder) => decoder.get_ref().taken,
            Codec::Zstd(decoder) => decoder.get_ref().taken,
            Codec::Bzip2(decoder) => decoder.get_ref().taken,
            Codec::Snappy(decoder) => decoder.get_ref().taken,
        }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Codec<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Codec::Gzip(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Codec::Zstd(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Codec::Bzip2(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Codec::Snappy(decoder) => Pin::new(decoder).poll_read(context, buffer),
        }
    }
}

/// The text of a compressed object. After an error there are only errors.
pub(super) struct Unpacked<R> {
    compression: Compression,
    codec: Codec<R>,
    limits: Limits,
    given: u64,
    failed: bool,
}

impl<R: AsyncBufRead + Unpin> Unpacked<R> {
    pub(super) fn new(compression: Compression, codec: Codec<R>, limits: Limits) -> Unpacked<R> {
        Unpacked {
            compression,
            codec,
            limits,
            given: 0,
            failed: false,
        }
    }

    fn check(&self) -> Result<(), ContentError> {
        let Limits {
            max_bytes,
            max_ratio,
        } = self.limits;
        if self.given > max_bytes {
            return Err(ContentError::TooLarge { max_bytes });
        }
        let most = self.codec.taken().saturating_mul(max_ratio);
        if self.given > RATIO_FREE_BYTES && self.given > most {
            return Err(ContentError::TooDense { max_ratio });
        }
        Ok(())
    }

    /// The decoder hands on the errors of the reader below as they are; its own are
    /// about the data.
    fn explain(&self, error: io::Error) -> io::Error {
        if ObjectError::within(&error).is_some() {
            return error;
        }
        // zstd's errors are known by their texts alone.
        if error.to_string().contains("too much memory") {
            let max_bytes = 1 << ZSTD_WINDOW_LOG;
            return ContentError::WindowTooLarge { max_bytes }.into();
        }
        let compression = self.compression;
        let source = error;
        ContentError::Damaged {
            compression,
            source,
        }
        .into()
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Unpacked<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(io::Error::other("decompression failed before")));
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.codec).poll_read(context, buffer));
        self.given += (buffer.filled().len() - before) as u64;
        let checked = match read {
            Ok(()) => self.check().map_err(io::Error::from),
            Err(error) => Err(self.explain(error)),
        };
        if checked.is_err() {
            self.failed = true;
            buffer.set_filled(before);
        }
        Poll::Ready(checked)
    }
}

/// Counts the bytes that are taken from the reader below.
pub(super) struct Counted<R> {
    input: R,
    taken: u64,
}

impl<R> Counted<R> {
    fn new(input: R) -> Counted<R> {
        Counted { input, taken: 0 }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.input).poll_read(context, buffer))?;
        self.taken += (buffer.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Counted<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().input).poll_fill_buf(context)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.taken += amount as u64;
        Pin::new(&mut self.input).consume(amount);
    }
}
