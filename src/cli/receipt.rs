//! A receipt for people.

use crate::receipts::{Receipt, Status};

/// What became of the rows, in a few lines.
pub(super) fn summary(receipt: &Receipt) -> String {
    let rows = receipt.rows;
    let sent = receipt.sent;
    let mut text = format!(
        "{} ({}) in {:.1} s\n  rows       {:>10} read = {} sent + {} rejected + {} filtered",
        receipt.status.name(),
        receipt.route,
        receipt.duration_ms as f64 / 1000.0,
        rows.read,
        rows.sent,
        rows.rejected,
        rows.filtered,
    );
    if rows.withheld > 0 {
        text.push_str(&format!(" + {} withheld", rows.withheld));
    }
    text.push_str(&format!(
        "\n  sent       {:>10} = {} accepted + {} refused by Meta\n  requests   {:>10} for {} batches, {} of them retries",
        rows.sent, sent.accepted, sent.refused, receipt.batches.requests, receipt.batches.acknowledged,
        receipt.batches.retries,
    ));
    if let Some(explanation) = &receipt.explanation
        && receipt.status != Status::Delivered
    {
        text.push_str(&format!("\n  because    {explanation}"));
    }
    for (reason, count) in receipt.rejects.counts() {
        text.push_str(&format!("\n  rejected   {count:>10} × {}", reason.as_str()));
    }
    for sample in receipt.rejects.samples().iter().take(5) {
        let key = sample.key.as_ref().map_or("row", |key| key.as_str());
        text.push_str(&format!(
            "\n    for example row {}: {key}: {}",
            sample.row,
            sample.reason.as_str()
        ));
    }
    if let Some(file) = &receipt.rejects_file {
        let (listed, of) = (file.listed, file.of);
        let path = &file.path;
        text.push_str(&format!("\n    {listed} of {of} are listed in {path}"));
    }
    for (property, reasons) in &receipt.properties_left_out {
        for (reason, count) in reasons {
            text.push_str(&format!(
                "\n  left out   {count:>10} × {}: {}",
                property.as_str(),
                reason.as_str()
            ));
        }
    }
    for warning in &receipt.warnings {
        let key = warning.key.as_ref().map_or("rows", |key| key.as_str());
        text.push_str(&format!(
            "\n  warning    {:>10} of {}: {key}: {}",
            warning.count,
            warning.of,
            warning.code.as_str()
        ));
    }
    text.push('\n');
    text
}
