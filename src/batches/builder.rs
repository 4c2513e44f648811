use std::fmt;

use super::batch::{Batch, Envelope, RowSpan};

/// How large a request may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Entries a request may hold; Meta's own limit for the endpoint.
    pub entries: usize,
    /// Bytes of a whole body.
    pub bytes: usize,
}

/// A single row whose entries alone are over the limits of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row alone is larger than a request may be")]
pub struct RowTooLarge;

/// Collects rows until a batch is full.
pub struct BatchBuilder {
    limits: BatchLimits,
    envelope: Envelope,
    sequence: u64,
    body: Vec<u8>,
    spans: Vec<RowSpan>,
    entries: usize,
}

impl BatchBuilder {
    pub fn new(envelope: Envelope, limits: BatchLimits) -> BatchBuilder {
        let body = envelope.head.to_vec();
        BatchBuilder {
            limits,
            envelope,
            sequence: 0,
            body,
            spans: Vec::new(),
            entries: 0,
        }
    }

    /// The first batch goes by this sequence: so many were made before.
    pub fn after(self, batches: u64) -> BatchBuilder {
        BatchBuilder {
            sequence: batches,
            ..self
        }
    }

    /// Whether no row waits for its batch to be full.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Writes one row. `write` appends the row's entries to the body, joined by
    /// commas, and says how many they are; what it appended is taken back when it
    /// fails. Gives the batch that this row completed, if it did.
    pub fn push<E: From<RowTooLarge>>(
        &mut self,
        row: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<u32, E>,
    ) -> Result<Option<Batch>, E> {
        let before = self.body.len();
        if !self.spans.is_empty() {
            self.body.push(b',');
        }
        let start = self.body.len();
        let entries = match write(&mut self.body) {
            Ok(entries) => entries,
            Err(error) => {
                self.body.truncate(before);
                return Err(error);
            }
        };
        let bytes = self.body.len() - start;
        if entries as usize > self.limits.entries || self.envelope.len() + bytes > self.limits.bytes
        {
            self.body.truncate(before);
            return Err(RowTooLarge.into());
        }

        let full = self.entries + entries as usize > self.limits.entries
            || self.body.len() + self.envelope.tail.len() > self.limits.bytes;
        let completed = if full {
            let written = self.body[start..].to_vec();
            self.body.truncate(before);
            let batch = self.take();
            self.body.extend_from_slice(&written);
            batch
        } else {
            None
        };
        self.entries += entries as usize;
        self.spans.push(RowSpan {
            row,
            end: self.body.len(),
            entries,
        });
        // A batch that this very row fills goes out at once. After a row that
        // began a new batch this cannot be, unless its entries fill it alone;
        // then it goes out with the next call.
        if completed.is_none() && self.entries == self.limits.entries {
            return Ok(self.take());
        }
        Ok(completed)
    }

    /// The last batch, if any row is waiting.
    pub fn finish(mut self) -> Option<Batch> {
        self.take()
    }

    fn take(&mut self) -> Option<Batch> {
        if self.spans.is_empty() {
            return None;
        }
        self.body.extend_from_slice(&self.envelope.tail);
        // Room for as much again and some rows more: the row that does not fit is
        // written before it is known not to, and must not double the allocation.
        let mut next = Vec::with_capacity(self.body.len() + self.body.len() / 8);
        next.extend_from_slice(&self.envelope.head);
        let mut body = std::mem::replace(&mut self.body, next);
        // It waits for its answer in what it needs, not in what it may have grown to.
        body.shrink_to_fit();
        let rows = self.spans.len();
        let spans = std::mem::replace(&mut self.spans, Vec::with_capacity(rows));
        let batch = Batch::new(self.sequence, self.envelope.clone(), body.into(), spans);
        self.sequence += 1;
        self.entries = 0;
        Some(batch)
    }
}

