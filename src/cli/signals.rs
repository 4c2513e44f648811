//! SIGTERM and SIGINT: the first asks, the second insists.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Exit;

/// From now on cancels `stop` at the first signal and ends the process at the second.
/// Whatever is then left undone comes back from the queue.
pub(super) fn watch(stop: CancellationToken) {
    match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(terminate), Ok(interrupt)) => {
            tokio::spawn(heed(terminate, interrupt, stop));
        }
        (Err(error), _) | (_, Err(error)) => {
            error!(error = %error, "cannot watch for signals; only SIGKILL will end this process");
        }
    }
}

async fn heed(mut terminate: Signal, mut interrupt: Signal, stop: CancellationToken) {
    either(&mut terminate, &mut interrupt).await;
    stop.cancel();
    either(&mut terminate, &mut interrupt).await;
    warn!("second signal: ending at once");
    #[expect(
        clippy::disallowed_methods,
        reason = "ending at once is what a second signal asks for"
    )]
    std::process::exit(Exit::Interrupted as i32);
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
