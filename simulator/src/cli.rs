//! The command line of the `simulator` program.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    Clock, Fault, InvalidSpeed, Quotas, Scenario, ScenarioError, Simulator, StartError, Tier,
};

const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Meta's Graph API, as far as audience-activator uses it, on this machine.
///
/// Takes Conversions API events and Custom Audience members, refuses what Meta
/// documents as refused, fails as told, and answers what arrived:
///
///   GET  /_simulator/health
///   GET  /_simulator/inspect            counts (?ids=1: events, ?members=1: digests)
///   GET  /_simulator/inspect/event      ?dataset=ID&name=…&id=…  or  &em=HASH
///   GET  /_simulator/inspect/member     ?audience=ID&EMAIL=HASH&…
///   POST /_simulator/faults             [{"on": "events", "from": 3, "action": …}]
///   POST /_simulator/token              {"token": "…"}
///   POST /_simulator/usage              {"business": {"call_count": 96}}
///   POST /_simulator/change             {"audiences": {"456": {"flagged": true}}}
///   POST /_simulator/clock              {"advance_s": 5400}
///   POST /_simulator/reset
///
/// Identifiers are kept as salted digests only. There is no authentication on the
/// commands: keep it on the loopback or in a private network.
#[derive(Debug, Parser)]
#[command(name = "simulator", version, verbatim_doc_comment)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask a running simulator whether it answers; for images without a shell
    Healthcheck {
        /// Where it listens; 0.0.0.0 is asked on the loopback
        #[arg(
            long,
            env = "SIMULATOR_LISTEN",
            default_value = "127.0.0.1:8080",
            value_name = "HOST:PORT"
        )]
        listen: SocketAddr,
    },
}

#[derive(Args)]
struct Serve {
    /// Where to listen
    #[arg(
        long,
        env = "SIMULATOR_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "HOST:PORT"
    )]
    listen: String,
    /// The one access token that is good
    #[arg(
        long,
        env = "SIMULATOR_TOKEN",
        default_value = "TOKEN",
        hide_env_values = true
    )]
    token: String,
    /// The app's secret; every call then needs a right appsecret_proof
    #[arg(
        long,
        env = "SIMULATOR_APP_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    app_secret: Option<String>,
    /// A dataset (pixel) to take events; may be repeated
    #[arg(long, value_name = "ID")]
    dataset: Vec<String>,
    /// A customer-list audience, and the ad account it belongs to; may be repeated
    #[arg(long, value_name = "ID[:ACCOUNT]")]
    audience: Vec<String>,
    /// An ad account to create audiences in; may be repeated
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// How fast its clock runs: 60 = an hour in a minute
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    clock_speed: f64,
    /// Keep the quotas of this access tier; without it there are none
    #[arg(long, value_enum)]
    tier: Option<Tier>,
    /// A JSON file of fault rules, as POST /_simulator/faults takes them
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// A scenario: changes over time, in TOML or, if named .json, in JSON
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// Why the program ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The simulator did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The clock's speed is none.
    #[error(transparent)]
    Speed(#[from] InvalidSpeed),
    /// The faults' file cannot be read.
    #[error("cannot read the fault rules in {path}")]
    FaultsFile {
        /// As it was given.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The faults' file is not a list of rules.
    #[error(
        "the fault rules in {path} are not as the README shows them (line {line}, column {column})"
    )]
    Faults {
        /// As it was given.
        path: PathBuf,
        /// From 1. The parser's own text could repeat a value.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The scenario's file cannot be read.
    #[error("cannot read the scenario in {path}")]
    ScenarioFile {
        /// As it was given.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The scenario is none.
    #[error("the scenario in {path} is not as the README shows it")]
    Scenario {
        /// As it was given.
        path: PathBuf,
        /// Where and why.
        source: ScenarioError,
    },
    /// Nobody answers there.
    #[error("no simulator answers on {address}")]
    Unreachable {
        /// Where it was asked.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Somebody answers, who is not a healthy simulator.
    #[error("what answers on {0} is not a healthy simulator")]
    Unhealthy(SocketAddr),
    /// The system does not tell when to stop.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}

/// The ad account of an audience that is given without one.
const SOME_ACCOUNT: &str = "1";

impl Cli {
    /// Serves until a signal says to stop, or does what the subcommand says.
    pub async fn run(self) -> Result<(), CliError> {
        match self.command {
            Some(Command::Healthcheck { listen }) => healthcheck(listen),
            None => self.serve.run().await,
        }
    }
}

impl Serve {
    async fn run(self) -> Result<(), CliError> {
        let faults = self
            .faults
            .as_deref()
            .map(read_faults)
            .transpose()?
            .unwrap_or_default();
        let scenario = self
            .scenario
            .as_deref()
            .map(read_scenario)
            .transpose()?
            .unwrap_or_default();
        let mut builder = Simulator::builder()
            .listen(self.listen)
            .token(self.token)
            .app_secret(self.app_secret)
            .scenario(scenario)
            .clock(Clock::scaled(self.clock_speed)?)
            .quotas(Quotas {
                tier: self.tier,
                ..Quotas::default()
            });
        for id in self.dataset {
            builder = builder.dataset(id);
        }
        for audience in self.audience {
            let (id, account) = audience
                .split_once(':')
                .unwrap_or((&audience, SOME_ACCOUNT));
            builder = builder.audience(id, account);
        }
        for id in self.account {
            builder = builder.account(id);
        }
        // Before it listens: who sees it listen may stop it at once.
        let stopped = Stopped::listen().map_err(CliError::Signals)?;
        let simulator = builder.start().await?;
        faults.into_iter().for_each(|fault| simulator.fault(fault));
        stopped.wait().await;
        tracing::info!("the simulator stops");
        simulator.stop().await;
        Ok(())
    }
}

fn read_faults(path: &Path) -> Result<Vec<Fault>, CliError> {
    let text = std::fs::read(path).map_err(|source| CliError::FaultsFile {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| CliError::Faults {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    })
}

fn read_scenario(path: &Path) -> Result<Scenario, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::ScenarioFile {
        path: path.to_owned(),
        source,
    })?;
    Scenario::of_file(path, &text).map_err(|source| CliError::Scenario {
        path: path.to_owned(),
        source,
    })
}

/// The signals by which the program is told to stop.
struct Stopped {
    terminate: Signal,
    interrupt: Signal,
}

impl Stopped {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Plain TCP: a few lines in place of an HTTP client in the image.
fn healthcheck(listen: SocketAddr) -> Result<(), CliError> {
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let head = ask(address).map_err(|source| CliError::Unreachable { address, source })?;
    head.starts_with(b"HTTP/1.1 200 ")
        .then_some(())
        .ok_or(CliError::Unhealthy(address))
}

fn ask(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.set_write_timeout(Some(HEALTH_TIMEOUT))?;
    write!(
        stream,
        "GET /_simulator/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = Vec::new();
    stream.take(1_024).read_to_end(&mut head)?;
    Ok(head)
}
