//! `iamspec record`: forwards requests to an endpoint and records them, until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::audit_log::recorder::Recorder;
use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::aws::trust::Trust;
use crate::commands::options::{address, host_name, shell_line};
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::output::visible::say;

/// The arguments of `iamspec record`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec record --to http://127.0.0.1:5000 -o traffic.har
  aws --endpoint-url http://127.0.0.1:4581 iam create-user --user-name alice
  # After Ctrl-C:
  iamspec audit traffic.har

The proxy forwards GET and POST requests of up to 1 MiB unchanged, so that signatures stay valid. It
refuses other requests. Recording stops before the file is too long to audit. The file contains no
passwords, secret keys, codes, tokens or signatures. It contains the names of users, keys and
policies.")]
pub struct RecordArgs {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:4581")]
    pub listen: SocketAddr,
    /// Endpoint to forward to: a URL, `env`, or `emulator[:PORT]`
    ///
    /// The endpoint receives the `Host` header of the client. The proxy was not tested with AWS.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// HAR file to write; it is complete after Ctrl-C
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Allow an address that other machines can reach
    ///
    /// The proxy forwards the requests of every client.
    #[arg(long, help_heading = "Safety")]
    pub allow_remote: bool,
    /// Accept requests to this host name; repeatable
    ///
    /// The proxy accepts requests whose `Host` is a loopback host or the listening address, so that
    /// no web page can use it.
    #[arg(long, value_name = "NAME", value_parser = host_name, help_heading = "Safety")]
    pub allow_host: Vec<String>,
    /// Certificates of the endpoint to trust
    ///
    /// Default: `AWS_CA_BUNDLE`, `ca_bundle` of the profile, `REQUESTS_CA_BUNDLE`, or the authorities
    /// of the machine.
    #[arg(long, value_name = "FILE", help_heading = "Safety")]
    pub ca_bundle: Option<PathBuf>,
    /// Trust every certificate of an endpoint on this machine
    #[arg(long, conflicts_with = "ca_bundle", help_heading = "Safety")]
    pub insecure: bool,
}

pub(crate) fn record(args: &RecordArgs, out: &mut dyn Write) -> Result<u8> {
    ensure!(
        args.listen.ip().is_loopback() || args.allow_remote,
        "{} can be reached by other machines, and the proxy forwards the requests of every client; \
         listen on 127.0.0.1, or add --allow-remote",
        args.listen
    );
    let config = Config::read()?;
    let destination = Destination::from_option(&args.to, &config)?;
    let trust = Trust::choose(args.ca_bundle.as_ref(), args.insecure, &config, &destination)?;
    // The handler is set before the URL is printed.
    let (stop, stopped) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || _ = stop.send(())).context("cannot handle Ctrl-C")?;
    let recorder =
        Recorder::start(args.listen, &args.allow_host, (&destination, &trust), &args.output)?;
    writeln!(out, "{}", recorder.url())?;
    out.flush()?;
    say(&format!(
        "requests are forwarded to {}; Ctrl-C completes the file",
        destination.shown_url()
    ));
    // An error means that the handler is gone: nothing can stop the proxy any more.
    _ = stopped.recv();
    let counts = recorder.end()?;
    let file = args.output.display().to_string();
    say(&format!("{}: {}", file, counted(counts.entries, "exchange")));
    if counts.left_out > 0 {
        let left_out = counted(counts.left_out, "exchange");
        say(&format!("the file is full: {left_out} not recorded; record into another file"));
    }
    say(&shell_line(&["iamspec".to_owned(), "audit".to_owned(), file]));
    if destination.loopback {
        say(
            "add --lag 0s if the endpoint shows each change at once, and --start empty if it was empty",
        );
    }
    Ok(exit_code::CONFORMS)
}
