//! The rule of each field, one file each: a trimmed, composed text in, Meta's
//! normalised form out, or the reason why there is none.
//!
//! Rules are Meta's "Customer Information Parameters" (Conversions) and "Customer File
//! Custom Audiences" pages; where those are silent the file says what was chosen and why.
//! To add a field, add its file and its arm in [`apply`].

pub(super) mod birth_date;
mod birth_part;
mod city;
pub(super) mod country;
mod email;
mod gender;
mod name;
mod phone;
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
        Key::ExternalId => {
            // Any text is somebody's id; only its ends were trimmed.
            out.push_str(text);
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
        Key::City => city::normalize(text, context.spelling, out),
        Key::State => state::normalize(text, country, out),
        Key::Zip => zip::normalize(text, country, out),
        Key::Country => country::normalize(text, out),
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
