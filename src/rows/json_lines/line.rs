//! Lines of any length, in memory for one of them.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

const BUFFER_BYTES: usize = 64 * 1024;

pub(super) struct Lines<R> {
    input: BufReader<R>,
    position: u64,
}

pub(super) enum Line {
    Whole,
    /// Its bytes were thrown away.
    TooLong,
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            position: 0,
        }
    }

    /// Where the next line begins, in bytes of the input.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Reads the next line, without its end; `max_bytes` is with it.
    pub(super) async fn next(&mut self, line: &mut Vec<u8>, max_bytes: usize) -> io::Result<Line> {
        line.clear();
        let mut length = 0;
        loop {
            let input = self.input.fill_buf().await?;
            let end = memchr::memchr(b'\n', input);
            let count = end.map_or(input.len(), |end| end + 1);
            let is_end = input.is_empty();
            length += count;
            if length <= max_bytes {
                line.extend_from_slice(input.get(..end.unwrap_or(count)).unwrap_or_default());
            } else {
                line.clear();
            }
            self.input.consume(count);
            self.position += count as u64;
            if end.is_none() && !is_end {
                continue;
            }
            return Ok(match length {
                0 => Line::End,
                length if length > max_bytes => Line::TooLong,
                _ => Line::Whole,
            });
        }
    }
}
