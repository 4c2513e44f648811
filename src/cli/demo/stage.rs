//! What the demo plays on: a directory, a configuration, a simulated Meta.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use secrecy::SecretString;
use simulator::Simulator;
use time::OffsetDateTime;

use super::people;
use crate::app::Places;
use crate::config::{Config, Environment, Purpose};
use crate::credentials::{CredentialStore, FixedSecrets, SecretRef};
use crate::documents::LocalDocuments;
use crate::event;
use crate::ledger::LocalLedger;
use crate::object::version::ObjectAddress;
use crate::object::{LocalSource, ObjectSource};
use crate::queue::InProcessQueue;
use crate::receipts::{LocalReceiptStore, Receipt, ReceiptStore};

const BUCKET: &str = "cleanroom-activations";
const DATASET: &str = "1234567890";
const AUDIENCE: &str = "9876543210";
const AD_ACCOUNT: &str = "5550001";
const TOKEN: &str = "demo-token";
const SECRET: &str = "ssm:/dev/cleanroom-activations/meta/conversions";
/// Any number: the same people each time.
const SEED: u64 = 2026;

pub(super) struct Stage {
    directory: PathBuf,
    /// Nobody asked to keep the directory.
    passing: bool,
    pub config: Arc<Config>,
    pub simulator: Simulator,
    source: LocalSource,
    ledger: Arc<LocalLedger>,
    receipts: Arc<LocalReceiptStore>,
    /// One for each destination.
    pub objects: Vec<ObjectAddress>,
}

impl Stage {
    pub(super) async fn set(directory: Option<&Path>, rows: u64) -> anyhow::Result<Stage> {
        let passing = directory.is_none();
        let directory = match directory {
            Some(directory) => directory.to_owned(),
            None => {
                std::env::temp_dir().join(format!("audience-activator-demo-{}", std::process::id()))
            }
        };
        let objects: Vec<ObjectAddress> = [
            "meta/conversions/store-buyers",
            "meta/custom_audiences/loyalty",
        ]
        .iter()
        .map(|prefix| ObjectAddress {
            bucket: BUCKET.to_owned(),
            key: format!("{prefix}/people.csv"),
            version_id: None,
        })
        .collect();
        for object in &objects {
            let path = directory.join(BUCKET).join(&object.key);
            tokio::task::spawn_blocking(move || write_people(&path, rows)).await??;
        }
        let simulator = Simulator::builder()
            .token(TOKEN)
            .dataset(DATASET)
            .audience(AUDIENCE, AD_ACCOUNT)
            .start()
            .await?;
        let state = directory.join("state");
        let text = configuration(&simulator.endpoint(), &state);
        let environment = Environment::default();
        let config = Config::parse("demo", &text, &environment, Purpose::OneShot)?;
        Ok(Stage {
            config: Arc::new(config),
            simulator,
            source: LocalSource::below(&directory),
            ledger: Arc::new(LocalLedger::new(&state)),
            receipts: Arc::new(LocalReceiptStore::new(state)),
            directory,
            passing,
            objects,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn places(&self) -> anyhow::Result<(Places, Arc<InProcessQueue>)> {
        let queue = Arc::new(InProcessQueue::new(self.config.queue.visibility));
        let secret: SecretRef = SECRET.parse()?;
        let secrets = FixedSecrets::new().with(secret, SecretString::from(TOKEN));
        let places = Places {
            queue: queue.clone(),
            source: Arc::new(self.source.clone()),
            ledger: self.ledger.clone(),
            receipts: self.receipts.clone(),
            documents: Arc::new(LocalDocuments::new(self.directory.join("state"))),
            credentials: Arc::new(CredentialStore::new(Arc::new(secrets))),
        };
        Ok((places, queue))
    }

    /// What EventBridge would send for the object.
    pub(super) async fn event(&self, object: &ObjectAddress) -> anyhow::Result<String> {
        let version = self.source.describe(object).await?;
        Ok(event::announce(&version, None, OffsetDateTime::now_utc()))
    }

    pub(super) async fn receipt(&self, object: &ObjectAddress) -> anyhow::Result<Option<Receipt>> {
        let version = self.source.describe(object).await?;
        let route = self
            .config
            .route_for(&object.bucket, &object.key)
            .context("no route takes it")?;
        Ok(self.receipts.get(&version, &route.name).await?)
    }

    /// What the simulated Meta says it got.
    pub(super) fn arrived(&self) -> String {
        let seen = self.simulator.inspect();
        let mut text = String::new();
        if let Some(dataset) = seen.datasets.get(DATASET) {
            text.push_str(&format!(
                "at Meta     {} events in the dataset, {} of them twice\n",
                dataset.received, dataset.duplicates
            ));
        }
        if let Some(audience) = seen.audiences.get(AUDIENCE) {
            text.push_str(&format!(
                "            {} members in the audience\n",
                audience.members
            ));
        }
        text
    }

    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.simulator.stop().await;
        if self.passing {
            let directory = &self.directory;
            tokio::fs::remove_dir_all(directory)
                .await
                .with_context(|| format!("cannot remove {}", directory.display()))?;
        }
        Ok(())
    }
}

fn write_people(path: &Path, rows: u64) -> anyhow::Result<()> {
    let folder = path.parent().context("the file has no folder")?;
    let what = || format!("cannot write {}", path.display());
    std::fs::create_dir_all(folder).with_context(what)?;
    let file = std::fs::File::create(path).with_context(what)?;
    let mut out = BufWriter::new(file);
    people::write(&mut out, rows, SEED).with_context(what)?;
    out.into_inner()
        .map_err(|error| error.into_error())
        .with_context(what)?;
    Ok(())
}

fn configuration(meta: &str, state: &Path) -> String {
    let state = toml::Value::from(state.to_string_lossy().into_owned());
    let columns = r#"
[route.columns]
c_customer_id = "external_id"
c_first_name = "first_name"
c_last_name = "last_name"
c_birth_day = "birth_day"
c_birth_month = "birth_month"
c_birth_year = "birth_year"
c_email_address = "email"
"#;
    format!(
        r#"
[queue]
wait_seconds = 1 # a stop waits for the poll in flight
[state]
location = {state}
[meta]
endpoint = "{meta}"
[delivery]
requests_per_second = 1000
[admin]
listen = "127.0.0.1:0"
[log]
level = "warn"

[[route]]
name = "store-buyers"
bucket = "{BUCKET}"
prefix = "meta/conversions/store-buyers/"
credentials = "{SECRET}"
{columns}
[route.conversions]
dataset_id = "{DATASET}"
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = {{ column = "ss_net_paid" }}
currency = "USD"

[[route]]
name = "loyalty-list"
bucket = "{BUCKET}"
prefix = "meta/custom_audiences/loyalty/"
credentials = "{SECRET}"
{columns}
[route.custom_audience]
ad_account = "act_{AD_ACCOUNT}"
audience = "{AUDIENCE}"
mode = "add"
"#
    )
}
