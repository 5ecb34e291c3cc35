//! Connections of the reference server: limits, timeouts, shutdown.
//!
//! First step of a request. The listener reads the request body, passes the request to the handler
//! and sends the reply. It knows nothing of IAM.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response as HttpResponse};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::server::SharedState;
use crate::server::handler::handle_request;
use crate::server::reply::{Reply, ReplyBody};

/// Limits on what one client may use, so that no client can block the others.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of a request body, in bytes; the longest valid requests hold documents (D-021).
    pub body: usize,
    /// Timeout for reading a request body.
    pub body_time: Duration,
    /// Maximum size of a request head, in bytes.
    pub head: usize,
    /// Timeout for reading a request head, and for an idle connection.
    pub head_time: Duration,
    /// Maximum number of open connections; further connections wait.
    pub connections: usize,
    /// Time that pending requests get to finish when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            body_time: Duration::from_secs(30),
            head: 64 << 10,
            head_time: Duration::from_mins(1),
            connections: 256,
            shutdown_timeout: Duration::from_secs(2),
        }
    }
}

/// Accepts connections until the stop signal, then lets pending requests finish.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    state: SharedState,
    limits: Limits,
    mut stopped: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let slots = Arc::new(Semaphore::new(limits.connections));
    let shutdown = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head)
        .half_close(true);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept().await, slot)
        };
        let (accepted, slot) = tokio::select! {
            _ = &mut stopped => break,
            next = next => next,
        };
        let Ok((stream, _)) = accepted else {
            // The process has too many open files, or the client has gone. Retry after a pause.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // A reply is one write; it need not wait for the client's acknowledgement.
        _ = stream.set_nodelay(true);
        let state = state.clone();
        let service = service_fn(move |request| exchange(state.clone(), limits, request));
        let connection = shutdown.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // An error that ends one connection does not concern the others.
            _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    _ = tokio::time::timeout(limits.shutdown_timeout, shutdown.shutdown()).await;
    Ok(())
}

/// Reads one request, handles it and sends the reply.
async fn exchange(
    state: SharedState,
    limits: Limits,
    request: Request<Incoming>,
) -> Result<HttpResponse<ReplyBody>, ConnectionDropped> {
    let (head, body) = request.into_parts();
    let reply = match read_body(body, limits).await {
        Ok(body) => handle_request(&state, &head, &body).await,
        Err(reply) => Some(reply),
    };
    Ok(reply.ok_or(ConnectionDropped)?.into_http().await)
}

/// Reads the request body within its limits. AWS's replies to violations of its own limits are not
/// known.
async fn read_body(body: Incoming, limits: Limits) -> Result<Bytes, Reply> {
    let read = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Reply::plain(
            413,
            &format!("the request body exceeds the limit of {} bytes\n", limits.body),
        )),
        Ok(Err(_)) => Err(Reply::plain(400, "the request body is incomplete\n")),
        Err(_) => Err(Reply::plain(408, "timeout while reading the request body\n")),
    }
}

/// An injected fault ends the connection without a reply.
#[derive(Debug)]
struct ConnectionDropped;

impl fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an injected fault drops the connection")
    }
}

impl std::error::Error for ConnectionDropped {}
