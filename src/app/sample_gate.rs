//! Holds everything back until the first rows have shown that the file is what the
//! route expects.

use super::produce::Portion;
use crate::receipts::FinishedList;

/// A file of which a good part is rejected is more often wrongly mapped than badly
/// kept; the rows that do pass would then be wrong as well.
#[derive(Debug)]
pub(super) struct SampleGate {
    sample_rows: u64,
    max_reject_share: f64,
    seen: u64,
    rejected: u64,
    state: State,
    only_tells: bool,
    told: Option<Blocked>,
}

#[derive(Debug)]
enum State {
    /// Batches wait here until the sample is complete. They are few: the sample
    /// holds no more rows than a request or two.
    Holding(Vec<Portion>),
    Open,
}

/// Too many rejects among the first rows: nothing of the file may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    pub rejected: u64,
    pub of: u64,
}

impl SampleGate {
    pub(super) fn new(sample_rows: u64, max_reject_share: f64) -> SampleGate {
        SampleGate {
            sample_rows,
            max_reject_share,
            seen: 0,
            rejected: 0,
            state: State::Holding(Vec::new()),
            only_tells: false,
            told: None,
        }
    }

    /// Is open from the beginning: the sample has passed in an earlier attempt.
    pub(super) fn that_has_opened(self) -> SampleGate {
        SampleGate {
            state: State::Open,
            ..self
        }
    }

    /// Opens in any case: for a look at the whole of a file of which nothing is sent.
    pub(super) fn that_only_tells(self) -> SampleGate {
        SampleGate {
            only_tells: true,
            ..self
        }
    }

    /// What [`that_only_tells`](Self::that_only_tells) did not block.
    pub(super) fn told(&self) -> Option<Blocked> {
        self.told
    }

    /// Tells of one more row that was meant to be sent; gives the batches that were held, once the gate opens.
    pub(super) fn row(&mut self, rejected: bool) -> Result<Vec<Portion>, Blocked> {
        if matches!(self.state, State::Open) {
            return Ok(Vec::new());
        }
        self.seen += 1;
        self.rejected += u64::from(rejected);
        if self.seen < self.sample_rows {
            return Ok(Vec::new());
        }
        self.open()
    }

    /// Keeps the batch while the sample is not complete; else gives it back.
    pub(super) fn pass(&mut self, portion: Portion) -> Option<Portion> {
        match &mut self.state {
            State::Holding(held) => {
                held.push(portion);
                None
            }
            State::Open => Some(portion),
        }
    }

    /// The file has ended: what was seen is all there is.
    pub(super) fn end(&mut self) -> Result<Vec<Portion>, Blocked> {
        match self.state {
            State::Open => Ok(Vec::new()),
            State::Holding(_) => self.open(),
        }
    }

    /// Of the batches that are still held, the rows that were rejected among them. Nobody
    /// is given the batches any more.
    pub(super) fn withheld(&mut self) -> Vec<FinishedList> {
        let held = match &mut self.state {
            State::Holding(held) => std::mem::take(held),
            State::Open => Vec::new(),
        };
        let rejects = held.into_iter().map(|portion| portion.cut.rejects);
        rejects.flatten().collect()
    }

    fn open(&mut self) -> Result<Vec<Portion>, Blocked> {
        if self.rejected as f64 > self.max_reject_share * self.seen as f64 {
            let blocked = Blocked {
                rejected: self.rejected,
                of: self.seen,
            };
            if !self.only_tells {
                return Err(blocked);
            }
            self.told = Some(blocked);
        }
        match std::mem::replace(&mut self.state, State::Open) {
            State::Holding(held) => Ok(held),
            State::Open => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::produce::rows_of;
    use super::*;
    use crate::batches::{BatchBuilder, BatchLimits, Envelope, RowTooLarge};
    use crate::ledger::{Cut, ReadCounts, Watermark};
    use bytes::Bytes;

    fn portion() -> Portion {
        let envelope = Envelope {
            head: Bytes::new(),
            tail: Bytes::new(),
        };
        let mut builder = BatchBuilder::new(
            envelope,
            BatchLimits {
                entries: 9,
                bytes: 9,
            },
        );
        builder.push::<RowTooLarge>(1, |_| Ok(1)).unwrap();
        let batch = builder.finish().unwrap();
        let cut = Cut {
            rows: rows_of(&batch),
            watermark: Watermark::default(),
            read: ReadCounts::default(),
            rejects: None,
        };
        Portion { batch, cut }
    }

    #[test]
    fn nothing_passes_before_the_sample_is_complete() {
        let mut gate = SampleGate::new(3, 0.1);
        assert!(gate.row(false).unwrap().is_empty());
        assert!(gate.pass(portion()).is_none());
        assert!(gate.row(false).unwrap().is_empty());
        assert_eq!(gate.row(false).unwrap().len(), 1);
        assert!(gate.pass(portion()).is_some());
    }

    #[test]
    fn more_rejects_than_allowed_block_the_file() {
        let mut gate = SampleGate::new(10, 0.1);
        for _ in 0..8 {
            gate.row(false).unwrap();
        }
        gate.row(true).unwrap();
        assert_eq!(
            gate.row(true).unwrap_err(),
            Blocked {
                rejected: 2,
                of: 10
            }
        );
    }

    #[test]
    fn a_gate_that_only_tells_opens_and_remembers() {
        let mut gate = SampleGate::new(2, 0.1).that_only_tells();
        gate.row(true).unwrap();
        assert!(gate.pass(portion()).is_none());
        assert_eq!(gate.told(), None);
        assert_eq!(gate.row(false).unwrap().len(), 1);
        assert_eq!(gate.told(), Some(Blocked { rejected: 1, of: 2 }));
        assert!(gate.pass(portion()).is_some());
    }

    #[test]
    fn exactly_the_share_allowed_passes() {
        let mut gate = SampleGate::new(10, 0.1);
        for row in 0..10 {
            gate.row(row == 0).unwrap();
        }
        assert!(gate.pass(portion()).is_some());
    }

    #[test]
    fn a_short_file_is_judged_by_what_it_has() {
        let mut gate = SampleGate::new(1000, 0.1);
        gate.row(true).unwrap();
        assert_eq!(gate.end().unwrap_err(), Blocked { rejected: 1, of: 1 });
    }
}
