//! What a row says of Limited Data Use, completed: Meta wants options, country and state
//! together, and nobody may be sent without a limit that was asked for.

use super::field::processing::{LIMITED, UNLIMITED, UNTOLD};
use super::key::{Api, Key};
use super::mapping::Mapping;
use super::reason::Reason;
use super::row::{IdentifiedRow, Identifier};

/// Adds what blank cells leave open to a row whose options have a column: a member without
/// options is without limit (`[]`), and a place that nobody tells is `0`, for Meta to find
/// out. An event without options is left as it is: there the data set's own setting holds.
///
/// Fails if Meta cannot find out the place of an event, for want of an address.
pub(super) fn complete(row: &mut IdentifiedRow, api: Api) -> Result<(), Reason> {
    match api {
        Api::CustomAudience => {
            if !row.has(Key::ProcessingOptions) {
                row.add_given(Key::ProcessingOptions, UNLIMITED, api);
            }
        }
        Api::Conversions => {
            if !row.has(Key::ProcessingOptions) {
                return Ok(());
            }
        }
    }
    for key in [Key::ProcessingCountry, Key::ProcessingState] {
        if !row.has(key) {
            row.add_given(key, UNTOLD, api);
        }
    }
    let is = |key, text| row.values(key).any(|value| value == Identifier::Json(text));
    let is_untold = is(Key::ProcessingCountry, UNTOLD) || is(Key::ProcessingState, UNTOLD);
    let needs_address = api == Api::Conversions && is(Key::ProcessingOptions, LIMITED);
    if needs_address && is_untold && !row.has(Key::ClientIpAddress) {
        return Err(Reason::ProcessingPlaceMissing);
    }
    Ok(())
}

impl Mapping {
    /// Whether [`complete`] would fail for every event: all are limited, by a static value,
    /// and neither can any say where its person was, nor give an address to find it out by.
    pub fn is_never_placed(&self) -> bool {
        let fixed = |key| self.statics.iter().find(|value| value.key() == key);
        let is_limited = !self.has(Key::ProcessingOptions)
            && fixed(Key::ProcessingOptions).is_some_and(|value| value.is(LIMITED));
        let is_told = |key| self.has(key) || fixed(key).is_some_and(|value| !value.is(UNTOLD));
        self.api() == Api::Conversions
            && is_limited
            && !(is_told(Key::ProcessingCountry) && is_told(Key::ProcessingState))
            && !self.has(Key::ClientIpAddress)
    }
}
