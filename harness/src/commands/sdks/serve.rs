//! `iamspec serve`: runs the reference endpoint until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::reference::UnspecifiedPolicy;
use iamspec_model::{ATTACHMENTS, Account, AttachmentKind};

use crate::aws::config::Config;
use crate::aws::credentials::Identity;
use crate::commands::connection::CredentialsArg;
use crate::commands::options::{address, host_name};
use crate::commands::test::target::reference_options;
use crate::exit_code;
use crate::server::fault_injection::FaultPlan;
use crate::server::{Options, Server};
use crate::wire::output::visible::say;

/// The arguments of `iamspec serve`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = LONG_HELP)]
pub struct ServeArgs {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:4580")]
    pub listen: SocketAddr,
    /// Allow an address that other machines can reach
    ///
    /// The reference endpoint has no access control.
    #[arg(long, alias = "anybody-may-connect", help_heading = "Safety")]
    pub allow_remote: bool,
    /// Accept requests to this host name; repeatable
    ///
    /// The reference endpoint accepts requests whose `Host` is a loopback host or the listening
    /// address, so that no web page can use it. If it listens on all addresses, it accepts every
    /// address of the machine. A client that uses another name needs this option.
    #[arg(long, value_name = "NAME", value_parser = host_name, help_heading = "Safety")]
    pub allow_host: Vec<String>,
    /// Accept only signed requests
    ///
    /// The signature must be at most 15 minutes old, for us-east-1 and iam; or for sts, if the
    /// action is `GetCallerIdentity`. The caller is the owner of the key. The key is that of
    /// --credentials, or an active access key that was created here.
    #[arg(long, help_heading = "Safety")]
    pub verify_signatures: bool,
    /// Access key of the root user
    ///
    /// The example key is AKIAIOSFODNN7EXAMPLE with the secret
    /// wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.
    #[arg(
        long,
        value_enum,
        value_name = "SOURCE",
        default_value = "test",
        help_heading = "Safety"
    )]
    pub credentials: CredentialsArg,
    /// Defect of the server (`iamspec list mutants`)
    #[arg(long, value_name = "NAME", help_heading = "Behavior")]
    pub mutant: Option<String>,
    /// Policy for unspecified behavior
    ///
    /// `presume` follows the strongest facts, `accept` accepts every such request, `refuse` refuses
    /// it, and a number is the seed of a random choice.
    #[arg(
        long,
        alias = "may",
        value_name = "presume|accept|refuse|SEED",
        default_value_t,
        help_heading = "Behavior"
    )]
    pub unspecified: UnspecifiedPolicy,
    /// Change a quota; repeatable
    #[arg(long, value_name = "NAME=N", help_heading = "Behavior")]
    pub quota: Vec<String>,
    /// Inject the faults of this file (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Behavior")]
    pub faults: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  iamspec serve
  iamspec serve --quota UsersPerAccount=100000
  iamspec serve --faults faults.toml
  aws --endpoint-url http://127.0.0.1:4580 iam create-user --user-name alice

`iamspec serve --help` describes the fault file.";

const LONG_HELP: &str = r#"Examples:
  iamspec serve
  iamspec serve --quota UsersPerAccount=100000
  iamspec serve --faults faults.toml
  aws --endpoint-url http://127.0.0.1:4580 iam create-user --user-name alice

A fault file; if several faults apply to a request, the first one happens:
  # The seed of random choices.
  seed = 7

  [[fault]]
  # The kind of fault, see below.
  sort = "throttle"
  # The actions; default: `*`, all actions.
  on = "List*"
  # Or `every = 10`, or `first = 3`; default: every request.
  chance = 0.1
  # The maximum number of times.
  times = 20
  retry-after = 1

  lag           reads show the state of `ms = N` or `calls = N` ago
  lingering     a deletion still sees attachments removed less than `ms` or `calls` ago
  unmodifiable  a new login profile cannot be changed for `ms` or `calls`
  concurrent    409 ConcurrentModification
  throttle      400 Throttling; `retry-after = SECONDS`
  fail          `status = 500` or 503; `effect = true` if the call succeeds anyway
  drop          no response; `effect = true` if the call succeeds anyway
  slow          `ms` late; with `chunk = BYTES`, `ms` between chunks
  truncate      half a response; `clean = true` without a contradicting length
  twice         the response twice in one body
  html          an HTML page, `status = 502` or 200; `effect = true` as above
  empty-page    an empty page of a listing that promises more
  odd-marker    a page whose marker contains characters that a form must encode
  same-marker   a page whose marker leads to the same page
For the first three faults, the server keeps at most 64 changes."#;

pub(crate) fn serve(args: &ServeArgs, out: &mut dyn Write) -> Result<u8> {
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        bail!(
            "{} is not a loopback address, and the reference endpoint lets every client do \
             everything; to allow it, add --allow-remote",
            args.listen.ip()
        );
    }
    // The handler is set before the URL is printed.
    let (stop, stopped) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || _ = stop.send(())).context("cannot handle Ctrl-C")?;
    let behavior = reference_options(args.unspecified, args.mutant.as_deref())?;
    let faults = args.faults.as_deref().map(FaultPlan::read).transpose()?.unwrap_or_default();
    let account = account_with_quotas(&args.quota)?;
    let options = Options {
        account,
        behavior,
        faults,
        verify_signatures: args.verify_signatures,
        root: root(args.credentials)?,
        allowed_hosts: args.allow_host.clone(),
        ..Options::default()
    };
    let server = Server::start(args.listen, options)?;
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    say("the reference endpoint is running; Ctrl-C stops it");
    // An error means that the handler is gone: nothing can stop the server any more.
    _ = stopped.recv();
    for (sort, injections) in server.faults() {
        say(&format!("injected {sort}: {injections}"));
    }
    server.end();
    Ok(exit_code::CONFORMS)
}

/// The key of the root user; `None` for the example key.
fn root(source: CredentialsArg) -> Result<Option<Identity>> {
    if source == CredentialsArg::Test {
        return Ok(None);
    }
    let found = Identity::of_variables(&Config::read()?)?;
    found.map(Some).context(
        "--credentials env takes the key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are \
         not set; set both",
    )
}

/// The account with the typed quotas.
fn account_with_quotas(typed: &[String]) -> Result<Account> {
    let (mut users, mut kinds) = (None, Vec::new());
    for quota in typed {
        let Some((name, max)) = quota.split_once('=') else {
            bail!("expected NAME=N such as UsersPerAccount=100000, found `{quota}`");
        };
        let max: u32 = max
            .parse()
            .with_context(|| format!("expected a number from 0 to {}, found `{max}`", u32::MAX))?;
        match ATTACHMENTS.iter().find(|row| row.quota.name == name).map(|row| row.kind) {
            Some(kind) => kinds.push((kind, max)),
            None if name == "UsersPerAccount" => users = Some(max),
            None => bail!(
                "there is no quota `{name}`; the quotas are UsersPerAccount, {}",
                AttachmentKind::all().map(|it| it.row().quota.name).collect::<Vec<_>>().join(", ")
            ),
        }
    }
    Ok(Account::with_quotas(users, &kinds))
}
