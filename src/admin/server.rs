//! `/livez`, `/readyz` and `/metrics` over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use crate::telemetry::Metrics;

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: change admin.listen, or free the port")]
pub struct BindError {
    address: String,
    #[source]
    source: std::io::Error,
}

/// The admin port of this process, bound but not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the port at once, so that a wrong one is known before work begins.
    pub async fn bind(listen: SocketAddr) -> Result<Server, BindError> {
        let error = |source| BindError {
            address: listen.to_string(),
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Server { listener, address })
    }

    /// The address in use; its port is another than asked for where that was 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`. Requests that have begun then get [`PATIENCE`] to end.
    pub async fn run(self, health: Arc<Health>, metrics: Arc<Metrics>, stop: CancellationToken) {
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(page))
            .with_state((health, metrics));
        let served = axum::serve(self.listener, router)
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        // A client that never finishes its request must not hold up the end.
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            served = served => if let Err(error) = served {
                tracing::error!(error = %error, "the admin port has failed");
            },
            () = patience => {}
        }
    }
}

/// For a request that is being answered while the worker ends.
const PATIENCE: Duration = Duration::from_secs(1);

type Shared = State<(Arc<Health>, Arc<Metrics>)>;

const JSON: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];

async fn livez(State((health, _)): Shared) -> impl IntoResponse {
    match health.live() {
        Ok(()) => (StatusCode::OK, "live\n".to_owned()),
        Err(still) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the receive loop has not moved for {} s\n", still.as_secs()),
        ),
    }
}

async fn readyz(State((health, _)): Shared) -> impl IntoResponse {
    let report = health.report();
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut body = serde_json::to_string_pretty(&report).unwrap_or_default();
    body.push('\n');
    (status, JSON, body)
}

async fn page(State((health, metrics)): Shared) -> impl IntoResponse {
    // Worked out now, so that it counts down.
    metrics.messages_expire(&health.expiries(), OffsetDateTime::now_utc());
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, open_metrics)], metrics.page())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_client_that_never_finishes_does_not_hold_up_the_end() {
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let address = server.address();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(Arc::default(), Arc::default(), stop.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client
            .write_all(b"GET /livez HTTP/1.1\r\nhost: ")
            .await
            .unwrap();
        // Until the server has it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        tokio::time::timeout(3 * PATIENCE, running)
            .await
            .unwrap()
            .unwrap();
    }
}
