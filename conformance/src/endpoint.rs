//! The interface of a service under test: [`Endpoint`] runs one operation and returns its response.
//!
//! Implementations include the reference model, the HTTP client and client drivers.

use std::any::Any;
use std::time::Duration;

use iamspec_model::{AttachmentKind, Item, Operation};

use crate::oracle::formats::FormatDeviation;
use crate::oracle::wire::WireViolation;
use crate::response::Response;

/// A namespace. The same symbol stands for different real names in two namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Namespace(pub usize);

/// One HTTP request and its response, with secrets redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireExchange {
    /// The form parameters of the request, one a line.
    pub request: String,
    /// The status and the raw body of the response. A long body is truncated.
    pub response: String,
}

/// A service that runs operations: the reference model, a mutant, or a service behind HTTP.
pub trait Endpoint {
    /// Enters a new namespace, so that a script starts with an empty account.
    fn enter_new_namespace(&mut self) -> Namespace;

    /// Enters an existing namespace again, to delete the remaining resources.
    fn enter_namespace(&mut self, space: Namespace);

    /// Runs one operation in the current namespace.
    fn execute(&mut self, operation: &Operation) -> Response;

    /// Returns the number of requests sent so far, including retries and pages. Returns `None` if
    /// each operation takes exactly one request.
    fn requests_sent(&self) -> Option<usize> {
        None
    }

    /// Returns the format deviations of the last response. Empty if the endpoint has no wire
    /// format.
    fn format_deviations(&mut self) -> Vec<FormatDeviation> {
        Vec::new()
    }

    /// Returns the violations of wire rules in the last response. Empty if the endpoint has no wire
    /// format.
    fn wire_violations(&mut self) -> Vec<WireViolation> {
        Vec::new()
    }

    /// Returns the last request and its response, if the endpoint has a wire format.
    fn last_exchange(&self) -> Option<WireExchange> {
        None
    }

    /// Returns the request id of the last response, if the service sent one and the endpoint
    /// records it.
    fn request_id(&self) -> Option<Box<str>> {
        None
    }

    /// Assigns a new symbol to an item of a listing that has none.
    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item;

    /// Binds a symbol to a service-assigned name. Used if the response that contained the name was
    /// lost.
    fn bind_symbol(&mut self, _kind: AttachmentKind, _item: Item, _name: &str) {}

    /// Creates a second client of the same service, for parallel use. Returns `None` if that is not
    /// possible.
    fn fork(&self) -> Option<Box<dyn Endpoint + Send>> {
        None
    }

    /// Takes the names that a fork has learned since the last call of this method.
    fn take_learned_names(&mut self) -> Option<Box<dyn Any + Send>> {
        None
    }

    /// Merges the names that a fork has learned, so that cleanup can delete what the fork created.
    fn merge_learned_names(&mut self, _names: Box<dyn Any + Send>) {}

    /// Waits before a retry and returns the duration. The duration grows with the number of tries.
    fn wait(&mut self, tries: u32) -> Duration {
        Duration::from_millis(100 << tries.min(3))
    }
}

/// Counts the requests of an endpoint, and reports the count after each operation.
pub(crate) struct Counting<'a> {
    pub(crate) inner: &'a mut dyn Endpoint,
    pub(crate) requests: usize,
    /// Receives the number of requests so far.
    pub(crate) on_progress: &'a mut dyn FnMut(usize),
}

impl Endpoint for Counting<'_> {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.inner.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.inner.enter_namespace(space);
    }

    fn execute(&mut self, operation: &Operation) -> Response {
        let before = self.inner.requests_sent();
        let observed = self.inner.execute(operation);
        let sent = self.inner.requests_sent().zip(before);
        self.requests += sent.map_or(1, |(after, before)| after.saturating_sub(before));
        (self.on_progress)(self.requests);
        observed
    }

    fn requests_sent(&self) -> Option<usize> {
        Some(self.requests)
    }

    fn format_deviations(&mut self) -> Vec<FormatDeviation> {
        self.inner.format_deviations()
    }

    fn wire_violations(&mut self) -> Vec<WireViolation> {
        self.inner.wire_violations()
    }

    fn last_exchange(&self) -> Option<WireExchange> {
        self.inner.last_exchange()
    }

    fn request_id(&self) -> Option<Box<str>> {
        self.inner.request_id()
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.assign_symbol(kind, name)
    }

    fn bind_symbol(&mut self, kind: AttachmentKind, item: Item, name: &str) {
        self.inner.bind_symbol(kind, item, name);
    }

    fn wait(&mut self, tries: u32) -> Duration {
        self.inner.wait(tries)
    }
}
