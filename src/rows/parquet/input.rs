//! Where the bytes of a file come from: ranges of it, in any order.

use std::io;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::error::RowsError;
use super::error::ParquetError;
use super::page::PageHeader;

/// A file that can be read in part.
pub trait ReadRange: Send + Sync {
    /// Of the whole file, in bytes.
    fn size(&self) -> u64;

    /// Exactly this range, in order. Nothing is asked for before the first read.
    fn read(&self, range: Range<u64>) -> Box<dyn AsyncRead + Send + Unpin>;
}

/// The whole of a short range.
pub(super) async fn read_whole(
    input: &dyn ReadRange,
    range: Range<u64>,
) -> Result<Bytes, RowsError> {
    let mut pages = Pages::new(input, range.clone());
    // The caller has bounded the range.
    let count = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    pages.take(count).await
}

/// What is read beyond what was asked for, so that small pages are not read one by one.
const AHEAD_BYTES: usize = 16 * 1024;

/// Statistics in headers hold values; nobody writes any as long as this.
const LONGEST_HEADER: usize = 1024 * 1024;

/// The pages of a chunk, as they are stored.
pub(super) struct Pages {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    buffer: BytesMut,
    /// Bytes that are not in the buffer yet.
    unread: u64,
}

impl Pages {
    pub(super) fn new(input: &dyn ReadRange, range: Range<u64>) -> Pages {
        Pages {
            unread: range.end.saturating_sub(range.start),
            reader: input.read(range),
            buffer: BytesMut::new(),
        }
    }

    /// How much of the chunk is still to come.
    pub(super) fn left(&self) -> u64 {
        self.unread.saturating_add(self.buffer.len() as u64)
    }

    pub(super) async fn header(&mut self) -> Result<PageHeader, RowsError> {
        loop {
            if let Some(header) = PageHeader::decode(&self.buffer)? {
                self.take(header.header_size).await?;
                return Ok(header);
            }
            if self.buffer.len() >= LONGEST_HEADER {
                return Err(ParquetError::Damaged("a page's header has no end").into());
            }
            self.more(1).await?;
        }
    }

    pub(super) async fn take(&mut self, count: usize) -> Result<Bytes, RowsError> {
        while let Some(missing) = count.checked_sub(self.buffer.len()).filter(|&few| few > 0) {
            self.more(missing).await?;
        }
        Ok(self.buffer.split_to(count).freeze())
    }

    /// Reads something, with room for `count` bytes at least.
    async fn more(&mut self, count: usize) -> Result<(), RowsError> {
        if self.unread == 0 {
            return Err(ParquetError::Damaged("a column ends within a page").into());
        }
        self.buffer.reserve(count.max(AHEAD_BYTES));
        let read = self.reader.read_buf(&mut self.buffer).await;
        let read = read.map_err(RowsError::Input)? as u64;
        if read == 0 || read > self.unread {
            return Err(RowsError::Input(io::ErrorKind::UnexpectedEof.into()));
        }
        self.unread -= read;
        Ok(())
    }
}
