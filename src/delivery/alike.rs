//! Tells a file of bad rows from a route that is set up wrongly.
//!
//! Meta has codes that may mean either. Refused row by row, a whole file would count
//! as answered, and its message would be deleted; but where nothing has passed and
//! one row after the other meets the same error, it is not the rows.

use std::sync::{Mutex, PoisonError};

use crate::meta::ErrorCode;

/// So many different rows with one and the same fault, and not one without, are no
/// coincidence.
const MOST: u32 = 20;

/// What became of the rows of one object, as far as it tells a fault of all from
/// faults of some.
#[derive(Debug, Default)]
pub(super) struct Alike(Mutex<State>);

#[derive(Debug)]
enum State {
    /// Nothing was accepted, and so many single rows were refused with one error.
    Refused { with: Option<ErrorCode>, rows: u32 },
    /// Something passes: what is refused is refused for itself.
    SomePass,
}

impl Default for State {
    fn default() -> State {
        State::Refused {
            with: None,
            rows: 0,
        }
    }
}

impl Alike {
    pub(super) fn accepted(&self) {
        *self.state() = State::SomePass;
    }

    /// One row was refused by itself; true if that is one too many.
    pub(super) fn refused(&self, error: Option<ErrorCode>) -> bool {
        match &mut *self.state() {
            State::SomePass => false,
            State::Refused { with, rows } => {
                if *with != error {
                    (*with, *rows) = (error, 0);
                }
                *rows += 1;
                *rows >= MOST
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Each change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(subcode: i64) -> Option<ErrorCode> {
        Some(ErrorCode {
            code: 100,
            subcode: Some(subcode),
        })
    }

    #[test]
    fn one_error_for_row_after_row_is_no_fault_of_theirs() {
        let alike = Alike::default();
        assert!((1..MOST).all(|_| !alike.refused(error(1))));
        assert!(alike.refused(error(1)));
    }

    #[test]
    fn rows_with_faults_of_their_own_are_refused_on() {
        let alike = Alike::default();
        assert!((0..100).all(|row| !alike.refused(error(row % 2))));
    }

    #[test]
    fn once_a_row_was_accepted_any_number_may_be_refused() {
        let alike = Alike::default();
        alike.accepted();
        assert!((0..100).all(|_| !alike.refused(error(1))));
    }
}
