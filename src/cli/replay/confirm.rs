//! The question before a forced replay, to a person on a terminal.

use std::io::{self, Write};

use indicatif::BinaryBytes;
use tokio_util::sync::CancellationToken;

use super::selection::Selection;
use crate::cli::fit;

/// Whether the person said yes. Nothing else than that word is one.
pub(super) async fn ask(
    selection: &Selection<'_>,
    (objects, bytes): (u64, u64),
    stop: &CancellationToken,
) -> anyhow::Result<bool> {
    question(selection, objects, bytes)?;
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        answer = answer => Ok(answer??.trim() == "yes"),
        () = stop.cancelled() => Ok(false),
    }
}

fn question(selection: &Selection<'_>, objects: u64, bytes: u64) -> io::Result<()> {
    let mut out = io::stderr().lock();
    let Selection { bucket, prefix, .. } = selection;
    write!(
        out,
        "--force sends these to Meta again, whether or not they were delivered:\n\
         {objects} objects ({}) below s3://{bucket}/{}\n\
         Event ids stay the same: the Conversions API drops what it received within 48 hours, \
         and counts again what it received earlier.\n\
         Type yes to go on: ",
        BinaryBytes(bytes),
        fit::plain(prefix),
    )?;
    out.flush()
}
