//! What an object's first bytes say it is. Names say nothing: Glue's parts have no
//! extension, and `.gz` files are sometimes plain.

use std::fmt;
use std::io;

/// How the text is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
    Bzip2,
    /// The framing format. Hadoop's own blocks of snappy have no signature and cannot
    /// be told from any other binary data.
    Snappy,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Snappy => "snappy",
        })
    }
}

/// Formats that are no text, however unpacked: recognised so that they can be refused by
/// name. Only Parquet is read all the same, in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Lz4,
    Xz,
    Zip,
    Parquet,
    Avro,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Lz4 => "lz4",
            Format::Xz => "xz",
            Format::Zip => "zip",
            Format::Parquet => "Parquet",
            Format::Avro => "Avro",
        })
    }
}

/// Why an object's content cannot be read, although its bytes can.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error(
        "unsupported format: {0}; send Parquet, or CSV or JSON lines, plain or compressed with gzip, zstd, bzip2 or snappy"
    )]
    Unsupported(Format),
    #[error("unsupported format: {inner} inside {outer}; send the {inner} data as it is")]
    Nested { outer: Compression, inner: String },
    #[error("the {compression} data is damaged or cut off")]
    Damaged {
        compression: Compression,
        source: io::Error,
    },
    #[error(
        "the zstd data asks for a window of more than {max_bytes} bytes; recompress it without --long and --ultra"
    )]
    WindowTooLarge { max_bytes: u64 },
    #[error("more than {max_bytes} bytes after decompression (input.max_decompressed_bytes)")]
    TooLarge { max_bytes: u64 },
    #[error(
        "more than {max_ratio} times as large after decompression (input.max_decompression_ratio)"
    )]
    TooDense { max_ratio: u64 },
    /// The bytes did not come; the cause is the source's own error, whole.
    #[error("the beginning of the object could not be read")]
    Input(#[source] io::Error),
}

impl ContentError {
    /// The content's failure that an error of one of this room's readers carries.
    pub fn within(error: &io::Error) -> Option<&ContentError> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<ContentError> for io::Error {
    fn from(error: ContentError) -> io::Error {
        io::Error::other(error)
    }
}

/// The longest of the signatures below.
pub(super) const PEEK_BYTES: u64 = 10;

/// Tells the compression from the first [`PEEK_BYTES`], or the format that is refused.
/// Whatever is not recognised passes as text; the rows find out whether it is.
pub(super) fn recognise(start: &[u8]) -> Result<Compression, Format> {
    if start.starts_with(b"\x1f\x8b") {
        return Ok(Compression::Gzip);
    }
    if start.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable_frame(start) {
        return Ok(Compression::Zstd);
    }
    if start.starts_with(b"\xff\x06\x00\x00sNaPpY") {
        return Ok(Compression::Snappy);
    }
    // "BZh", a digit for the block size, then the digits of pi, or those of its square
    // root where there is no block.
    let magic = start.get(4..10).unwrap_or_default();
    if start.starts_with(b"BZh")
        && (magic == b"\x31\x41\x59\x26\x53\x59" || magic == b"\x17\x72\x45\x38\x50\x90")
    {
        return Ok(Compression::Bzip2);
    }
    for (signature, format) in SIGNATURES {
        if start.starts_with(signature) {
            return Err(format);
        }
    }
    // Letters alone could begin a header; Thrift after them could not, nor the length of
    // what is encrypted, which is little.
    if start.starts_with(b"PAR1") || start.starts_with(b"PARE") {
        let after = start.get(4..).unwrap_or_default();
        if after.first() == Some(&0x15) || after.get(2..4) == Some(&[0, 0]) {
            return Err(Format::Parquet);
        }
    }
    Ok(Compression::None)
}

/// What pzstd, among others, begins a zstd file with.
fn is_skippable_frame(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

const SIGNATURES: [(&[u8], Format); 4] = [
    (b"\x04\x22\x4d\x18", Format::Lz4),
    (b"\xfd7zXZ\x00", Format::Xz),
    (b"PK\x03\x04", Format::Zip),
    (b"Obj\x01", Format::Avro),
];

#[cfg(test)]
mod tests {
    use super::{Compression, Format, recognise};

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (start, expected) in [
            (&b"\x1f\x8b\x08\0\0"[..], Ok(Compression::Gzip)),
            (b"\x28\xb5\x2f\xfd\x24", Ok(Compression::Zstd)),
            (b"\x5e\x2a\x4d\x18\x04", Ok(Compression::Zstd)),
            (b"BZh91AY&SY", Ok(Compression::Bzip2)),
            (b"\xff\x06\x00\x00sNaPpY", Ok(Compression::Snappy)),
            (b"\x04\x22\x4d\x18", Err(Format::Lz4)),
            (b"\xfd7zXZ\0", Err(Format::Xz)),
            (b"PK\x03\x04", Err(Format::Zip)),
            (b"PAR1\x15\x04", Err(Format::Parquet)),
            (b"PAR1\x2c\x00\x00\x00", Err(Format::Parquet)),
            (b"PARE\x2c\x01\x00\x00", Err(Format::Parquet)),
            (b"Obj\x01\x04", Err(Format::Avro)),
        ] {
            assert_eq!(recognise(start), expected, "{start:?}");
        }
    }

    #[test]
    fn a_header_that_begins_like_a_signature_is_text() {
        for start in ["PAR1,PAR2\n", "BZh1,email", "Object", "PK,em\n", "", "e"] {
            assert_eq!(
                recognise(start.as_bytes()),
                Ok(Compression::None),
                "{start}"
            );
        }
    }
}
