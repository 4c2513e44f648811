//! The cells of one column in one row group, one after the other.

use std::sync::Arc;

use super::super::LIST_SEPARATOR;
use super::super::error::RowsError;
use super::codec::Codec;
use super::error::{ParquetError, Result, damaged};
use super::footer::Chunk;
use super::input::{Pages, ReadRange};
use super::kind::Kind;
use super::page::{Content, Page, PageHeader};
use super::schema::Leaf;
use super::text;
use super::values::Dictionary;

pub(super) struct Column {
    /// In the header.
    pub position: usize,
    leaf: Leaf,
    kind: Kind,
    codec: Codec,
    pages: Pages,
    /// Of the chunk, in pages that were not opened yet.
    values_left: u64,
    dictionary: Option<Arc<Dictionary>>,
    dictionary_bytes: usize,
    page: Option<Page>,
    /// The value before, for encodings that build on it.
    scratch: Vec<u8>,
    /// The cell has begun, and its list may go on in the next page.
    within: bool,
}

/// Some hundred microseconds' worth.
const VALUES_AT_ONCE: usize = 16 * 1024;

/// What [`Column::cell`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The cell is whole.
    Done,
    /// It is not; [`Column::load`] the next page first.
    NeedsPage,
    /// It is not, and others want their turn: a list may be as long as a page says.
    Pause,
}

/// The text of a cell, as long as there is room in the record.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub text: Vec<u8>,
    pub room: usize,
    /// There was not; what is there is not the whole.
    pub too_long: bool,
    filled: bool,
}

impl Cell {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.filled = false;
    }
}

/// How much of the pages' limit there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Held by the other columns.
    pub held: u64,
    pub max_bytes: u64,
}

impl Column {
    pub(super) fn new(
        position: usize,
        leaf: &Leaf,
        chunk: Chunk,
        input: &dyn ReadRange,
    ) -> Result<Column> {
        let kind = leaf.kind.map_err(|what| ParquetError::NoText {
            position: position + 1,
            what,
        })?;
        Ok(Column {
            position,
            kind,
            codec: chunk.codec,
            pages: Pages::new(input, chunk.range),
            values_left: chunk.values,
            dictionary: None,
            dictionary_bytes: 0,
            page: None,
            scratch: Vec::new(),
            within: false,
            leaf: leaf.clone(),
        })
    }

    /// Bytes of memory that its pages take.
    pub(super) fn held(&self) -> u64 {
        let page = self.page.as_ref().map_or(0, |page| page.size);
        (page as u64).saturating_add(self.dictionary_bytes as u64)
    }

    /// Whether every value was given out.
    pub(super) fn is_at_end(&self) -> bool {
        self.values_left == 0 && self.page.as_ref().is_none_or(|page| page.left == 0)
    }

    /// Appends the text of the next row's cell, or of what is left of it.
    pub(super) fn cell(&mut self, cell: &mut Cell) -> Result<Step> {
        for _ in 0..VALUES_AT_ONCE {
            let page = match &mut self.page {
                Some(page) if page.left > 0 => page,
                _ if self.values_left > 0 => return Ok(Step::NeedsPage),
                _ if self.within => {
                    self.within = false;
                    return Ok(Step::Done);
                }
                _ => return damaged("a column has fewer values than there are rows"),
            };
            if self.leaf.max_repetition > 0 {
                let begins = page.next_repetition() == 0;
                if self.within && begins {
                    self.within = false;
                    return Ok(Step::Done);
                }
                if !self.within && !begins {
                    return damaged("a list begins in the middle");
                }
                self.within = true;
            }
            if page.next_definition()? == self.leaf.max_definition {
                let value = page.values.next(&mut self.scratch)?;
                let separator = usize::from(cell.filled);
                let bytes = cell.text.len().saturating_add(value.len() + separator);
                cell.too_long |= bytes > cell.room;
                // Of a list of nothing, separators alone would fill the memory.
                if !cell.too_long {
                    if cell.filled {
                        let separator = &mut [0; LIST_SEPARATOR.len_utf8()];
                        cell.text
                            .extend_from_slice(LIST_SEPARATOR.encode_utf8(separator).as_bytes());
                    }
                    cell.filled = true;
                    text::append(self.kind, self.leaf.physical, value, &mut cell.text)?;
                }
            }
            if self.leaf.max_repetition == 0 {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Pause)
    }

    /// Opens the next page, and the dictionary before it.
    pub(super) async fn load(&mut self, budget: Budget) -> std::result::Result<(), RowsError> {
        self.page = None;
        self.scratch = Vec::new();
        loop {
            let header = self.pages.header().await?;
            if header.packed_size as u64 > self.pages.left() {
                return Err(ParquetError::Damaged("a page is longer than its column").into());
            }
            let held = budget.held.saturating_add(self.held());
            let bytes = held.saturating_add(self.needs(&header));
            let max_bytes = budget.max_bytes;
            if bytes > max_bytes {
                return Err(ParquetError::PagesTooLarge { bytes, max_bytes }.into());
            }
            let packed = self.pages.take(header.packed_size).await?;
            if header
                .checksum
                .is_some_and(|sum| sum != crc32fast::hash(&packed))
            {
                return Err(ParquetError::Damaged("a page's checksum is wrong").into());
            }
            match header.content {
                Content::Index => {}
                Content::Dictionary { values, encoding } => {
                    if self.dictionary.is_some() || !matches!(encoding, 0 | 2) {
                        return Err(ParquetError::Damaged("a column's dictionary is odd").into());
                    }
                    let physical = self.leaf.physical;
                    let bytes = self.codec.unpack(packed, header.size)?;
                    self.dictionary = Some(Arc::new(Dictionary::new(bytes, values, physical)?));
                    self.dictionary_bytes = Dictionary::memory(physical, header.size);
                }
                Content::Data { values, .. } => {
                    let left = self.values_left.checked_sub(values as u64);
                    self.values_left = left.ok_or(ParquetError::Damaged(
                        "a column has more values than it says",
                    ))?;
                    let dictionary = self.dictionary.as_ref();
                    self.page = Some(Page::open(
                        &header, packed, self.codec, &self.leaf, dictionary,
                    )?);
                    return Ok(());
                }
            }
        }
    }

    /// The most memory that opening this page takes.
    fn needs(&self, header: &PageHeader) -> u64 {
        let size = header.size as u64;
        let unpacked = match header.content {
            Content::Index => 0,
            Content::Dictionary { .. } => {
                Dictionary::memory(self.leaf.physical, header.size) as u64
            }
            // The value before may be as long as all of them.
            Content::Data {
                encoding: 7 | 9, ..
            } => size.saturating_mul(2),
            Content::Data { .. } => size,
        };
        unpacked.saturating_add(header.packed_size as u64)
    }
}
