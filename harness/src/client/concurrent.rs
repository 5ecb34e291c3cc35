//! Sends several requests at the same moment, each over a connection of its own.
//!
//! The requests are prepared before the first one is sent, and the responses are read after the
//! last one has arrived. All clients therefore share one run and one journal.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use iamspec_conformance::Response;
use iamspec_conformance::concurrency::{ConcurrentEndpoint, TimedCall};
use iamspec_conformance::response::FailureKind;
use iamspec_model::Operation;

use crate::client::connection::transport::{RawResponse, SigningService};
use crate::client::request::PreparedRequest;
use crate::client::sender::Sender;
use crate::client::{HttpClient, journal, response};

/// A raw response with the times of its request and its arrival.
struct TimedResponse {
    raw: Result<RawResponse, Response>,
    start: Duration,
    end: Duration,
}

impl ConcurrentEndpoint for HttpClient {
    fn send_together(&mut self, calls: &[(Operation, Duration)]) -> Vec<TimedCall> {
        let requests: Vec<Result<PreparedRequest, Response>> =
            calls.iter().map(|(op, _)| self.prepare(op)).collect();
        while self.racers.len() < calls.len() {
            match self.sender.unlimited() {
                Ok(racer) => self.racers.push(racer),
                Err(error) => return calls.iter().map(|(op, _)| unsent(op, &error)).collect(),
            }
        }
        let responses = send_all(&requests, calls, &mut self.racers);
        let all = calls.iter().zip(requests).zip(responses);
        all.map(|(((op, _), request), response)| self.read_timed(op, request, response)).collect()
    }
}

fn unsent(op: &Operation, error: &anyhow::Error) -> TimedCall {
    let observed = Response::failed(FailureKind::Unsent, format!("{error:#}"));
    TimedCall { operation: *op, response: observed, start: Duration::ZERO, end: Duration::ZERO }
}

/// Sends all prepared requests at once, each after the delay of its call.
fn send_all(
    requests: &[Result<PreparedRequest, Response>],
    calls: &[(Operation, Duration)],
    racers: &mut [Sender],
) -> Vec<Option<TimedResponse>> {
    let prepared = requests.iter().filter(|it| it.is_ok()).count();
    let (barrier, zero) = (Barrier::new(prepared), Instant::now());
    std::thread::scope(|scope| {
        let threads = requests.iter().zip(calls).zip(racers);
        let threads = threads.map(|((request, (_, delay)), racer)| {
            let request = request.as_ref().ok()?;
            let barrier = &barrier;
            Some(scope.spawn(move || {
                barrier.wait();
                let released = Instant::now();
                while released.elapsed() < *delay {
                    std::hint::spin_loop();
                }
                let start = zero.elapsed();
                let raw = racer.post(SigningService::Iam, &request.form, request.signer.as_ref());
                TimedResponse { raw, start, end: zero.elapsed() }
            }))
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|it| it.and_then(|it| it.join().ok())).collect()
    })
}

impl HttpClient {
    /// Interprets the response of one simultaneous request.
    fn read_timed(
        &mut self,
        op: &Operation,
        request: Result<PreparedRequest, Response>,
        response: Option<TimedResponse>,
    ) -> TimedCall {
        let zero = Duration::ZERO;
        let (request, TimedResponse { raw, start, end }) = match (request, response) {
            (Ok(request), Some(response)) => (request, response),
            (Err(observed), _) => {
                return TimedCall { operation: *op, response: observed, start: zero, end: zero };
            }
            (Ok(_), None) => return unsent(op, &anyhow::anyhow!("its thread panicked")),
        };
        let PreparedRequest { form, creates_new, .. } = request;
        if let Some(trace) = &mut self.sender.trace {
            trace.record(&form, &raw, end.saturating_sub(start));
        }
        let page = raw.and_then(|it| response::read((op, &form), &it, (&mut self.names, false)));
        let observed = match page {
            Ok(page) => self.unless_caused_by_run(op, page.response),
            Err(failure) => failure,
        };
        journal::after(&form, &observed, creates_new, self.journal());
        if matches!(&observed, Response::Failed(it) if !it.kind.had_no_effect()) {
            self.mark_secrets_lost(op);
        }
        TimedCall { operation: *op, response: observed, start, end }
    }
}
