//! The question before a forced replay.

use indicatif::BinaryBytes;

use super::selection::Selection;
use crate::cli::fit;

pub(super) fn question(selection: &Selection<'_>, (objects, bytes): (u64, u64)) -> String {
    let Selection { bucket, prefix, .. } = selection;
    format!(
        "--force sends these to Meta again, whether or not they were delivered:\n\
         {objects} objects ({}) below s3://{bucket}/{}\n\
         Event ids stay the same: the Conversions API drops what it received within 48 hours, \
         and counts again what it received earlier. \
         To audiences people come back who were removed or erased since, and a route that \
         replaces sends each folder once more, older ones too.\n",
        BinaryBytes(bytes),
        fit::plain(prefix),
    )
}
