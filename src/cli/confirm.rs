//! A question to a person on a terminal.

use std::io::{self, IsTerminal, Write};

use tokio_util::sync::CancellationToken;

/// Whether there is somebody to ask.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the person said yes. Nothing else than that word is one.
pub(super) async fn ask(question: &str, stop: &CancellationToken) -> anyhow::Result<bool> {
    let mut out = io::stderr().lock();
    write!(out, "{question}Type yes to go on: ")?;
    out.flush()?;
    drop(out);
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        answer = answer => Ok(answer??.trim() == "yes"),
        () = stop.cancelled() => Ok(false),
    }
}
