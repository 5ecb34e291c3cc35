//! `iamspec run --dry-run`: every request that would be sent to an endpoint that conforms, and none is.

use std::io::Write;

use anyhow::Result;
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::{Endpoint, Reference, Response, Suite};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, Item, Operation, ResourceKind};

use crate::client::request::signed_by;
use crate::client::session::Names;
use crate::commands::test::run::RunArgs;
use crate::commands::test::target::is_alone;
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::redact::without_secrets;

/// Stands for the number of the run in names.
const RUN: &str = "RUN";

/// A seed that is nobody's: codes are not shown.
const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

pub(crate) fn rehearse(suite: &Suite, args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    let names = Names::new(RUN);
    let alone = is_alone(&args.target)?;
    let names = if alone { names } else { names.in_folder() };
    let mut rehearsal = DryRun { reference: Reference::default(), names, lines: Vec::new() };
    suite.run(&mut rehearsal, &mut |_| (), &|| false);
    for line in &rehearsal.lines {
        writeln!(out, "{line}")?;
    }
    let requests = counted(rehearsal.lines.len(), "request");
    writeln!(out, "{requests} to an endpoint that conforms, clean-up included; nothing was sent")?;
    Ok(exit_code::CONFORMS)
}

/// Answers as the model does, and writes down what would be sent.
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
        let members = form.iter().filter(|(name, _)| name != "Version");
        let members = members.map(|(name, value)| match name.as_str() {
            "Action" => value.clone(),
            _ => format!("{name}={}", value.split_whitespace().collect::<Vec<_>>().join(" ")),
        });
        let line = members.collect::<Vec<_>>().join(" ");
        match signed_by(op) {
            Some(user) => format!("{line} (signed by u{})", user.0),
            None => line,
        }
    }

    /// What only the answer would tell.
    fn learn(&mut self, op: &Operation) {
        match op.sound() {
            Operation::Create(object) if object.class == ResourceKind::Device => {
                self.names.keyring.set_seed(object.item, SEED.to_owned());
            }
            Operation::Issue(_, kind, item, _) if kind.row().naming == Naming::Service => {
                self.names.bind(kind, item, &format!("(id of {})", kind.symbol(item)));
            }
            _ => {}
        }
    }
}

impl Endpoint for DryRun {
    fn fresh(&mut self) -> Namespace {
        self.names.fresh();
        self.reference.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.names.enter(space);
        self.reference.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        let line = self.line(op);
        self.lines.push(line);
        let observed = self.reference.ask(op);
        if matches!(observed, Response::Done(_)) {
            self.learn(op);
        }
        observed
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.reference.adopt(kind, name)
    }
}
