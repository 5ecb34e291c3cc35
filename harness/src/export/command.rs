//! One call, as a command or a line of a program: for real names.

use serde_json::{Map, Value};

use super::{python, shell};
use crate::driver::params;

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
