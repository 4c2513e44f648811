//! A bar on a terminal while one object is delivered or looked at; nothing elsewhere.

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
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        if let Some(now) = snapshot().filter(|now| now.size > 0) {
            bar.set_length(now.size);
            bar.set_position(now.bytes_read);
            bar.set_message(message(&now));
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
