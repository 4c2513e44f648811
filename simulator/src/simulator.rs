//! A running simulator as a library: to command it, and to ask it what arrived.

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    builder::{Builder, StartError},
    faults::Fault,
    graph::{
        events,
        usage::{InvalidUsage, Usage},
        users::schema::{Column, row_digest},
    },
    inspection::Inspection,
    secret::Secret,
    server,
    state::{Start, State},
    threads::Threads,
};

/// A running simulator. Dropping it cuts off whatever is under way;
/// [`stop`](Self::stop) lets it end.
pub struct Simulator {
    address: SocketAddr,
    state: Arc<State>,
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
        let state = Arc::new(State::new(start));
        let (address, served) = (listen.clone(), Arc::clone(&state));
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
            state,
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

    /// What arrived, in counts.
    pub fn inspect(&self) -> Inspection {
        Inspection::of(&self.state)
    }

    /// How often this event arrived at the dataset.
    pub fn event_arrivals(&self, dataset: &str, event_name: &str, event_id: &str) -> u32 {
        let event = events::identity(&self.state.digester, event_name, event_id);
        let records = self.state.records();
        records
            .datasets
            .get(dataset)
            .map_or(0, |dataset| dataset.times(&event))
    }

    /// How many events arrived at the dataset with this value under this key of
    /// user_data, for example `em` and a hash; repeats are counted.
    pub fn events_bearing(&self, dataset: &str, key: &str, value: &str) -> u32 {
        let cell = events::cell(&self.state.digester, key, value.into());
        let records = self.state.records();
        records
            .datasets
            .get(dataset)
            .map_or(0, |dataset| dataset.bearing(&cell))
    }

    /// Whether the row of these non-blank cells, in whatever order, is a member.
    pub fn is_member(&self, audience: &str, cells: &[(&str, &str)]) -> bool {
        let digester = &self.state.digester;
        let known: Option<Vec<_>> = cells
            .iter()
            .map(|(key, cell)| {
                let column = Column::from_name(key)?;
                Some((column, column.digest(digester, (*cell).into())))
            })
            .collect();
        let Some(mut cells) = known else { return false };
        let row = row_digest(digester, &mut cells);
        let records = self.state.records();
        records
            .audiences
            .get(audience)
            .is_some_and(|audience| audience.times(&row) > 0)
    }

    /// How many members have this cell, for example `EMAIL` and a hash.
    pub fn members_bearing(&self, audience: &str, key: &str, cell: &str) -> u32 {
        let Some(column) = Column::from_name(key) else {
            return 0;
        };
        let cell = column.digest(&self.state.digester, cell.into());
        let records = self.state.records();
        records
            .audiences
            .get(audience)
            .map_or(0, |audience| audience.bearing(&cell))
    }

    /// Adds a fault, which counts requests from now on.
    pub fn fault(&self, fault: Fault) {
        self.state.faults().add(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.state.faults().clear();
    }

    /// Makes this the one good token, and every other one invalid (190).
    pub fn set_token(&self, token: impl Into<String>) {
        self.state.set_token(Secret::from(token.into()));
    }

    /// What the usage headers say from the next answer on.
    pub fn set_usage(&self, usage: Usage) -> Result<(), InvalidUsage> {
        usage.check()?;
        *self.state.usage() = usage;
        Ok(())
    }

    /// Everything as it was at the start: nothing has arrived, no faults, the first
    /// token, audiences created since then gone.
    pub fn reset(&self) {
        self.state.reset();
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

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
