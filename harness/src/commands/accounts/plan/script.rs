//! The deletion plans of the users of a script, in the model alone.

use std::io::Write;

use anyhow::{Context as _, Result};
use iamspec_conformance::script::print;
use iamspec_model::{
    Account, Operation, User, allowed, apply, deletion_plan, deletion_plan_with_devices,
};

use crate::commands::accounts::plan::PlanArgs;
use crate::commands::selection::by_name;
use crate::exit_code;
use crate::report::format::summary::counted;

pub(super) fn plan(args: &PlanArgs, out: &mut dyn Write) -> Result<u8> {
    let mut account = Account::default();
    let name = args.subject.as_deref().unwrap_or_default();
    let scripts = by_name(name)
        .context("without --endpoint, plan reads a script; to plan for a user, add --endpoint")?;
    for step in scripts.iter().flat_map(|script| &script.steps) {
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
    if devices { deletion_plan_with_devices(account, user) } else { deletion_plan(account, user) }
}

const fn code(calls: usize) -> u8 {
    match calls {
        0 => exit_code::NOTHING_RAN,
        1 => exit_code::CONFORMS,
        _ => exit_code::NOT_YET,
    }
}
