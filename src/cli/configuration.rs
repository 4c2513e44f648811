//! What several subcommands share: `--config`, and what comes of it.

use std::sync::Arc;

use clap::Args;

use crate::app::aws;
use crate::config::{Config, ConfigClients, ConfigSource, Environment, Purpose};
use crate::telemetry::init_logs;

#[derive(Debug, Args)]
pub(super) struct Configuration {
    /// The configuration: a path, ssm:/name, s3://bucket/key, or the TOML text itself
    ///
    /// ACTIVATOR_… variables go before what it says. Without it every object goes to the
    /// Conversions API as a Purchase in USD in a store, with the credentials of the AWS
    /// guidance, ssm:/dev/cleanroom-activations/meta/conversions.
    #[arg(
        long,
        value_name = "CONFIG",
        env = "ACTIVATOR_CONFIG",
        hide_env_values = true
    )]
    config: Option<String>,
}

impl Configuration {
    /// Whether there is one, and not the built-in one alone.
    pub(super) fn is_given(&self) -> bool {
        self.config.is_some()
    }

    /// Every fault of it at once, each on a line of its own.
    pub(super) async fn load(&self, purpose: Purpose) -> anyhow::Result<Config> {
        let source = self
            .config
            .as_deref()
            .map(str::parse::<ConfigSource>)
            .transpose()?;
        let clients = async || {
            let config = aws::load().await;
            ConfigClients {
                ssm: aws::ssm(&config),
                s3: aws::s3(&config),
            }
        };
        Ok(Config::load(
            source.as_ref(),
            &Environment::of_process(),
            purpose,
            clients,
        )
        .await?)
    }

    /// The same, with the log started as it says and its notices logged.
    pub(super) async fn load_with_log(&self, purpose: Purpose) -> anyhow::Result<Arc<Config>> {
        let config = self.load(purpose).await?;
        init_logs(config.log.format, config.log.level);
        for notice in &config.notices {
            tracing::warn!("{notice}");
        }
        Ok(Arc::new(config))
    }
}
