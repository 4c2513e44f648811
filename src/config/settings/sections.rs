//! All sections of a configuration, read together.

use super::super::Purpose;
use super::{
    AdminSettings, DeliverySettings, InputSettings, LedgerSettings, LogSettings, MetaSettings,
    QueueSettings, Reader, WorkerSettings,
};

/// Every section but `[state]`, whose default depends on whether there is a text.
pub(in super::super) struct Sections {
    pub(in super::super) queue: QueueSettings,
    pub(in super::super) worker: WorkerSettings,
    pub(in super::super) ledger: LedgerSettings,
    pub(in super::super) input: InputSettings,
    pub(in super::super) delivery: DeliverySettings,
    pub(in super::super) meta: MetaSettings,
    pub(in super::super) admin: AdminSettings,
    pub(in super::super) log: LogSettings,
}

impl Sections {
    /// `None` after a fault in any of them; all of them are looked at first.
    pub(in super::super) fn read(reader: &mut Reader<'_>, purpose: Purpose) -> Option<Sections> {
        let queue = QueueSettings::read(reader, purpose);
        let worker = WorkerSettings::read(reader);
        let ledger = LedgerSettings::read(reader);
        let input = InputSettings::read(reader);
        let delivery = DeliverySettings::read(reader);
        let meta = MetaSettings::read(reader);
        let admin = AdminSettings::read(reader);
        let log = LogSettings::read(reader);
        Some(Sections {
            queue: queue?,
            worker: worker?,
            ledger: ledger?,
            input: input?,
            delivery: delivery?,
            meta: meta?,
            admin: admin?,
            log: log?,
        })
    }
}
