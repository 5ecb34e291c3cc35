//! The response that a rule prescribes.

use iamspec_model::{Account, Expected, Operation, Rule, listing};

use crate::oracle::messages;
use crate::oracle::messages::Value;
use crate::response::{Listing, Response};

/// The response to an operation that this rule decides.
pub(crate) fn expected_response(
    account: &Account,
    op: &Operation,
    rule: Rule,
    value: Value<'_>,
) -> Response {
    match rule.clause.expected {
        Expected::Success => Response::Success(listing(account, op).map(Listing::of)),
        Expected::Refused(code) => Response::Refused {
            http: code.http_status(),
            code: code.name().to_owned(),
            message: messages::reference_message(rule, account, op, value),
        },
    }
}
