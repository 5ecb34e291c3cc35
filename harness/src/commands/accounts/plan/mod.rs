//! `iamspec plan`: the calls that delete a user, for the users of a script or for users of a real
//! account. Without `--apply`, the account is only read.

mod apply;
mod apply_journal;
mod deletion;
mod forms;
mod script;
mod subject;
mod survey;

use std::io::Write;
use std::path::PathBuf;
use std::slice;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use iamspec_model::AttachmentKind;

use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::client::account::Caller;
use crate::client::account::holdings::Presence;
use crate::commands::accounts::plan::deletion::DeletionPlan;
use crate::commands::accounts::plan::subject::Subjects;
use crate::commands::connection::ConnectionArgs;
use crate::commands::options::seconds;
use crate::commands::test::target::{
    EndpointArgs, MAX_WAIT, owned_account_client, positive, read_only_client,
};
use crate::exit_code;
use crate::wire::output::visible::say;
use crate::wire::output::visible::visible;

/// The arguments of `iamspec plan`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The users of a script, in the model alone.
  iamspec plan delete-user/two-of-everything
  iamspec plan my.script --devices
  # A user of the account that your credentials belong to.
  iamspec plan alice --endpoint aws
  iamspec plan alice --endpoint http://127.0.0.1:5000 --as aws-cli
  # Carry out the plan, including the deletion of the user.
  iamspec plan alice --endpoint http://127.0.0.1:5000 --apply --delete-user
  # How many items each user holds, one row for each user.
  iamspec plan --all --endpoint aws --as csv

With --endpoint, the command calls GetUser and the list action of each attachment kind. Without
--apply, it changes nothing. If a part could not be read, the plan is incomplete: it names that
part and has no call that deletes the user, and the exit code is 3.")]
pub struct PlanArgs {
    /// Script, or with --endpoint the name of a user
    ///
    /// A script file or the name of a built-in script (`iamspec list scripts`).
    #[arg(
        value_name = "SCRIPT|USER",
        required_unless_present_any = ["from", "path_prefix", "all"],
        conflicts_with_all = ["from", "path_prefix", "all"]
    )]
    pub subject: Option<String>,
    /// Also delete the users' virtual MFA devices
    ///
    /// Other MFA devices are deactivated only.
    #[arg(long)]
    pub devices: bool,
    /// Many users.
    #[command(flatten)]
    pub many: ManyArgs,
    /// The application of the plan.
    #[command(flatten)]
    pub apply: ApplyArgs,
    /// Kind to assume absent if its listing is missing; repeatable
    ///
    /// For emulators on this machine: if the listing is not implemented or does not find the user,
    /// the plan assumes that the user holds nothing of the kind, and names the assumption.
    /// `iamspec list kinds` prints the kinds.
    #[arg(long, value_name = "KIND", requires = "endpoint", value_parser = kind, help_heading = "Target")]
    pub assume_none: Vec<AttachmentKind>,
    /// Endpoint of the user
    ///
    /// A URL; `env` for the endpoint that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL` or the AWS
    /// profile names; `aws` for AWS itself; or `emulator[:PORT]` for a running AWS Emulator. Default:
    /// no endpoint; the users of a script.
    #[arg(long, value_name = "URL|env|aws|emulator", help_heading = "Target")]
    pub endpoint: Option<String>,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds::<1, 600>, help_heading = "Target")]
    pub timeout: u64,
    /// Maximum number of requests per second
    ///
    /// Default: 5 if the endpoint is not on this machine, otherwise unlimited.
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Target")]
    pub rate: Option<f64>,
    /// Format of the plan
    ///
    /// Default: checklist for one user, table for many users.
    #[arg(
        long = "as",
        value_enum,
        value_name = "FORMAT",
        requires = "endpoint",
        conflicts_with = "apply",
        help_heading = "Output"
    )]
    pub format: Option<PlanFormat>,
    /// Write all requests and responses as JSON Lines, without secrets
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub trace: Option<PathBuf>,
    /// Credentials and certificates.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

impl PlanArgs {
    /// Whether the command prints a format for programs.
    pub(crate) const fn prints_data(&self) -> bool {
        use PlanFormat::{AwsCli, Boto3, Csv, Json};
        matches!(self.format, Some(AwsCli | Boto3 | Csv | Json))
    }
}

/// Which users a report is about.
#[derive(Args, Debug)]
#[command(next_help_heading = "Many users")]
pub struct ManyArgs {
    /// Report on the users in this file, one name per line
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub from: Option<PathBuf>,
    /// Report on the users below this path, such as `/team/`
    #[arg(long, value_name = "PATH", requires = "endpoint", conflicts_with_all = ["from", "all"])]
    pub path_prefix: Option<String>,
    /// Report on every user of the account
    #[arg(long, requires = "endpoint", conflicts_with = "from")]
    pub all: bool,
}

/// How a plan is carried out.
#[derive(Args, Debug)]
#[command(next_help_heading = "Apply")]
pub struct ApplyArgs {
    /// Carry out the plan after a confirmation
    ///
    /// Removes what the user holds. The user itself stays, unless --delete-user is set.
    #[arg(long, requires = "endpoint", conflicts_with_all = ["from", "path_prefix", "all"])]
    pub apply: bool,
    /// With --apply: also delete the user itself
    #[arg(long, requires = "apply")]
    pub delete_user: bool,
    /// With --apply: do not ask for a confirmation
    ///
    /// Required if standard input is not a terminal.
    #[arg(long, requires = "apply")]
    pub yes: bool,
    /// With --apply: seconds to repeat a call that is refused
    ///
    /// A call is repeated if the endpoint returns `DeleteConflict`, `ConcurrentModification`,
    /// `EntityTemporarilyUnmodifiable` or a throttling error. After a lost response, it is repeated
    /// twice at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = seconds::<0, 600>)]
    pub retry_for: u64,
    /// Account that --apply may change
    ///
    /// Required with --apply if the endpoint is not on this machine. The credentials must belong to
    /// this account.
    #[arg(long, value_name = "ID")]
    pub i_own_this_account: Option<String>,
    /// Folder for the journal of --apply
    ///
    /// Default: `iamspec` in the user's state folder.
    #[arg(long, value_name = "FOLDER")]
    pub journal: Option<PathBuf>,
}

