//! One object, with all that is known of it.

use std::fmt::Write;

use indicatif::BinaryBytes;

use super::line::{Line, RunLine};
use super::table::{ago, percent};
use crate::cli::fit;

pub(super) fn of(line: &Line) -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = write_all(line, &mut text);
    text
}

fn write_all(line: &Line, text: &mut String) -> std::fmt::Result {
    let mut row = |title: &str, told: &str| writeln!(text, "  {title:<11}{told}");
    let state = line.state.name();
    match &line.reason {
        None => row("state", state)?,
        Some(reason) => row("state", &format!("{state} ({reason})"))?,
    }
    if let Some(problem) = &line.problem {
        row("problem", &fit::plain(problem))?;
    }
    if let Some(advice) = line.state.advice() {
        row("", advice)?;
    }
    if let Some(route) = &line.route {
        row("route", route)?;
    }
    if let Some(object) = &line.object
        && line.run.is_none()
    {
        let version = object.version_id.as_deref().map(fit::plain);
        let etag = fit::plain(&object.etag);
        row(
            "version",
            &version.unwrap_or_else(|| format!("etag {etag}")),
        )?;
        let size = BinaryBytes(object.size);
        row("written", &format!("{}, {size}", object.last_modified))?;
    }
    if let Some(run) = &line.run {
        write_run(run, text)?;
    }
    // Nobody has begun it, or nobody knows.
    let Some(owner) = &line.owner else {
        return Ok(());
    };
    if line.run.is_none() {
        write_counts(line, text)?;
    }
    let mut row = |title: &str, told: &str| writeln!(text, "  {title:<11}{told}");
    row(
        "attempts",
        &format!(
            "{}, {} of them since the last progress",
            line.attempts.total, line.attempts.without_progress
        ),
    )?;
    row("deliveries", &line.deliveries.to_string())?;
    if let Some(replay) = &line.replay {
        row("replay", &fit::plain(replay))?;
    }
    let lease = line.lease_seconds.unwrap_or_default();
    row(
        "owner",
        &format!("{}, lease of {lease} s", fit::plain(owner)),
    )?;
    if let Some(claimed) = &line.claimed_at {
        row("claimed", &claimed.to_string())?;
    }
    if let Some(updated) = &line.updated_at {
        let age = line.age_seconds.map(ago).unwrap_or_default();
        row("updated", &format!("{updated}, {age} ago"))?;
    }
    if let Some(receipt) = &line.receipt {
        row("receipt", &fit::plain(receipt))?;
    }
    Ok(())
}

fn write_counts(line: &Line, text: &mut String) -> std::fmt::Result {
    let mut row = |title: &str, told: &str| writeln!(text, "  {title:<11}{told}");
    let rows = line.rows;
    row(
        "rows",
        &format!(
            "{} read, {} accepted, {} refused by Meta, {} rejected, {} filtered",
            rows.read, rows.accepted, rows.refused, rows.rejected, rows.filtered
        ),
    )?;
    let batches = line.batches;
    row(
        "batches",
        &format!(
            "{} acknowledged, {} sent and not answered; {} requests, {} of them retries",
            batches.acknowledged, batches.unknown, batches.requests, batches.retries
        ),
    )?;
    if let Some(share) = line.share {
        row("share", &format!("{} of the object", percent(share)))?;
    }
    Ok(())
}

/// Of a folder, whose own entry counts no rows: those of its objects do.
fn write_run(run: &RunLine, text: &mut String) -> std::fmt::Result {
    let mut row = |title: &str, told: &str| writeln!(text, "  {title:<11}{told}");
    let mut stage = run.stage.name().to_owned();
    if let Some(session) = run.stage.session() {
        write!(stage, ", session {session}")?;
    }
    if let Some(opened) = &run.opened_at {
        write!(stage, ", opened {opened}")?;
    }
    row("stage", &stage)?;
    row("live", run.live.sentence())?;
    row(
        "run",
        &format!(
            "{} objects, {} rows that can be sent; {} requests, {} of them in the session",
            run.objects, run.rows, run.requests, run.in_session
        ),
    )?;
    row(
        "sessions",
        &format!(
            "begun anew {} times, gone on with {} times",
            run.restarts, run.resumed
        ),
    )
}
