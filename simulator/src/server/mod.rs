//! HTTP: accepting, reading whole requests within bounds, answering, breaking off.
//!
//! It knows which requests are the control plane's and which are Graph's, and nothing
//! of either.

mod body;
mod socket;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Response,
    body::{Body as _, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use self::{body::AnswerBody, socket::Socket};
use crate::{
    control,
    graph::{self, Answer, Reply, Request},
    state::State,
};

/// The largest body that is read; a larger one is answered with 413.
const LARGEST_BODY: usize = 64 << 20;
/// All bodies in memory together, in KiB. Further requests wait to be read.
const BODIES_KIB: u32 = 256 << 10;
const MOST_CONNECTIONS: usize = 1_024;
/// A client that sends nothing for so long is cut off.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stop waits for requests under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until `stop` says true or its sender is gone. Dropping it ends every
/// connection at once.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>, stop: watch::Receiver<bool>) {
    let shared = Arc::new(Shared {
        state,
        bodies: Semaphore::new(BODIES_KIB as usize),
    });
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            () = until_stopped(&mut stopped) => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &seats) => accepted,
        };
        let (stream, seat) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give the others time to end.
                tracing::warn!(error = %error, "cannot accept a connection, trying again");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        connections.spawn(async move {
            connection(stream, shared, stop).await;
            drop(seat);
        });
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIMEOUT, all_ended).await.is_err() {
        tracing::warn!("requests were still under way at the stop and are cut off");
    }
}

struct Shared {
    state: Arc<State>,
    bodies: Semaphore,
}

async fn until_stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

async fn accept(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, seat))
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "the connection ended before it began");
        return;
    }
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Socket::new(stream, Arc::clone(&reset)));
    let service = service_fn(|request| {
        let (shared, reset) = (&shared, &reset);
        async move {
            let answer = handle(shared, request).await;
            if answer.is_err() {
                reset.store(true, Ordering::Relaxed);
            }
            answer
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(io, service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until_stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(error = %error, "connection ended early");
    }
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the request ended before its body did")]
    Body,
    #[error("the request's body did not come in time")]
    Slow,
    #[error("no answer is to be given")]
    Told,
}

async fn handle(
    shared: &Shared,
    request: hyper::Request<Incoming>,
) -> Result<Response<AnswerBody>, Broken> {
    let is_control = control::owns(request.uri().path());
    let visit = (!is_control).then(|| shared.state.visit());
    let (head, body) = request.into_parts();

    // Room for what the body says it has or, when it does not say, for the largest.
    let announced = body.size_hint().upper().unwrap_or(LARGEST_BODY as u64);
    let kibibytes = u32::try_from(announced.div_ceil(1024)).unwrap_or(u32::MAX);
    let room = kibibytes.min((LARGEST_BODY >> 10) as u32);
    let _room = shared
        .bodies
        .acquire_many(room)
        .await
        .map_err(|_| Broken::Body)?;
    let body = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, LARGEST_BODY).collect())
        .await
    {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(written(Answer::html(413), AnswerBody::whole));
        }
        Ok(Err(_)) => return Err(Broken::Body),
        Err(_) => return Err(Broken::Slow),
    };

    let query = head.uri.query().unwrap_or_default();
    let request = Request::new(
        head.method.as_str(),
        head.uri.path(),
        query,
        &head.headers,
        body,
    );
    let reply = match visit {
        Some(visit) => graph::answer(&shared.state, &request, visit).await,
        None => Reply::Answer(control::answer(&shared.state, &request)),
    };
    match reply {
        Reply::Answer(answer) => Ok(written(answer, AnswerBody::whole)),
        Reply::Half(answer) => Ok(written(answer, AnswerBody::half)),
        Reply::Nothing => Err(Broken::Told),
    }
}

fn written(answer: Answer, body: fn(Bytes) -> AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body(answer.body.into()));
    // A script may ask for a status that is none.
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.extend(answer.headers);
    response
}
