//! Every part of the process, made from the configuration.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;

use super::aws;
use super::batch_slots::BatchSlots;
use super::progress::Board;
use crate::admin::Health;
use crate::config::{Config, StateLocation};
use crate::credentials::{AwsSecrets, CredentialStore};
use crate::delivery::AccountLimiters;
use crate::meta::{BuildError, Client, ClientOptions};
use crate::object::{ObjectSource, S3Source};
use crate::queue::sqs;
use crate::queue::{InProcessQueue, Queue, SqsQueue};
use crate::receipts::{LocalReceiptStore, ReceiptStore, S3ReceiptStore};
use crate::telemetry::Metrics;

/// A message rests for an hour at most before its route is tried again. So a stop of
/// which nothing was heard for longer is over, or another worker's to tell of.
const STOP_REMEMBERED: Duration = Duration::from_secs(2 * 3600);

/// The parts, as the jobs share them.
pub struct Parts {
    pub config: Arc<Config>,
    pub queue: Arc<dyn Queue>,
    pub source: Arc<dyn ObjectSource>,
    pub receipts: Arc<dyn ReceiptStore>,
    pub credentials: Arc<CredentialStore>,
    pub meta: Client,
    pub limiters: AccountLimiters,
    /// With the largest body they bound the memory of the process.
    pub batch_slots: BatchSlots,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub board: Board,
}

/// Where objects come from and messages wait, where that is not AWS.
pub struct Places {
    pub queue: Arc<dyn Queue>,
    pub source: Arc<dyn ObjectSource>,
    pub receipts: Arc<dyn ReceiptStore>,
    pub credentials: Arc<CredentialStore>,
}

impl Places {
    /// SQS, S3 and the secret stores of the account that `aws` speaks for. Nothing is
    /// asked of them yet.
    pub fn on_aws(config: &Config, aws: &SdkConfig) -> Places {
        let s3 = aws::s3(aws);
        let queue: Arc<dyn Queue> = match &config.queue.url {
            Some(url) => {
                let client = sqs::client(aws, url.as_str());
                Arc::new(SqsQueue::new(client, url.as_str(), config.queue.visibility))
            }
            // A command that works on one object has no queue.
            None => Arc::new(InProcessQueue::new(config.queue.visibility)),
        };
        let receipts: Arc<dyn ReceiptStore> = match &config.state {
            StateLocation::S3 { bucket, prefix } => {
                Arc::new(S3ReceiptStore::new(s3.clone(), bucket, prefix))
            }
            StateLocation::BesideObject { prefix } => {
                Arc::new(S3ReceiptStore::beside_the_object(s3.clone(), prefix))
            }
            StateLocation::Directory(directory) => Arc::new(LocalReceiptStore::new(directory)),
        };
        let secrets = AwsSecrets::new(aws::ssm(aws), aws::secrets_manager(aws));
        Places {
            queue,
            source: Arc::new(S3Source::new(s3)),
            receipts,
            credentials: Arc::new(CredentialStore::new(Arc::new(secrets))),
        }
    }
}

impl Parts {
    pub fn new(config: Arc<Config>, places: Places) -> Result<Parts, BuildError> {
        let meta = Client::new(ClientOptions {
            endpoint: config.meta.endpoint.as_str().to_owned(),
            conversions_version: config.meta.conversions_version.to_string(),
            audience_version: config.meta.audience_version.to_string(),
            connect_timeout: config.delivery.connect_timeout,
            conversions_timeout: config.delivery.conversions_timeout,
            audience_timeout: config.delivery.audience_timeout,
        })?;
        Ok(Parts {
            queue: places.queue,
            source: places.source,
            receipts: places.receipts,
            credentials: places.credentials,
            meta,
            limiters: AccountLimiters::new(
                config.delivery.requests_per_second,
                config.delivery.requests_in_flight,
            ),
            batch_slots: BatchSlots::new(config.delivery.requests_in_flight),
            metrics: Arc::default(),
            health: Arc::default(),
            board: Board::default(),
            config,
        })
    }

    /// The route waits for somebody to act: told on `/readyz` and as a metric.
    pub(super) fn route_stops(&self, route: &str, reason: String) {
        self.metrics.route_stopped(route, true);
        self.health.route(route, Some(reason));
    }

    /// Meta has accepted rows of the route: whatever stopped it before is mended.
    pub(super) fn route_goes_on(&self, route: &str) {
        self.metrics.route_stopped(route, false);
        self.health.route(route, None);
    }

    /// To be called now and then.
    pub(super) fn forget_old_stops(&self) {
        for route in self.health.forget_stops(STOP_REMEMBERED) {
            self.metrics.route_stopped(&route, false);
        }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}
