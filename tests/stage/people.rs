//! People who do not exist, one a row, each known by the number of the row.

use sha2::{Digest, Sha256};

pub const HEADER: &str = "id,email,consent,paid\n";

pub fn email(number: u64) -> String {
    format!("person{number}@example.com")
}

/// What Meta gets of the address.
pub fn hashed_email(number: u64) -> String {
    sha256(&email(number))
}

pub fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

/// A row with nothing wrong in it.
pub fn row(number: u64) -> String {
    format!("id-{number},{},Y,12.50\n", email(number))
}

/// A file of the rows 1 to `rows`.
pub fn file(rows: u64) -> String {
    let mut text = HEADER.to_owned();
    text.extend((1..=rows).map(row));
    text
}
