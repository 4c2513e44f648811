//! What the comparisons with other readers share: text that arrives in pieces, read in a
//! test that is not async.

use std::io;

use futures_util::stream;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

pub(crate) fn in_pieces(text: &[u8], piece_bytes: usize) -> impl AsyncRead + Unpin + Send + use<> {
    let pieces: Vec<_> = text
        .chunks(piece_bytes)
        .map(|piece| Ok::<_, io::Error>(io::Cursor::new(piece.to_vec())))
        .collect();
    StreamReader::new(stream::iter(pieces))
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
