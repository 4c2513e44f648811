//! `/livez`, `/readyz` and `/metrics` over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
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

    /// Answers until `stop`.
    pub async fn run(self, health: Arc<Health>, metrics: Arc<Metrics>, stop: CancellationToken) {
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(page))
            .with_state((health, metrics));
        let served = axum::serve(self.listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(error = %error, "the admin port has failed");
        }
    }
}

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

async fn page(State((_, metrics)): Shared) -> impl IntoResponse {
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, open_metrics)], metrics.page())
}
