//! A running simulator as a library: a platform that listens.

use std::{fmt, net::SocketAddr, ops::Deref};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    builder::{Builder, StartError},
    platform::Platform,
    server,
    state::Start,
    threads::Threads,
};

/// A running simulator: a [`Platform`] that listens. Dropping it cuts off whatever is
/// under way; [`stop`](Self::stop) lets it end.
pub struct Simulator {
    address: SocketAddr,
    platform: Platform,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    _threads: Threads,
}

impl Simulator {
    /// A simulator with nothing in it, the token `TOKEN`, on a free loopback port.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(listen: String, start: Start) -> Result<Self, StartError> {
        let threads = Threads::new().map_err(StartError::Threads)?;
        let (stop, stopped) = watch::channel(false);
        let platform = Platform::new(start)?;
        let (address, served) = (listen.clone(), platform.state());
        let serving = async move {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((
                address,
                tokio::spawn(server::serve(listener, served, stopped)),
            ))
        };
        let (address, server) =
            threads
                .run(serving)
                .await
                .map_err(|source| StartError::Listen {
                    address: listen,
                    source,
                })?;
        tracing::info!(address = %address, "the simulator listens");
        Ok(Self {
            address,
            platform,
            stop,
            server,
            _threads: threads,
        })
    }

    /// What takes the place of `https://graph.facebook.com`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connection, lets requests under way end (five seconds at most),
    /// and ends. Dropping the future cuts them off.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::error!(error = %error, "the simulator's server ended by a fault of its own");
        }
    }
}

impl Deref for Simulator {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
