//! One cell: looked at, normalised by its field's rule, hashed if its key goes out hashed.

use std::fmt;

use time::Date;

use super::cell::{self, Cell};
use super::columns::Reading;
use super::digest::Digest;
use super::existing_hash::{ExistingHash, recognise};
use super::field;
use super::key::{Api, Key};
use super::reason::Reason;
use super::text;

/// What holds for all cells of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub api: Api,
    /// The last possible date of birth. Take it from the object, not from the clock: an
    /// object that is resumed tomorrow must give the same identifiers.
    pub as_of: Date,
    pub spelling: Spelling,
}

impl Context {
    /// With the recommended [`Spelling`].
    pub fn new(api: Api, as_of: Date) -> Context {
        Context {
            api,
            as_of,
            spelling: Spelling::default(),
        }
    }
}

/// Where Meta's pages are silent or at odds, and an advertiser may have chosen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Names keep one space between their words: `mary ann`, not `maryann`.
    pub name_spaces: bool,
    /// Cities keep the letters a–z alone, as the audience page says: `São Paulo` becomes `sopaulo`.
    pub ascii_city: bool,
}

/// What became of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing, or a word for nothing.
    Empty,
    /// Normalised and hashed.
    Hashed(Digest),
    /// It was SHA-256 before and is passed on.
    AlreadyHashed(Digest),
    /// Normalised, for a key that goes out unhashed.
    Plain,
    Rejected(Reason),
}

/// A normalised cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Normalized<'s> {
    pub outcome: Outcome,
    /// What was hashed, or what goes out plain; empty with every other outcome.
    pub text: &'s str,
    /// Whether the cell did not already stand in its normalised form.
    pub changed: bool,
}

impl fmt::Debug for Normalized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalized")
            .field("outcome", &self.outcome)
            .field("text_bytes", &self.text.len())
            .field("changed", &self.changed)
            .finish()
    }
}

/// Room that normalising works in; keep one and no cell needs an allocation.
#[derive(Default)]
pub struct Scratch {
    pub(super) composed: String,
    pub(super) normal: String,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Scratch({} bytes)",
            self.composed.len() + self.normal.len()
        )
    }
}

/// Normalises one cell of `key`, and hashes it if that key goes out hashed.
///
/// `reading` says what the cell's text leaves open.
///
/// The parts of a birth date are those of the cell: whether a destination can use them
/// is a matter of the row. A key that `context.api` does not know is normalised as the
/// other API would have it.
pub fn normalize<'s>(
    key: Key,
    raw: &str,
    reading: Reading,
    context: &Context,
    scratch: &'s mut Scratch,
) -> Normalized<'s> {
    let Scratch { composed, normal } = scratch;
    let without_text = |outcome, changed| Normalized {
        outcome,
        text: "",
        changed,
    };
    let text = match cell::read(key, reading.form, context.api, raw, composed) {
        Cell::Blank => return without_text(Outcome::Empty, false),
        Cell::Refused(reason) => return without_text(Outcome::Rejected(reason), false),
        Cell::Sha256 { digest, changed } => {
            return without_text(Outcome::AlreadyHashed(digest), changed);
        }
        Cell::Text(text) => text,
    };
    normal.clear();
    if let Err(reason) = field::apply(key, text, reading, context, normal) {
        return without_text(Outcome::Rejected(reason), false);
    }
    if !key.is_hashed(context.api) {
        return Normalized {
            outcome: Outcome::Plain,
            text: normal,
            changed: normal != raw,
        };
    }
    if key != Key::ExternalId {
        // A rule that removes characters may bring a blank word, a hash or a sealed value
        // to light ("n.u.l.l", a hash in groups of four): none is a value.
        if cell::is_sealed(normal) {
            return without_text(Outcome::Rejected(Reason::SealedValue), false);
        }
        if text::is_blank(normal) {
            return without_text(Outcome::Rejected(Reason::NothingLeft), false);
        }
        if recognise(normal) != ExistingHash::None {
            return without_text(Outcome::Rejected(Reason::UnsupportedHashLength), false);
        }
    }
    Normalized {
        outcome: Outcome::Hashed(Digest::of(normal)),
        text: normal,
        changed: normal != raw,
    }
}
