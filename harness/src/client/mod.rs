//! An endpoint behind HTTP: one operation in, one signed request out, one answer understood.

mod element;
mod oddity;
mod request;
mod response;
mod shown;
mod sign;
mod spoil;

pub use element::Element;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::endpoint::Space;
use iamspec_conformance::observed::Cause;
use iamspec_conformance::oddity::Oddity;
use iamspec_conformance::{Endpoint, Observed};
use iamspec_model::{Code, Defect, Flaw, Item, Kind, Operation, With};
use reqwest::Url;

use crate::names::Names;

/// More than this is not an answer. The longest real ones, full pages of certificates, have less.
const ANSWER_MAX: usize = 1 << 20;

/// More pages than this are not a listing of one user's items.
const PAGES_MAX: usize = 100;

/// An IAM service behind HTTP.
pub struct Http {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: Url,
    signer: sign::Signer,
    names: Names,
    /// What was odd about the last answer.
    odd: Vec<Oddity>,
}

/// What came back.
struct Answer {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

impl Http {
    /// A client for a loopback address. `run` tells the names of this run from those of others.
    ///
    /// # Errors
    /// A URL that is not one, or not of this machine; a client that cannot be made.
    pub fn new(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        let url = loopback(endpoint)?;
        // Installing twice fails, and then the first is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("iamspec/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot make an HTTP client")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the client's runtime")?;
        Ok(Self {
            runtime,
            client,
            url,
            signer: sign::Signer::fake(),
            names: Names::new(run),
            odd: Vec::new(),
        })
    }

    /// The real name of what an operation is about.
    #[must_use]
    pub fn name_of(&self, space: Space, op: &Operation) -> String {
        self.names.describe(space, op)
    }

    fn exchange(&mut self, op: &Operation) -> Result<Observed, Observed> {
        let unsendable =
            |error: anyhow::Error| Observed::interrupted(Cause::Unsent, format!("{error:#}"));
        let signer = self.signer_of(op).map_err(unsendable)?;
        let form = request::form(op, &mut self.names).map_err(unsendable)?;
        let mut marker = None;
        let mut seen: Option<Observed> = None;
        for _ in 0..PAGES_MAX {
            let mut form = form.clone();
            form.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
            let answer = self.post(&form, signer.as_ref())?;
            let response::Page { observed, next, odd } =
                response::read((op, &form), &answer, &mut self.names)?;
            self.odd.extend(odd);
            seen = Some(join(seen, observed));
            match (next, seen.take()) {
                (None, Some(seen)) => return Ok(self.unless_ours(op, seen)),
                (next, so_far) => (marker, seen) = (next, so_far),
            }
        }
        Err(Observed::interrupted(Cause::Unreadable, format!("more than {PAGES_MAX} pages")))
    }

    /// A refusal that may be due to what this run itself sent before tells nothing.
    fn unless_ours(&self, op: &Operation, observed: Observed) -> Observed {
        let Observed::Refused { http, code, .. } = &observed else { return observed };
        let why = match (Code::ALL.into_iter().find(|it| it.name() == code), op) {
            (
                Some(Code::InvalidAuthenticationCode),
                Operation::Attach(_, _, device) | Operation::Renew(_, _, device),
            ) if self.names.keyring.repeats_codes(*device) => {
                "its codes were sent before, and a code serves once"
            }
            (
                Some(Code::DuplicateSSHPublicKey | Code::DuplicateCertificate),
                Operation::Issue(_, kind, item, With::Nothing),
            ) if self.names.keyring.shares_body(*kind, *item) => {
                "another script of this run has uploaded the same body"
            }
            _ => return observed,
        };
        Observed::interrupted(Cause::Doubtful, format!("{http} {code}: {why}"))
    }

    /// The user itself, where it is the user that asks.
    fn signer_of(&self, op: &Operation) -> Result<Option<sign::Signer>> {
        let absent = |flaw: Flaw| flaw.row().defect == Defect::Absent;
        let user = match *op {
            Operation::ChangePassword(user) => user,
            Operation::Flawed(user, flaw) if absent(flaw) => user,
            _ => return Ok(None),
        };
        let (id, secret) = self.names.keyring.key(user).with_context(|| {
            format!("u{0} has no access key to sign with; ask CreateAccessKey u{0} before", user.0)
        })?;
        Ok(Some(sign::Signer::with(id, secret)))
    }

    fn post(
        &self,
        form: &[(String, String)],
        signer: Option<&sign::Signer>,
    ) -> Result<Answer, Observed> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request =
            self.client.post(self.url.clone()).header("content-type", request::CONTENT_TYPE);
        let headers = signer.unwrap_or(&self.signer).sign(&self.url, body.as_bytes());
        for (name, value) in
            headers.map_err(|error| Observed::interrupted(Cause::Unsent, format!("{error:#}")))?
        {
            request = request.header(name, value);
        }
        self.runtime.block_on(async {
            let mut response =
                request.body(body).send().await.map_err(|error| interruption(&error))?;
            let status = response.status().as_u16();
            let header = response.headers().get("content-type").and_then(|it| it.to_str().ok());
            let content_type = header.unwrap_or_default().to_owned();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| interruption(&error))? {
                body.extend_from_slice(&chunk);
                if body.len() > ANSWER_MAX {
                    let detail = format!("more than {ANSWER_MAX} bytes");
                    return Err(Observed::interrupted(Cause::Unreadable, detail));
                }
            }
            Ok(Answer { status, content_type, body })
        })
    }
}

impl Endpoint for Http {
    fn fresh(&mut self) -> Space {
        self.names.fresh()
    }

    fn enter(&mut self, space: Space) {
        self.names.enter(space);
    }

    fn ask(&mut self, operation: &Operation) -> Observed {
        self.odd.clear();
        self.exchange(operation).unwrap_or_else(|interrupted| interrupted)
    }

    fn oddities(&mut self) -> Vec<Oddity> {
        std::mem::take(&mut self.odd)
    }

    fn adopt(&mut self, kind: Kind, name: &str) -> Item {
        self.names.adopt(kind, name)
    }

    /// A tenth of a second, then twice as long each time.
    fn wait(&mut self, tries: u32) {
        std::thread::sleep(Duration::from_millis(100 << tries.min(6)));
    }
}

/// The pages of a listing, one after the other.
fn join(before: Option<Observed>, page: Observed) -> Observed {
    match (before, page) {
        (Some(Observed::Done(Some(mut all))), Observed::Done(Some(more))) => {
            all.items.extend(more.items);
            all.strangers.extend(more.strangers);
            all.items.sort_unstable();
            Observed::Done(Some(all))
        }
        (_, page) => page,
    }
}

/// Only this machine is asked: a run makes and deletes users.
fn loopback(endpoint: &str) -> Result<Url> {
    let url = Url::parse(endpoint).with_context(|| {
        format!("`{endpoint}` is not a URL; write one such as http://127.0.0.1:5000")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("`{endpoint}` is not an HTTP URL; write one such as http://127.0.0.1:5000");
    }
    let own = match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        None => false,
    };
    if !own {
        bail!(
            "`{endpoint}` is not a loopback address: a run makes and deletes users, so only endpoints on this machine are asked; forward a port to reach another"
        );
    }
    Ok(url)
}

fn interruption(error: &reqwest::Error) -> Observed {
    let cause = if error.is_connect() {
        Cause::Unreachable
    } else if error.is_timeout() {
        Cause::Timeout
    } else {
        Cause::Reset
    };
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        detail = inner.to_string();
        source = inner.source();
    }
    Observed::interrupted(cause, detail)
}
