//! Why nothing (more) of a file is sent, and how its receipt says so.

use std::fmt;

use crate::app::replace::RunRefusal;
use crate::error_chain::ErrorChain;
use crate::identity::MappingError;
use crate::identity::key::Key;
use crate::meta::TooOld;
use crate::object::ContentError;
use crate::receipts::Status;
use crate::rows::RowsError;

/// Why nothing (more) of a file is sent.
#[derive(Debug)]
pub enum Refusal {
    /// There is nothing in it: no fault, and nothing to do.
    Nothing(&'static str),
    Content(ContentError),
    Rows(RowsError),
    Mapping(MappingError),
    /// A column that the route needs beside the identifiers is not in the header.
    Column {
        setting: &'static str,
        column: String,
    },
    /// Several columns of the header have the name of one that the route needs.
    RepeatedColumn {
        setting: &'static str,
        column: String,
    },
    /// `value = "auto"`, and no column is known to hold a value.
    NoValueColumn,
    /// A column holds ids of this key, and the route does not say of which app or page.
    NoScope(Key),
    TooOld(TooOld),
    /// Neither the route nor the secret says where to send to.
    NoDataset,
    Blocked {
        rejected: u64,
        of: u64,
    },
    /// A part of the object was delivered when the route was another.
    RouteChanged,
    /// The rows do not make the batches that an earlier attempt made of them.
    OtherBatches,
    /// Of a run of objects as a whole.
    Run(RunRefusal),
}

impl Refusal {
    /// How the receipt names it.
    pub fn status(&self) -> Status {
        let code = match self {
            Refusal::Nothing(what) => {
                return Status::Skipped {
                    reason: (*what).into(),
                };
            }
            Refusal::Blocked { .. } => {
                return Status::Blocked {
                    reason: "too_many_rejects".into(),
                };
            }
            Refusal::Content(ContentError::Unsupported(_) | ContentError::Nested { .. }) => {
                "unsupported_format"
            }
            Refusal::Content(ContentError::TooLarge { .. } | ContentError::TooDense { .. }) => {
                "too_large"
            }
            Refusal::Content(_) => "damaged",
            Refusal::Rows(RowsError::NotText) => "not_text",
            Refusal::Rows(RowsError::NotUtf8 { .. }) => "not_utf8",
            Refusal::Rows(RowsError::Parquet(error)) => error.code(),
            Refusal::Rows(RowsError::JsonNotLines { .. }) => "unsupported_format",
            Refusal::Rows(
                RowsError::OtherEncoding { .. }
                | RowsError::OtherFormat { .. }
                | RowsError::HeaderPresent
                | RowsError::HeaderOfObjects,
            ) => "not_as_configured",
            Refusal::Rows(RowsError::HeaderTooLong { .. } | RowsError::TooManyColumns { .. }) => {
                "too_large"
            }
            Refusal::Rows(RowsError::NoSuchPosition(_)) => "ledger_does_not_fit",
            Refusal::Rows(_) => "unreadable_header",
            Refusal::Mapping(_)
            | Refusal::Column { .. }
            | Refusal::RepeatedColumn { .. }
            | Refusal::NoValueColumn
            | Refusal::NoScope(_) => "header_does_not_fit",
            Refusal::TooOld(_) => "too_old",
            Refusal::NoDataset => "no_dataset",
            Refusal::RouteChanged => "route_changed",
            Refusal::OtherBatches => "ledger_does_not_fit",
            Refusal::Run(refusal) => return refusal.status(),
        };
        Status::Refused {
            reason: code.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Nothing(what) => f.write_str(what),
            Refusal::Content(error) => ErrorChain(error).fmt(f),
            Refusal::Rows(error) => ErrorChain(error).fmt(f),
            Refusal::Mapping(error) => ErrorChain(error).fmt(f),
            Refusal::Column { setting, column } => {
                write!(f, "the header has no column {column:?}, which the route's {setting} names")
            }
            Refusal::RepeatedColumn { setting, column } => write!(
                f,
                "several columns of the header are called {column:?}, which the route's {setting} names: rename all but one"
            ),
            Refusal::NoValueColumn => f.write_str(
                "no column of the header is known to hold a value: name it in the route's conversions.value",
            ),
            Refusal::NoScope(key) => {
                let setting = match key {
                    Key::AppScopedUserId => "app_ids",
                    _ => "page_id",
                };
                write!(
                    f,
                    "a column holds {key}, which Meta takes only with the route's custom_audience.{setting}: set it, or \
                     name the columns in [route.columns] without this one"
                )
            }
            Refusal::TooOld(error) => ErrorChain(error).fmt(f),
            Refusal::NoDataset => f.write_str(
                "neither the route's conversions.dataset_id nor a pixel_id in its secret says where to send to",
            ),
            Refusal::Blocked { rejected, of } => write!(
                f,
                "{rejected} of the first {of} rows that are meant to be sent cannot be, more than input.max_reject_share allows: is the mapping \
                 right? nothing was sent"
            ),
            Refusal::RouteChanged => f.write_str(
                "the route was changed when a part of the object was delivered: bring the route back to finish it as it was begun, \
                 or set ledger.on_changed_route = \"restart\" to send all of it again as the route is now",
            ),
            Refusal::OtherBatches => f.write_str(
                "the object's rows do not make the batches that an earlier attempt made of them, so that what is delivered and what \
                 is not cannot be told apart: send it again as a whole with --force",
            ),
            Refusal::Run(refusal) => refusal.fmt(f),
        }
    }
}
