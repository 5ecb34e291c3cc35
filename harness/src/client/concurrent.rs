//! Several requests at the same moment, each over a connection of its own. Names are chosen before and answers
//! understood after, so that all clients are of one run, with one journal.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use iamspec_conformance::Response;
use iamspec_conformance::concurrency::{ConcurrentEndpoint, TimedCall};
use iamspec_conformance::response::FailureKind;
use iamspec_model::Operation;

use crate::aws::credentials::Identity;
use crate::client::request::RequestForm;
use crate::client::transport::{RawResponse, Sender, SigningService};
use crate::client::{HttpClient, guard, journal, request, response};

/// A request that is ready to go.
pub(crate) struct PreparedRequest {
    pub(crate) form: RequestForm,
    pub(crate) signer: Option<Identity>,
    /// Whether what it makes is new in the journal.
    pub(crate) new: bool,
}

/// An answer, and when it was asked for and had.
struct TimedResponse {
    answer: Result<RawResponse, Response>,
    start: Duration,
    end: Duration,
}

impl ConcurrentEndpoint for HttpClient {
    fn together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        let ready: Vec<Result<PreparedRequest, Response>> =
            calls.iter().map(|(op, _)| self.ready(op)).collect();
        while self.racers.len() < calls.len() {
            match self.sender.another() {
                Ok(racer) => self.racers.push(racer),
                Err(error) => return calls.iter().map(|(op, _)| unsent(op, &error)).collect(),
            }
        }
        let heard = sent(&ready, calls, &mut self.racers);
        let all = calls.iter().zip(ready).zip(heard);
        all.map(|(((op, _), ready), heard)| self.understood(op, ready, heard)).collect()
    }
}

fn unsent(op: &Operation, error: &anyhow::Error) -> TimedCall {
    let observed = Response::interrupted(FailureKind::Unsent, format!("{error:#}"));
    TimedCall { operation: *op, observed, start: Duration::ZERO, end: Duration::ZERO }
}

/// Sends what is ready, all at once but for their head starts.
fn sent(
    ready: &[Result<PreparedRequest, Response>],
    calls: &[(Operation, Duration)],
    racers: &mut [Sender],
) -> Vec<Option<TimedResponse>> {
    let going = ready.iter().filter(|it| it.is_ok()).count();
    let (line, zero) = (Barrier::new(going), Instant::now());
    std::thread::scope(|scope| {
        let clients = ready.iter().zip(calls).zip(racers);
        let clients = clients.map(|((ready, (_, wait)), racer)| {
            let ready = ready.as_ref().ok()?;
            let line = &line;
            Some(scope.spawn(move || {
                line.wait();
                let begun = Instant::now();
                while begun.elapsed() < *wait {
                    std::hint::spin_loop();
                }
                let start = zero.elapsed();
                let answer = racer.post(SigningService::Iam, &ready.form, ready.signer.as_ref());
                TimedResponse { answer, start, end: zero.elapsed() }
            }))
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|it| it.and_then(|it| it.join().ok())).collect()
    })
}

impl HttpClient {
    /// A client of the same run, for another thread: with names and connections of its own, and the same journal.
    pub(crate) fn forked(&self) -> Option<Self> {
        Some(Self {
            sender: self.sender.fork()?,
            journal: self.journal.clone(),
            names: self.names.fork(),
            odd: Vec::new(),
            last: None,
            racers: Vec::new(),
            recording: self.recording,
        })
    }

    pub(crate) fn ready(&mut self, op: &Operation) -> Result<PreparedRequest, Response> {
        let unsendable =
            |error: anyhow::Error| Response::interrupted(FailureKind::Unsent, format!("{error:#}"));
        let signer = self.signer_of(op).map_err(unsendable)?;
        let form = request::form(op, &mut self.names).map_err(unsendable)?;
        guard::check(&form, &self.names, signer.is_some()).map_err(unsendable)?;
        let new = journal::before(&form, self.journal()).map_err(unsendable)?;
        Ok(PreparedRequest { form, signer, new })
    }

    fn understood(
        &mut self,
        op: &Operation,
        ready: Result<PreparedRequest, Response>,
        heard: Option<TimedResponse>,
    ) -> TimedCall {
        let zero = Duration::ZERO;
        let (ready, TimedResponse { answer, start, end }) = match (ready, heard) {
            (Ok(ready), Some(heard)) => (ready, heard),
            (Err(observed), _) => {
                return TimedCall { operation: *op, observed, start: zero, end: zero };
            }
            (Ok(_), None) => return unsent(op, &anyhow::anyhow!("its client broke down")),
        };
        if let Some(trace) = &mut self.sender.trace {
            trace.note(&ready.form, &answer, end.saturating_sub(start));
        }
        let page = answer.and_then(|it| response::read((op, &ready.form), &it, &mut self.names));
        let observed = match page {
            Ok(page) => self.unless_ours(op, page.observed),
            Err(lost) => lost,
        };
        journal::after(&ready.form, &observed, ready.new, self.journal());
        if matches!(&observed, Response::Interrupted(it) if !it.cause.changed_nothing()) {
            self.lose_secrets(op);
        }
        TimedCall { operation: *op, observed, start, end }
    }
}
