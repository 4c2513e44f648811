//! The way to LocalStack, for the suites that need it.

#![allow(clippy::panic)]

use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

pub(crate) const REGION: &str = "us-east-1";

/// The endpoint of the LocalStack that `make test` started.
pub(crate) fn endpoint() -> String {
    std::env::var("ACTIVATOR_TEST_LOCALSTACK").unwrap_or_else(|_| {
        panic!(
            "this test needs LocalStack: run `make test`, or start one with scripts/localstack/start and set \
             ACTIVATOR_TEST_LOCALSTACK to the endpoint that it prints"
        )
    })
}

/// The SDK's configuration for it; LocalStack takes any key pair.
pub(crate) fn aws() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .endpoint_url(endpoint())
        .build()
}

/// A name that no earlier run has left behind, for a queue, a bucket or a secret.
pub(crate) fn fresh_name(of: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    // Names of queues and of buckets are both short, and buckets' have no underscore.
    let of: String = of.replace('_', "-").chars().take(36).collect();
    format!("{}-{now:x}", of.trim_matches('-'))
}
