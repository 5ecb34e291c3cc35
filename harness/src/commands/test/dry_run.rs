//! `iamspec run --dry-run`: prints every request that a run would send to a conforming endpoint.
//! Nothing is sent.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Result;
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::{Endpoint, Reference, Response, Suite};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, Item, Operation, ResourceKind};

use crate::client::request::{key_to_confirm, signed_by};
use crate::client::response::record_key_change;
use crate::client::session::Names;
use crate::commands::test::target::{TargetArgs, is_local};
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::attachments::{IssuedSecret, wire};
use crate::wire::redact::without_secrets;

/// The placeholder for the run id in names.
const RUN: &str = "RUN";

/// The placeholder seed of MFA devices. The codes are not printed.
const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

pub(crate) fn print_requests(
    suite: &Suite,
    target: &TargetArgs,
    out: &mut dyn Write,
) -> Result<u8> {
    let names = Names::new(RUN);
    let names = if is_local(target)? { names } else { names.in_folder() };
    let mut dry_run = DryRun { reference: Reference::default(), names, lines: Vec::new() };
    suite.run(&mut dry_run, &mut |_| (), &|| false);
    for line in &dry_run.lines {
        writeln!(out, "{line}")?;
    }
    let requests = counted(dry_run.lines.len(), "request");
    writeln!(out, "{requests} to a conforming endpoint, including cleanup; nothing was sent")?;
    Ok(exit_code::CONFORMS)
}

/// The actions of every request that a run would send to a conforming endpoint.
pub(crate) fn actions_of(suite: &Suite) -> BTreeSet<String> {
    let mut dry_run =
        DryRun { reference: Reference::default(), names: Names::new(RUN), lines: Vec::new() };
    suite.run(&mut dry_run, &mut |_| (), &|| false);
    let action = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    dry_run.lines.iter().filter(|it| !it.starts_with('(')).map(action).collect()
}

/// An endpoint that responds as the reference does and records the requests as text.
struct DryRun {
    reference: Reference,
    names: Names,
    lines: Vec<String>,
}

impl DryRun {
    fn line(&mut self, op: &Operation) -> String {
        let form = match crate::client::request::form(op, &mut self.names) {
            Ok(form) => without_secrets(&form),
            Err(error) => return format!("({error:#})"),
        };
        let parameters = form.iter().filter(|(name, _)| name != "Version");
        let parameters = parameters.map(|(name, value)| match name.as_str() {
            "Action" => value.clone(),
            _ => format!("{name}={}", value.split_whitespace().collect::<Vec<_>>().join(" ")),
        });
        let line = parameters.collect::<Vec<_>>().join(" ");
        match signed_by(op) {
            Some(user) => format!("{line} (signed by u{})", user.0),
            None => line,
        }
    }

    /// Inserts placeholders for the values that only a response contains.
    fn bind_placeholders(&mut self, op: &Operation) {
        match op.well_formed() {
            Operation::CreateResource(resource) if resource.kind == ResourceKind::Device => {
                self.names.keyring.set_seed(resource.item, SEED.to_owned());
            }
            Operation::Issue(user, kind, item, _) if kind.row().naming == Naming::Service => {
                let id = format!("(id of {})", kind.symbol(item));
                self.names.bind(kind, item, &id);
                if matches!(wire(kind).issued, IssuedSecret::SigningKey(_)) {
                    self.names.keyring.add_key(user, &id, SEED);
                }
            }
            _ => {}
        }
        record_key_change(op, &mut self.names);
    }

    /// Prints the listing that confirms an access key before it is used in place of a name.
    fn confirm_key(&mut self, op: &Operation) {
        if let Some((Some(user), id)) = key_to_confirm(op, &self.names) {
            let line = self.line(&Operation::List(user, AttachmentKind::AccessKey));
            self.lines.push(line);
            self.names.keyring.confirm(user, &id);
        }
    }
}

impl Endpoint for DryRun {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.names.fresh();
        self.reference.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.names.enter(space);
        self.reference.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        self.confirm_key(op);
        let line = self.line(op);
        self.lines.push(line);
        let response = self.reference.execute(op);
        if matches!(response, Response::Success(_)) {
            self.bind_placeholders(op);
        }
        response
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.reference.assign_symbol(kind, name)
    }
}
