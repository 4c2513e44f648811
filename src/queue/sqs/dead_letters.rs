//! Puts a message aside: a copy with its reason, in the dead-letter queue.
//!
//! Where that queue is, the configuration says, or else the queue itself. It is asked
//! when a message is to be put aside, and again after a failure, so that a queue or a
//! permission that is added later needs no restart.

use std::sync::PoisonError;
use std::time::Duration;

use aws_sdk_sqs::types::MessageAttributeValue;

use super::failure::{self, Step};
use super::settings::DeadLetterArn;
use super::{MOST_BYTES, SqsQueue, within};
use crate::queue::{DeadLetter, DeadLettered, QueueError};

const TEXT: &str = "String";

impl SqsQueue {
    /// With fewer attributes, the last first, where SQS would not take them all: a
    /// message with half a reason is worth more than one that goes round for ever.
    pub(super) async fn put_aside(
        &self,
        body: &str,
        letter: &DeadLetter,
    ) -> Result<DeadLettered, QueueError> {
        let Some(url) = self.dead_letter_url().await? else {
            return Ok(DeadLettered::NoDeadLetterQueue);
        };
        let mut attributes = letter.attributes();
        loop {
            let fits = attributes.is_empty() || size(body, &attributes) <= MOST_BYTES;
            if fits {
                match self.send_with(&url, body, &attributes).await {
                    Ok(()) => return Ok(DeadLettered::Sent),
                    Err(Refused::Contents(_)) if !attributes.is_empty() => {}
                    Err(Refused::Contents(error) | Refused::Otherwise(error)) => {
                        // It may have moved since it was learned.
                        self.forget_dead_letter_url();
                        return Err(error);
                    }
                }
            }
            attributes.pop();
        }
    }

    async fn send_with(
        &self,
        url: &str,
        body: &str,
        attributes: &[(&'static str, String)],
    ) -> Result<(), Refused> {
        let mut request = self.client.send_message().queue_url(url).message_body(body);
        for (name, text) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type(TEXT)
                .string_value(text)
                .build()
                .map_err(|_| {
                    Refused::Otherwise(QueueError::Setup(format!(
                        "could not write the attribute {name} of a message for the queue {url}"
                    )))
                })?;
            request = request.message_attributes(*name, value);
        }
        let sent = request
            .customize()
            .config_override(within(Duration::ZERO))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let judged = failure::judge(Step::PutAside, url, &error);
                if failure::is_about_contents(&error) {
                    Err(Refused::Contents(judged))
                } else {
                    Err(Refused::Otherwise(judged))
                }
            }
        }
    }

    async fn dead_letter_url(&self) -> Result<Option<String>, QueueError> {
        let known = self.dead_letters.clone().or_else(|| {
            self.learned_dead_letters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        });
        if known.is_some() {
            return Ok(known);
        }
        let Some(policy) = self.settings().await?.redrive else {
            return Ok(None);
        };
        let url = self.url_of(&policy.dead_letters).await?;
        *self
            .learned_dead_letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(url.clone());
        Ok(Some(url))
    }

    fn forget_dead_letter_url(&self) {
        *self
            .learned_dead_letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn url_of(&self, queue: &DeadLetterArn) -> Result<String, QueueError> {
        let found = self
            .client
            .get_queue_url()
            .queue_name(&queue.name)
            .queue_owner_aws_account_id(&queue.account)
            .customize()
            .config_override(within(Duration::ZERO))
            .send()
            .await
            .map_err(|error| failure::judge(Step::FindDeadLetters, &self.url, &error))?;
        found.queue_url.ok_or_else(|| {
            QueueError::Transient(format!(
                "could not find the dead-letter queue of the queue {}: the answer names none",
                self.url
            ))
        })
    }
}

enum Refused {
    /// Because of what the message holds, its length included.
    Contents(QueueError),
    Otherwise(QueueError),
}

/// As SQS counts it: the body, and name, type and text of each attribute.
fn size(body: &str, attributes: &[(&'static str, String)]) -> usize {
    let attributes = attributes.iter();
    body.len()
        + attributes
            .map(|(name, text)| name.len() + TEXT.len() + text.len())
            .sum::<usize>()
}

#[cfg(test)]
mod tests;
