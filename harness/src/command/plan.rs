//! `iamspec plan`: what must be done before a user can go, as a script.

use std::io::Write;

use anyhow::Result;
use iamspec_conformance::text;
use iamspec_model::{Account, allowed, apply, plan_with_devices};

use super::run;
use crate::cli::Plan;
use crate::exit;

pub(super) fn plan(args: &Plan, out: &mut dyn Write) -> Result<u8> {
    let mut account = Account::default();
    for step in run::named(&args.script)?.iter().flat_map(|script| &script.steps) {
        if allowed(&account, &step.operation).may_be_done() {
            apply(&mut account, &step.operation);
        }
    }
    let mut longest = 0;
    for user in account.users() {
        let calls = if args.devices {
            plan_with_devices(&account, user)
        } else {
            iamspec_model::plan(&account, user)
        };
        let many = if calls.len() == 1 { "call" } else { "calls" };
        writeln!(out, "# u{} is deleted in {} {many}.", user.0, calls.len())?;
        for call in &calls {
            writeln!(out, "{}", text::operation(call))?;
        }
        longest = longest.max(calls.len());
    }
    Ok(match longest {
        0 => exit::NOTHING_RAN,
        1 => exit::CONFORMS,
        _ => exit::NOT_YET,
    })
}
