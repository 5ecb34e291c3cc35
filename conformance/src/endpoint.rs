//! Who is asked.

use std::any::Any;
use std::time::Duration;

use iamspec_model::{AttachmentKind, Item, Operation};

use crate::oracle::formats::FormatDeviation;
use crate::response::Response;

/// A name space: the same symbol means different things in two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Namespace(pub usize);

/// One request and its answer as they went over the wire, without what is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireExchange {
    /// The form that was sent, a member a line.
    pub request: String,
    /// The status, and the body as it came, cut where it is long.
    pub answer: String,
}

/// Anything that answers operations: the model itself, a service behind HTTP, a mutant.
pub trait Endpoint {
    /// Enters a name space that was never used: a script finds an empty account.
    fn fresh(&mut self) -> Namespace;

    /// Enters a name space again, to remove what is left there.
    fn enter(&mut self, space: Namespace);

    /// Asks one operation in the name space that was entered last.
    fn ask(&mut self, operation: &Operation) -> Response;

    /// How many requests it has sent so far, retries and pages included. None if each call is one
    /// request.
    fn sent(&self) -> Option<usize> {
        None
    }

    /// What was odd about the form of the last answer; nothing where there is no form.
    fn oddities(&mut self) -> Vec<FormatDeviation> {
        Vec::new()
    }

    /// The last request and its answer, where there is a wire.
    fn wire(&self) -> Option<WireExchange> {
        None
    }

    /// What the service called the last request, where it told and somebody wants to know.
    fn request_id(&self) -> Option<Box<str>> {
        None
    }

    /// Gives a symbol to an item that a listing showed and that has none.
    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item;

    /// Gives an item that the service has named a symbol, where the answer that told its name was lost.
    fn bind(&mut self, _kind: AttachmentKind, _item: Item, _name: &str) {}

    /// One that asks the same service at the same time; nothing where that cannot be.
    fn fork(&self) -> Option<Box<dyn Endpoint + Send>> {
        None
    }

    /// What a fork has learned of names since it was asked last.
    fn learnt(&mut self) -> Option<Box<dyn Any + Send>> {
        None
    }

    /// Takes in what a fork has learned, so that what it made can be removed.
    fn take_in(&mut self, _learnt: Box<dyn Any + Send>) {}

    /// Lets some time pass before a call is asked again, longer after each of so many tries, and tells
    /// how long.
    fn wait(&mut self, tries: u32) -> Duration {
        Duration::from_millis(100 << tries.min(3))
    }
}

/// Counts the requests that the calls take, and reports the count after each call.
pub(crate) struct Counting<'a> {
    pub(crate) inner: &'a mut dyn Endpoint,
    pub(crate) requests: usize,
    pub(crate) tell: &'a mut dyn FnMut(usize),
}

impl Endpoint for Counting<'_> {
    fn fresh(&mut self) -> Namespace {
        self.inner.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.inner.enter(space);
    }

    fn ask(&mut self, operation: &Operation) -> Response {
        let before = self.inner.sent();
        let observed = self.inner.ask(operation);
        let sent = self.inner.sent().zip(before);
        self.requests += sent.map_or(1, |(after, before)| after.saturating_sub(before));
        (self.tell)(self.requests);
        observed
    }

    fn sent(&self) -> Option<usize> {
        Some(self.requests)
    }

    fn oddities(&mut self) -> Vec<FormatDeviation> {
        self.inner.oddities()
    }

    fn wire(&self) -> Option<WireExchange> {
        self.inner.wire()
    }

    fn request_id(&self) -> Option<Box<str>> {
        self.inner.request_id()
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.adopt(kind, name)
    }

    fn bind(&mut self, kind: AttachmentKind, item: Item, name: &str) {
        self.inner.bind(kind, item, name);
    }

    fn wait(&mut self, tries: u32) -> Duration {
        self.inner.wait(tries)
    }
}
