//! Connections of a server: limits, timeouts, shutdown.
//!
//! First step of a request. The listener reads the request body, passes the request to the
//! [`Respond`] of the server and sends the reply. It knows nothing of IAM. If there are too many
//! connections, an idle one closes, so that silent clients do not lock others out.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response as HttpResponse};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

use crate::server::origin::TrustedHosts;
use crate::server::reply::{Reply, ReplyBody};
use crate::server::{ResponseBody, clock};

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
    /// Maximum number of open connections. A further connection closes the one that is idle longest,
    /// or waits if a request is being handled on each.
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

/// Responds to the requests that a listener accepts.
pub(crate) trait Respond: Clone + Send + Sync + 'static {
    /// The response to a request with its whole body. `None` drops the connection.
    fn respond(
        &self,
        head: &Parts,
        body: Bytes,
    ) -> impl Future<Output = Option<HttpResponse<ReplyBody>>> + Send;
}

/// The connections of a server, on a thread of their own. Dropping it stops the server.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Listener {
    /// Listens on this address; port 0 selects a free port. `names` are the host names that requests
    /// may be addressed to, besides loopback hosts and the address.
    pub(crate) fn start(
        address: SocketAddr,
        (names, limits): (&[String], Limits),
        respond: impl Respond,
    ) -> Result<Self> {
        if !clock::is_right() {
            bail!(clock::WRONG_CLOCK);
        }
        let listener = std::net::TcpListener::bind(address).with_context(|| {
            format!(
                "cannot listen on {address}; choose another address with --listen (port 0 selects \
                 a free port)"
            )
        })?;
        listener.set_nonblocking(true).context("cannot use the listening socket")?;
        let address = listener.local_addr().context("cannot read the listening address")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the server's runtime")?;
        let hosts = TrustedHosts::new(address.ip(), names);
        let (stop, stopped) = oneshot::channel();
        let serve = serve(listener, respond, (hosts, limits), stopped);
        let thread = std::thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || _ = runtime.block_on(serve))
            .context("cannot start the server's thread")?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// The URL of the server.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server. Pending requests may finish within the shutdown timeout of the limits.
    pub(crate) fn end(mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has already printed its message.
            _ = thread.join();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            _ = stop.send(());
        }
    }
}

/// Accepts connections until the stop signal, then lets pending requests finish.
async fn serve(
    listener: std::net::TcpListener,
    respond: impl Respond,
    (hosts, limits): (TrustedHosts, Limits),
    mut stopped: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let service = Service { respond, hosts: Arc::new(hosts), limits };
    let connections = Arc::new(ConnectionTable::default());
    let shutdown = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head)
        .half_close(true);
    loop {
        let next = async {
            let accepted = listener.accept().await;
            connections.make_room(limits.connections).await;
            accepted
        };
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = next => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // The process has too many open files, or the client has gone. Retry after a pause.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if !clock::is_right() {
            // The client may have gone.
            _ = stream.try_write(unavailable(clock::WRONG_CLOCK).as_bytes());
            continue;
        }
        // A reply is one write; it need not wait for the client's acknowledgement.
        _ = stream.set_nodelay(true);
        let (service, open) = (service.clone(), Arc::new(connections.add()));
        let close = open.close_signal();
        let service = service_fn(move |request| exchange(service.clone(), open.clone(), request));
        let connection = shutdown.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // The clock may change while the connection is open.
            let connection = std::future::poll_fn(|context| {
                if !clock::is_right() {
                    return Poll::Ready(());
                }
                connection.as_mut().poll(context).map(|_| ())
            });
            // An error that ends one connection does not concern the others.
            tokio::select! {
                () = connection => {}
                () = close.notified() => {}
            }
        });
    }
    drop(listener);
    _ = tokio::time::timeout(limits.shutdown_timeout, shutdown.shutdown()).await;
    Ok(())
}