/// A format of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A checklist for people
    Checklist,
    /// Commands of the AWS CLI
    AwsCli,
    /// Python statements for a client named `iam`
    Boto3,
    /// JSON for programs
    Json,
    /// A table with one row for each user
    Table,
    /// The same rows, separated by commas
    Csv,
}

/// The endpoint of printed commands and of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanTarget {
    /// The URL of the endpoint.
    pub(crate) url: String,
    /// The region that requests are signed for.
    pub(crate) region: String,
    /// The AWS profile that the user has selected, if its credentials apply.
    pub(crate) profile: Option<String>,
    /// Whether the endpoint is on this machine.
    pub(crate) local: bool,
    /// The account of a remote endpoint, if the user owns it.
    pub(crate) account: Option<String>,
}

/// The attachment kind of this name.
fn kind(name: &str) -> Result<AttachmentKind, String> {
    let found = AttachmentKind::blockers().find(|it| it.row().name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = AttachmentKind::blockers().map(|it| it.row().name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(crate) fn plan(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    let Some(endpoint) = &args.endpoint else { return script::plan(args, out) };
    check_format(args)?;
    // A wrong name is an error before anything is sent.
    let subjects = subject::subjects(args)?;
    let config = args.connection.config()?;
    let destination = Destination::from_option(endpoint, &config)?;
    let mut target = target_of(&destination, &config);
    if !args.assume_none.is_empty() && !target.local {
        bail!("--assume-none is for emulators on this machine; {} is not one", target.url);
    }
    let endpoint_args = endpoint_args(args);
    let user = match subjects {
        Subjects::One(user) => user,
        Subjects::Many(selection) => {
            let mut http = read_only_client(&endpoint_args)?;
            let code = survey::survey(args, &mut http, &selection, out)?;
            return http.check_trace().map(|()| code);
        }
    };
    let mut http = if args.apply.apply {
        let (http, caller) = owned_account_client(&endpoint_args, &config, &destination, "nobody")?;
        if let Some(Caller { account, arn }) = &caller {
            say(&format!("account {}, caller {}", visible(account), visible(arn)));
        }
        target.account = caller.map(|it| it.account);
        http
    } else {
        read_only_client(&endpoint_args)?
    };
    let plan = DeletionPlan::read(&mut http, &user, args)?;
    if args.apply.apply {
        let code = apply::apply(args, &mut http, plan, &target, &config, out)?;
        return http.check_trace().map(|()| code);
    }
    http.check_trace()?;
    if plan.held.presence == Presence::Absent {
        say(&format!("iamspec: there is no user `{user}` at that endpoint"));
    } else if !plan.held.is_complete() {
        say(&format!("iamspec: {}", forms::headline(&plan)));
    }
    let text = match args.format.unwrap_or(PlanFormat::Checklist) {
        PlanFormat::Checklist => forms::checklist(&plan),
        PlanFormat::AwsCli => forms::aws_cli(&plan, &target),
        PlanFormat::Boto3 => forms::boto3(&plan, &target),
        PlanFormat::Json => forms::json(&plan, &target)?,
        PlanFormat::Table => survey::table(slice::from_ref(&plan.held)),
        PlanFormat::Csv => survey::csv(slice::from_ref(&plan.held)),
    };
    write!(out, "{text}")?;
    Ok(code(&plan))
}

/// The exit code of a plan that is printed.
fn code(plan: &DeletionPlan) -> u8 {
    match plan.held.presence {
        Presence::Absent => exit_code::NOTHING_RAN,
        _ if !plan.held.is_complete() => exit_code::INCONCLUSIVE,
        _ if plan.held.items.is_empty() => exit_code::CONFORMS,
        _ => exit_code::NOT_YET,
    }
}

/// Checks that the format fits the number of users.
fn check_format(args: &PlanArgs) -> Result<()> {
    let one =
        matches!(args.format, Some(PlanFormat::Checklist | PlanFormat::AwsCli | PlanFormat::Boto3));
    if one && args.subject.is_none() {
        bail!("many users have the formats table, csv and json; give one of them with --as");
    }
    Ok(())
}

fn endpoint_args(args: &PlanArgs) -> EndpointArgs {
    EndpointArgs {
        endpoint: args.endpoint.clone(),
        timeout: args.timeout,
        rate: args.rate,
        trace: args.trace.clone(),
        i_own_this_account: args.apply.i_own_this_account.clone(),
        journal: args.apply.journal.clone(),
        connection: args.connection.clone(),
        wait: None,
        max_wait: MAX_WAIT,
    }
}

/// The target of printed commands. A profile is named if the user has selected one, unless the
/// variables with an access key take precedence.
fn target_of(destination: &Destination, config: &Config) -> PlanTarget {
    let selected = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
    let selected = selected.iter().any(|name| config.variable(name).is_some());
    let has_key = config.variable("AWS_ACCESS_KEY_ID").is_some();
    let profile = config.is_profile_named() || selected && !has_key;
    PlanTarget {
        url: destination.url.as_str().trim_end_matches('/').to_owned(),
        region: destination.region.clone(),
        profile: profile.then(|| config.profile().to_owned()),
        local: destination.loopback,
        account: None,
    }
}
