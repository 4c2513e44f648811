//! Why an object cannot be had, in the classes a caller acts on.

use std::error::Error;
use std::io;

use super::version::ObjectAddress;

/// Why describing or reading an object failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Deleted since, or never there under this name.
    #[error("{address} does not exist")]
    NotFound { address: ObjectAddress },
    /// Another version lies under this name now; nothing more of the pinned one
    /// can be read.
    #[error("{address} was overwritten by another version")]
    Overwritten { address: ObjectAddress },
    /// S3 answers the same for a missing object to one who may not list the bucket.
    #[error(
        "reading {address} is not allowed: grant s3:GetObject (with versioning, \
         s3:GetObjectVersion) and kms:Decrypt; without s3:ListBucket a missing \
         object looks the same"
    )]
    Forbidden { address: ObjectAddress },
    #[error("{address} lies in an archive storage class: restore it, then replay its event")]
    Archived { address: ObjectAddress },
    /// No request for this bucket will succeed until somebody changes the set-up.
    #[error("{address} cannot be asked for: {reason}")]
    Setup {
        address: ObjectAddress,
        reason: String,
    },
    /// The source will not serve this object, and asking again will not help.
    #[error("{address} was refused: {reason}")]
    Refused {
        address: ObjectAddress,
        reason: String,
    },
    /// Worth trying again: unreachable, throttled, broken off, timed out.
    #[error("reading {address} failed for now")]
    Transient {
        address: ObjectAddress,
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ObjectError {
    pub(crate) fn transient(
        address: &ObjectAddress,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> ObjectError {
        ObjectError::Transient {
            address: address.clone(),
            source: cause.into(),
        }
    }

    pub fn is_transient(&self) -> bool {
        matches!(self, ObjectError::Transient { .. })
    }

    /// Maybe there is no such object.
    pub(super) fn may_be_missing(&self) -> bool {
        matches!(
            self,
            ObjectError::NotFound { .. } | ObjectError::Forbidden { .. }
        )
    }

    /// The object's failure that an error of one of this room's readers carries.
    pub fn within(error: &io::Error) -> Option<&ObjectError> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<ObjectError> for io::Error {
    fn from(error: ObjectError) -> io::Error {
        io::Error::other(error)
    }
}