/// A whole response without hyper.
fn unavailable(reason: &str) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let ResponseBody { xml, .. } =
        ResponseBody::error(503, "ServiceUnavailable", Some(reason), &id);
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/xml\r\nconnection: close";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{xml}", xml.len())
}

/// The data that every request needs.
#[derive(Clone)]
struct Service<R> {
    respond: R,
    hosts: Arc<TrustedHosts>,
    limits: Limits,
}

/// Reads one request, handles it and sends the reply.
async fn exchange<R: Respond>(
    service: Service<R>,
    open: Arc<OpenConnection>,
    request: Request<Incoming>,
) -> Result<HttpResponse<ReplyBody>, ConnectionDropped> {
    let (head, body) = request.into_parts();
    let read = match service.hosts.refuse(&head) {
        Some(refusal) => Err((refusal, body)),
        None => read_body(&head, body, service.limits).await,
    };
    let reply = match read {
        Ok(body) => {
            open.is_handled(true);
            service.respond.respond(&head, body).await
        }
        Err((refusal, body)) => {
            discard(&head, body, service.limits.body_time).await;
            Some(refusal.into_http().await)
        }
    };
    open.is_handled(false);
    reply.ok_or(ConnectionDropped)
}

/// Reads the request body within its limits, or returns the refusal and the rest of the body. AWS's
/// replies to violations of its own limits are not known.
async fn read_body(
    head: &Parts,
    mut body: Incoming,
    limits: Limits,
) -> Result<Bytes, (Reply, Incoming)> {
    let too_long = || {
        let message = format!("the request body exceeds the limit of {} bytes", limits.body);
        Reply::refusal(413, "RequestEntityTooLarge", &message)
    };
    let declared = head.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if declared.and_then(|it| it.parse().ok()).is_some_and(|length: usize| length > limits.body) {
        return Err((too_long(), body));
    }
    let read = Limited::new(&mut body, limits.body).collect();
    let refusal = match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(read)) => return Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_long(),
        Ok(Err(_)) => {
            Reply::refusal(400, "IncompleteBody", "the request body ends before its length")
        }
        Err(_) => Reply::refusal(408, "RequestTimeout", "the request body arrives too slowly"),
    };
    Err((refusal, body))
}

/// Reads the rest of a body without keeping it, for a limited time. If the connection closed with
/// unread bytes, the client could lose the reply.
async fn discard(head: &Parts, mut body: Incoming, time: Duration) {
    // This client waits for permission to send the body, and gets the refusal instead.
    if head.headers.contains_key(header::EXPECT) {
        return;
    }
    let read = async { while let Some(Ok(_)) = body.frame().await {} };
    _ = tokio::time::timeout(time, read).await;
}

/// The time that a new connection has for its first request before it counts as idle.
const IDLE_AFTER: Duration = Duration::from_millis(200);

/// The open connections, by number.
#[derive(Default)]
struct ConnectionTable {
    open: Mutex<BTreeMap<u64, ConnectionState>>,
    /// The number of connections so far. No two connections have the same number.
    count: AtomicU64,
    /// A connection has closed, or waits for a request.
    changed: Notify,
}

/// The record of an open connection.
struct ConnectionState {
    /// Since when the connection has no complete request; `None` while a request is handled.
    idle_since: Option<Instant>,
    /// The number of complete requests.
    requests: u64,
    close: Arc<Notify>,
}

/// An open connection. It leaves the table when the connection closes.
struct OpenConnection {
    number: u64,
    table: Arc<ConnectionTable>,
}

/// When there is room for one more connection.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Free,
    /// After this time, if nothing changes before.
    In(Duration),
    /// All connections have a request that is being handled.
    Unknown,
}

impl ConnectionTable {
    /// Adds a connection.
    fn add(self: &Arc<Self>) -> OpenConnection {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let idle_since = Some(Instant::now());
        let state = ConnectionState { idle_since, requests: 0, close: Arc::default() };
        self.lock().insert(number, state);
        OpenConnection { number, table: Arc::clone(self) }
    }

