//! Where everything that is kept of an object lies, below the state location: its receipt
//! at `receipts/<route>/<bucket>/<key>/<version id, or ETag and size>.json`; the list of
//! its rejects at the same with `rejects/` before and `.rejects.csv.gz` behind it; its
//! ledger entry at the same with `ledger/` before it, and beside that a folder `.rejects`
//! of the parts of a list that is not finished.
//!
//! Made for S3 keys and file systems alike. Keys keep their folders, so that a run's
//! receipts can be listed; whatever is not plain in them is percent-encoded, and what
//! is too long is cut and told apart by its hash. Two objects never get one path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::receipt::ObjectDescription;

/// Without `~`, which marks what was cut.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'=');

// S3 allows 1024 bytes for a key, file systems 255 for a name. All parts together
// stay at 724, which leaves 300 for the prefix of the state location: a bucket's name has
// 63 at most.
const LONGEST_NAME: usize = 100;
const LONGEST_FOLDER: usize = 200;
const LONGEST_KEY: usize = 400;

/// Receipts, and entries of the ledger.
const DOCUMENT: &str = ".json";
/// Says what it is wherever somebody has downloaded it to.
const REJECTS: &str = ".rejects.csv.gz";
const SEGMENTS: &str = ".rejects";
const SEGMENT: &str = ".csv.gz";
const LONGEST_SEGMENT_NAME: usize = 32;

pub(crate) fn of_receipt(object: &ObjectDescription, route: &str) -> String {
    format!("receipts/{}{DOCUMENT}", stem(object, route))
}

pub(super) fn of_rejects(object: &ObjectDescription, route: &str) -> String {
    format!("rejects/{}{REJECTS}", stem(object, route))
}

pub(crate) fn of_entry(object: &ObjectDescription, route: &str) -> String {
    format!("{LEDGER}{}{DOCUMENT}", stem(object, route))
}

/// The folder of all entries, ending in a slash.
pub(crate) const LEDGER: &str = "ledger/";

/// The folder of a route's entries, ending in a slash.
pub(crate) fn of_entries(route: &str) -> String {
    format!("{LEDGER}{}/", name(route, LONGEST_NAME))
}

/// Whether what lies there in the ledger's folder is an entry, and nothing beside one.
pub(crate) fn is_entry(path: &str) -> bool {
    path.ends_with(DOCUMENT)
}

/// The folder of the parts of an entry's list of rejects.
pub(crate) fn of_segments(object: &ObjectDescription, route: &str) -> String {
    format!("{LEDGER}{}{SEGMENTS}", stem(object, route))
}

/// None if the name is not one: names are read back from what is stored.
pub(crate) fn of_segment(object: &ObjectDescription, route: &str, name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_name = (1..=LONGEST_SEGMENT_NAME).contains(&name.len()) && name.bytes().all(plain);
    is_name.then(|| format!("{}/{name}{SEGMENT}", of_segments(object, route)))
}

fn stem(object: &ObjectDescription, route: &str) -> String {
    let version = match &object.version_id {
        Some(id) => name(id, LONGEST_NAME),
        None => name(&format!("{}-{}", object.etag, object.size), LONGEST_NAME),
    };
    format!(
        "{}/{}/{}/{version}",
        name(route, LONGEST_NAME),
        name(&object.bucket, LONGEST_NAME),
        folders(&object.key),
    )
}

fn folders(key: &str) -> String {
    let folders: Vec<String> = key.split('/').map(encoded).collect();
    let joined = folders.join("/");
    if joined.len() <= LONGEST_KEY && folders.iter().all(|name| name.len() <= LONGEST_FOLDER) {
        joined
    } else {
        cut(key, LONGEST_FOLDER)
    }
}

fn name(text: &str, longest: usize) -> String {
    let encoded = encoded(text);
    if encoded.len() <= longest {
        encoded
    } else {
        cut(text, longest)
    }
}

/// One name that no file system takes for anything else.
fn encoded(text: &str) -> String {
    match text {
        // An empty folder, as in `a//b`: no escape is a `%` alone.
        "" => return "%".to_owned(),
        "." => return "%2E".to_owned(),
        ".." => return "%2E%2E".to_owned(),
        _ => {}
    }
    let mut encoded = utf8_percent_encode(text, ENCODED).to_string();
    // A folder never looks like a file or folder of ours: the keys `a` and `a/b.json` would
    // else ask for a file and a folder of one name.
    for ending in [DOCUMENT, REJECTS, SEGMENTS] {
        let stem = encoded.len().saturating_sub(ending.len());
        if encoded
            .get(stem..)
            .is_some_and(|end| end.eq_ignore_ascii_case(ending))
        {
            encoded.replace_range(stem..=stem, "%2E");
        }
    }
    encoded
}

/// As much of the text as there is room for beside 128 bits of its hash.
fn cut(text: &str, longest: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hash: String = const_hex::encode(digest).chars().take(32).collect();
    let room = longest.saturating_sub(hash.len() + 1);
    // All escapes are ASCII, so that any cut is one between characters.
    let start: String = utf8_percent_encode(text, ENCODED)
        .flat_map(str::chars)
        .take(room)
        .collect();
    format!("{start}~{hash}")
}

#[cfg(test)]
mod tests;
