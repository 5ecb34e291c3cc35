//! Requests and responses between the client and the reference server, as stable examples.
//!
//! A real client talks to a real server over HTTP. Run names, ids, dates, keys and markers differ
//! from run to run, so they are replaced by constants.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::{Endpoint as _, Script};

use crate::client::HttpClient;
use crate::server::{Options, Server};
use crate::wire::attachments::ATTACHMENTS;
use crate::wire::identifiers::{
    PartShape, WordShape, map_parts, map_words, without_run_names, word_shape,
};

/// The run id in the names of the examples.
const RUN: &str = "docs";

/// The reference server responds much sooner.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A longer word is part of a key or certificate.
const MAX_WORD_LEN: usize = 48;

/// The prefixes of the ids of users, groups and policies (E-017).
const RESOURCE_PREFIXES: [&str; 3] = ["AIDA", "AGPA", "ANPA"];

/// A client and the server that it talks to.
pub(crate) struct WireExample {
    http: HttpClient,
    _server: Server,
}

impl WireExample {
    pub(crate) fn new() -> Result<Self> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(any_port, Options { ordered_ids: true, ..Options::default() })?;
        let http = HttpClient::new(&server.url(), RUN, TIMEOUT)?;
        Ok(Self { http, _server: server })
    }

    /// The request at this index of the script, and its response. Listings are sorted by generated
    /// ids; those of this server are in the order of creation.
    pub(crate) fn exchange(&mut self, script: &Script, index: usize) -> Option<String> {
        self.http.enter_new_namespace();
        for op in script.operations().take(index + 1) {
            self.http.execute(&op);
        }
        let wire = self.http.reference_exchange()?;
        let (request, response) = (stable(&wire.request), stable(wire.response.trim_end()));
        Some(format!("{request}\n\n{response}"))
    }
}

/// Replaces everything that differs between runs: run names, ids, dates, keys and markers.
fn stable(text: &str) -> String {
    let lines = text.lines().map(|line| {
        map_words(&without_run_names(line), |before, word| {
            stable_word(word, before.ends_with("<Marker>"))
        })
    });
    let mut lines: Vec<String> = lines.collect();
    lines.dedup_by(|line, before| line == "…" && before == "…");
    lines.join("\n")
}

fn stable_word(word: &str, is_marker: bool) -> String {
    if is_marker || word.starts_with("Marker=") {
        return word.split_inclusive('=').take(usize::from(!is_marker)).collect::<String>() + "…";
    }
    match word_shape(word) {
        WordShape::Uuid => "00000000-0000-0000-0000-000000000000".to_owned(),
        WordShape::Date => "2026-01-01T00:00:00Z".to_owned(),
        WordShape::Fingerprint => "…".to_owned(),
        _ if word.len() > MAX_WORD_LEN => "…".to_owned(),
        _ => map_parts(word, |shape, part| match shape {
            PartShape::Id => example_id(part),
            _ => part.to_owned(),
        }),
    }
}

/// Replaces a generated id but keeps the prefix that states the type of the id (E-017).
fn example_id(id: &str) -> String {
    let known = |it: &&str| {
        RESOURCE_PREFIXES.contains(it) || ATTACHMENTS.iter().any(|row| row.id_prefix == *it)
    };
    let prefix = id.get(..4).filter(known).unwrap_or_default();
    format!("{prefix}EXAMPLE")
}

#[cfg(test)]
mod tests {
    use iamspec_conformance::script::corpus::built_in_scripts;

    use super::*;

    /// The server of each example has new ids. A listing in the order of random ids would differ.
    #[test]
    fn the_pages_of_a_listing_that_is_sorted_by_ids_are_the_same_in_each_build() {
        let scripts = built_in_scripts().unwrap();
        let names = [
            "one-by-one/service-credential",
            "one-by-one/signing-certificate",
            "list-policies/listed",
        ];
        for name in names {
            let script = scripts.iter().find(|it| it.name == name).unwrap();
            let pages = || -> Vec<_> {
                let mut example = WireExample::new().unwrap();
                (0..script.steps.len()).map(|it| example.exchange(script, it)).collect()
            };
            let first = pages();
            for _ in 0..8 {
                assert_eq!(pages(), first, "{name}");
            }
        }
    }
}
