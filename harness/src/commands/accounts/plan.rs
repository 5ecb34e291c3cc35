//! `iamspec plan`: the calls that delete a user, for the users of a script or for a user of a real
//! account. The account is only read.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use iamspec_conformance::script::print;
use iamspec_model::{
    Account, AttachmentKind, Operation, User, allowed, apply, deletion_plan_with_devices,
};
use serde_json::json;

use crate::client::HttpClient;
use crate::client::inspect::{Holdings, READ};
use crate::commands::selection::by_name;
use crate::commands::test::target::{EndpointArgs, positive, read_only_client};
use crate::report::format::summary::counted;
use crate::{exit_code, export};

/// The arguments of `iamspec plan`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The users of a script, in the model alone.
  iamspec plan delete-user/two-of-everything
  iamspec plan my.script --devices
  # A user of the account that your credentials belong to.
  iamspec plan alice --endpoint aws
  iamspec plan alice --endpoint http://127.0.0.1:5000 --as aws-cli

With --endpoint, the command calls GetUser and the list action of each attachment kind. It changes
nothing.")]
pub struct PlanArgs {
    /// Script, or with --endpoint the name of a user
    ///
    /// A script file or the name of a built-in script (`iamspec list scripts`).
    #[arg(value_name = "SCRIPT|USER")]
    pub subject: String,
    /// Also delete the users' virtual MFA devices
    #[arg(long)]
    pub devices: bool,
    /// Endpoint whose user to plan for
    ///
    /// A URL; `env` for the endpoint that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL` or the AWS
    /// profile names; or `aws` for AWS itself. Default: no endpoint; the users of a script.
    #[arg(long, value_name = "URL|env|aws", help_heading = "Target")]
    pub endpoint: Option<String>,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600), help_heading = "Target")]
    pub timeout: u64,
    /// Maximum number of requests per second
    ///
    /// Default: 5 if the endpoint is not on this machine, otherwise unlimited.
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Target")]
    pub rate: Option<f64>,
    /// Format of the plan
    #[arg(
        long = "as",
        value_enum,
        value_name = "FORMAT",
        default_value = "checklist",
        requires = "endpoint",
        help_heading = "Output"
    )]
    pub format: PlanFormat,
    /// Write all requests and responses as JSON Lines, without secrets
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub trace: Option<PathBuf>,
    /// Ignored: the command changes nothing.
    #[arg(long, value_name = "ID", hide = true)]
    pub i_own_this_account: Option<String>,
    /// Ignored: the command creates nothing.
    #[arg(long, value_name = "FOLDER", hide = true)]
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
}

pub(crate) fn plan(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    if args.endpoint.is_some() {
        return plan_of_user(args, out);
    }
    let mut account = Account::default();
    for step in by_name(&args.subject)?.iter().flat_map(|script| &script.steps) {
        if allowed(&account, &step.operation).may_succeed() {
            apply(&mut account, &step.operation);
        }
    }
    let mut longest = 0;
    for user in account.users() {
        let calls = calls_for(&account, user, args.devices);
        writeln!(out, "# u{} is deleted in {}.", user.0, counted(calls.len(), "call"))?;
        for call in &calls {
            writeln!(out, "{}", print::operation(call))?;
        }
        longest = longest.max(calls.len());
    }
    Ok(code(longest))
}

fn calls_for(account: &Account, user: User, devices: bool) -> Vec<Operation> {
    if devices {
        deletion_plan_with_devices(account, user)
    } else {
        iamspec_model::deletion_plan(account, user)
    }
}

const fn code(calls: usize) -> u8 {
    match calls {
        0 => exit_code::NOTHING_RAN,
        1 => exit_code::CONFORMS,
        _ => exit_code::NOT_YET,
    }
}

/// Prints the plan of a user of an account.
fn plan_of_user(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    let mut http = read_only_client(&EndpointArgs {
        endpoint: args.endpoint.clone(),
        timeout: args.timeout,
        rate: args.rate,
        trace: args.trace.clone(),
        i_own_this_account: None,
        journal: None,
    })?;
    let user = &args.subject;
    let holdings = http.holdings(user);
    if !holdings.exists && holdings.unread_actions.is_empty() {
        eprintln!("iamspec: there is no user `{user}` at that endpoint");
        return Ok(exit_code::NOTHING_RAN);
    }
    let calls = calls_for(&holdings.account, READ, args.devices);
    let forms = calls.iter().map(|op| http.form(op)).collect::<Result<Vec<_>>>()?;
    let text = match args.format {
        PlanFormat::Checklist => checklist(user, &holdings, &calls, &mut http)?,
        PlanFormat::AwsCli => lines(forms.iter().map(|it| export::aws_cli(it))),
        PlanFormat::Boto3 => lines(forms.iter().map(|it| export::boto3(it))),
        PlanFormat::Json => {
            let calls: Vec<_> = forms.iter().map(|it| export::json(it)).collect();
            let unread: Vec<_> =
                holdings.unread_actions.iter().map(|(action, _)| *action).collect();
            let plan = json!({ "user": user, "calls": calls, "not_read": unread });
            serde_json::to_string_pretty(&plan)? + "\n"
        }
    };
    write!(out, "{text}")?;
    for (action, response) in &holdings.unread_actions {
        eprintln!(
            "iamspec: the response to {action} was {response}; allow iam:{action}, otherwise the \
             plan may be incomplete"
        );
    }
    Ok(if holdings.unread_actions.is_empty() { code(calls.len()) } else { exit_code::INCONCLUSIVE })
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.map(|it| it + "\n").collect()
}

/// The plan for people, with the permanent losses of each step.
fn checklist(
    user: &str,
    holdings: &Holdings,
    calls: &[Operation],
    http: &mut HttpClient,
) -> Result<String> {
    let blocking =
        holdings.account.attachments_of(READ).filter(|it| it.kind.row().blocks.is_some()).count();
    let mut out = match blocking {
        0 => format!("{user} can be deleted now:\n"),
        number => {
            format!("{user} has {} that must be removed first:\n", counted(number, "attachment"))
        }
    };
    for op in calls {
        let form = http.form(op)?;
        let parameters =
            form.iter().filter(|(name, _)| !["Action", "Version"].contains(&name.as_str()));
        let is_other = |(name, value): &&(String, String)| !(name == "UserName" && value == user);
        let values: Vec<&str> = parameters.filter(is_other).map(|(_, it)| it.as_str()).collect();
        let action = op.action().map_or("", |call| call.api);
        let line = format!("  [ ] {action} {}", values.first().unwrap_or(&user));
        let loses = op.kind().map_or("", |kind| kind.row().lost_on_removal);
        _ = match loses {
            "" => writeln!(out, "{line}"),
            loses => writeln!(out, "{line:<70} lost permanently: {loses}"),
        };
    }
    let nouns: Vec<&str> = AttachmentKind::blockers().map(|kind| kind.row().noun).collect();
    _ = writeln!(out, "Checked: {}. Nothing was changed.", nouns.join(", "));
    Ok(out)
}
