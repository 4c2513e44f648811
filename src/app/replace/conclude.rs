//! What follows from the end of an attempt at a run. The order is the promise: the receipts
//! of its objects are durable before that of the run, that before the run's entry says done,
//! and that before any of its messages is deleted.

use tracing::{debug, warn};

use super::attempt::Attempt;
use super::{of_folder, rest_of};
use crate::app::activation::{Activation, End};
use crate::app::halt::Halt;
use crate::app::plan::describe_unplanned;
use crate::ledger::{Ending, RunRecord, Stage};
use crate::object::ObjectError;
use crate::receipts::{Receipt, RunObject, RunReport, Status};

impl Attempt<'_> {
    /// The new list is the audience.
    pub(super) async fn through(&self) -> Result<End, Halt> {
        match self.settle().await {
            Ok(receipt) => {
                let entry = match self.hold.keeper.end(Ending::Done).await {
                    Ok(entry) => entry,
                    Err(lost) => return Err(lost.into()),
                };
                let is_member = self.hold.record().await.holds(&self.run.version);
                let is_wanted = entry.satisfies(self.run.activation.wanted());
                if !is_member || !is_wanted {
                    return Err(Halt::Again);
                }
                Ok(End::Receipted(Box::new(receipt)))
            }
            Err(lost @ Halt::Lost(_)) => Err(lost),
            // What could not be concluded is concluded by the next attempt.
            Err(halt) => {
                self.release(&halt, false).await;
                Err(halt)
            }
        }
    }

    /// Stores all receipts, that of the run last.
    async fn settle(&self) -> Result<Receipt, Halt> {
        let record = self.hold.record().await.clone();
        let Some(session) = record.stage.session() else {
            return Err(Halt::Again);
        };
        let mut receipt = self.receipt(Status::Delivered, None, &record);
        for part in &record.parts {
            let one = self.part(part, session);
            receipt.add(&one.conclude(self.entry.replay.clone()).await?);
        }
        // The run's receipt says what is live, and its copy what the next run is compared with:
        // neither is for a worker to write that has lost the run.
        if let Some(lost) = self.hold.keeper.lost() {
            return Err(Halt::Lost(lost));
        }
        self.store(&receipt).await?;
        let mut last = receipt.clone();
        last.object = (&self.run.last()).into();
        self.run.activation.parts.receipts.put(&last).await?;
        Ok(receipt)
    }

    fn receipt(&self, status: Status, explanation: Option<String>, record: &RunRecord) -> Receipt {
        let Activation { route, .. } = self.run.activation;
        let object = of_folder(&self.run.folder, self.entry.run_called());
        let now = time::OffsetDateTime::now_utc();
        let live = record.live(status == Status::Delivered);
        let mut receipt = Receipt::new(
            &object,
            route.name.clone(),
            describe_unplanned(route),
            status,
            self.started_at,
            now,
        );
        receipt.explanation = explanation;
        receipt.replay = self.entry.replay.clone();
        let seconds = record.opened_at.as_ref().and_then(|opened| {
            let seconds = (now - opened.moment()).whole_seconds();
            u64::try_from(seconds).ok()
        });
        let objects = record.parts.iter().map(|part| RunObject {
            object: part.object.clone(),
            rows: part.rows,
            requests: part.batches,
        });
        let session = record.stage.session();
        receipt.run = Some(Box::new(RunReport {
            live,
            session,
            last_number: session.map(|_| record.next_number.saturating_sub(1)),
            opened_at: record.opened_at.clone(),
            seconds,
            requests: record.batches(),
            in_session: record.in_session,
            cut_short: matches!(
                record.stage,
                Stage::Adding {
                    cut_short: true,
                    ..
                }
            ),
            resumed: record.resumed,
            restarts: record.restarts,
            objects: objects.collect(),
            signal: record.signal.clone(),
        }));
        receipt
    }

    async fn store(&self, receipt: &Receipt) -> Result<(), Halt> {
        let receipts = &self.run.activation.parts.receipts;
        let location = receipts.put(receipt).await?;
        debug!(receipt = %location, "receipt of the run stored");
        Ok(())
    }

    pub(super) async fn halted(&self, halt: Halt) -> Result<End, Halt> {
        if let Halt::Lost(_) = halt {
            return Err(halt);
        }
        let counted = self.is_the_runs(&halt);
        if counted && self.is_exhausted().await? {
            return self.quarantine(halt).await;
        }
        // A refusal is for people to read, however often it will be tried again; and so is a
        // list of which only a part is live.
        let record = self.hold.record().await.clone();
        let status = match &halt {
            Halt::Refused(refusal) => Some(refusal.status()),
            _ => half_live(&halt, &record).map(|reason| Status::Refused {
                reason: reason.into(),
            }),
        };
        let stored = match status {
            Some(status) => {
                let told = Some(halt.to_string());
                self.store(&self.receipt(status, told, &record)).await
            }
            None => Ok(()),
        };
        self.release(&halt, counted).await;
        stored?;
        Err(halt)
    }

    /// Whether this attempt was the last of those without progress that are allowed.
    async fn is_exhausted(&self) -> Result<bool, Halt> {
        if !self.run.activation.may_quarantine {
            return Ok(false);
        }
        let entry = self.hold.keeper.entry().await?;
        let most = self
            .run
            .activation
            .parts
            .config
            .ledger
            .attempts_without_progress;
        Ok(entry.attempts.without_progress as usize >= most)
    }

    /// Whether what stopped the attempt is likely to stop the next one too.
    fn is_the_runs(&self, halt: &Halt) -> bool {
        match halt {
            Halt::Refused(_) | Halt::NoProgress | Halt::Panicked | Halt::Input(_) => true,
            Halt::Object(error) => matches!(
                error,
                ObjectError::NotFound { .. }
                    | ObjectError::Archived { .. }
                    | ObjectError::Refused { .. }
            ),
            Halt::Halted
            | Halt::Delivery(_)
            | Halt::Receipts(_)
            | Halt::Ledger(_)
            | Halt::Busy { .. }
            | Halt::Lost(_)
            | Halt::Again
            | Halt::Preflight(_)
            | Halt::Turn(_)
            | Halt::Run(_) => false,
        }
    }

    async fn quarantine(&self, halt: Halt) -> Result<End, Halt> {
        let reason = halt.code();
        let detail = halt.to_string();
        let status = Status::Quarantined {
            reason: reason.clone(),
        };
        let key = self.run.version.address.key.clone();
        let given_up = self.hold.change(|record| record.given_up.push(key));
        given_up.await?;
        let record = self.hold.record().await.clone();
        let receipt = self.receipt(status, Some(detail.clone()), &record);
        if let Err(halt) = self.store(&receipt).await {
            self.release(&halt, false).await;
            return Err(halt);
        }
        let ending = Ending::Quarantined {
            reason: reason.clone(),
        };
        self.hold.keeper.end(ending).await?;
        Ok(End::Quarantined {
            receipt: Box::new(receipt),
            kept: true,
            reason,
            detail,
        })
    }

    /// Gives the run back, with what was recorded, and says how long its messages rest.
    async fn release(&self, halt: &Halt, counted: bool) {
        let released = async {
            let entry = self.hold.keeper.entry().await?;
            let rest = rest_of(halt, entry.attempts.in_vain).as_secs();
            self.hold
                .change(|record| record.rest_seconds = rest)
                .await?;
            let reason = halt.code();
            let ending = Ending::Release { reason, counted };
            Ok::<_, Halt>(self.hold.keeper.end(ending).await?)
        };
        match released.await {
            Ok(entry) => {
                let progress = &self.run.activation.progress;
                progress.tried_in_vain(entry.attempts.in_vain);
            }
            // Why the work stopped is the thing to tell.
            Err(error) => {
                warn!(%error, "the run could not be given back; its lease ends by itself");
            }
        }
    }
}

/// Why neither the old list is live nor the new one, and will not be now: what the session does
/// not hold cannot be added, or what it should not hold cannot be taken out.
fn half_live(halt: &Halt, record: &RunRecord) -> Option<&'static str> {
    let is_refused = matches!(halt, Halt::Delivery(_) | Halt::Run(_)) && !halt.is_asked_for();
    match record.stage {
        _ if !is_refused => None,
        Stage::Adding { cut_short, .. } if cut_short || record.in_session < record.batches() => {
            Some("not_added")
        }
        _ if record.mixed_is_live => Some("mixed"),
        _ => None,
    }
}
