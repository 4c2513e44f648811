//! `[state]`: where receipts, lists of rejects and the ledger are kept.

use super::super::scalar::parsed;
use super::super::state_location::StateLocation;
use super::{About, Effective, Reader, Setting};

pub(super) const LOCATION: Setting<StateLocation> = Setting {
    about: About {
        section: "state",
        key: "location",
        default: None,
        help: "where receipts, lists of rejects and the ledger are kept: s3://bucket/prefix/, file:///directory or a directory",
    },
    read: parsed,
};

/// The location, or `otherwise`; with neither, a fault.
pub(in super::super) fn read(
    reader: &mut Reader<'_>,
    otherwise: Option<StateLocation>,
) -> Option<StateLocation> {
    match otherwise {
        Some(otherwise) if !reader.is_given(LOCATION.about) => {
            reader.effective.push(Effective {
                about: LOCATION.about,
                toml: None,
                origin: otherwise.to_string(),
            });
            Some(otherwise)
        }
        _ => reader.get(&LOCATION),
    }
}
