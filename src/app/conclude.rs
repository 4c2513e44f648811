//! What follows from the end of an attempt. The order is the promise: the list of rejects
//! is durable before the receipt that names it, the receipt before the ledger says done,
//! and that before the message is deleted. So whatever is missing after a crash is done
//! again, and nothing that is there says more than is true.

use bytes::Bytes;
use tracing::{debug, warn};

use super::activation::{Activation, End};
use super::attempt::Attempt;
use super::halt::{Halt, Refusal};
use super::report::{Finished, Report};
use crate::delivery::Stop;
use crate::ledger::{Ending, Entry, Ledger, remove_segments};
use crate::meta::ErrorCode;
use crate::object::ObjectError;
use crate::object::version::ObjectVersion;
use crate::receipts::{Code, Receipt, ReceiptStore, Status, StoreError};

pub(super) struct Conclusion<'a> {
    pub attempt: &'a Attempt<'a>,
    /// Meta took other requests of the account meanwhile.
    pub others_went_through: bool,
}

impl Conclusion<'_> {
    pub(super) async fn of(&self, ended: Result<(), Halt>, report: Report) -> Result<End, Halt> {
        let concluded = match ended {
            Ok(()) => self.settled(report, Status::Delivered, None).await,
            Err(Halt::Object(ObjectError::Overwritten { .. })) => {
                self.settled(report, Status::Superseded, None).await
            }
            Err(Halt::Refused(refusal @ Refusal::Nothing(_))) => {
                let status = refusal.status();
                self.settled(report, status, Some(refusal.to_string()))
                    .await
            }
            Err(halt) => return self.halted(report, halt).await,
        };
        match concluded {
            Ok((receipt, entry)) if receipt.status == Status::Delivered => {
                if !self.is_what_was_wanted(&entry) {
                    return Err(Halt::Again);
                }
                Ok(End::Receipted(receipt))
            }
            Ok((receipt, _)) => Ok(End::Receipted(receipt)),
            Err(lost @ Halt::Lost(_)) => Err(lost),
            Err(halt @ Halt::Receipts(StoreError::Unbalanced(_))) => {
                // A fault of this program, which the next attempt is likely to meet too. What
                // is recorded may add up all the same.
                let Attempt {
                    activation,
                    version,
                    entry,
                    ..
                } = self.attempt;
                let report = Report::new(activation.route, version, entry.replay.clone());
                self.halted(report, halt).await
            }
            // What could not be concluded is concluded by the next attempt.
            Err(halt) => {
                self.release(&halt, false).await;
                Err(halt)
            }
        }
    }

    /// The object is through.
    async fn settled(
        &self,
        report: Report,
        status: Status,
        explanation: Option<String>,
    ) -> Result<(Box<Receipt>, Entry), Halt> {
        let ending = match status {
            Status::Superseded => Ending::Superseded,
            _ => Ending::Done,
        };
        let receipt = self.store(report, status, explanation).await?;
        let named = self.attempt.keeper.entry().await?.progress.rejects.names;
        let entry = self.attempt.keeper.end(ending).await?;
        remove_segments(&*self.attempt.activation.parts.ledger, &entry, &named).await;
        Ok((Box::new(receipt), entry))
    }

    /// A replay that found another delivery half-way has only finished that.
    fn is_what_was_wanted(&self, entry: &Entry) -> bool {
        self.attempt.activation.force || entry.satisfies(self.attempt.activation.wanted())
    }

    async fn halted(&self, report: Report, halt: Halt) -> Result<End, Halt> {
        if let Halt::Lost(_) = halt {
            return Err(halt);
        }
        let counted = self.is_the_objects(&halt);
        let refusal = match &halt {
            Halt::Refused(refusal) => Some(refusal.status()),
            _ => None,
        };
        if counted && self.is_exhausted().await? {
            return self.quarantine(report, halt).await;
        }
        // A refusal is for people to read, however often it will be tried again.
        let stored = match refusal {
            Some(status) => {
                let told = halt.to_string();
                self.store(report, status, Some(told)).await.map(drop)
            }
            None => Ok(()),
        };
        self.release(&halt, counted).await;
        stored?;
        Err(halt)
    }

    /// Whether this attempt was the last of those without progress that are allowed.
    async fn is_exhausted(&self) -> Result<bool, Halt> {
        if !self.attempt.activation.may_quarantine {
            return Ok(false);
        }
        let parts = self.attempt.activation.parts;
        let entry = self.attempt.keeper.entry().await?;
        let most = parts.config.ledger.attempts_without_progress;
        Ok(entry.attempts.without_progress as usize >= most)
    }

    /// Whether what stopped the attempt is likely to stop the next one too, and no others.
    fn is_the_objects(&self, halt: &Halt) -> bool {
        match halt {
            Halt::Refused(Refusal::NoDataset) => false,
            Halt::Refused(_) | Halt::NoProgress | Halt::Panicked | Halt::Input(_) => true,
            Halt::Object(error) => match error {
                ObjectError::NotFound { .. }
                | ObjectError::Archived { .. }
                | ObjectError::Refused { .. } => true,
                ObjectError::Forbidden { .. }
                | ObjectError::Setup { .. }
                | ObjectError::Overwritten { .. }
                | ObjectError::Transient { .. } => false,
            },
            Halt::Delivery(Stop::InDoubt { .. }) => true,
            Halt::Delivery(Stop::Configuration { answer }) => {
                answer.error.is_some_and(ErrorCode::is_the_files)
            }
            // An outage of Meta's stops all; a batch that Meta chokes on, only its object.
            Halt::Delivery(Stop::Unknown { .. } | Stop::Unavailable { .. }) => {
                self.others_went_through
            }
            Halt::Receipts(StoreError::Unbalanced(_)) => true,
            Halt::Halted
            | Halt::Run(_)
            | Halt::Delivery(_)
            | Halt::Preflight(_)
            | Halt::Receipts(_)
            | Halt::Ledger(_)
            | Halt::Busy { .. }
            | Halt::Turn(_)
            | Halt::Lost(_)
            | Halt::Again => false,
        }
    }

    async fn quarantine(&self, report: Report, halt: Halt) -> Result<End, Halt> {
        let reason = halt.code();
        let detail = halt.to_string();
        let status = Status::Quarantined {
            reason: reason.clone(),
        };
        let stored = self.store(report, status, Some(detail.clone())).await;
        let receipt = match stored {
            Ok(receipt) => receipt,
            Err(halt) => {
                self.release(&halt, false).await;
                return Err(halt);
            }
        };
        let ending = Ending::Quarantined {
            reason: reason.clone(),
        };
        self.attempt.keeper.end(ending).await?;
        Ok(End::Quarantined {
            receipt: Box::new(receipt),
            kept: true,
            reason,
            detail,
        })
    }

    /// Gives the object back, with what was recorded.
    async fn release(&self, halt: &Halt, counted: bool) {
        let reason = halt.code();
        let ending = Ending::Release { reason, counted };
        match self.attempt.keeper.end(ending).await {
            Ok(entry) => {
                let progress = &self.attempt.activation.progress;
                progress.tried_in_vain(entry.attempts.in_vain);
            }
            // Why the work stopped is the thing to tell.
            Err(lost) => {
                warn!(error = %lost, "the object could not be given back; its lease ends by itself");
            }
        }
    }

    /// The receipt is durable before anything else follows from it.
    async fn store(
        &self,
        mut report: Report,
        status: Status,
        explanation: Option<String>,
    ) -> Result<Receipt, Halt> {
        let Attempt {
            activation: Activation { parts, .. },
            version,
            ..
        } = self.attempt;
        let entry = self.attempt.keeper.entry().await?;
        report.recorded(&entry, listed(&*parts.ledger, &entry).await?);
        let finished = report.finish(status, explanation);
        store(&*parts.receipts, version, finished).await
    }
}

