//! Bytes for the CSV parser, as many as one record may have.
//!
//! The parser itself would collect a record of any length. It asks this reader for
//! bytes, and this reader refuses to give more than the current record may take,
//! with an error that leaves the parser's state as it is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// See the module. Positions count from the first byte this reader gave out.
pub(super) struct Guard<R> {
    inner: R,
    given: u64,
    allowed: u64,
    /// Beyond `allowed` and before this, single bytes are given out.
    dripping: u64,
    /// Just after the last byte given out that is no line end.
    content_end: u64,
    refused: bool,
    end: End,
}

/// How far the end of the input was told.
///
/// A line end is added behind the last byte. It closes any last record but one: in
/// an open quote it is content, and the parser has to ask again. So a record that
/// is given out after `Told` was cut by the end of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotReached,
    LineEndAdded,
    Told,
}

impl<R> Guard<R> {
    pub(super) fn new(inner: R) -> Guard<R> {
        Guard {
            inner,
            given: 0,
            allowed: 0,
            dripping: 0,
            content_end: 0,
            refused: false,
            end: End::NotReached,
        }
    }

    /// Bytes before `position` may be given out, no more.
    pub(super) fn allow_until(&mut self, position: u64) {
        self.allowed = position;
        self.dripping = position;
        self.refused = false;
    }

    /// Up to `position` too, but byte by byte: nothing of the records that follow gets
    /// into the parser's buffer, where it would have passed this guard.
    pub(super) fn allow_dripping_until(&mut self, position: u64) {
        self.dripping = position;
    }

    /// How many bytes of the input were given out; a line end that was added is none.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// The last error was this guard's: the limit was reached.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    /// Something other than line ends was given out since `position`.
    pub(super) fn gave_content_since(&self, position: u64) -> bool {
        self.content_end > position
    }

    /// The parser was told that nothing more comes.
    pub(super) fn told_the_end(&self) -> bool {
        self.end == End::Told
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Guard<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.end != End::NotReached {
            this.end = End::Told;
            return Poll::Ready(Ok(()));
        }
        let allowed = if this.given < this.allowed {
            this.allowed
        } else if this.given < this.dripping {
            this.given + 1
        } else {
            this.refused = true;
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        };
        let room = usize::try_from(allowed - this.given)
            .unwrap_or(usize::MAX)
            .min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        std::task::ready!(Pin::new(&mut this.inner).poll_read(context, &mut part))?;
        let part = part.filled();
        if let Some(last) = part.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')) {
            this.content_end = this.given + last as u64 + 1;
        }
        let count = part.len();
        if count == 0 && room > 0 {
            this.end = End::LineEndAdded;
            buffer.put_slice(b"\n");
            return Poll::Ready(Ok(()));
        }
        buffer.advance(count);
        this.given += count as u64;
        Poll::Ready(Ok(()))
    }
}
