//! Sixteen bytes in place of a value.
//!
//! The salt is drawn at start and never leaves the process: a digest can be compared
//! with that of a value somebody already knows, and is of no use to anybody else.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
};

use sha2::{Digest as _, Sha256};

/// The first half of a salted SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 16]);

impl Digest {
    pub(crate) fn to_hex(self) -> String {
        const_hex::encode(self.0)
    }

    /// Its first half: enough to tell one content from another.
    pub(crate) fn short(self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from_le_bytes(self.short()));
    }
}

/// Takes the bits of a digest as they are: hashing them again would gain nothing.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}

pub(crate) type ByDigest<V> = HashMap<Digest, V, BuildHasherDefault<AsItIs>>;

/// Makes the digests of one simulator.
#[derive(Clone)]
pub(crate) struct Digester {
    salted: Sha256,
}

impl Digester {
    pub(crate) fn new() -> Self {
        let mut salted = Sha256::new();
        // The standard library's random keys are the randomness at hand.
        for _ in 0..4 {
            salted.update(RandomState::new().hash_one(0_u8).to_le_bytes());
        }
        Self { salted }
    }

    /// The digest of these parts in this order; where one part ends matters.
    pub(crate) fn of<P: AsRef<[u8]>>(&self, parts: impl IntoIterator<Item = P>) -> Digest {
        let mut hasher = self.salted.clone();
        for part in parts {
            let part = part.as_ref();
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(hasher.finalize()) {
            *to = from;
        }
        Digest(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_part_ends_matters() {
        let digester = Digester::new();
        assert_eq!(digester.of(["ab", "c"]), digester.of(["ab", "c"]));
        assert_ne!(digester.of(["ab", "c"]), digester.of(["a", "bc"]));
    }

    #[test]
    fn two_simulators_give_the_same_value_different_digests() {
        assert_ne!(Digester::new().of(["a"]), Digester::new().of(["a"]));
    }
}