/// Stores the list of rejects, and then the receipt that names it. Where a delivery's receipt
/// is known to lie there, which only that of another delivery replaces, its list is not
/// replaced either.
pub(super) async fn store(
    receipts: &dyn ReceiptStore,
    version: &ObjectVersion,
    finished: Finished,
) -> Result<Receipt, Halt> {
    let Finished {
        mut receipt,
        rejects,
    } = finished;
    if let Some(list) = rejects {
        let is_delivered = |receipt: &Receipt| receipt.status == Status::Delivered;
        if !is_delivered(&receipt) {
            let there = receipts.get(version, &receipt.route).await?;
            if there.as_ref().is_some_and(is_delivered) {
                receipt.rejects_file = None;
                return Ok(receipt);
            }
        }
        let location = receipts.put_rejects(&receipt, list).await?;
        debug!(rejects = %location, "list of rejects stored");
    }
    let location = receipts.put(&receipt).await?;
    debug!(receipt = %location, "receipt stored");
    Ok(receipt)
}

/// The recorded parts of the list of rejects.
pub(super) async fn listed(ledger: &dyn Ledger, entry: &Entry) -> Result<Vec<Bytes>, Halt> {
    let rejects = &entry.progress.rejects;
    let mut parts = Vec::with_capacity(rejects.names.len() + 1);
    for name in &rejects.names {
        parts.push(ledger.get_segment(entry, name).await?);
    }
    parts.push(rejects.tail_bytes());
    Ok(parts)
}

impl Halt {
    /// As a code, for the ledger, receipts and the dead-letter queue.
    pub(super) fn code(&self) -> Code {
        match self {
            Halt::Refused(refusal) => match refusal.status().reason() {
                Some(reason) => reason.clone(),
                None => Code::new("refused"),
            },
            other => Code::new(other.status()),
        }
    }
}
