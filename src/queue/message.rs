use std::fmt;

use time::OffsetDateTime;

/// What SQS hands out for one receive of one message; the key to its deletion.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReceiptHandle(pub String);

impl fmt::Debug for ReceiptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptHandle({} bytes)", self.0.len())
    }
}

/// One received message.
#[derive(Clone)]
pub struct Message {
    /// For logs; a redrive gives a new one, so it identifies nothing.
    pub id: String,
    pub handle: ReceiptHandle,
    pub body: String,
    /// How often it was received, this time included. Deployments and throttles
    /// raise it too: no measure of poison.
    pub receive_count: u32,
    /// When it was sent to this queue, by the queue's clock: from then on counts for
    /// how long the queue keeps it.
    pub sent_at: Option<OffsetDateTime>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("receive_count", &self.receive_count)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}
