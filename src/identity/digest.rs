//! The form in which a person's value leaves the process: SHA-256, 32 bytes inside
//! and hexadecimal only on the wire.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of a normalised value.
///
/// `Debug` tells only the length: a digest still recognises a person to whoever
/// holds the same value.
///
/// Aligned, because it is copied about in enums: eight bytes at once, not one and seven.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(align(8))]
pub struct Digest([u8; Digest::LENGTH]);

impl Digest {
    pub const LENGTH: usize = 32;

    /// Hashes a text as it stands; normalise it first.
    pub fn of(text: &str) -> Digest {
        Digest(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads 64 hexadecimal digits of any case; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Digest> {
        let mut bytes = [0; Digest::LENGTH];
        // `const_hex` would take a `0x` as well, which is not a digest of ours to accept.
        if text.len() != 2 * Digest::LENGTH || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        const_hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Digest(bytes))
    }

    pub const fn as_bytes(&self) -> &[u8; Digest::LENGTH] {
        &self.0
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", Digest::LENGTH)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hexadecimal_of_any_case_is_one_digest() {
        let digest = Digest::of("mary@example.com");
        let hex = const_hex::encode(digest);
        assert_eq!(
            hex,
            "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
        );
        assert_eq!(Digest::from_hex(&hex).unwrap(), digest);
        assert_eq!(Digest::from_hex(&hex.to_uppercase()).unwrap(), digest);
        assert_eq!(Digest::from_hex(&hex[1..]), None);
        assert_eq!(Digest::from_hex(&format!("0x{}", &hex[2..])), None);
    }

    #[test]
    fn debug_never_prints_a_digest() {
        assert_eq!(format!("{:?}", Digest::of("x")), "Digest(32 bytes)");
    }
}
