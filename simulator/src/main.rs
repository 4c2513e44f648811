//! See the crate documentation of the library.
fn main() {}
