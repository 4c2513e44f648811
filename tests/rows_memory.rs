//! Memory is bounded whatever the input. Alone in its process, because it looks at
//! the peak of the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod peak;

use peak::peak_bytes;
use std::pin::Pin;
use std::task::{Context, Poll};

use audience_activator::rows::{self, Next, Record, RowFault, RowOptions, Rows};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

const LINE_BYTES: u64 = 50 * 1024 * 1024;
const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// The same piece of text over and over, made when it is asked for.
struct Repeated(&'static [u8]);

impl AsyncRead for Repeated {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        while buffer.remaining() >= self.0.len() {
            buffer.put_slice(self.0);
        }
        let rest = self.0.get(..buffer.remaining()).unwrap_or_default();
        buffer.put_slice(rest);
        Poll::Ready(Ok(()))
    }
}

/// How many rows were good, and which were not.
async fn read(text: impl AsyncRead + Unpin + Send) -> (u64, Vec<(u64, RowFault)>) {
    let options = RowOptions {
        max_record_bytes: MAX_RECORD_BYTES,
        ..RowOptions::default()
    };
    let Rows::Table { mut reader, .. } = rows::open(text, options).await.unwrap() else {
        panic!("no rows");
    };
    let mut record = Record::new();
    let (mut good, mut faults) = (0, Vec::new());
    loop {
        match reader.next(&mut record).await.unwrap() {
            Next::Row => good += 1,
            Next::Fault { row, fault } => faults.push((row, fault)),
            Next::End => return (good, faults),
        }
    }
}

/// One test, so that nothing else of this process is in its peak.
#[tokio::test]
async fn a_line_of_50_mb_is_rejected_once_and_in_little_memory() {
    let before = peak_bytes("self").unwrap();
    let too_long = RowFault::TooLong {
        max_bytes: MAX_RECORD_BYTES,
    };
    // One long field, and nothing but fields: the rows around it are read.
    for long in [&[b'x'; 4096], &[b','; 4096]] {
        let text = b"a,b\n1,2\n"
            .chain(Repeated(long).take(LINE_BYTES))
            .chain(&b"\n3,4\n"[..]);
        assert_eq!(read(text).await, (2, vec![(2, too_long)]));
    }
    // A quote left open takes everything behind it.
    let text = b"a,b\n1,2\n3,\"".chain(Repeated(b"4\n5,6\n").take(LINE_BYTES));
    assert_eq!(read(text).await, (1, vec![(2, too_long)]));

    // One JSON object, and one line that is none.
    for piece in [&b"\"xxxxxxxxxxxxxxxx\","[..], b"x"] {
        let text = b"{\"a\":1}\n{\"a\":["
            .chain(Repeated(piece).take(LINE_BYTES))
            .chain(&b"]}\n{\"a\":3}\n"[..]);
        assert_eq!(read(text).await, (2, vec![(2, too_long)]));
    }

    let grown = peak_bytes("self").unwrap() - before;
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes");
}
