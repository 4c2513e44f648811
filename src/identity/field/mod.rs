//! The rule of each field, one file each: a trimmed, composed text in, Meta's
//! normalised form out, or the reason why there is none.
//!
//! Rules are Meta's "Customer Information Parameters" (Conversions) and "Customer File
//! Custom Audiences" pages; where those are silent the file says what was chosen and why.
//! To add a field, add its file and its arm in [`apply`].

pub(super) mod birth_date;
mod birth_part;
mod browser_cookie;
mod city;
pub(super) mod country;
mod email;
mod first_initial;
mod gender;
mod ip_address;
mod lookalike_value;
pub(super) mod madid;
mod meta_id;
mod name;
mod opaque;
mod phone;
pub(super) mod processing;
mod spreadsheet;
mod state;
mod zip;

pub(super) use birth_part::BirthPart;

use super::Context;
use super::columns::Reading;
use super::key::Key;
use super::reason::Reason;

/// Writes the normalised form of `text` to `out`, which is empty.
///
/// `reading` is what the row and the column say of it.
pub(super) fn apply(
    key: Key,
    text: &str,
    reading: Reading,
    context: &Context,
    out: &mut String,
) -> Result<(), Reason> {
    let country = reading.country;
    match key {
        Key::ExternalId
        | Key::SubscriptionId
        | Key::AnonymousId
        | Key::WhatsAppClickId
        | Key::ClientUserAgent => {
            opaque::normalize(text, out);
            Ok(())
        }
        Key::Email => email::normalize(text, out),
        Key::Phone => phone::normalize(text, country, out),
        Key::Gender => gender::normalize(text, out),
        Key::BirthDate => birth_date::normalize(text, reading.date_order, context.as_of, out),
        Key::BirthYear => BirthPart::Year.normalize(text, context.as_of, out),
        Key::BirthMonth => BirthPart::Month.normalize(text, context.as_of, out),
        Key::BirthDay => BirthPart::Day.normalize(text, context.as_of, out),
        Key::FirstName | Key::LastName => name::normalize(text, context.spelling, out),
        Key::FirstInitial => first_initial::normalize(text, out),
        Key::City => city::normalize(text, context.spelling, out),
        Key::State => state::normalize(text, country, out),
        Key::Zip => zip::normalize(text, country, out),
        Key::Country => country::normalize(text, out),
        Key::MobileAdvertiserId => madid::normalize(text, out),
        Key::LookalikeValue => lookalike_value::normalize(text, out),
        Key::PageScopedUserId
        | Key::AppScopedUserId
        | Key::LeadId
        | Key::PageId
        | Key::InstagramAccountId
        | Key::InstagramScopedId => meta_id::normalize(text, out),
        Key::ProcessingOptions => processing::options(text, out),
        Key::ProcessingCountry => processing::country(text, out),
        Key::ProcessingState => processing::state(text, context.api, out),
        Key::ClientIpAddress => ip_address::normalize(text, out),
        Key::ClickId => browser_cookie::click_id(text, out),
        Key::BrowserId => browser_cookie::browser_id(text, out),
    }
}

/// A rule that only removes characters must leave some.
fn something_left(out: &str) -> Result<(), Reason> {
    if out.is_empty() {
        return Err(Reason::NothingLeft);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod testing {
    //! What the fields' tests share: a rule applied to a fresh buffer.

    use super::Reason;

    pub(crate) fn normalized(
        rule: impl FnOnce(&mut String) -> Result<(), Reason>,
    ) -> Result<String, Reason> {
        let mut out = String::new();
        rule(&mut out).map(|()| out)
    }
}
