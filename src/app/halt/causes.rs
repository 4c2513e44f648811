//! What the steps of the way report, as the halt that it is.

use std::io;

use super::{Halt, Refusal};
use crate::app::produce::ProduceError;
use crate::app::sample_gate::Blocked;
use crate::app::turn::NoTurn;
use crate::delivery::Stop;
use crate::ledger::LedgerError;
use crate::object::{ContentError, ObjectError};
use crate::receipts::StoreError;
use crate::rows::RowsError;

/// What a reader of ours put into an error of input comes out again; the readers
/// below may have wrapped it more than once.
impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Halt {
        if error.get_ref().is_none() {
            return Halt::Input(error);
        }
        let kind = error.kind();
        match error.into_inner() {
            None => Halt::Input(kind.into()),
            Some(inner) => match inner.downcast::<ObjectError>() {
                Ok(object) => Halt::Object(*object),
                Err(inner) => match inner.downcast::<ContentError>() {
                    Ok(content) => (*content).into(),
                    Err(inner) => match inner.downcast::<io::Error>() {
                        Ok(error) => (*error).into(),
                        Err(inner) => Halt::Input(io::Error::new(kind, inner)),
                    },
                },
            },
        }
    }
}

impl From<ProduceError> for Halt {
    fn from(error: ProduceError) -> Halt {
        match error {
            ProduceError::Rows(error) => error.into(),
            ProduceError::Blocked(Blocked { rejected, of }) => {
                Halt::Refused(Refusal::Blocked { rejected, of })
            }
            ProduceError::OtherBatches => Halt::Refused(Refusal::OtherBatches),
            ProduceError::Halted => Halt::Halted,
        }
    }
}

impl From<ContentError> for Halt {
    fn from(error: ContentError) -> Halt {
        match error {
            ContentError::Input(error) => error.into(),
            error => Halt::Refused(Refusal::Content(error)),
        }
    }
}

impl From<RowsError> for Halt {
    fn from(error: RowsError) -> Halt {
        match error {
            RowsError::Input(error) => error.into(),
            error => Halt::Refused(Refusal::Rows(error)),
        }
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Halt {
        Halt::Refused(refusal)
    }
}

impl From<ObjectError> for Halt {
    fn from(error: ObjectError) -> Halt {
        Halt::Object(error)
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        Halt::Delivery(stop)
    }
}

impl From<NoTurn> for Halt {
    fn from(turn: NoTurn) -> Halt {
        Halt::Turn(turn)
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Halt {
        Halt::Ledger(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Receipts(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_broken_read_is_found_below_its_wrappings() {
        let cause = ContentError::TooLarge { max_bytes: 7 };
        let wrapped = io::Error::other(io::Error::other(cause));
        assert!(matches!(
            Halt::from(RowsError::Input(wrapped)),
            Halt::Refused(Refusal::Content(ContentError::TooLarge { max_bytes: 7 }))
        ));
    }
}
