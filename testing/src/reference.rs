//! The reference endpoint, for tests of code that calls IAM: it responds as the facts say that AWS does.
//!
//! [`start`] starts it on a free port of this machine. [`ReferenceService`] needs no socket: it is a
//! [`tower_service::Service`], which an SDK can use as its HTTP client. Each has an account of its own.
//!
//! ```
//! use iamspec_testing::reference::{self, Options};
//!
//! # fn main() -> anyhow::Result<()> {
//! let server = reference::start(Options::default())?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

use std::error::Error;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use iamspec_harness::server::InProcessServer;
use tower_service::Service;

pub use iamspec_conformance::reference::{ReferenceOptions, UnspecifiedPolicy};
pub use iamspec_harness::server::fault_injection::FaultPlan;
pub use iamspec_harness::server::{Options, Server};
pub use iamspec_model::Account;

/// An error of a service, with any cause.
type BoxError = Box<dyn Error + Send + Sync>;

/// Starts the reference endpoint on a free port. It stops when the [`Server`] is dropped.
///
/// # Errors
/// No port is free, or the thread cannot start.
pub fn start(options: Options) -> anyhow::Result<Server> {
    Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options)
}

/// The reference endpoint as a service, without a socket. Clones share one account.
#[derive(Clone)]
pub struct ReferenceService(InProcessServer);

impl ReferenceService {
    /// A service with an account of its own.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self(InProcessServer::new(options))
    }
}

impl Default for ReferenceService {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl std::fmt::Debug for ReferenceService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReferenceService").finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for ReferenceService
where
    B: Body<Error: Into<BoxError>> + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    /// The response. It is an error if the body of the request cannot be read, or if an injected fault closes
    /// the connection.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(Into::into)?.to_bytes();
            let response = server.respond(Request::from_parts(head, body)).await;
            let closed = "the connection was closed by an injected fault";
            Ok(response.ok_or(closed)?.map(Full::new))
        })
    }
}