impl fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("sequence", &self.sequence)
            .field("rows", &self.spans.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn builder(entries: usize, bytes: usize) -> BatchBuilder {
        let envelope = Envelope {
            head: Bytes::from_static(b"{\"data\":["),
            tail: Bytes::from_static(b"]}"),
        };
        BatchBuilder::new(envelope, BatchLimits { entries, bytes })
    }

    fn write(text: &str) -> impl FnOnce(&mut Vec<u8>) -> Result<u32, RowTooLarge> {
        let text = text.to_owned();
        move |body| {
            body.extend_from_slice(text.as_bytes());
            Ok(1)
        }
    }

    fn text(batch: &Batch) -> String {
        String::from_utf8(batch.body().to_vec()).unwrap()
    }

    #[test]
    fn a_batch_goes_out_with_the_row_that_fills_it() {
        let mut builder = builder(2, 1000);
        assert!(builder.push(1, write("1")).unwrap().is_none());
        let batch = builder.push(2, write("2")).unwrap().unwrap();
        assert_eq!(text(&batch), r#"{"data":[1,2]}"#);
        assert!(builder.finish().is_none());
    }

    #[test]
    fn a_row_that_does_not_fit_begins_the_next_batch() {
        let mut builder = builder(100, 9 + 2 + 5);
        assert!(builder.push(1, write("111")).unwrap().is_none());
        let first = builder.push(2, write("222")).unwrap().unwrap();
        assert_eq!(text(&first), r#"{"data":[111]}"#);
        let second = builder.finish().unwrap();
        assert_eq!(text(&second), r#"{"data":[222]}"#);
        assert_eq!((first.sequence(), second.sequence()), (0, 1));
    }

    #[test]
    fn a_row_larger_than_a_request_is_refused_alone() {
        let mut builder = builder(100, 9 + 2 + 3);
        assert!(builder.push(1, write("1")).unwrap().is_none());
        assert_eq!(builder.push(2, write("4444")).unwrap_err(), RowTooLarge);
        assert_eq!(text(&builder.finish().unwrap()), r#"{"data":[1]}"#);
    }

    #[test]
    fn a_batch_keeps_no_more_memory_than_it_holds() {
        let mut builder = builder(usize::MAX, 100_000);
        let row = "1".repeat(999);
        let batches = (0..1_000).filter_map(|number| builder.push(number, write(&row)).unwrap());
        for batch in batches {
            let len = batch.body().len();
            assert!(len > 99_000);
            // Nobody else holds the bytes, so their room can be looked at.
            let room = batch.into_body().try_into_mut().unwrap().capacity();
            assert!(room < len + len / 100, "{room} bytes for {len}");
        }
    }

    #[test]
    fn a_row_that_fails_half_written_leaves_no_trace() {
        let mut builder = builder(100, 1000);
        builder.push(1, write("1")).unwrap();
        let failed = builder.push(2, |body| {
            body.extend_from_slice(b"half");
            Err(RowTooLarge)
        });
        assert!(failed.is_err());
        builder.push(3, write("3")).unwrap();
        let batch = builder.finish().unwrap();
        assert_eq!(text(&batch), r#"{"data":[1,3]}"#);
        assert_eq!(batch.row_numbers().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn the_first_rows_of_a_batch_are_a_request_that_people_can_read() {
        let mut builder = builder(100, 1000);
        for row in 1..=3 {
            builder.push(row, write(&format!("[{row},0]"))).unwrap();
        }
        let batch = builder.finish().unwrap();
        let first = batch.first(2);
        assert_eq!(text(&first), r#"{"data":[[1,0],[2,0]]}"#);
        assert_eq!(first.in_lines(), "{\"data\":[\n[1,0],\n[2,0]\n]}");
        assert_eq!(text(&batch.first(0)), r#"{"data":[[1,0]]}"#);
        assert_eq!(batch.first(9).rows(), 3);
    }

    #[test]
    fn a_batch_without_some_of_its_rows_holds_the_others_as_they_were() {
        let mut builder = builder(100, 1000);
        for row in 1..=4 {
            builder.push(row, write(&format!("[{row},0]"))).unwrap();
        }
        let batch = builder.finish().unwrap();
        let texts: Vec<_> = batch.row_texts().collect();
        assert_eq!(texts, [b"[1,0]", b"[2,0]", b"[3,0]", b"[4,0]"]);
        let left = batch.without(&[0, 2]).unwrap();
        assert_eq!(text(&left), r#"{"data":[[2,0],[4,0]]}"#);
        assert_eq!(left.row_numbers().collect::<Vec<_>>(), [2, 4]);
        let (second, fourth) = left.halves().unwrap();
        assert_eq!(text(&second), r#"{"data":[[2,0]]}"#);
        assert_eq!(text(&fourth), r#"{"data":[[4,0]]}"#);
        assert!(batch.without(&[0, 1, 2, 3]).is_none());
        assert_eq!(text(&batch.without(&[]).unwrap()), text(&batch));
    }

    proptest! {
        #[test]
        fn batches_hold_every_row_once_in_order_within_the_limits(
            rows in prop::collection::vec("[0-9]{1,12}", 0..200),
            entries in 1usize..20,
            bytes in 23usize..80,
        ) {
            let mut builder = builder(entries, bytes);
            let mut batches = Vec::new();
            for (index, row) in rows.iter().enumerate() {
                batches.extend(builder.push(index as u64, write(row)).unwrap());
            }
            batches.extend(builder.finish());
            let mut seen = Vec::new();
            for batch in &batches {
                prop_assert!(batch.entries() as usize <= entries);
                prop_assert!(batch.body().len() <= bytes);
                seen.extend(batch.row_numbers());
            }
            prop_assert_eq!(seen, (0..rows.len() as u64).collect::<Vec<_>>());
        }

        #[test]
        fn the_halves_of_a_batch_hold_its_rows_and_no_other(
            rows in prop::collection::vec("[0-9]{1,12}", 2..60),
        ) {
            let mut builder = builder(1000, 100_000);
            for (index, row) in rows.iter().enumerate() {
                builder.push(index as u64, write(row)).unwrap();
            }
            let mut waiting = vec![builder.finish().unwrap()];
            let mut single = Vec::new();
            while let Some(batch) = waiting.pop() {
                match batch.halves() {
                    Some((left, right)) => waiting.extend([right, left]),
                    None => single.push(text(&batch)),
                }
            }
            let expected: Vec<_> = rows.iter().map(|row| format!("{{\"data\":[{row}]}}")).collect();
            prop_assert_eq!(single, expected);
        }
    }
}
