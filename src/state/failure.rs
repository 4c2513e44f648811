//! Why the state location could not be read or written, before it is said of what.

/// The text says what could not be done, where, and why.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing will succeed until somebody changes something.
    Setup(String),
    /// Worth trying again.
    Transient(String),
}
