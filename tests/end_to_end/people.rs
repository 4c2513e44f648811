//! Invented people, told apart by a number.

use std::ops::Range;

use sha2::{Digest, Sha256};

pub(crate) const HEADER: &str = "E-Mail,First Name,Last Name,Value\n";

/// An audience file of these people, as an export would write it.
pub(crate) fn csv(numbers: Range<u32>) -> String {
    format!("{HEADER}{}", rows(numbers))
}

/// The same without the header.
pub(crate) fn rows(numbers: Range<u32>) -> String {
    numbers
        .map(|number| format!("Person{number}@Example.com,Ada,Okafor,9.90\n"))
        .collect()
}

/// What Meta is to know the person's address as.
pub(crate) fn email_hash(number: u32) -> String {
    sha256(&format!("person{number}@example.com"))
}

pub(crate) fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}
