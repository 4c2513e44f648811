//! The sum that a receipt is for: rows read = filtered + sent + rejected, and
//! sent = accepted + refused + unknown.

use super::receipt::Receipt;

/// Rows that came from nowhere, or went there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("{read} rows read, but {accounted} filtered, rejected or sent")]
    Rows { read: u64, accounted: u64 },
    #[error("{sent} rows sent, but {answered} accepted, refused or unknown")]
    Sent { sent: u64, answered: u64 },
    #[error("{rejected} rows rejected, but {with_reason} with a reason")]
    Rejects { rejected: u64, with_reason: u64 },
}

pub(super) fn check(receipt: &Receipt) -> Result<(), Unbalanced> {
    let rows = receipt.rows;
    let accounted = sum([rows.filtered, rows.rejected, rows.sent]);
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
    let with_reason = receipt.rejects.total();
    if rows.rejected != with_reason {
        let rejected = rows.rejected;
        return Err(Unbalanced::Rejects {
            rejected,
            with_reason,
        });
    }
    Ok(())
}

fn sum(counts: [u64; 3]) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}
