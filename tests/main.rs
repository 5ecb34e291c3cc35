//! Tests of the built program as a user sees it: the binary, the server, the client, the documents.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod agreement;
mod api;
mod audit;
mod audit_formats;
mod audit_hidden;
mod audit_random;
mod audit_reads;
mod audit_records;
mod audit_times;
mod audit_unusual;
mod audited_facts;
mod aws;
mod cleanup;
mod cli;
mod compare;
mod connections;
mod crashes;
mod credentials;
mod docs;
mod documents;
mod drivers;
mod dry_run;
mod echo;
mod emulator;
mod evidence;
mod explore;
mod exports;
mod facts;
mod fault_files;
mod fault_injection;
mod form;
mod guard;
mod har;
mod hostile;
mod jobs;
mod killed;
mod known_failures;
mod leftovers;
mod lies;
mod malformed_responses;
mod matrix;
mod mutants;
mod outside_model;
mod pages;
mod permissions;
mod plan_apply;
mod plans;
mod port;
mod protocol;
mod questions;
mod races;
mod readiness;
mod real_account;
mod record;
mod reports;
mod requests;
mod robust;
mod rule_sets;
mod server;
mod shards;
mod shell;
mod signatures;
mod site;
mod surveys;
mod terminal_output;
mod tidy;
mod unusual_names;
mod wire_rules;
mod wire_shapes;

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Endpoint, Mutant, Report, Suite};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::{Options, Server};

/// Runs the program with these arguments and a fixed environment.
fn iamspec(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The program with these arguments, not yet started. It gets no variable of the user except `PATH`,
/// and keeps its journals in a folder of the tests.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamspec"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).current_dir(root()).env_clear().env("PATH", path);
    command.env("COLUMNS", "100").env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Compares a kept file with the text that the code prints for it. `SNAPSHOTS=overwrite` writes it.
fn assert_file(path: &std::path::Path, text: &str) {
    let kept = snapbox::Data::read_from(path, Some(snapbox::data::DataFormat::Text)).raw();
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(text, kept);
}

/// A reference endpoint on a free port.
fn server(mutant: Option<Mutant>) -> Server {
    behaving(ReferenceOptions { mutant, ..ReferenceOptions::default() })
}

/// A reference endpoint with these options.
fn behaving(behavior: ReferenceOptions) -> Server {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(free, Options { behavior, ..Options::default() }).unwrap()
}

fn client(url: &str) -> HttpClient {
    HttpClient::new(url, "test", Duration::from_secs(5)).unwrap()
}

/// Runs every built-in script against an endpoint.
fn run(endpoint: &mut dyn Endpoint) -> Report {
    Suite::new(built_in_scripts().unwrap()).run(endpoint, &mut |_| (), &|| false)
}

/// The program `iamspec serve` on a free port. It ends when this is dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn with(options: &[&str]) -> Self {
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"]);
        let command = command.args(options).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended before.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
