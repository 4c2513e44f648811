//! `healthcheck`: for images that hold no shell and no curl.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::Exit;
use super::exit;

const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the worker serves its health: its admin.listen
    ///
    /// The configuration is not read for it: where that says another port, say it here or
    /// in the variable too. For 0.0.0.0 this machine is asked.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "ACTIVATOR_ADMIN_LISTEN",
        default_value = "127.0.0.1:9090"
    )]
    admin: SocketAddr,
}

pub(super) async fn run(arguments: &Arguments) -> Exit {
    match ask(arguments.admin).await {
        Ok(()) => Exit::Done,
        Err(error) => exit::failed(&error),
    }
}

async fn ask(admin: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{}/livez", reachable(admin));
    let answer = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()?
        .get(&url)
        .send()
        .await
        .map_err(reqwest::Error::without_url)
        .with_context(|| format!("no worker answers at {url}"))?;
    if !answer.status().is_success() {
        bail!(
            "the worker at {url} is not alive: {}",
            answer.text().await?.trim()
        );
    }
    Ok(())
}

/// "Any address" is for listening; it is asked on this machine.
fn reachable(mut admin: SocketAddr) -> SocketAddr {
    if admin.ip().is_unspecified() {
        match admin {
            SocketAddr::V4(_) => admin.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => admin.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
    }
    admin
}
