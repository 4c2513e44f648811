//! Announces objects again: many messages with few calls.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::failure::{self, Step};
use super::{MOST_BYTES, SqsQueue, within};
use crate::backoff::Backoff;
use crate::queue::{MOST_MESSAGES, QueueError};

/// For what SQS did not take of a call that it did take.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(200),
    most: Duration::from_secs(5),
};

const ATTEMPTS: usize = 5;

impl SqsQueue {
    /// Sends every body as a message of its own, in as few calls as SQS allows. After
    /// an error some may be in the queue: sending all of them again is harmless, since
    /// an object is done once.
    pub async fn send_all(&self, bodies: Vec<String>) -> Result<(), QueueError> {
        let mut waiting = bodies;
        while !waiting.is_empty() {
            let rest = waiting.split_off(one_call(&waiting));
            self.send_batch(waiting).await?;
            waiting = rest;
        }
        Ok(())
    }

    async fn send_batch(&self, bodies: Vec<String>) -> Result<(), QueueError> {
        let mut entries = bodies
            .into_iter()
            .enumerate()
            .map(|(number, body)| {
                SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .message_body(body)
                    .build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| {
                QueueError::Setup(format!(
                    "could not write messages for the queue {}",
                    self.url
                ))
            })?;
        for attempt in 1.. {
            let answer = self
                .client
                .send_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.clone()))
                .customize()
                .config_override(within(Duration::ZERO))
                .send()
                .await
                .map_err(|error| failure::judge(Step::Send, &self.url, &error))?;
            let refused = answer
                .failed
                .iter()
                .find(|entry| entry.sender_fault && !entry.code.contains("Throttl"));
            if let Some(entry) = refused {
                return Err(failure::entry_refused(&self.url, &entry.code));
            }
            // By what was taken, so that an entry of which nothing is said is sent again.
            entries.retain(|entry| !answer.successful.iter().any(|taken| taken.id == entry.id));
            if entries.is_empty() {
                return Ok(());
            }
            if attempt == ATTEMPTS {
                break;
            }
            tokio::time::sleep(BACKOFF.wait(attempt)).await;
        }
        Err(QueueError::Transient(format!(
            "the queue {} did not take {} of the messages, however often they were sent",
            self.url,
            entries.len()
        )))
    }
}

/// How many of the first bodies one call may hold; one at least, which SQS then judges.
fn one_call(bodies: &[String]) -> usize {
    let mut bytes = 0;
    let fitting = bodies.iter().take(MOST_MESSAGES).take_while(|body| {
        bytes += body.len();
        bytes <= MOST_BYTES
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests;
