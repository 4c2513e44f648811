//! Why a message names no object to work on.

use std::fmt;

/// Messages that are known to mean nothing to this worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noise {
    /// S3 sends `s3:TestEvent` when a notification is set up.
    TestEvent,
    /// An object was deleted or expired.
    ObjectRemoved,
    /// S3 tells of something else: tags, restores, storage classes, …
    OtherEventType,
    /// Not from S3.
    OtherSource,
}

impl Noise {
    /// For metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Noise::TestEvent => "test_event",
            Noise::ObjectRemoved => "object_removed",
            Noise::OtherEventType => "other_event_type",
            Noise::OtherSource => "other_source",
        }
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a message could not be understood. Names fields, never what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    #[error("the message is not JSON")]
    NotJson,
    #[error("the message is neither an EventBridge event nor an S3 notification")]
    UnknownShape,
    #[error("the message lacks {0:?}")]
    Missing(&'static str),
    #[error("{0:?} in the message has the wrong type")]
    WrongType(&'static str),
    #[error("the message has an empty list of records")]
    NoRecords,
    #[error("the object key in the message does not decode to UTF-8")]
    KeyNotUtf8,
    #[error("the message names a bucket that no bucket can be called")]
    BucketName,
    #[error("the message wraps an SNS notification in another")]
    WrappedTwice,
    /// A subscription made from another account waits for its confirmation, whose
    /// link only this message holds.
    #[error("the message asks to confirm an SNS subscription: open its SubscribeURL")]
    SubscriptionChange,
}

impl Reason {
    /// For metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::NotJson => "not_json",
            Reason::UnknownShape => "unknown_shape",
            Reason::Missing(_) => "missing_field",
            Reason::WrongType(_) => "wrong_type",
            Reason::NoRecords => "no_records",
            Reason::KeyNotUtf8 => "key_not_utf8",
            Reason::BucketName => "bucket_name",
            Reason::WrappedTwice => "wrapped_twice",
            Reason::SubscriptionChange => "subscription_change",
        }
    }
}
