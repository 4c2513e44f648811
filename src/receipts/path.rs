//! Where the receipt of an object and the list of its rejects lie, below the state
//! location: `receipts/<route>/<bucket>/<key>/<version id, or ETag and size>.json`, and
//! the same with `rejects/` before and `.rejects.csv.gz` behind it.
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
// stay below 720, which leaves 300 for the prefix of the state location.
const LONGEST_NAME: usize = 100;
const LONGEST_FOLDER: usize = 200;
const LONGEST_KEY: usize = 400;

const RECEIPT: &str = ".json";
/// Says what it is wherever somebody has downloaded it to.
const REJECTS: &str = ".rejects.csv.gz";

pub(super) fn of(object: &ObjectDescription, route: &str) -> String {
    format!("receipts/{}{RECEIPT}", stem(object, route))
}

pub(super) fn of_rejects(object: &ObjectDescription, route: &str) -> String {
    format!("rejects/{}{REJECTS}", stem(object, route))
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
    // A folder never looks like a file of ours: the keys `a` and `a/b.json` would else
    // ask for a file and a folder of one name.
    for ending in [RECEIPT, REJECTS] {
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
