//! Clients for AWS, none of which can hang.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// What the environment says of region, credentials and endpoints, as for any
/// program on the AWS SDK.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                // Until an answer begins. The SDK has no limit of its own.
                .read_timeout(Duration::from_secs(30))
                .build(),
        )
        .load()
        .await
}

pub fn s3(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let other_endpoint =
        aws.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(aws)
        // A stand-in for S3 has no host name for each bucket.
        .force_path_style(other_endpoint)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

pub fn ssm(aws: &SdkConfig) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::new(aws)
}

pub(super) fn secrets_manager(aws: &SdkConfig) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::new(aws)
}
