//! What the queue says of its own settings.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use serde::Deserialize;
use serde_json::Value;

use super::failure::{self, Step};
use super::{SqsQueue, within};
use crate::queue::{QueueError, QueueFacts};

#[derive(Debug)]
pub(super) struct Settings {
    retention: Option<Duration>,
    visibility: Option<Duration>,
    pub(super) redrive: Option<RedrivePolicy>,
}

#[derive(Debug, PartialEq)]
pub(super) struct RedrivePolicy {
    pub(super) dead_letters: DeadLetterArn,
    max_receive_count: Option<u32>,
}

#[derive(Debug, PartialEq)]
pub(super) struct DeadLetterArn {
    pub(super) account: String,
    pub(super) name: String,
}

impl SqsQueue {
    pub(super) async fn settings(&self) -> Result<Settings, QueueError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::MessageRetentionPeriod)
            .attribute_names(QueueAttributeName::VisibilityTimeout)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .customize()
            .config_override(within(Duration::ZERO))
            .send()
            .await
            .map_err(|error| failure::judge(Step::Settings, &self.url, &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let seconds = |name| {
            let text: &String = attributes.get(&name)?;
            Some(Duration::from_secs(text.parse().ok()?))
        };
        let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
        let redrive = match policy.filter(|text| !text.is_empty()) {
            Some(text) => Some(RedrivePolicy::read(text).ok_or_else(|| {
                QueueError::Setup(format!(
                    "could not understand the redrive policy of the queue {}: check it, or set queue.dead_letter_url",
                    self.url
                ))
            })?),
            None => None,
        };
        Ok(Settings {
            retention: seconds(QueueAttributeName::MessageRetentionPeriod),
            visibility: seconds(QueueAttributeName::VisibilityTimeout),
            redrive,
        })
    }

    pub(super) async fn ask_facts(&self) -> Result<QueueFacts, QueueError> {
        let settings = self.settings().await?;
        let redrive = settings.redrive.as_ref();
        Ok(QueueFacts {
            retention: settings.retention,
            visibility: settings.visibility,
            max_receive_count: redrive.and_then(|policy| policy.max_receive_count),
            dead_letters: redrive.is_some() || self.dead_letters.is_some(),
        })
    }
}

impl RedrivePolicy {
    fn read(text: &str) -> Option<RedrivePolicy> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            dead_letter_target_arn: String,
            max_receive_count: Option<Value>,
        }
        let written: Written = serde_json::from_str(text).ok()?;
        // A number, or one in quotes, as it was given.
        let most = written.max_receive_count.and_then(|count| match count {
            Value::String(text) => text.parse().ok(),
            other => u32::try_from(other.as_u64()?).ok(),
        });
        Some(RedrivePolicy {
            dead_letters: DeadLetterArn::read(&written.dead_letter_target_arn)?,
            max_receive_count: most,
        })
    }
}

impl DeadLetterArn {
    /// `arn:aws:sqs:eu-central-1:123456789012:name`; the partition may be another.
    fn read(arn: &str) -> Option<DeadLetterArn> {
        let mut parts = arn.split(':');
        let is_queue = parts.next()? == "arn" && {
            parts.next()?;
            parts.next()? == "sqs"
        };
        parts.next()?;
        let (account, name) = (parts.next()?, parts.next()?);
        let is_whole =
            is_queue && parts.next().is_none() && !account.is_empty() && !name.is_empty();
        is_whole.then(|| DeadLetterArn {
            account: account.to_owned(),
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_redrive_policy_is_read_however_its_count_is_written() {
        for (count, expected) in [("20", Some(20)), ("\"1000\"", Some(1000)), ("null", None)] {
            let arn = "arn:aws-cn:sqs:cn-north-1:123456789012:audience-dead-letters";
            let text =
                format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count},"new":1}}"#);
            let policy = RedrivePolicy::read(&text).unwrap();
            assert_eq!(policy.max_receive_count, expected);
            assert_eq!(policy.dead_letters.account, "123456789012");
            assert_eq!(policy.dead_letters.name, "audience-dead-letters");
        }
    }

    #[test]
    fn what_names_no_queue_is_no_redrive_policy() {
        for arn in [
            "",
            "arn:aws:sqs:eu-central-1:123456789012",
            "arn:aws:sqs:eu-central-1:123456789012:",
            "arn:aws:sqs:eu-central-1::name",
            "arn:aws:sns:eu-central-1:123456789012:name",
            "arn:aws:sqs:eu-central-1:123456789012:name:more",
        ] {
            let text = format!(r#"{{"deadLetterTargetArn":"{arn}"}}"#);
            assert_eq!(RedrivePolicy::read(&text), None, "{arn}");
        }
        assert_eq!(RedrivePolicy::read("nonsense"), None);
    }
}
