//! Findings for people.

use std::fmt::Write;

use super::{Told, advice};
use crate::app::{Findings, Verdict};
use crate::receipts::{FieldCounts, Receipt};

/// The verdict in one word.
pub(super) const fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Deliverable => "deliverable",
        Verdict::Skipped(_) => "skipped",
        Verdict::Refused(crate::app::Refusal::Blocked { .. }) => "blocked",
        Verdict::Refused(_) => "refused",
    }
}

pub(super) fn of(told: &Told<'_>, findings: &Findings) -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = write_all(told, findings, &mut text);
    text
}

fn write_all(told: &Told<'_>, findings: &Findings, text: &mut String) -> std::fmt::Result {
    let receipt = &findings.receipt;
    write_verdict(findings, text)?;
    if receipt.rows.read > 0 {
        write_rows(told, findings, text)?;
    }
    if !receipt.fields.is_empty() {
        write_fields(receipt, text)?;
    }
    write_rejects(receipt, text)?;
    write_properties(receipt, text)?;
    write_warnings(receipt, text)?;
    if let Some(payload) = &findings.payload {
        writeln!(text, "\nThe first rows as they would go out:\n\n{payload}")?;
    }
    Ok(())
}

fn write_verdict(findings: &Findings, text: &mut String) -> std::fmt::Result {
    let route = &findings.receipt.route;
    match &findings.verdict {
        Verdict::Deliverable if findings.requests == 0 => {
            writeln!(
                text,
                "Nothing would be sent by route {route}: no row is left."
            )
        }
        Verdict::Deliverable => {
            writeln!(text, "This would be delivered by route {route}.")
        }
        Verdict::Skipped(reason) => {
            writeln!(text, "This would be skipped: nothing is in it ({reason}).")
        }
        Verdict::Refused(refusal) => writeln!(
            text,
            "This would be {} by route {route}: {refusal}",
            verdict(&findings.verdict)
        ),
    }
}

fn write_rows(told: &Told<'_>, findings: &Findings, text: &mut String) -> std::fmt::Result {
    let receipt = &findings.receipt;
    let rows = receipt.rows;
    let first = match told.sample {
        Some(most) if rows.read == most => " (only these were looked at)",
        _ => "",
    };
    writeln!(
        text,
        "\n  rows      {:>10} read{first} = {} to send + {} rejected + {} filtered",
        rows.read, rows.withheld, rows.rejected, rows.filtered
    )?;
    let limit = told.config.input.max_reject_share * 100.0;
    let sample = told.config.input.sample_rows;
    writeln!(
        text,
        "  sample    no more than {limit} % of the first {sample} rows may be rejects: {}",
        match verdict(&findings.verdict) {
            "blocked" => "there are more, so nothing would be sent",
            _ => "passed",
        }
    )?;
    if verdict(&findings.verdict) == "deliverable" {
        let destination = &receipt.destination;
        let api = match destination.api.as_str() {
            "conversions" => "the Conversions API, to the dataset",
            _ => "the audience",
        };
        let id = match destination.id.as_str() {
            _ if told.stands_in => "that a configuration would name",
            "" => "that the route's credentials name",
            id => id,
        };
        let mode = destination.mode.as_ref().map(|mode| mode.as_str());
        let mode = mode.map(|mode| format!(" ({mode})")).unwrap_or_default();
        writeln!(
            text,
            "  requests  {:>10} with {} entries, for {api} {id}{mode}",
            findings.requests, findings.entries
        )?;
    }
    Ok(())
}

fn write_fields(receipt: &Receipt, text: &mut String) -> std::fmt::Result {
    let longest = receipt.fields.keys().map(|key| key.as_str().len()).max();
    let width = longest.unwrap_or_default().max(12) + 2;
    writeln!(
        text,
        "\n  {:<width$}{:>9}{:>11}{:>11}{:>11}{:>11}{:>11}",
        "key", "filled", "cells", "as it was", "changed", "hashed", "dropped"
    )?;
    for (key, counts) in &receipt.fields {
        let FieldCounts {
            rows: _,
            share,
            filled,
            kept,
            changed,
            already_hashed,
            dropped,
        } = counts;
        let total: u64 = dropped.values().sum();
        writeln!(
            text,
            "  {:<width$}{:>7.1} %{filled:>11}{kept:>11}{changed:>11}{already_hashed:>11}{total:>11}",
            key.as_str(),
            share.percent()
        )?;
        for (reason, count) in dropped {
            writeln!(text, "    {count} × {}", with_advice(reason.as_str()))?;
        }
    }
    let unmapped = &receipt.unmapped_columns;
    let shown: Vec<String> = unmapped
        .positions()
        .iter()
        .take(20)
        .map(usize::to_string)
        .collect();
    if !shown.is_empty() {
        let more = unmapped.total() - shown.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        writeln!(
            text,
            "\n  columns that nothing refers to: {}{more}",
            shown.join(", ")
        )?;
    }
    Ok(())
}

fn write_rejects(receipt: &Receipt, text: &mut String) -> std::fmt::Result {
    for (reason, count) in receipt.rejects.counts() {
        let what = with_advice(reason.as_str());
        writeln!(text, "\n  rejected  {count:>10} × {what}")?;
        let samples = receipt.rejects.samples().iter();
        let samples = samples.filter(|sample| sample.reason == *reason).take(5);
        let rows: Vec<String> = samples.map(|sample| sample.row.to_string()).collect();
        if !rows.is_empty() {
            writeln!(text, "    first in rows {}", rows.join(", "))?;
        }
    }
    Ok(())
}

fn write_properties(receipt: &Receipt, text: &mut String) -> std::fmt::Result {
    for (property, reasons) in &receipt.properties_left_out {
        for (reason, count) in reasons {
            let (property, reason) = (property.as_str(), reason.as_str());
            writeln!(text, "\n  left out  {count:>10} × {property}: {reason}")?;
            writeln!(
                text,
                "    These events would go out without it; see custom_data in docs/CONFIGURATION.md."
            )?;
        }
    }
    Ok(())
}

fn write_warnings(receipt: &Receipt, text: &mut String) -> std::fmt::Result {
    for warning in &receipt.warnings {
        let key = warning.key.as_ref();
        let key = key.map(|key| format!("{}: ", key.as_str()));
        let (key, code) = (key.unwrap_or_default(), warning.code.as_str());
        let (count, of) = (warning.count, warning.of);
        match &warning.reason {
            None => {
                writeln!(text, "\n  warning   {key}{code}: {count} of {of}")?;
                writeln!(text, "    {}", warning.advice)?;
            }
            // What to do about it stands with its key.
            Some(reason) => {
                let reason = reason.as_str();
                writeln!(
                    text,
                    "\n  warning   {key}{code} ({reason}): {count} of {of}"
                )?;
            }
        }
    }
    Ok(())
}

fn with_advice(reason: &str) -> String {
    match advice::for_reason(reason) {
        Some(advice) => format!("{reason}: {advice}"),
        None => reason.to_owned(),
    }
}
