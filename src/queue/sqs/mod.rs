//! The queue in AWS.
//!
//! Only the calls: no loop, no heartbeat. Its one idea: every call ends within a
//! known time, because the SDK by itself waits for ever on a silent connection.

mod client;
mod dead_letters;
mod failure;
mod send;
mod settings;
#[cfg(test)]
pub(super) mod stand_in;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{Message as SqsMessage, MessageSystemAttributeName};
use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use super::{
    DeadLetter, DeadLettered, LONGEST_WAIT, MOST_MESSAGES, Message, Queue, QueueError, QueueFacts,
    ReceiptHandle,
};
use failure::Step;

pub use client::{client, region_of};

/// For one try of a call that answers at once.
const ATTEMPT: Duration = Duration::from_secs(5);
/// For all tries of one call, beyond what the long poll takes.
const CALL: Duration = Duration::from_secs(10);

/// Of one message, and of all messages of one call; attributes count.
const MOST_BYTES: usize = 1 << 20;

/// One SQS queue. A call ends at the latest ten seconds after it should have.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
    visibility_seconds: i32,
    /// The dead-letter queue's URL, as configured.
    dead_letters: Option<String>,
    /// The same, as the queue told it.
    learned_dead_letters: Arc<Mutex<Option<String>>>,
}

impl SqsQueue {
    /// `client` as [`client`] makes it. A received message is hidden for
    /// `visibility` (whole seconds, at most twelve hours), whatever the queue's own
    /// default is: the heartbeat has to know.
    pub fn new(client: Client, url: impl Into<String>, visibility: Duration) -> Self {
        SqsQueue {
            client,
            url: url.into(),
            visibility_seconds: seconds(visibility),
            dead_letters: None,
            learned_dead_letters: Arc::default(),
        }
    }

    /// Messages are put aside there, and not where the queue's own redrive policy says.
    #[must_use]
    pub fn with_dead_letters(mut self, url: impl Into<String>) -> Self {
        self.dead_letters = Some(url.into());
        self
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Queue for SqsQueue {
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        Box::pin(async move {
            let wait = whole_seconds_up(wait.min(LONGEST_WAIT));
            let most = i32::try_from(most.clamp(1, MOST_MESSAGES)).unwrap_or(1);
            let output = self
                .client
                .receive_message()
                .queue_url(&self.url)
                .max_number_of_messages(most)
                .wait_time_seconds(seconds(wait))
                .visibility_timeout(self.visibility_seconds)
                .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
                .customize()
                .config_override(within(wait))
                .send()
                .await
                .map_err(|error| failure::judge(Step::Receive, &self.url, &error))?;
            Ok(output
                .messages
                .unwrap_or_default()
                .into_iter()
                .filter_map(received)
                .collect())
        })
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            self.client
                .delete_message()
                .queue_url(&self.url)
                .receipt_handle(&handle.0)
                .customize()
                .config_override(within(Duration::ZERO))
                .send()
                .await
                .map_err(|error| failure::judge(Step::Delete, &self.url, &error))?;
            Ok(())
        })
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            self.client
                .change_message_visibility()
                .queue_url(&self.url)
                .receipt_handle(&handle.0)
                .visibility_timeout(seconds(timeout))
                .customize()
                .config_override(within(Duration::ZERO))
                .send()
                .await
                .map_err(|error| failure::judge(Step::SetVisibility, &self.url, &error))?;
            Ok(())
        })
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        Box::pin(self.put_aside(&message.body, letter))
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        Box::pin(self.ask_facts())
    }
}

/// A message that cannot be deleted is none; SQS always gives a handle.
fn received(message: SqsMessage) -> Option<Message> {
    let attributes = message.attributes.unwrap_or_default();
    let number = |name| -> Option<u64> { attributes.get(&name)?.parse().ok() };
    let receive_count = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_ms = number(MessageSystemAttributeName::SentTimestamp);
    Some(Message {
        id: message.message_id.unwrap_or_default(),
        handle: ReceiptHandle(message.receipt_handle?),
        body: message.body.unwrap_or_default(),
        receive_count: receive_count
            .and_then(|count| count.try_into().ok())
            .unwrap_or(1),
        sent_at: sent_ms.and_then(time_of),
    })
}

/// From milliseconds since 1970.
fn time_of(ms: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()
}

fn within(wait: Duration) -> aws_sdk_sqs::config::Builder {
    Config::builder().timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(wait + ATTEMPT)
            .operation_timeout(wait + CALL)
            .build(),
    )
}

fn whole_seconds_up(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// Down, and no further than SQS's own limit.
fn seconds(time: Duration) -> i32 {
    i32::try_from(time.min(super::LONGEST_HOLD).as_secs()).unwrap_or(i32::MAX)
}
