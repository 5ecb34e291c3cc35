//! Exports a script as a program that runs without iamspec, for example for an issue.
//!
//! [`export`] writes a whole script. The parameters of each request are those that the client sends
//! (`client/request.rs`). Values that only a response contains become variables. [`aws_cli`],
//! [`boto3`] and [`json`] write a single request with real names, for `iamspec plan`.

mod expectation;
mod python;
mod shell;
mod variables;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::runner::cleanup::CleanupPlan;
use iamspec_conformance::script::print;
use iamspec_conformance::{Endpoint as _, Reference, Response, Script};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{Account, Operation, ResourceKind, SubResource};
use serde_json::{Map, Value};

use crate::client::request::signed_by;
use crate::client::session::Names;
use crate::driver::adapter::params;
use crate::export::expectation::ShownNames;
use crate::wire::attachments::{IssuedSecret, wire};
use crate::wire::names;
use crate::wire::output::visible::visible_line;

/// The language of an export.
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

/// A script in a form that every language can print.
struct Program {
    name: String,
    idea: String,
    lines: Vec<ProgramLine>,
    /// The requests that remove everything the script creates, in order.
    cleanup: Vec<ProgramLine>,
}

impl Program {
    /// The variables that responses set, each once.
    fn variables(&self) -> BTreeSet<&str> {
        let variables = self.lines.iter().flat_map(|it| &it.variables);
        variables.map(|(name, _)| name.as_str()).collect()
    }

    /// Whether a request has codes of an MFA device.
    fn uses_codes(&self) -> bool {
        let mut members = self.lines.iter().flat_map(|it| &it.form);
        members.any(|(name, _)| name == "AuthenticationCode1")
    }
}

