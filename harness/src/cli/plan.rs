//! `iamspec plan`.

use clap::{Args, ValueEnum};

use super::Whom;

/// `iamspec plan`.
#[derive(Args, Debug)]
pub struct Plan {
    /// Whom to ask; the model alone if left out.
    #[command(flatten)]
    pub whom: Whom,
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
