//! `iamspec permissions`: prints the IAM policy that `run`, `plan` or `cleanup` needs.
//!
//! The actions are those of the calls: of a dry run, or of the operations that a plan and a cleanup
//! use. Every call is for any resource, because no fact says which resources an action has.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Filter, Item, Operation, Path, Resource, ResourceKind,
    SubResource, User,
};
use serde_json::json;

use crate::client::account::permission::POLICY_ACTIONS;
use crate::client::account::{ALIAS_ACTION, readiness};
use crate::commands::selection::{SelectionArgs, select};
use crate::commands::test::dry_run::actions_of;
use crate::exit_code;

/// The arguments of `iamspec permissions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec permissions run > policy.json
  # The permissions of some scripts only.
  iamspec permissions run 'delete-user/alone/*'
  iamspec permissions plan --apply

GetCallerIdentity of STS, which `run` and `plan` call on AWS, needs no permission.")]
pub struct PermissionsArgs {
    /// The command that needs the permissions.
    #[command(subcommand)]
    pub command: PermissionsCommand,
}

/// The commands that need permissions.
#[derive(Debug, Subcommand)]
pub enum PermissionsCommand {
    /// The permissions of `iamspec run`, with its cleanup
    Run(SelectionArgs),
    /// The permissions of `iamspec plan`
    Plan {
        /// Also what `--apply`, `--delete-user` and `--devices` need
        #[arg(long)]
        apply: bool,
    },
    /// The permissions of `iamspec cleanup`
    Cleanup,
}

pub(crate) fn permissions(args: &PermissionsArgs, out: &mut dyn Write) -> Result<u8> {
    let actions = match &args.command {
        PermissionsCommand::Run(selection) => {
            let mut actions = actions_of(&select(selection, None)?);
            actions.extend(readiness::actions().map(str::to_owned));
            actions.extend(POLICY_ACTIONS.map(str::to_owned));
            actions.insert(ALIAS_ACTION.to_owned());
            actions
        }
        PermissionsCommand::Plan { apply } => names(&plan_operations(*apply)),
        PermissionsCommand::Cleanup => names(&cleanup_operations()),
    };
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": actions.iter().map(|it| format!("iam:{it}")).collect::<Vec<_>>(),
            "Resource": "*",
        }],
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&policy)?)?;
    Ok(exit_code::CONFORMS)
}

fn names(operations: &[Operation]) -> BTreeSet<String> {
    operations.iter().filter_map(Operation::action).map(|it| it.api.to_owned()).collect()
}

/// The operations of a plan: the reads of a user and of all users, and the removals.
fn plan_operations(apply: bool) -> Vec<Operation> {
    let (user, item) = (User(0), Item(0));
    let mut operations = vec![Operation::GetUser(user), Operation::ListUsers(Path::default())];
    operations.extend(AttachmentKind::blockers().map(|kind| Operation::List(user, kind)));
    if apply {
        operations
            .extend(AttachmentKind::blockers().map(|kind| Operation::Detach(user, kind, item)));
        let device = Resource { kind: ResourceKind::Device, item };
        operations.extend([Operation::DeleteResource(device), Operation::DeleteUser(user)]);
    }
    operations
}

/// The operations of a cleanup: it finds what is left by name, removes what blocks a deletion, and
/// creates a deleted user again to remove its memberships.
fn cleanup_operations() -> Vec<Operation> {
    let (user, item) = (User(0), Item(0));
    let mut operations = plan_operations(true);
    operations.push(Operation::CreateUser(user, CreateUserOptions::default()));
    for kind in ResourceKind::all() {
        let resource = Resource { kind, item };
        operations.extend([
            Operation::ListResources(kind, Filter::All),
            Operation::GetResource(resource),
            Operation::ListHolders(resource),
            Operation::DeleteResource(resource),
        ]);
    }
    for part in SubResource::all() {
        let resource = Resource { kind: part.row().resource, item };
        operations.extend([
            Operation::ListSubResources(resource, part),
            Operation::RemoveSubResource(resource, part, item),
        ]);
    }
    operations
}
