//! A script as a program that anybody can run: for the issue tracker of an emulator.
//!
//! The members of each call are those that the client sends (`client/request.rs`); what only an answer tells
//! stands in a variable.
//!
//! One call, as a command or a line of a program: for real names.

mod python;
mod shell;
mod variables;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::runner::cleanup::CleanupPlan;
use iamspec_conformance::{Endpoint as _, Reference, Response, Script};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{Account, ErrorCode, Level, Operation, ResourceKind, allowed};
use serde_json::{Map, Value};

use crate::client::request::signed_by;
use crate::client::session::Names;
use crate::driver::adapter::params;
use crate::wire::attachments::{IssuedSecret, wire};
use crate::wire::names;

/// What a script can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// A shell script for the AWS CLI
    AwsCli,
    /// A program in Python
    Boto3,
    /// A shell script for curl, which signs the requests itself
    Curl,
    /// A test in Python
    Pytest,
}

/// A script, ready to be written down.
struct Program {
    name: String,
    idea: String,
    lines: Vec<ProgramLine>,
    /// What removes what it makes, in order.
    undo: Vec<ProgramLine>,
}

/// One call.
struct ProgramLine {
    /// As the script has it.
    call: String,
    /// The status, and the code of a refusal, where only one answer conforms.
    expected: Option<String>,
    form: Vec<(String, String)>,
    op: String,
    params: Map<String, Value>,
    /// Variables, and the members of the answer that they get.
    learns: Vec<(String, Vec<&'static str>)>,
    /// The variables of the key that signs it, where it is not the usual one.
    signer: Option<(String, String)>,
}

/// The program. `endpoint` is where it asks if nobody says otherwise.
///
/// # Errors
/// A call that cannot be made, such as one about an item that was never made.
pub fn export(script: &Script, language: Language, endpoint: &str) -> Result<String> {
    let program = program(script)?;
    Ok(match language {
        Language::Boto3 => python::boto3(&program, endpoint),
        Language::Pytest => python::pytest(&program, endpoint),
        Language::AwsCli => shell::aws_cli(&program, endpoint),
        Language::Curl => shell::curl(&program, endpoint),
    })
}

fn program(script: &Script) -> Result<Program> {
    let mut names = Names::new(variables::RUN);
    let (mut reference, mut leftovers) = (Reference::default(), CleanupPlan::default());
    let mut account = Account::default();
    let mut lines = Vec::new();
    names.fresh();
    reference.fresh();
    for step in &script.steps {
        let op = step.operation;
        let told = expected(&account, &op, step.answer.as_ref());
        let observed = reference.ask(&op);
        leftovers.note(&op, &observed);
        if matches!(observed, Response::Done(_)) {
            iamspec_model::apply(&mut account, &op);
        }
        lines.push(line(&op, told, &mut names).with_context(|| {
            format!(
                "`{}` of {} cannot be written down",
                iamspec_conformance::script::print::operation(&op),
                script.name
            )
        })?);
    }
    let undo = leftovers.undo().iter().rev().map(|op| line(op, None, &mut names));
    let undo = undo.collect::<Result<Vec<_>>>()?;
    Ok(Program { name: script.name.clone(), idea: script.idea.clone(), lines, undo })
}

/// The answer that the script writes, or the only one that conforms.
fn expected(account: &Account, op: &Operation, written: Option<&Response>) -> Option<String> {
    let told = match written {
        Some(Response::Done(_)) => return Some("200".to_owned()),
        Some(Response::Refused { http, code, .. }) => return Some(format!("{http} {code}")),
        Some(Response::Interrupted(_)) => return None,
        None => allowed(account, op),
    };
    let mut rules = told.rules();
    let (rule, more) = (rules.next()?, rules.next());
    if more.is_some() || rule.claim.code.level == Level::Open {
        return None;
    }
    Some(match rule.claim.answer {
        iamspec_model::Expected::Done => "200".to_owned(),
        iamspec_model::Expected::Refused(code) => {
            format!("{} {}", ErrorCode::http(code), code.name())
        }
    })
}

fn line(op: &Operation, expected: Option<String>, names: &mut Names) -> Result<ProgramLine> {
    let signer = match signed_by(op) {
        Some(user) => {
            let Some((id, secret)) = names.keyring.key(user) else {
                bail!("u{} has no access key to sign with", user.0)
            };
            Some((id.to_owned(), secret.to_owned()))
        }
        None => None,
    };
    // The codes of a device that was never made are guesses.
    let device = op.object().filter(|it| it.class == ResourceKind::Device);
    let device = device.filter(|it| names.keyring.seed(it.item).is_some());
    let device = device.filter(|_| op.sound() == *op).map(|it| it.to_string());
    let mut form = crate::client::request::form(op, names)?;
    for (name, value) in &mut form {
        *value = variables::in_variables(name, value, device.as_deref());
    }
    let (api, params) = params(&form);
    let learns = learns(op, names);
    Ok(ProgramLine {
        call: iamspec_conformance::script::print::operation(op),
        expected,
        form,
        op: api,
        params,
        learns,
        signer,
    })
}

/// What the answer tells, and from then on what stands for it in requests.
fn learns(op: &Operation, names: &mut Names) -> Vec<(String, Vec<&'static str>)> {
    match op.sound() {
        Operation::Create(object) if object.class != ResourceKind::Group => {
            let (structure, member) = names::created(object.class);
            let variable =
                format!("{}_{object}", object.class.row().noun.replace(' ', "_").to_lowercase());
            names.bind_resource(object, &variables::variable(&variable));
            let mut learns = vec![(variable, vec![structure, member])];
            if object.class == ResourceKind::Device {
                names.keyring.set_seed(object.item, variables::SEED.to_owned());
                learns.push((format!("seed_{object}"), vec![structure, "Base32StringSeed"]));
            }
            learns
        }
        Operation::Issue(user, kind, item, _) if kind.row().naming == Naming::Service => {
            let Some(structure) = wire(kind).structure else { return Vec::new() };
            let variable = kind.symbol(item).replace(['#', '-'], "_");
            let id = variables::variable(&variable);
            names.bind(kind, item, &id);
            let mut learns = vec![(variable.clone(), vec![structure, kind.row().member])];
            if let IssuedSecret::SigningKey(element) = wire(kind).issued {
                let secret = format!("{variable}_secret");
                names.keyring.add_key(user, &id, &variables::variable(&secret));
                learns.push((secret, vec![structure, element]));
            }
            learns
        }
        _ => Vec::new(),
    }
}

/// A call by the AWS CLI.
#[must_use]
pub fn aws_cli(form: &[(String, String)]) -> String {
    let (op, params) = params(form);
    format!("aws iam{}", shell::words(&op, &params))
}

/// A call by a client of boto3 that is called `iam`.
#[must_use]
pub fn boto3(form: &[(String, String)]) -> String {
    let (op, params) = params(form);
    python::line(&op, &params)
}

/// The call and its members.
#[must_use]
pub fn json(form: &[(String, String)]) -> Value {
    let (op, params): (String, Map<String, Value>) = params(form);
    serde_json::json!({ "op": op, "params": params })
}
