//! What a queue message says: which objects appeared, or a named reason why not.
//!
//! Pure: text in, a decision out. It reads the shapes in which S3's events reach a
//! queue (EventBridge, S3's own notifications, either of them through SNS) and knows
//! nothing of routes, nor of what becomes of the message.
//!
//! The one idea: a message is an object, or *known* noise, or not understood. Only
//! the first two may ever be deleted; the third is put aside with a
//! reason, so that nothing is lost because this version could not read it.

mod announce;
mod body;
mod eventbridge;
mod field;
mod noise;
mod notification;
mod subject;

use time::OffsetDateTime;

use crate::object::version::ObjectAddress;
use body::Body;

pub use announce::announce;
pub use noise::{Noise, Reason};

/// One object that S3 says was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    pub address: ObjectAddress,
    /// In bytes, as stored.
    pub size: Option<u64>,
    /// Without the quotes around it.
    pub etag: Option<String>,
    /// Orders the events of one key, and nothing else: no identity.
    pub sequencer: Option<String>,
    /// When the source says it happened.
    pub time: Option<OffsetDateTime>,
    /// The event was sent again on purpose, under this name.
    pub replay_name: Option<String>,
    /// The key came unencoded by the documents, but holds something like `%20`. If
    /// there is no such object, the percent-decoded key is worth one try: some
    /// senders encode all the same.
    pub key_may_be_encoded: bool,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// At least one object. The message is done when all of them are.
    Objects(Vec<ObjectEvent>),
    /// Nothing for anybody here: delete it and count it.
    Noise(Noise),
    /// Put it aside; never delete it without a copy.
    NotUnderstood(Reason),
}

/// Reads a message's body. Any text is fine: it never panics, and what it holds in
/// memory is proportional to the body, however that is built.
pub fn decode(body: &str) -> Decoded {
    let outer = match Body::parse(body) {
        Ok(outer) => outer,
        Err(reason) => return Decoded::NotUnderstood(reason),
    };
    match outer.sns_message() {
        None => outer.decode(),
        Some(Err(reason)) => Decoded::NotUnderstood(reason),
        Some(Ok(message)) => decode_inner(&message),
    }
}

/// SNS does not deliver to SNS, so what it wraps is never wrapped again.
fn decode_inner(message: &str) -> Decoded {
    match Body::parse(message) {
        Ok(inner) if inner.is_from_sns() => Decoded::NotUnderstood(Reason::WrappedTwice),
        Ok(inner) => inner.decode(),
        Err(reason) => Decoded::NotUnderstood(reason),
    }
}

#[cfg(test)]
mod tests;
