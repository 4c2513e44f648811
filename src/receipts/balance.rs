//! The sums that a receipt is for: rows read = filtered + rejected + sent + withheld, and
//! sent = accepted + refused + unknown; nothing withheld or unknown when delivered.

use super::receipt::Receipt;
use super::status::Status;

/// Rows that came from nowhere, or went there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("{read} rows read, but {accounted} filtered, rejected, sent or withheld")]
    Rows { read: u64, accounted: u64 },
    #[error("{sent} rows sent, but {answered} accepted, refused or unknown")]
    Sent { sent: u64, answered: u64 },
    #[error("delivered, with {withheld} rows withheld and {unknown} unknown")]
    Unfinished { withheld: u64, unknown: u64 },
    #[error("{refused} rows refused by Meta, but {with_error} with an error")]
    Refusals { refused: u64, with_error: u64 },
    #[error("{rejected} rows rejected, but {with_reason} with a reason")]
    Rejects { rejected: u64, with_reason: u64 },
    #[error("{rows} rows rejected or refused, but the file lists {listed} of {of}")]
    RejectsFile { rows: u64, listed: u64, of: u64 },
}

pub(super) fn check(receipt: &Receipt) -> Result<(), Unbalanced> {
    let rows = receipt.rows;
    let accounted = sum([rows.filtered, rows.rejected, rows.sent, rows.withheld]);
    if rows.read != accounted {
        let read = rows.read;
        return Err(Unbalanced::Rows { read, accounted });
    }
    let answered = sum([
        receipt.sent.accepted,
        receipt.sent.refused,
        receipt.sent.unknown,
    ]);
    if rows.sent != answered {
        let sent = rows.sent;
        return Err(Unbalanced::Sent { sent, answered });
    }
    let (withheld, unknown) = (rows.withheld, receipt.sent.unknown);
    if receipt.status == Status::Delivered && withheld + unknown > 0 {
        return Err(Unbalanced::Unfinished { withheld, unknown });
    }
    let (refused, with_error) = (receipt.sent.refused, receipt.refusals.total());
    if refused != with_error {
        return Err(Unbalanced::Refusals {
            refused,
            with_error,
        });
    }
    let with_reason = receipt.rejects.total();
    if rows.rejected != with_reason {
        let rejected = rows.rejected;
        return Err(Unbalanced::Rejects {
            rejected,
            with_reason,
        });
    }
    if let Some(file) = &receipt.rejects_file {
        let (listed, of) = (file.listed, file.of);
        let rows = sum([rows.rejected, receipt.sent.refused]);
        if of != rows || listed > of {
            return Err(Unbalanced::RejectsFile { rows, listed, of });
        }
    }
    Ok(())
}

fn sum<const N: usize>(counts: [u64; N]) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}
