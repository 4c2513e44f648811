//! Results on standard output. Whoever closes it early has seen enough.

use std::io::{self, ErrorKind, Write};

/// Says whether anybody still reads.
pub(super) fn write(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
