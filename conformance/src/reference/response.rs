//! The response that a rule prescribes.

use iamspec_model::{Account, Expected, Operation, Rule, shown};

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
    match rule.claim.answer {
        Expected::Done => Response::Done(shown(account, op).map(Listing::of)),
        Expected::Refused(code) => Response::Refused {
            http: code.http(),
            code: code.name().to_owned(),
            message: messages::preferred(rule, account, op, value),
        },
    }
}
