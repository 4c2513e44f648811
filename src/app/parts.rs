//! Every part of the process, made from the configuration.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::SdkConfig;
use time::OffsetDateTime;

use super::aws;
use super::batch_slots::BatchSlots;
use super::preflight::{Names, Preflights};
use super::progress::Board;
use super::quarters::Quarters;
use crate::admin::Health;
use crate::config::{Config, Destination, StateLocation};
use crate::credentials::{AwsSecrets, CredentialStore};
use crate::delivery::{AccountLimiters, Limits};
use crate::documents::{Documents, LocalDocuments, S3Documents};
use crate::ledger::{Ledger, LocalLedger, S3Ledger};
use crate::meta::{BuildError, Client, ClientOptions, Exchange, Network};
use crate::object::{ObjectSource, S3Source};
use crate::queue::sqs;
use crate::queue::{InProcessQueue, Queue, SqsQueue};
use crate::receipts::{LocalReceiptStore, ReceiptStore, S3ReceiptStore};
use crate::telemetry::Metrics;
use crate::turns::Turns;

/// The parts, as the jobs share them.
pub struct Parts {
    pub config: Arc<Config>,
    pub queue: Arc<dyn Queue>,
    pub source: Arc<dyn ObjectSource>,
    pub ledger: Arc<dyn Ledger>,
    pub receipts: Arc<dyn ReceiptStore>,
    pub documents: Arc<dyn Documents>,
    pub turns: Turns,
    pub credentials: Arc<CredentialStore>,
    pub meta: Client,
    pub limiters: AccountLimiters,
    /// With the largest body they bound the memory of the process.
    pub batch_slots: BatchSlots,
    pub quarters: Quarters,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub board: Board,
    pub(super) preflights: Preflights,
    pub(super) names: Names,
    /// Of this process alone: two of one host's differ, and so do two of one container.
    worker_id: String,
    claims: AtomicU64,
}

/// Where objects come from and messages wait, where that is not AWS.
pub struct Places {
    pub queue: Arc<dyn Queue>,
    pub source: Arc<dyn ObjectSource>,
    pub ledger: Arc<dyn Ledger>,
    pub receipts: Arc<dyn ReceiptStore>,
    pub documents: Arc<dyn Documents>,
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
                let queue = SqsQueue::new(client, url.as_str(), config.queue.visibility);
                match &config.queue.dead_letter_url {
                    Some(url) => Arc::new(queue.with_dead_letters(url.as_str())),
                    None => Arc::new(queue),
                }
            }
            // A command that works on one object has no queue.
            None => Arc::new(InProcessQueue::new(config.queue.visibility)),
        };
        type State = (Arc<dyn Ledger>, Arc<dyn ReceiptStore>, Arc<dyn Documents>);
        let (ledger, receipts, documents): State = match &config.state {
            StateLocation::S3 { bucket, prefix } => (
                Arc::new(S3Ledger::new(s3.clone(), bucket, prefix)),
                Arc::new(S3ReceiptStore::new(s3.clone(), bucket, prefix)),
                Arc::new(S3Documents::new(s3.clone(), bucket, prefix)),
            ),
            StateLocation::BesideObject { prefix } => (
                Arc::new(S3Ledger::beside_the_object(s3.clone(), prefix)),
                Arc::new(S3ReceiptStore::beside_the_object(s3.clone(), prefix)),
                Arc::new(S3Documents::nowhere(s3.clone(), prefix)),
            ),
            StateLocation::Directory(directory) => (
                Arc::new(LocalLedger::new(directory)),
                Arc::new(LocalReceiptStore::new(directory)),
                Arc::new(LocalDocuments::new(directory)),
            ),
        };
        let secrets = AwsSecrets::new(aws::ssm(aws), aws::secrets_manager(aws));
        Places {
            queue,
            source: Arc::new(S3Source::new(s3)),
            ledger,
            receipts,
            documents,
            credentials: Arc::new(CredentialStore::new(Arc::new(secrets))),
        }
    }
}

impl Parts {
    /// Meta is reached over the network.
    pub fn new(config: Arc<Config>, places: Places) -> Result<Parts, BuildError> {
        let network = Network::new(config.delivery.connect_timeout)?;
        Ok(Parts::over(Arc::new(network), config, places))
    }

    pub fn over(exchange: Arc<dyn Exchange>, config: Arc<Config>, places: Places) -> Parts {
        let options = ClientOptions {
            endpoint: config.meta.endpoint.as_str().to_owned(),
            conversions_version: config.meta.conversions_version.to_string(),
            audience_version: config.meta.audience_version.to_string(),
            connect_timeout: config.delivery.connect_timeout,
            conversions_timeout: config.delivery.conversions_timeout,
            audience_timeout: config.delivery.audience_timeout,
        };
        let limiters = AccountLimiters::new(Limits {
            requests_per_second: config.delivery.requests_per_second,
            in_flight: config.delivery.requests_in_flight,
            longest_wait: config.delivery.longest_wait,
        });
        let watched = limiters.clone();
        let metrics = Metrics::new().watching(move || watched.states());
        for route in &config.routes {
            if let Destination::Conversions(conversions) = &route.destination
                && conversions.test_event_code.is_some()
            {
                metrics.route_sends_test_events(&route.name);
            }
        }
        Parts {
            meta: Client::over(exchange, options).with_proof(config.meta.proof),
            queue: places.queue,
            source: places.source,
            ledger: places.ledger,
            receipts: places.receipts,
            turns: Turns::new(places.documents.clone(), config.ledger.lease),
            documents: places.documents,
            credentials: places.credentials,
            limiters,
            batch_slots: BatchSlots::new(config.delivery.requests_in_flight),
            quarters: Quarters::default(),
            metrics: Arc::new(metrics),
            health: Arc::default(),
            board: Board::default(),
            preflights: Preflights::default(),
            names: Names::default(),
            worker_id: worker_id(),
            claims: AtomicU64::new(0),
            config,
        }
    }

    /// Who claims an object: of one attempt alone, since two jobs of this process may come
    /// for one object as well.
    pub(super) fn next_owner(&self) -> String {
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
        format!("{}/{claim}", self.worker_id)
    }

    /// The route waits for somebody to act, with a message that was sent then: told on
    /// `/readyz` and as a metric.
    pub(super) fn route_stops(&self, route: &str, reason: String, sent_at: Option<OffsetDateTime>) {
        self.preflights.doubt(route);
        self.metrics.route_stopped(route, true);
        self.health.route_stops(route, reason, sent_at);
    }

    /// Meta has accepted rows of the route: whatever stopped it before is mended.
    pub(super) fn route_goes_on(&self, route: &str) {
        self.metrics.route_stopped(route, false);
        self.health.route_goes_on(route);
    }

    /// To be called now and then.
    pub(super) fn forget_old_stops(&self) {
        for route in self.health.forget_stops() {
            self.metrics.route_stopped(&route, false);
        }
    }
}

/// The host's name, for people, and 64 random bits.
fn worker_id() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let host: String = host.chars().filter(plain).take(64).collect();
    // The keys of a new hasher's state are the standard library's source of randomness.
    let random = RandomState::new().build_hasher().finish();
    format!("{host}-{random:016x}")
        .trim_start_matches('-')
        .to_owned()
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
