//! Entries and parts of lists of rejects as the stores keep them.

use std::fmt::Display;

use super::entry::Entry;
use super::{EntryLocation, Found, LedgerError};
use crate::receipts::path;

/// Far above what any entry of ours comes to.
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;
pub(super) const MOST_SEGMENT_BYTES: usize = 64 * 1024 * 1024;

/// Nothing is written that could not be read back.
pub(super) fn to_json(entry: &Entry) -> Result<Vec<u8>, LedgerError> {
    let fault = |what| LedgerError::Setup(format!("the ledger entry {what}"));
    // It fails only for maps with keys that are no text, of which there is none.
    let json = serde_json::to_vec_pretty(entry)
        .map_err(|_| fault("could not be written as JSON".to_owned()))?;
    if json.len() > MOST_BYTES {
        let bytes = json.len();
        return Err(fault(format!(
            "has grown to {bytes} bytes, and more than {MOST_BYTES} are never read back: this is a fault of the program"
        )));
    }
    Ok(json)
}

pub(super) fn from_json(json: &[u8], location: &impl Display) -> Result<Entry, LedgerError> {
    let unreadable = || LedgerError::Unreadable {
        location: EntryLocation(location.to_string()),
    };
    if json.len() > MOST_BYTES {
        return Err(unreadable());
    }
    serde_json::from_slice(json).map_err(|_| unreadable())
}

/// Whether it is to be listed for that route. What is unreadable may be of any.
pub(super) fn is_on(route: Option<&str>, found: &Result<Found, LedgerError>) -> bool {
    match (route, found) {
        (Some(route), Ok(found)) => found.entry.route == route,
        _ => true,
    }
}

/// The path of a part of the entry's list of rejects.
pub(super) fn segment_path(entry: &Entry, name: &str) -> Result<String, LedgerError> {
    path::of_segment(&entry.object, &entry.route, name).ok_or_else(|| {
        let entry = path::of_entry(&entry.object, &entry.route);
        LedgerError::Setup(format!(
            "{entry} names a part of its list of rejects by what is no name: look at the entry, and move it away"
        ))
    })
}

pub(super) fn check_segment(bytes: &[u8], location: &impl Display) -> Result<(), LedgerError> {
    if bytes.len() > MOST_SEGMENT_BYTES {
        return Err(LedgerError::Setup(format!(
            "{location} is longer than {MOST_SEGMENT_BYTES} bytes, which no part of a list of rejects may be"
        )));
    }
    Ok(())
}

pub(super) fn no_segment(location: &impl Display) -> LedgerError {
    LedgerError::Setup(format!(
        "{location} is not there, though the ledger entry beside it names it: bring that part of the list of rejects back"
    ))
}
