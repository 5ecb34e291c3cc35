//! The reference endpoint: the model behind HTTP. It answers as the facts say that AWS does, down to
//! the bytes, and keeps names, ids and bodies, which the model does not know. On bad days it does
//! what its faults say.

pub(crate) mod auth;
pub mod capture;
mod details;
pub mod fault_injection;
#[cfg(test)]
mod growth;
mod handler;
pub mod listener;
mod mutants;
mod pagination;
mod parse;
mod responses;
mod store;
mod validation;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_model::Account;
use tokio::sync::oneshot;

use crate::server::capture::RequestLog;
use crate::server::fault_injection::history::StateHistory;
use crate::server::fault_injection::plan::FaultPlan;
use crate::server::handler::ServerState;
use crate::server::listener::Limits;
use crate::server::store::Store;

/// The model, with what only a server knows.
#[derive(Clone)]
pub(crate) struct ModelState {
    account: Account,
    registry: Store,
    behaviour: ReferenceOptions,
}

type Shared = Arc<Mutex<ServerState>>;

/// What a reference endpoint is like.
#[derive(Debug, Default)]
pub struct Options {
    /// What is true at first: nothing exists; quotas may be others than AWS's.
    pub account: Account,
    /// What it does where nobody knows, and what it does wrong.
    pub behaviour: ReferenceOptions,
    /// Its bad days.
    pub faults: FaultPlan,
    /// Whether the signature of each request must hold.
    pub verify_signatures: bool,
    /// What a client may take of it.
    pub limits: Limits,
}

/// A reference endpoint that listens, on a thread of its own, until it is dropped.
pub struct Server {
    address: SocketAddr,
    house: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Listens on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken, or no thread can be started.
    pub fn start(address: SocketAddr, options: Options) -> Result<Self> {
        let listener = std::net::TcpListener::bind(address).with_context(|| {
            format!(
                "cannot listen on {address}; choose another with --listen, port 0 takes a free one"
            )
        })?;
        listener.set_nonblocking(true).context("cannot use the listening socket")?;
        let address = listener.local_addr().context("cannot read the listening address")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the server's runtime")?;
        let Options { account, behaviour, faults: plan, verify_signatures: verifies, limits } =
            options;
        let world = ModelState { account, registry: Store::default(), behaviour };
        let house = ServerState {
            world,
            past: StateHistory::of(&plan),
            plan,
            verifies,
            came: 0,
            heard: None,
        };
        let house = Arc::new(Mutex::new(house));
        let (stop, stopped) = oneshot::channel();
        let serve = listener::serve(listener, Arc::clone(&house), limits, stopped);
        let thread = std::thread::Builder::new()
            .name("reference".to_owned())
            .spawn(move || _ = runtime.block_on(serve))
            .context("cannot start the server's thread")?;
        Ok(Self { address, house, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether no user and no object exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.house.lock().unwrap_or_else(PoisonError::into_inner).world.account.is_empty()
    }

    /// How often each sort of fault happened, in the order of the plan.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, u64)> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner).plan.counts()
    }

    /// From now on it is kept what comes, until it is taken.
    #[must_use]
    pub fn ears(&self) -> RequestLog {
        let ears = RequestLog(Arc::clone(&self.house));
        _ = ears.take();
        ears
    }

    /// Ends it, within the time that its limits give to what is being answered.
    pub fn end(mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            _ = stop.send(());
        }
    }
}
