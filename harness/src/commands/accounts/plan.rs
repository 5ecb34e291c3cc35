//! `iamspec plan`.
//!
//! `iamspec plan`: what must be done before a user can go, for the users of a script or for one on an endpoint.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;
use clap::{Args, ValueEnum};
use iamspec_model::{Account, AttachmentKind, Operation, allowed, apply, plan_with_devices};
use serde_json::json;

use crate::client::HttpClient;
use crate::client::inspect::{Holdings, READ};
use crate::commands::test::run;
use crate::commands::test::target::{EndpointArgs, reading};
use crate::report::format::summary::counted;
use crate::{exit_code, export};

/// `iamspec plan`.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// Whom to ask; the model alone if left out.
    #[command(flatten)]
    pub whom: EndpointArgs,
    /// In which form
    #[arg(
        long = "as",
        value_enum,
        value_name = "FORM",
        default_value = "checklist",
        requires = "endpoint"
    )]
    pub form: PlanForm,
    /// Delete the virtual MFA devices that the users leave as well
    #[arg(long)]
    pub devices: bool,
    /// A script that makes the users, of ours (`iamspec list scripts`) or a file; with --endpoint the name
    /// of a user
    #[arg(value_name = "SCRIPT|USER")]
    pub of: String,
}

/// A form of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanForm {
    /// For people
    Checklist,
    /// Commands of the AWS CLI
    AwsCli,
    /// Lines in Python, with a client that is called `iam`
    Boto3,
    /// For programs
    Json,
}

pub(crate) fn plan(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    if args.whom.endpoint.is_some() {
        return of_user(args, out);
    }
    let mut account = Account::default();
    for step in run::named(&args.of)?.iter().flat_map(|script| &script.steps) {
        if allowed(&account, &step.operation).may_be_done() {
            apply(&mut account, &step.operation);
        }
    }
    let mut longest = 0;
    for user in account.users() {
        let calls = steps(&account, user, args.devices);
        writeln!(out, "# u{} is deleted in {}.", user.0, counted(calls.len(), "call"))?;
        for call in &calls {
            writeln!(out, "{}", iamspec_conformance::script::print::operation(call))?;
        }
        longest = longest.max(calls.len());
    }
    Ok(code(longest))
}

fn steps(account: &Account, user: iamspec_model::User, devices: bool) -> Vec<Operation> {
    if devices { plan_with_devices(account, user) } else { iamspec_model::plan(account, user) }
}

const fn code(steps: usize) -> u8 {
    match steps {
        0 => exit_code::NOTHING_RAN,
        1 => exit_code::CONFORMS,
        _ => exit_code::NOT_YET,
    }
}

/// Of a user on an endpoint, which is only read.
fn of_user(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    let mut http = reading(&args.whom)?;
    let user = &args.of;
    let holdings = http.holdings(user);
    if !holdings.exists && holdings.unread.is_empty() {
        eprintln!("iamspec: there is no user called `{user}` at that endpoint");
        return Ok(exit_code::NOTHING_RAN);
    }
    let calls = steps(&holdings.account, READ, args.devices);
    let forms = calls.iter().map(|op| http.form(op)).collect::<Result<Vec<_>>>()?;
    let text = match args.form {
        PlanForm::Checklist => checklist(user, &holdings, &calls, &mut http)?,
        PlanForm::AwsCli => lines(forms.iter().map(|it| export::aws_cli(it))),
        PlanForm::Boto3 => lines(forms.iter().map(|it| export::boto3(it))),
        PlanForm::Json => {
            let calls: Vec<_> = forms.iter().map(|it| export::json(it)).collect();
            let unread: Vec<_> = holdings.unread.iter().map(|(api, _)| *api).collect();
            let plan = json!({ "user": user, "calls": calls, "not_read": unread });
            serde_json::to_string_pretty(&plan)? + "\n"
        }
    };
    write!(out, "{text}")?;
    for (api, answer) in &holdings.unread {
        eprintln!(
            "iamspec: {api} was answered {answer}; allow iam:{api}, or the plan may lack something"
        );
    }
    Ok(if holdings.unread.is_empty() { code(calls.len()) } else { exit_code::INCONCLUSIVE })
}

fn lines(of: impl Iterator<Item = String>) -> String {
    of.map(|it| it + "\n").collect()
}

/// The steps for people, with what each of them destroys.
fn checklist(
    user: &str,
    holdings: &Holdings,
    calls: &[Operation],
    http: &mut HttpClient,
) -> Result<String> {
    let blocking =
        holdings.account.held_by(READ).filter(|it| it.kind.row().blocks.is_some()).count();
    let mut out = match blocking {
        0 => format!("{user} can be deleted now:\n"),
        many => format!("{user} holds {} that must go first:\n", counted(many, "thing")),
    };
    for op in calls {
        let form = http.form(op)?;
        let members =
            form.iter().filter(|(name, _)| !["Action", "Version"].contains(&name.as_str()));
        let own = |(name, value): &&(String, String)| !(name == "UserName" && value == user);
        let named: Vec<&str> = members.filter(own).map(|(_, value)| value.as_str()).collect();
        let api = op.call().map_or("", |call| call.api);
        let line = format!("  [ ] {api} {}", named.first().unwrap_or(&user));
        let loses = op.kind().map_or("", |kind| kind.row().loses);
        _ = match loses {
            "" => writeln!(out, "{line}"),
            loses => writeln!(out, "{line:<70} gone for good: {loses}"),
        };
    }
    let nouns: Vec<&str> = AttachmentKind::blockers().map(|kind| kind.row().noun).collect();
    _ = writeln!(out, "Looked for: {}. Nothing was changed.", nouns.join(", "));
    Ok(out)
}
