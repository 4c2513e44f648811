//! A bar on a terminal while something takes its time; nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::Snapshot;

/// Shows what `snapshot` says until `work` is done.
pub(super) async fn show<T>(
    snapshot: impl Fn() -> Option<Snapshot>,
    work: impl Future<Output = T>,
) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(
        "{bar:30} {percent:>3} % of {binary_total_bytes}  {msg}  {elapsed} elapsed, {eta} left",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let update = || {
        if let Some(now) = snapshot().filter(|now| now.size > 0) {
            bar.set_length(now.size);
            bar.set_position(now.bytes_read);
            bar.set_message(message(&now));
        }
    };
    until_done(&bar, update, work).await
}

/// Shows the line that `told` makes until `work` is done, where nobody knows how much
/// there is.
pub(super) async fn tell<T>(told: impl Fn() -> String, work: impl Future<Output = T>) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    let update = || {
        bar.set_message(told());
        bar.tick();
    };
    until_done(&bar, update, work).await
}

async fn until_done<T>(bar: &ProgressBar, update: impl Fn(), work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(Duration::from_millis(100)) => update(),
        }
    };
    bar.finish_and_clear();
    done
}

fn message(now: &Snapshot) -> String {
    let (read, rejected) = (now.rows_read, now.rows_rejected);
    match now.rows_accepted {
        // None yet, or none at all where nothing is sent.
        0 => format!("{read} rows read, {rejected} rejected"),
        accepted => format!("{read} rows read, {accepted} accepted, {rejected} rejected"),
    }
}
