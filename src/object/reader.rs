//! One version of one object as a steady stream of bytes.
//!
//! The object is asked for in windows, one request each, and a window's body is
//! passed on as it comes. A body that breaks off, ends short or stalls is asked for
//! again from the exact byte, as long as requests bring anything.

use std::fmt;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};
use tokio::time::{sleep, timeout};
use tokio_util::io::StreamReader;

use super::error::ObjectError;
use super::source::{Body, ObjectSource};
use super::version::ObjectVersion;
use crate::backoff::Backoff;

/// Between two attempts at the same bytes.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    most: Duration::from_secs(10),
};

/// How an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The first byte to read, so that a later worker goes on where one stopped.
    pub start: u64,
    /// What one request asks for. Larger means fewer requests, not more memory.
    pub window_bytes: u64,
    /// Failures in a row, without a byte between them, after which the read fails.
    pub attempts: usize,
    /// How long to wait for the next bytes before the request is given up. Time in
    /// which nobody reads does not count.
    pub stall: Duration,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            start: 0,
            window_bytes: 8 * 1024 * 1024,
            attempts: 6,
            stall: Duration::from_secs(30),
        }
    }
}

/// Counts of one read, for whoever shows progress while the reader is elsewhere.
#[derive(Debug, Default)]
pub struct ReadProgress {
    bytes: AtomicU64,
    resumes: AtomicU64,
}

impl ReadProgress {
    /// Bytes received so far, as stored, those before `start` not included.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How often a broken request was made again.
    pub fn resumes(&self) -> u64 {
        self.resumes.load(Ordering::Relaxed)
    }
}

/// The bytes of one [`ObjectVersion`] from [`ReadOptions::start`] to its end.
///
/// Its errors carry an [`ObjectError`] (see [`ObjectError::within`]): a transient one
/// only after all attempts. After an error there are only errors, never an end that
/// could be taken for the object's. Reading is cancel-safe; dropping the reader ends the request under way.
pub struct PinnedReader {
    stream: StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>,
    progress: Arc<ReadProgress>,
    failed: bool,
}

/// Makes a reader; the first request goes out with the first read.
pub fn open(
    source: Arc<dyn ObjectSource>,
    version: ObjectVersion,
    options: ReadOptions,
) -> PinnedReader {
    let range = options.start..version.size;
    open_range(source, version, range, options, Arc::default())
}

/// Makes a reader of a part of an object, which adds to `progress`.
pub(super) fn open_range(
    source: Arc<dyn ObjectSource>,
    version: ObjectVersion,
    range: Range<u64>,
    options: ReadOptions,
    progress: Arc<ReadProgress>,
) -> PinnedReader {
    let read = Read {
        position: range.start,
        window_end: range.start,
        end: range.end.min(version.size),
        body: None,
        failures: 0,
        source,
        version,
        options,
        progress: Arc::clone(&progress),
    };
    let stream = stream::try_unfold(read, |mut read| async move {
        let piece = read.next_piece().await?;
        Ok(piece.map(|piece| (piece, read)))
    });
    PinnedReader {
        stream: StreamReader::new(stream.boxed()),
        progress,
        failed: false,
    }
}

struct Read {
    source: Arc<dyn ObjectSource>,
    version: ObjectVersion,
    options: ReadOptions,
    progress: Arc<ReadProgress>,
    /// The next byte to pass on.
    position: u64,
    /// Just after the last byte to pass on.
    end: u64,
    /// Where the body under way should end.
    window_end: u64,
    body: Option<Body>,
    /// Failures since the last byte.
    failures: usize,
}

impl Read {
    /// `None` at the end.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, ObjectError> {
        while self.position < self.end {
            match self.try_next_piece().await {
                Ok(piece) => {
                    self.position += piece.len() as u64;
                    self.failures = 0;
                    self.progress
                        .bytes
                        .fetch_add(piece.len() as u64, Ordering::Relaxed);
                    return Ok(Some(piece));
                }
                Err(error) => self.after_failure(error).await?,
            }
        }
        Ok(None)
    }

    /// The next bytes of the window, at least one; or why there are none.
    async fn try_next_piece(&mut self) -> Result<Bytes, ObjectError> {
        let address = &self.version.address;
        let stalled = |_| {
            let seconds = self.options.stall.as_secs();
            ObjectError::transient(address, format!("no data for {seconds} seconds"))
        };
        if self.position >= self.window_end {
            self.body = None;
        }
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let end = self
                    .position
                    .saturating_add(self.options.window_bytes.max(1));
                self.window_end = end.min(self.end);
                let request = self
                    .source
                    .read(&self.version, self.position..self.window_end);
                let body = timeout(self.options.stall, request)
                    .await
                    .map_err(stalled)??;
                self.body.insert(body)
            }
        };
        loop {
            let piece = timeout(self.options.stall, body.next())
                .await
                .map_err(stalled)?
                .transpose()?;
            return match piece {
                Some(piece) if piece.is_empty() => continue,
                Some(piece) if piece.len() as u64 > self.window_end - self.position => {
                    Err(ObjectError::Refused {
                        address: address.clone(),
                        reason: "the source sent more than it was asked for".to_owned(),
                    })
                }
                Some(piece) => Ok(piece),
                None => Err(ObjectError::transient(address, "the body ended too early")),
            };
        }
    }

    /// Waits for the next attempt, or gives the error back if there is none.
    async fn after_failure(&mut self, error: ObjectError) -> Result<(), ObjectError> {
        self.body = None;
        self.failures += 1;
        if !error.is_transient() || self.failures >= self.options.attempts {
            return Err(error);
        }
        self.progress.resumes.fetch_add(1, Ordering::Relaxed);
        let pause = BACKOFF.wait(self.failures);
        tracing::debug!(
            object.version = %self.version,
            object.offset = self.position,
            pause_ms = pause.as_millis() as u64,
            error = &error as &dyn std::error::Error,
            "a read of the object broke off and will be resumed"
        );
        sleep(pause).await;
        Ok(())
    }
}

impl PinnedReader {
    /// The counts of this read; they go on after the reader has moved elsewhere.
    pub fn progress(&self) -> Arc<ReadProgress> {
        Arc::clone(&self.progress)
    }
}

impl AsyncBufRead for PinnedReader {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.failed {
            return Poll::Ready(Err(io::Error::other("the read failed before")));
        }
        let filled = ready!(Pin::new(&mut this.stream).poll_fill_buf(context));
        this.failed = filled.is_err();
        Poll::Ready(filled)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.stream).consume(amount);
    }
}

impl AsyncRead for PinnedReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = ready!(self.as_mut().poll_fill_buf(context))?;
        let count = filled.len().min(buffer.remaining());
        buffer.put_slice(filled.get(..count).unwrap_or_default());
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for PinnedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedReader")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
