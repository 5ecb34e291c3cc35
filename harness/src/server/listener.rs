//! Connections: how many, for how long, and how they end.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::server::Shared;
use crate::server::handler::exchange;

/// What a client may take of the endpoint, so that none takes all.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body; the longest that a real request needs are documents (D-021).
    pub body: usize,
    /// How long a body may take.
    pub body_time: Duration,
    /// Bytes of a head.
    pub head: usize,
    /// How long a head may take, and how long a connection may rest between two requests.
    pub head_time: Duration,
    /// Connections at a time; the next ones wait.
    pub connections: usize,
    /// How long calls that are being answered may take after the end was asked for.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            body_time: Duration::from_secs(30),
            head: 64 << 10,
            head_time: Duration::from_mins(1),
            connections: 256,
            farewell: Duration::from_secs(2),
        }
    }
}

/// Serves until it is told to stop, and then for a short while what is being answered.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    house: Shared,
    limits: Limits,
    mut stopped: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(limits.connections));
    let farewell = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head)
        .half_close(true);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            _ = &mut stopped => break,
            next = next => next,
        };
        let Ok((stream, _)) = accepted else {
            // Too many files are open, or the client has gone: others may fare better, later.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // An answer is one write, which need not wait for the client's word.
        _ = stream.set_nodelay(true);
        let house = Arc::clone(&house);
        let service = service_fn(move |request| exchange(Arc::clone(&house), limits, request));
        let connection = farewell.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // How a connection ends is the client's affair.
            _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    _ = tokio::time::timeout(limits.farewell, farewell.shutdown()).await;
    Ok(())
}
