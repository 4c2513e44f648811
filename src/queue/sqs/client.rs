//! An SQS client that cannot hang, for the region that the queue is in.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfigBuilder;
use aws_sdk_sqs::config::{Builder, Region};

use super::ATTEMPT;
use crate::queue::LONGEST_WAIT;

const CONNECT: Duration = Duration::from_secs(3);

/// A client for the queue of this URL. Its read timeout is a few seconds above the
/// longest long poll: the SDK has none, and would wait for ever on a dead connection.
pub fn client(aws: &SdkConfig, queue_url: &str) -> Client {
    let mut config = Builder::from(aws);
    // The SDK sends to its region's endpoint, whatever the URL says; a queue asked
    // for in another region "does not exist".
    if let Some(region) = region_of(queue_url) {
        config = config.region(Region::new(region.to_owned()));
    }
    let timeouts = aws.timeout_config().map_or_else(
        TimeoutConfigBuilder::new,
        aws_sdk_sqs::config::timeout::TimeoutConfig::to_builder,
    );
    Client::from_conf(
        config
            .timeout_config(
                timeouts
                    .connect_timeout(CONNECT)
                    .read_timeout(LONGEST_WAIT + ATTEMPT)
                    .build(),
            )
            .build(),
    )
}

/// The region in a queue's URL, if it is one of AWS's:
/// `https://sqs.eu-central-1.amazonaws.com/123456789012/name`.
pub fn region_of(queue_url: &str) -> Option<&str> {
    let (_, rest) = queue_url.split_once("://")?;
    let host = rest.split(['/', ':', '?']).next()?;
    let name = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
        .into_iter()
        .find_map(|domain| host.strip_suffix(domain))?;
    let region = name
        .strip_prefix("sqs.")
        .or_else(|| name.strip_prefix("sqs-fips."))
        // As URLs were written before 2011, and still are in places.
        .or_else(|| name.strip_suffix(".queue"))?;
    (!region.is_empty() && !region.contains('.')).then_some(region)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_config::BehaviorVersion;

    use super::*;

    fn configured(queue_url: &str) -> aws_sdk_sqs::config::Config {
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .build();
        client(&aws, queue_url).config().clone()
    }

    #[test]
    fn a_silent_connection_is_given_up_after_the_longest_poll() {
        let config = configured("http://127.0.0.1:4566/queue/us-east-1/000000000000/a");
        let read = config.timeout_config().unwrap().read_timeout().unwrap();
        assert!(read > LONGEST_WAIT && read < LONGEST_WAIT + Duration::from_secs(10));
    }

    #[test]
    fn the_region_of_the_queue_goes_before_the_configured_one() {
        for (url, region) in [
            (
                "https://sqs.eu-central-1.amazonaws.com/123456789012/audience",
                "eu-central-1",
            ),
            (
                "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/audience",
                "cn-north-1",
            ),
            (
                "https://sqs-fips.us-gov-west-1.amazonaws.com/1/a",
                "us-gov-west-1",
            ),
            ("https://sqs.eu-west-1.api.aws/1/a", "eu-west-1"),
            ("https://eu-west-3.queue.amazonaws.com/1/a", "eu-west-3"),
            // Not AWS's, or without a region: as configured.
            (
                "http://127.0.0.1:4566/queue/us-east-1/000000000000/a",
                "us-east-1",
            ),
            (
                "http://sqs.eu-west-1.localhost.localstack.cloud:4566/0/a",
                "us-east-1",
            ),
            ("https://queue.amazonaws.com/1/a", "us-east-1"),
            ("https://sqs..amazonaws.com/1/a", "us-east-1"),
            ("nonsense", "us-east-1"),
        ] {
            assert_eq!(configured(url).region().unwrap().as_ref(), region, "{url}");
        }
    }
}
