//! A row's date of birth, which comes whole or in parts and leaves in the form of its
//! destination: whole for Conversions, in three parts for audiences.

use time::{Date, Month};

use super::cell::{self, Cell};
use super::columns::Reading;
use super::digest::Digest;
use super::field::{BirthPart, birth_date};
use super::identify::Ledger;
use super::key::{Api, Key};
use super::normalize::{Context, Scratch};
use super::reason::Reason;

/// The parts found in a row so far. Where several columns hold the same part, the first
/// that can be used is.
#[derive(Default)]
pub(super) struct Birth {
    parts: [Option<FoundPart>; BirthPart::ALL.len()],
}

#[derive(Clone, Copy)]
struct FoundPart {
    number: u16,
    changed: bool,
}

impl Birth {
    /// Takes one cell of a birth date. A whole date is added to the row at once, parts
    /// wait for [`finish`](Self::finish).
    pub(super) fn take(
        &mut self,
        key: Key,
        raw: &str,
        reading: Reading,
        context: &Context,
        ledger: &mut Ledger<'_>,
    ) {
        let part = BirthPart::ALL.into_iter().find(|part| part.key() == key);
        if part.is_some_and(|part| self.found(part).is_some()) {
            return;
        }
        let Scratch { composed, normal } = &mut ledger.row.scratch;
        let text = match cell::read(key, reading.form, context.api, raw, composed) {
            Cell::Blank => return,
            Cell::Refused(reason) => return ledger.refuse(key, reason),
            Cell::Sha256 { digest, changed } => {
                return take_hashed(key, digest, changed, context.api, ledger);
            }
            Cell::Text(text) => text,
        };
        normal.clear();
        match part {
            Some(part) => match part.parse(text, context.as_of) {
                Ok(number) => {
                    part.write(number, normal);
                    let changed = normal != raw;
                    if let Some(place) = self.parts.get_mut(part as usize) {
                        *place = Some(FoundPart { number, changed });
                    }
                }
                Err(reason) => ledger.refuse(key, reason),
            },
            None => match birth_date::parse(text, reading.date_order, context.as_of) {
                Ok(date) => {
                    birth_date::write_whole(date, normal);
                    let changed = normal != raw;
                    add_date(date, context.api, ledger);
                    ledger.tally.count_sent(key, changed, false);
                }
                Err(reason) => ledger.refuse(key, reason),
            },
        }
    }

    /// Adds what the parts make to the row, and brings the row into the order of keys.
    pub(super) fn finish(self, context: &Context, ledger: &mut Ledger<'_>) {
        let outcome = self.complete(context);
        if let Ok(Some(date)) = outcome {
            add_date(date, context.api, ledger);
        }
        for part in BirthPart::ALL {
            match (self.found(part), outcome) {
                (None, _) => {}
                (Some(_), Err(reason)) => ledger.refuse(part.key(), reason),
                (Some(found), Ok(date)) => {
                    if date.is_none() {
                        add_part(part, found.number, ledger);
                    }
                    ledger.tally.count_sent(part.key(), found.changed, false);
                }
            }
        }
        ledger.row.sort();
    }

    /// The date that the parts make; `None` where they make none and need not.
    fn complete(&self, context: &Context) -> Result<Option<Date>, Reason> {
        match BirthPart::ALL.map(|part| self.found(part)) {
            [None, None, None] => Ok(None),
            [Some(year), Some(month), Some(day)] => {
                let date = date_of(year, month, day)?;
                birth_date::within_range(date, context.as_of).map(Some)
            }
            _ if context.api == Api::Conversions => Err(Reason::BirthDateIncomplete),
            _ => Ok(None),
        }
    }

    /// Whether a part was found that can be used.
    pub(super) fn has_parts(&self) -> bool {
        self.parts.iter().any(Option::is_some)
    }

    fn found(&self, part: BirthPart) -> Option<FoundPart> {
        self.parts.get(part as usize).copied().flatten()
    }
}

/// A hash cannot be taken apart, nor can hashes be put together: it goes out as it is or not at all.
fn take_hashed(key: Key, digest: Digest, changed: bool, api: Api, ledger: &mut Ledger<'_>) {
    if key.wire_name(api).is_some() {
        ledger.row.add_digest(key, digest);
        ledger.tally.count_sent(key, changed, true);
    } else if key == Key::BirthDate {
        ledger.refuse(key, Reason::HashedDateInseparable);
    } else {
        ledger.refuse(key, Reason::HashedDateParts);
    }
}

fn date_of(year: FoundPart, month: FoundPart, day: FoundPart) -> Result<Date, Reason> {
    let read = || {
        let month = Month::try_from(u8::try_from(month.number).ok()?).ok()?;
        let day = u8::try_from(day.number).ok()?;
        Date::from_calendar_date(i32::from(year.number), month, day).ok()
    };
    read().ok_or(Reason::DateNotInCalendar)
}

fn add_date(date: Date, api: Api, ledger: &mut Ledger<'_>) {
    match api {
        Api::Conversions => {
            let text = &mut ledger.row.scratch.normal;
            text.clear();
            birth_date::write_whole(date, text);
            let digest = Digest::of(text);
            ledger.row.add_digest(Key::BirthDate, digest);
        }
        Api::CustomAudience => {
            for part in BirthPart::ALL {
                add_part(part, part.of(date), ledger);
            }
        }
    }
}

fn add_part(part: BirthPart, number: u16, ledger: &mut Ledger<'_>) {
    let text = &mut ledger.row.scratch.normal;
    text.clear();
    part.write(number, text);
    let digest = Digest::of(text);
    ledger.row.add_digest(part.key(), digest);
}
