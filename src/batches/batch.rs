use std::fmt;

use bytes::Bytes;

/// What surrounds the rows in a request body: `{"data":[` and `]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub head: Bytes,
    pub tail: Bytes,
}

impl Envelope {
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where one row stands in a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RowSpan {
    /// The row's number in the object, from 1.
    pub row: u64,
    /// Where its text ends in the body, exclusive. The next begins after a comma.
    pub end: usize,
    /// How many entries of the request it became: one, or more where a person
    /// has several values of one key.
    pub entries: u32,
}

/// Rows of one request, as the request's body. Cloning shares the bytes.
#[derive(Clone)]
pub struct Batch {
    sequence: u64,
    envelope: Envelope,
    body: Bytes,
    spans: Vec<RowSpan>,
}

impl Batch {
    pub(super) fn new(
        sequence: u64,
        envelope: Envelope,
        body: Bytes,
        spans: Vec<RowSpan>,
    ) -> Batch {
        Batch {
            sequence,
            envelope,
            body,
            spans,
        }
    }

    /// Its place in the object, from 0. The halves of a batch keep its number.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many source rows it holds.
    pub fn rows(&self) -> u64 {
        self.spans.len() as u64
    }

    /// How many entries the request holds; at least as many as rows.
    pub fn entries(&self) -> u64 {
        self.spans.iter().map(|span| u64::from(span.entries)).sum()
    }

    /// The numbers of its rows, in order.
    pub fn row_numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.spans.iter().map(|span| span.row)
    }

    /// The request's whole body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    #[cfg(test)]
    pub(super) fn into_body(self) -> Bytes {
        self.body
    }

    /// The request of its first rows alone, of at least one.
    pub fn first(&self, rows: usize) -> Batch {
        self.part(0, rows.clamp(1, self.spans.len()))
    }

    /// The body with each row on a line of its own, to be read by people.
    pub fn in_lines(&self) -> String {
        let mut lines = Vec::with_capacity(self.body.len() + self.spans.len() + 1);
        let mut start = 0;
        let head = std::iter::once(self.envelope.head.len());
        for end in head.chain(self.spans.iter().map(|span| span.end)) {
            lines.extend_from_slice(self.body.get(start..end).unwrap_or_default());
            start = end;
            // The comma stays with the row before it.
            if self.body.get(start) == Some(&b',') {
                lines.push(b',');
                start += 1;
            }
            lines.push(b'\n');
        }
        lines.extend_from_slice(self.body.get(start..).unwrap_or_default());
        String::from_utf8_lossy(&lines).into_owned()
    }

    /// What each row became, in order: its entries, joined by commas.
    pub fn row_texts(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = self.envelope.head.len();
        self.spans.iter().map(move |span| {
            let text = self.body.get(start..span.end).unwrap_or_default();
            start = span.end + 1;
            text
        })
    }

    /// The batch without the rows at these places, which are in order; `None` if that
    /// leaves none.
    pub fn without(&self, places: &[usize]) -> Option<Batch> {
        let mut body = Vec::with_capacity(self.body.len());
        body.extend_from_slice(&self.envelope.head);
        let mut spans = Vec::with_capacity(self.spans.len());
        let rows = self.row_texts().zip(&self.spans).enumerate();
        for (_, (text, span)) in rows.filter(|(place, _)| places.binary_search(place).is_err()) {
            if !spans.is_empty() {
                body.push(b',');
            }
            body.extend_from_slice(text);
            let end = body.len();
            spans.push(RowSpan { end, ..*span });
        }
        body.extend_from_slice(&self.envelope.tail);
        let is_empty = spans.is_empty();
        let left = Batch::new(self.sequence, self.envelope.clone(), body.into(), spans);
        (!is_empty).then_some(left)
    }

    /// Both halves, or `None` for a batch of a single row.
    pub fn halves(&self) -> Option<(Batch, Batch)> {
        if self.spans.len() < 2 {
            return None;
        }
        let middle = self.spans.len() / 2;
        Some((self.part(0, middle), self.part(middle, self.spans.len())))
    }

    /// The rows from index `from` to before `to`, which is at least one row.
    fn part(&self, from: usize, to: usize) -> Batch {
        let start = match from {
            0 => self.envelope.head.len(),
            _ => self.spans[from - 1].end + 1,
        };
        let end = self.spans[to - 1].end;
        let mut body = Vec::with_capacity(self.envelope.len() + end - start);
        body.extend_from_slice(&self.envelope.head);
        body.extend_from_slice(&self.body[start..end]);
        body.extend_from_slice(&self.envelope.tail);
        let moved = start - self.envelope.head.len();
        let spans = self.spans[from..to]
            .iter()
            .map(|span| RowSpan {
                end: span.end - moved,
                ..*span
            })
            .collect();
        Batch::new(self.sequence, self.envelope.clone(), body.into(), spans)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("sequence", &self.sequence)
            .field("rows", &self.spans.len())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
