//! What a cell is before any field's rule: blank, sealed, already hashed, or a text.

use super::columns::Form;
use super::digest::Digest;
use super::existing_hash::{ExistingHash, recognise, recognise_sha256};
use super::field::madid;
use super::key::{Api, Key};
use super::reason::Reason;
use super::text;

/// A cell, trimmed and seen for what it is.
pub(super) enum Cell<'a> {
    Blank,
    Refused(Reason),
    /// `changed` unless it stood alone and in lower case.
    Sha256 {
        digest: Digest,
        changed: bool,
    },
    /// In normal form C, unless it goes out verbatim.
    Text(&'a str),
}

/// What Clean Rooms' cryptographic computing (C3R) leaves in sealed and fingerprint columns.
const SEALED_PREFIXES: [&str; 2] = ["01:enc:", "02:hmac:"];

/// How a key's values are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Regard {
    /// Goes out as it is, so it may look like anything.
    Verbatim,
    /// Goes out unhashed and is of a known kind, which no hash can be mistaken for.
    Unhashed,
    /// An id: 32 or 40 hexadecimal digits are as good as any other.
    Opaque,
    /// A value of a known kind, which no hash can be mistaken for.
    Typed,
}

impl Regard {
    fn of(key: Key, api: Api) -> Regard {
        match (key, api) {
            (Key::ExternalId, Api::Conversions) => Regard::Opaque,
            (Key::ExternalId, Api::CustomAudience) => Regard::Verbatim,
            (Key::SubscriptionId | Key::AnonymousId | Key::WhatsAppClickId, _) => Regard::Verbatim,
            _ if !key.is_hashed(api) => Regard::Unhashed,
            _ => Regard::Typed,
        }
    }
}

/// Whether Clean Rooms has encrypted this trimmed text.
pub(super) fn is_sealed(text: &str) -> bool {
    SEALED_PREFIXES
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

/// Looks at a raw cell. `composed` is room for its composed form.
///
/// Where the column's form is declared, a cell of the other form is refused. What is
/// known to be no SHA-256 keeps its more telling reason, whatever was declared.
pub(super) fn read<'a>(
    key: Key,
    form: Form,
    api: Api,
    raw: &'a str,
    composed: &'a mut String,
) -> Cell<'a> {
    let trimmed = text::trim(raw);
    if text::is_blank(trimmed) || (key == Key::MobileAdvertiserId && madid::is_blank(trimmed)) {
        return Cell::Blank;
    }
    if is_sealed(trimmed) {
        return Cell::Refused(Reason::SealedValue);
    }
    let found = match Regard::of(key, api) {
        Regard::Verbatim => return Cell::Text(trimmed),
        Regard::Unhashed => {
            return match recognise_sha256(trimmed) {
                ExistingHash::None => Cell::Text(trimmed),
                _ => Cell::Refused(Reason::HashNotWanted),
            };
        }
        Regard::Opaque => recognise_sha256(trimmed),
        Regard::Typed => recognise(trimmed),
    };
    match found {
        ExistingHash::Sha256(_) if form == Form::Raw => Cell::Refused(Reason::HashInRawColumn),
        ExistingHash::Sha256(digest) => Cell::Sha256 {
            digest,
            changed: raw.len() != 2 * Digest::LENGTH || raw.bytes().any(|b| b.is_ascii_uppercase()),
        },
        ExistingHash::Refused(reason) => Cell::Refused(reason),
        ExistingHash::None if form == Form::Sha256 => Cell::Refused(Reason::NoHashInSha256Column),
        ExistingHash::None if key == Key::ExternalId => Cell::Text(trimmed),
        ExistingHash::None => Cell::Text(text::compose(trimmed, composed)),
    }
}
