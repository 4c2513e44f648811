//! Integers as differences, in blocks of bit-packed miniblocks. (Apache Parquet,
//! "Encodings", DELTA_BINARY_PACKED.)

use bytes::Bytes;

use super::error::{ParquetError, Result, damaged};
use super::hybrid::{bits, varint};

/// What writers use is 128 values in 4 miniblocks; this leaves room.
const MOST_MINIBLOCKS: u64 = 1024;

const CUT: ParquetError = ParquetError::Damaged("a page ends within its delta-coded values");

#[derive(Clone, Debug)]
pub(super) struct Delta {
    bytes: Bytes,
    position: usize,
    /// Values in one miniblock.
    mini_values: u64,
    minis: u64,
    /// Values that are still to come, the next included.
    left: u64,
    next: i64,
    min_delta: i64,
    /// Where the widths of the block's miniblocks are.
    widths: usize,
    mini: u64,
    in_mini: u64,
    width: u32,
    bit: usize,
}

impl Delta {
    pub(super) fn new(bytes: Bytes) -> Result<Delta> {
        let mut position = 0;
        let mut number = || varint(&bytes, &mut position).ok_or(CUT);
        let (block, minis, left, first) = (number()?, number()?, number()?, number()?);
        if minis == 0 || minis > MOST_MINIBLOCKS || block == 0 || block % minis != 0 {
            return damaged("a block of delta-coded values has an impossible size");
        }
        let mini_values = block / minis;
        if mini_values % 8 != 0 || mini_values > u64::from(u32::MAX) {
            return damaged("a block of delta-coded values has an impossible size");
        }
        Ok(Delta {
            position,
            mini_values,
            minis,
            left,
            next: unzigzag(first),
            min_delta: 0,
            widths: 0,
            // As at the end of a block: the next value begins one.
            mini: minis,
            in_mini: mini_values,
            width: 0,
            bit: 0,
            bytes,
        })
    }

    pub(super) fn next(&mut self) -> Result<i64> {
        let value = self.next;
        self.left = self.left.checked_sub(1).ok_or(ParquetError::Damaged(
            "a page has fewer values than it says",
        ))?;
        if self.left > 0 {
            if self.in_mini == self.mini_values {
                self.next_mini()?;
            }
            let packed = bits(&self.bytes, self.bit, self.width).ok_or(CUT)?;
            self.bit += self.width as usize;
            self.in_mini += 1;
            self.next = value
                .wrapping_add(self.min_delta)
                .wrapping_add(packed as i64);
        }
        Ok(value)
    }

    fn next_mini(&mut self) -> Result<()> {
        self.mini += 1;
        if self.mini >= self.minis {
            self.mini = 0;
            let min_delta = varint(&self.bytes, &mut self.position).ok_or(CUT)?;
            self.min_delta = unzigzag(min_delta);
            self.widths = self.position;
            self.position += self.minis as usize;
        }
        let width = self.bytes.get(self.widths + self.mini as usize);
        self.width = u32::from(*width.ok_or(CUT)?);
        if self.width > 64 {
            return damaged("a bit width is beyond 64");
        }
        self.bit = self.position.checked_mul(8).ok_or(CUT)?;
        // A miniblock is whole, however few of its values count.
        let size = self.mini_values / 8 * u64::from(self.width);
        self.position = usize::try_from(size)
            .ok()
            .and_then(|size| self.position.checked_add(size))
            .ok_or(CUT)?;
        self.in_mini = 0;
        Ok(())
    }

    /// Where these values end and what follows them begins. Some writers leave out
    /// the miniblocks of the last block that hold no value, and give them width 0.
    pub(super) fn end(&self) -> Result<usize> {
        let mut rest = self.clone();
        let mut left = rest.left.saturating_sub(1);
        while left > 0 {
            rest.next_mini()?;
            left = left.saturating_sub(rest.mini_values);
        }
        if rest.position > rest.bytes.len() {
            return Err(CUT);
        }
        Ok(rest.position)
    }
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // 1 to 5: every difference is the smallest one.
        let mut bytes = vec![128, 1, 4, 5, 2, 2, 0, 0, 0, 0];
        bytes.extend(*b"rest");
        let mut delta = Delta::new(bytes.into()).unwrap();
        assert_eq!(delta.end(), Ok(10));
        let values: Vec<i64> = (0..5).map(|_| delta.next().unwrap()).collect();
        assert_eq!(values, [1, 2, 3, 4, 5]);
        assert!(delta.next().is_err());

        // 7, 5, 3, 1, 2, 3, 4, 5: differences from -2, in two bits.
        let mut bytes = vec![128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111];
        bytes.extend([0; 6]);
        let mut delta = Delta::new(bytes.into()).unwrap();
        let values: Vec<i64> = (0..8).map(|_| delta.next().unwrap()).collect();
        assert_eq!(values, [7, 5, 3, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn impossible_blocks_are_damage() {
        for bytes in [
            &[128, 1, 0, 5, 2][..],
            &[128, 1, 3, 5, 2],
            &[4, 4, 5, 2],
            &[0, 4, 5, 2],
            &[128, 1, 4],
        ] {
            assert!(Delta::new(Bytes::copy_from_slice(bytes)).is_err());
        }
        // A count beyond the data ends in an error, not in memory.
        let bytes = [128, 1, 4, 0xff, 0xff, 0xff, 0xff, 0x7f, 2];
        let mut delta = Delta::new(Bytes::copy_from_slice(&bytes)).unwrap();
        assert!(delta.end().is_err());
        assert!((0..3).any(|_| delta.next().is_err()));
    }
}
