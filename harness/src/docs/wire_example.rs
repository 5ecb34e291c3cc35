//! What goes over the wire between our client and the reference endpoint, in names that are the same each time.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::{Endpoint as _, Script};

use crate::client::HttpClient;
use crate::server::{Options, Server};
use crate::wire::attachments::ATTACHMENTS;

/// What tells the names of the pages from those of runs.
const RUN: &str = "docs";

/// A request is answered sooner.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A word that is longer holds a key or a certificate.
const WORD_MAX: usize = 48;

/// The prefixes of the ids of users, groups and policies (E-017).
const RESOURCE_PREFIXES: [&str; 3] = ["AIDA", "AGPA", "ANPA"];

/// A client and an endpoint that speak to each other.
pub(crate) struct WireExample {
    http: HttpClient,
    _server: Server,
}

impl WireExample {
    pub(crate) fn new() -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(free, Options::default())?;
        let http = HttpClient::new(&server.url(), RUN, TIMEOUT)?;
        Ok(Self { http, _server: server })
    }

    /// The request of the call in this place of a script, and its answer.
    pub(crate) fn exchange(&mut self, script: &Script, place: usize) -> Option<String> {
        self.http.fresh();
        for op in script.operations().take(place + 1) {
            self.http.ask(&op);
        }
        let wire = self.http.wire()?;
        let (request, answer) = (stable(&wire.request), stable(wire.answer.trim_end()));
        // What has an id stands in the order of ids, which is another one each time.
        let shuffled = answer.matches("<member>").count() > 1 && answer.contains("EXAMPLE<");
        (!shuffled).then(|| format!("{request}\n\n{answer}"))
    }
}

/// A text without what is different each time: the run in names, ids, dates, keys and markers.
fn stable(text: &str) -> String {
    let part = |it: char| it.is_ascii_alphanumeric() || "+=/:_-".contains(it);
    let lines = text.lines().map(|line| {
        let mut out = String::new();
        let mut rest = line;
        while let Some(start) = rest.find(part) {
            let (before, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|it| !part(it)).unwrap_or(from.len()));
            out.push_str(before);
            out.push_str(&stable_word(word, out.ends_with("<Marker>")));
            rest = after;
        }
        out + rest
    });
    let mut shown: Vec<String> = lines.collect();
    shown.dedup_by(|line, before| line == "…" && before == "…");
    shown.join("\n")
}

fn stable_word(word: &str, is_marker: bool) -> String {
    if is_marker || word.starts_with("Marker=") {
        return word.split_inclusive('=').take(usize::from(!is_marker)).collect::<String>() + "…";
    }
    let word = without_run(word);
    let shape: String =
        word.chars().map(|it| if it.is_ascii_hexdigit() { 'x' } else { it }).collect();
    match shape.as_str() {
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" => "00000000-0000-0000-0000-000000000000".to_owned(),
        "xxxx-xx-xxTxx:xx:xxZ" => "2026-01-01T00:00:00Z".to_owned(),
        _ if shape.matches("xx:").count() == 15 => "…".to_owned(),
        _ if word.len() > WORD_MAX => "…".to_owned(),
        _ => word.split_inclusive(|it: char| !it.is_ascii_alphanumeric()).map(without_id).collect(),
    }
}

/// E-017: what tells sorts of ids apart stays.
fn without_id(piece: &str) -> String {
    let upper = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
    let id = piece.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
    if id.len() < 16 || !id.chars().all(upper) {
        return piece.to_owned();
    }
    let end = piece.get(id.len()..).unwrap_or_default();
    let known = |it: &&str| {
        RESOURCE_PREFIXES.contains(it) || ATTACHMENTS.iter().any(|row| row.id_prefix == *it)
    };
    let sort = id.get(..4).filter(known).unwrap_or_default();
    format!("{sort}EXAMPLE{end}")
}

/// A name without the prefix of the run and the number of its name space.
fn without_run(word: &str) -> String {
    let prefix = format!("iamspec-{RUN}");
    let Some(at) = word.to_lowercase().find(&prefix) else { return word.to_owned() };
    let (before, rest) = word.split_at(at);
    let rest = rest.get(prefix.len()..).unwrap_or_default();
    let rest =
        rest.trim_start_matches(['-', '/']).trim_start_matches(|it: char| it.is_ascii_digit());
    before.to_owned() + &without_run(rest.trim_start_matches(['-', '/']))
}