/// One request.
struct ProgramLine {
    /// The operation in script syntax.
    call: String,
    /// The responses that conform: the status, and the code of an error. Empty if any does.
    expected: Vec<String>,
    /// The names in a successful response, if the model knows them.
    shown: Option<ShownNames>,
    form: Vec<(String, String)>,
    op: String,
    params: Map<String, Value>,
    /// The variables to set, each with the path of a member of the response.
    variables: Vec<(String, Vec<&'static str>)>,
    /// The variables of the access key that signs the request, if a user of the script signs it.
    signer: Option<(String, String)>,
}

/// Exports the script. `endpoint` is the default endpoint of the program.
///
/// # Errors
/// Fails if a request cannot be exported, for example if it uses an item that no request creates.
pub fn export(script: &Script, language: Language, endpoint: &str) -> Result<String> {
    let program = program(script)?;
    // A comment and a docstring end at a line feed, and both hold the name and the idea.
    let (name, idea) = (visible_line(&program.name), visible_line(&program.idea));
    let program = Program { name, idea, ..program };
    Ok(match language {
        Language::Boto3 => python::boto3(&program, endpoint),
        Language::Pytest => python::pytest(&program, endpoint),
        Language::AwsCli => shell::aws_cli(&program, endpoint),
        Language::Curl => shell::curl(&program, endpoint),
    })
}

/// Exports the script as a short Python program that finds the endpoint in the shared files of AWS.
/// `expected` are the responses to its last call that conform.
///
/// # Errors
/// Fails if a request cannot be exported.
pub fn short_program(script: &Script, expected: &[String]) -> Result<String> {
    Ok(python::short(&program(script)?, expected))
}

fn program(script: &Script) -> Result<Program> {
    let mut names = Names::new(variables::RUN);
    let (mut reference, mut created) = (Reference::default(), CleanupPlan::default());
    let mut accounts = vec![Account::default()];
    let mut lines = Vec::new();
    // Whether only one account conforms. If several do, the program follows only one of them.
    let mut is_certain = true;
    names.fresh();
    reference.enter_new_namespace();
    for step in &script.steps {
        let op = step.operation;
        let mut account = accounts.last().cloned().unwrap_or_default();
        let expected = expectation::responses(&account, &op);
        let observed = reference.execute(&op);
        record_at_most(&op, &observed, &mut created);
        let line = line(&op, expected.clone(), &mut names).with_context(|| {
            format!("cannot export `{}` of {}", print::operation(&op), script.name)
        })?;
        let shown = expectation::names_in_response(&accounts, &op, &line.form, &names);
        let uncertain = ProgramLine { expected: Vec::new(), ..line };
        lines.push(if is_certain {
            ProgramLine { expected: expected.clone(), shown, ..uncertain }
        } else {
            uncertain
        });
        is_certain &= expectation::has_one_effect(&account, &op);
        if matches!(observed, Response::Success(_)) {
            iamspec_model::apply(&mut account, &op);
        }
        accounts.push(account);
    }
    let cleanup = created.in_order();
    let cleanup = cleanup.iter().map(|op| line(op, Vec::new(), &mut names));
    let cleanup = cleanup.collect::<Result<Vec<_>>>()?;
    Ok(Program { name: script.name.clone(), idea: script.idea.clone(), lines, cleanup })
}

/// Records what an operation has created, or what the endpoint may create although it should refuse.
fn record_at_most(op: &Operation, observed: &Response, created: &mut CleanupPlan) {
    if matches!(observed, Response::Success(_)) {
        return created.record(op, observed);
    }
    let mut with = created.clone();
    match op.well_formed() {
        Operation::DeleteUser(_)
        | Operation::DeleteResource(_)
        | Operation::Detach(..)
        | Operation::RemoveSubResource(..)
        | Operation::AddSubResource(_, SubResource::Version, _)
        | Operation::SetDefault(..) => return,
        // It may have the old or the new name.
        Operation::UpdateUser(..) | Operation::RenameResource(..) => {
            with.record(op, &Response::failed(FailureKind::Timeout, ""));
        }
        _ => with.record(op, &Response::Success(None)),
    }
    // What exists already keeps its place in the order.
    let is_new = |it: &Operation| !created.operations().contains(it);
    if with.operations().iter().any(is_new) {
        *created = with;
    }
}

fn line(op: &Operation, expected: Vec<String>, names: &mut Names) -> Result<ProgramLine> {
    let signer = match signed_by(op) {
        Some(user) => {
            let Some((id, secret)) = names.keyring.key(user) else {
                bail!("u{} has no access key to sign with; add `CreateAccessKey` before it", user.0)
            };
            Some((id.to_owned(), secret.to_owned()))
        }
        None => None,
    };
    // Without a seed there are no valid codes: the script never creates the device.
    let device = op.resource().filter(|it| it.kind == ResourceKind::Device);
    let device = device.filter(|it| names.keyring.seed(it.item).is_some());
    let device = device.filter(|_| op.well_formed() == *op).map(|it| it.to_string());
    let mut form = crate::client::request::form(op, names)?;
    for (name, value) in &mut form {
        *value = variables::parameterize(name, value, device.as_deref());
    }
    let (api, params) = params(&form);
    let variables = variables_of(op, names);
    Ok(ProgramLine {
        call: print::operation(op),
        expected,
        shown: None,
        form,
        op: api,
        params,
        variables,
        signer,
    })
}

/// The variables that the response sets. Later requests use them in place of names and keys.
fn variables_of(op: &Operation, names: &mut Names) -> Vec<(String, Vec<&'static str>)> {
    match op.well_formed() {
        Operation::CreateResource(object) if object.kind != ResourceKind::Group => {
            let (structure, member) = names::created(object.kind);
            let variable =
                format!("{}_{object}", object.kind.row().noun.replace(' ', "_").to_lowercase());
            names.bind_resource(object, &variables::variable(&variable));
            let mut variables = vec![(variable, vec![structure, member])];
            if object.kind == ResourceKind::Device {
                names.keyring.set_seed(object.item, variables::SEED.to_owned());
                variables.push((format!("seed_{object}"), vec![structure, "Base32StringSeed"]));
            }
            variables
        }
        Operation::Issue(user, kind, item, _) if kind.row().naming == Naming::Service => {
            let Some(structure) = wire(kind).structure else { return Vec::new() };
            let variable = kind.symbol(item).replace(['#', '-'], "_");
            let id = variables::variable(&variable);
            names.bind(kind, item, &id);
            let mut variables = vec![(variable.clone(), vec![structure, kind.row().parameter])];
            if let IssuedSecret::SigningKey(element) = wire(kind).issued {
                let secret = format!("{variable}_secret");
                names.keyring.add_key(user, &id, &variables::variable(&secret));
                variables.push((secret, vec![structure, element]));
            }
            variables
        }
        _ => Vec::new(),
    }
}

/// A request as a command of the AWS CLI, with further options such as `endpoint-url`.
#[must_use]
pub fn aws_cli(form: &[(String, String)], options: &[(&str, &str)]) -> String {
    let (op, params) = params(form);
    let options = options.iter().map(|(name, value)| shell::option(name, value));
    format!("aws iam{}{}", shell::command(&op, &params), options.collect::<String>())
}

/// A request as a call of a boto3 client named `iam`.
#[must_use]
pub fn boto3(form: &[(String, String)]) -> String {
    let (op, params) = params(form);
    python::line(&op, &params)
}

/// A request as JSON: the operation and its parameters.
#[must_use]
pub fn json(form: &[(String, String)]) -> Value {
    let (op, params): (String, Map<String, Value>) = params(form);
    serde_json::json!({ "op": op, "params": params })
}
