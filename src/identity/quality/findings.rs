//! What was found in the rows that were looked at: numbers, which may be kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::key::{Api, Key};
use super::super::tally::Tally;
use super::{
    ADDRESSES, DUPLICATES, OF_ONE_PERSON, ONE_KEY_ONLY, WORK_DOMAINS, Warning, WarningCode,
    is_notable,
};

/// Counts over the first rows of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityFindings {
    rows: u64,
    /// By key, the rows with a value that stands in too many of them.
    repeated: BTreeMap<String, u64>,
    duplicates: u64,
    one_key_only: u64,
}

impl QualityFindings {
    pub(super) fn new(
        rows: u64,
        repeated: impl Iterator<Item = (Key, u64)>,
        duplicates: u64,
        one_key_only: u64,
    ) -> QualityFindings {
        let repeated = repeated.filter(|(_, count)| *count > 0);
        QualityFindings {
            rows,
            repeated: repeated
                .map(|(key, count)| (key.name().to_owned(), count))
                .collect(),
            duplicates,
            one_key_only,
        }
    }

    pub(super) fn warnings(&self, api: Api, tally: &Tally) -> Vec<Warning> {
        let of = self.rows;
        let mut warnings = Vec::new();
        for key in OF_ONE_PERSON {
            if let Some(&count) = self.repeated.get(key.name()) {
                warnings.push(Warning::of_key(WarningCode::RepeatedValue, key, count, of));
            }
        }
        // One person's purchases are as many events, and no duplicates.
        if api == Api::CustomAudience && is_notable(self.duplicates, of, DUPLICATES) {
            let count = self.duplicates;
            warnings.push(Warning::new(WarningCode::DuplicateRows, count, of));
        }
        if is_notable(self.one_key_only, of, ONE_KEY_ONLY) {
            let count = self.one_key_only;
            warnings.push(Warning::new(WarningCode::OneKeyOnly, count, of));
        }
        let (addresses, work) = tally.work_addresses();
        if addresses >= ADDRESSES && is_notable(work, addresses, WORK_DOMAINS) {
            let code = WarningCode::WorkDomains;
            warnings.push(Warning::of_key(code, Key::Email, work, addresses));
        }
        warnings
    }
}
