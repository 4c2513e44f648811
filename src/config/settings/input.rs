//! `[input]`: how files are read, and when one is refused.

use super::super::scalar::{Scalar, count, share};
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct InputSettings {
    /// A longer record is rejected.
    pub max_record_bytes: usize,
    /// A longer header refuses the file.
    pub max_header_bytes: usize,
    /// More columns refuse the file.
    pub max_columns: usize,
    /// More that comes out of a compressed object refuses it.
    pub max_decompressed_bytes: usize,
    /// How many times its size may come out of a compressed object.
    pub max_decompression_ratio: usize,
    /// A longer footer of a Parquet file is refused.
    pub max_parquet_footer_bytes: usize,
    /// Pages that need more than this at one time are refused.
    pub max_parquet_pages_bytes: usize,
    /// The size of one ranged read.
    pub window_bytes: usize,
    /// 0 to 1: with more rejects than this among the sample rows, nothing is sent.
    pub max_reject_share: f64,
    /// How many rows are looked at before anything is sent.
    pub sample_rows: usize,
}

const MIB: usize = 1 << 20;

pub(super) const MAX_RECORD_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_record_bytes",
        default: Some(Scalar::Integer(1_048_576)),
        help: "a longer row is rejected",
    },
    read: count::<1024, { 64 * MIB }>,
};

pub(super) const MAX_HEADER_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_header_bytes",
        default: Some(Scalar::Integer(1_048_576)),
        help: "a file with a longer header is refused",
    },
    read: count::<1024, { 64 * MIB }>,
};

pub(super) const MAX_COLUMNS: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_columns",
        default: Some(Scalar::Integer(2000)),
        help: "a file with more columns is refused",
    },
    read: count::<1, 100_000>,
};

pub(super) const MAX_DECOMPRESSED_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_decompressed_bytes",
        default: Some(Scalar::Integer(1 << 40)),
        help: "a compressed object is refused once more than this came out of it",
    },
    read: count::<MIB, { 1 << 50 }>,
};

pub(super) const MAX_DECOMPRESSION_RATIO: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_decompression_ratio",
        default: Some(Scalar::Integer(1000)),
        help: "a compressed object is refused once this many times its size came out of it, the first 16 MiB aside",
    },
    read: count::<10, 1_000_000>,
};

pub(super) const MAX_PARQUET_FOOTER_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_parquet_footer_bytes",
        default: Some(Scalar::Integer(16_777_216)),
        help: "a Parquet file with a longer footer is refused",
    },
    read: count::<1024, { 256 * MIB }>,
};

pub(super) const MAX_PARQUET_PAGES_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "max_parquet_pages_bytes",
        default: Some(Scalar::Integer(33_554_432)),
        help: "a Parquet file whose mapped columns' pages need more memory than this at one time is refused",
    },
    read: count::<65_536, { 1024 * MIB }>,
};

pub(super) const WINDOW_BYTES: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "window_bytes",
        default: Some(Scalar::Integer(8_388_608)),
        help: "how many bytes of an object one request reads",
    },
    read: count::<65_536, { 1024 * MIB }>,
};

pub(super) const MAX_REJECT_SHARE: Setting<f64> = Setting {
    about: About {
        section: "input",
        key: "max_reject_share",
        default: Some(Scalar::Number(0.10)),
        help: "with a larger share of rejects among the first rows nothing of a file is sent; 1.0 sends anyway",
    },
    read: share,
};

pub(super) const SAMPLE_ROWS: Setting<usize> = Setting {
    about: About {
        section: "input",
        key: "sample_rows",
        default: Some(Scalar::Integer(1000)),
        help: "how many first rows max_reject_share is measured on",
    },
    read: count::<1, 100_000>,
};

impl InputSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<InputSettings> {
        let max_record_bytes = reader.get(&MAX_RECORD_BYTES);
        let max_header_bytes = reader.get(&MAX_HEADER_BYTES);
        let max_columns = reader.get(&MAX_COLUMNS);
        let max_decompressed_bytes = reader.get(&MAX_DECOMPRESSED_BYTES);
        let max_decompression_ratio = reader.get(&MAX_DECOMPRESSION_RATIO);
        let max_parquet_footer_bytes = reader.get(&MAX_PARQUET_FOOTER_BYTES);
        let max_parquet_pages_bytes = reader.get(&MAX_PARQUET_PAGES_BYTES);
        let window_bytes = reader.get(&WINDOW_BYTES);
        let max_reject_share = reader.get(&MAX_REJECT_SHARE);
        let sample_rows = reader.get(&SAMPLE_ROWS);
        Some(InputSettings {
            max_record_bytes: max_record_bytes?,
            max_header_bytes: max_header_bytes?,
            max_columns: max_columns?,
            max_decompressed_bytes: max_decompressed_bytes?,
            max_decompression_ratio: max_decompression_ratio?,
            max_parquet_footer_bytes: max_parquet_footer_bytes?,
            max_parquet_pages_bytes: max_parquet_pages_bytes?,
            window_bytes: window_bytes?,
            max_reject_share: max_reject_share?,
            sample_rows: sample_rows?,
        })
    }
}