    /// Waits until there is room for one more connection. If there is none, the connection that is
    /// idle longest closes; those that never sent a complete request close first.
    async fn make_room(&self, limit: usize) {
        loop {
            let changed = self.changed.notified();
            let wait = match self.close_idle(limit, Instant::now()) {
                Room::Free => return,
                Room::In(wait) => wait,
                Room::Unknown => Duration::MAX,
            };
            _ = tokio::time::timeout(wait, changed).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, ConnectionState>> {
        // As for the server state: no code panics while it holds this lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes an idle connection if there are too many.
    fn close_idle(&self, limit: usize, now: Instant) -> Room {
        let mut open = self.lock();
        if open.len() < limit {
            return Room::Free;
        }
        let age = |since: Instant| now.saturating_duration_since(since);
        let idle = open
            .iter()
            .filter_map(|(number, state)| Some((state.requests > 0, state.idle_since?, *number)));
        let (idle, fresh): (Vec<_>, Vec<_>) =
            idle.partition(|(_, since, _)| age(*since) >= IDLE_AFTER);
        if let Some((_, _, number)) = idle.into_iter().min() {
            if let Some(state) = open.remove(&number) {
                state.close.notify_one();
            }
            return Room::Free;
        }
        let oldest = fresh.into_iter().map(|(_, since, _)| age(since)).max();
        oldest.map_or(Room::Unknown, |age| Room::In(IDLE_AFTER.saturating_sub(age)))
    }
}

impl OpenConnection {
    /// The signal to close the connection.
    fn close_signal(&self) -> Arc<Notify> {
        let open = self.table.lock();
        open.get(&self.number).map(|state| Arc::clone(&state.close)).unwrap_or_default()
    }

    /// Records that a complete request is being handled, or that the connection waits again.
    fn is_handled(&self, handled: bool) {
        if let Some(state) = self.table.lock().get_mut(&self.number) {
            state.idle_since = (!handled).then(Instant::now);
            state.requests += u64::from(handled);
        }
        self.table.changed.notify_one();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.table.lock().remove(&self.number);
        self.table.changed.notify_one();
    }
}

/// The connection ends without a reply.
#[derive(Debug)]
struct ConnectionDropped;

impl fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped without a reply")
    }
}

impl std::error::Error for ConnectionDropped {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with these connections: their age in milliseconds, `None` while a request is handled,
    /// and the number of their requests.
    fn table(now: Instant, states: &[(Option<u64>, u64)]) -> ConnectionTable {
        let table = ConnectionTable::default();
        for (number, (age, requests)) in (0..).zip(states) {
            let idle_since = age.map(|age| now.checked_sub(Duration::from_millis(age)).unwrap());
            let state = ConnectionState { idle_since, requests: *requests, close: Arc::default() };
            table.lock().insert(number, state);
        }
        table
    }

    fn open(table: &ConnectionTable) -> Vec<u64> {
        table.lock().keys().copied().collect()
    }

    #[test]
    fn the_connection_that_is_idle_longest_closes_first() {
        let now = Instant::now() + Duration::from_hours(1);
        let states = [(Some(900), 1), (Some(300), 0), (None, 5), (Some(400), 0), (Some(10), 0)];
        let table = table(now, &states);
        assert_eq!(table.close_idle(6, now), Room::Free);
        assert_eq!(open(&table), [0, 1, 2, 3, 4]);
        // First those without a request, the oldest of them first; then the others.
        for (limit, left) in [(5, &[0, 1, 2, 4][..]), (4, &[0, 2, 4]), (3, &[2, 4])] {
            assert_eq!(table.close_idle(limit, now), Room::Free);
            assert_eq!(open(&table), left);
        }
        // A new connection has a moment for its request; a request that is handled stays.
        assert_eq!(table.close_idle(2, now), Room::In(Duration::from_millis(190)));
        assert_eq!(table.close_idle(2, now + Duration::from_millis(190)), Room::Free);
        assert_eq!(table.close_idle(1, now), Room::Unknown);
        assert_eq!(open(&table), [2]);
    }
}
