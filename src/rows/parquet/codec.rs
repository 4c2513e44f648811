//! How pages are packed. What comes out is as long as the page's header says, and
//! never longer, whatever the bytes want.

use std::io::Read;

use bytes::Bytes;

use super::error::{ParquetError, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    Zstd,
    /// Blocks with their lengths before them, as Hadoop writes them; or one bare block.
    Lz4,
    Lz4Raw,
}

const BROKEN: ParquetError = ParquetError::Damaged("a page cannot be decompressed");

impl Codec {
    /// By Parquet's number.
    pub(super) fn of(code: Option<i64>) -> Result<Codec> {
        Ok(match code {
            Some(0) => Codec::Plain,
            Some(1) => Codec::Snappy,
            Some(2) => Codec::Gzip,
            Some(3) => return Err(ParquetError::Codec("LZO compression")),
            Some(4) => return Err(ParquetError::Codec("Brotli compression")),
            Some(5) => Codec::Lz4,
            Some(6) => Codec::Zstd,
            Some(7) => Codec::Lz4Raw,
            _ => return Err(ParquetError::Codec("an unknown compression")),
        })
    }

    /// Unpacks what is exactly `size` bytes long.
    pub(super) fn unpack(self, packed: Bytes, size: usize) -> Result<Bytes> {
        if self == Codec::Plain {
            return if packed.len() == size {
                Ok(packed)
            } else {
                Err(BROKEN)
            };
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut out = Vec::new();
        let written = match self {
            Codec::Plain => None,
            Codec::Gzip => {
                // One byte more is asked for: the checksum lies behind the last, and is
                // not looked at before the end is.
                out.reserve_exact(size + 1);
                flate2::bufread::MultiGzDecoder::new(&*packed)
                    .take(size as u64 + 1)
                    .read_to_end(&mut out)
                    .ok()
            }
            Codec::Snappy => {
                // Refuses what would be longer than the room there is.
                out.resize(size, 0);
                snap::raw::Decoder::new().decompress(&packed, &mut out).ok()
            }
            Codec::Zstd => {
                out.resize(size, 0);
                zstd_safe::decompress(&mut *out, &packed).ok()
            }
            Codec::Lz4Raw => {
                out.resize(size, 0);
                lz4_flex::block::decompress_into(&packed, &mut out).ok()
            }
            Codec::Lz4 => {
                out.resize(size, 0);
                hadoop_blocks(&packed, &mut out)
                    .or_else(|| lz4_flex::block::decompress_into(&packed, &mut out).ok())
            }
        };
        match written {
            Some(written) if written == size => Ok(out.into()),
            _ => Err(BROKEN),
        }
    }
}

/// Each block after its unpacked and its packed length, four bytes each, the most
/// significant first. (Hadoop's `BlockCompressorStream`.)
fn hadoop_blocks(mut packed: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut written = 0;
    while !packed.is_empty() {
        let (unpacked, rest) = packed.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, rest) = rest.split_at_checked(length)?;
        let room = out.get_mut(written..)?;
        let count = lz4_flex::block::decompress_into(block, room).ok()?;
        if count != u32::from_be_bytes(*unpacked) as usize {
            return None;
        }
        written += count;
        packed = rest;
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lz4_is_read_in_hadoops_blocks_and_without_them() {
        // Literals only: their count in the upper half of the first byte.
        let (one, two) = (&b"\x30abc"[..], &b"\x20de"[..]);
        let framed = [
            &[0, 0, 0, 3, 0, 0, 0, 4][..],
            one,
            &[0, 0, 0, 2, 0, 0, 0, 3],
            two,
        ]
        .concat();
        assert_eq!(&Codec::Lz4.unpack(framed.into(), 5).unwrap()[..], b"abcde");
        assert_eq!(&Codec::Lz4.unpack(one.into(), 3).unwrap()[..], b"abc");
        assert_eq!(&Codec::Lz4Raw.unpack(two.into(), 2).unwrap()[..], b"de");
    }

    #[test]
    fn nothing_longer_or_shorter_than_announced_comes_out() {
        let one = Bytes::from_static(b"\x30abc");
        assert!(Codec::Lz4Raw.unpack(one.clone(), 4).is_err());
        assert!(Codec::Lz4Raw.unpack(one.clone(), 2).is_err());
        assert!(Codec::Plain.unpack(one, 3).is_err());
        let packed = Bytes::from(zstd_bomb());
        assert!(Codec::Zstd.unpack(packed.clone(), 1000).is_err());
        assert_eq!(Codec::Zstd.unpack(packed, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn a_gzip_page_that_is_longer_or_fails_its_checksum_is_broken() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, b"a@example.com").unwrap();
        let packed = encoder.finish().unwrap();
        let unpack = |packed: &[u8], size| Codec::Gzip.unpack(Bytes::copy_from_slice(packed), size);
        assert_eq!(&unpack(&packed, 13).unwrap()[..], b"a@example.com");
        assert!(unpack(&packed, 12).is_err());
        assert!(unpack(&packed, 14).is_err());
        let mut changed = packed.clone();
        let at = packed.len() - 5;
        changed[at] ^= 1;
        assert!(unpack(&changed, 13).is_err());
    }

    /// A megabyte of zeros.
    fn zstd_bomb() -> Vec<u8> {
        let mut packed = vec![0; 4096];
        let written = zstd_safe::compress(&mut packed[..], &vec![0; 1 << 20], 3).unwrap();
        packed.truncate(written);
        packed
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (code, name) in [(3, "LZO"), (4, "Brotli"), (99, "unknown")] {
            let said = Codec::of(Some(code)).unwrap_err().to_string();
            assert!(said.contains(name), "{said}");
        }
    }
}
