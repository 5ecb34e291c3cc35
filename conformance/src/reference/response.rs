//! The response that a rule asks for.

use iamspec_model::{Account, Expected, Operation, Rule, shown};

use crate::oracle::messages;
use crate::oracle::messages::Value;
use crate::response::{Listing, Response};

/// What is answered by that rule.
pub(crate) fn answer(account: &Account, op: &Operation, rule: Rule, value: Value<'_>) -> Response {
    match rule.claim.answer {
        Expected::Done => Response::Done(shown(account, op).map(Listing::of)),
        Expected::Refused(code) => Response::Refused {
            http: code.http(),
            code: code.name().to_owned(),
            message: messages::preferred(rule, account, op, value),
        },
    }
}
