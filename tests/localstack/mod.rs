//! The way to LocalStack, for the suites that need it.

#![allow(clippy::panic)]

use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

/// The SDK's configuration for the LocalStack that `make test` started.
pub(crate) fn aws() -> SdkConfig {
    let Ok(endpoint) = std::env::var("ACTIVATOR_TEST_LOCALSTACK") else {
        panic!(
            "this test needs LocalStack: run `make test`, or start one and set \
             ACTIVATOR_TEST_LOCALSTACK to its endpoint, such as http://127.0.0.1:4566"
        );
    };
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .endpoint_url(endpoint)
        .build()
}

/// A name that no earlier run has left behind, for a queue or a bucket.
pub(crate) fn fresh_name(of: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    // Names of queues and of buckets are both short, and buckets' have no underscore.
    let of: String = of.replace('_', "-").chars().take(36).collect();
    format!("{}-{now:x}", of.trim_matches('-'))
}
