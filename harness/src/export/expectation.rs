//! The response that an exported program expects: its status and code, and the names in it.

use std::collections::BTreeSet;

use iamspec_model::tables::precedence::overriding_rule;
use iamspec_model::{
    Account, Effect, Entity, ErrorCode, Expected, Level, Operation, Rule, Status, allowed, listing,
    next,
};

use crate::client::request::signed_by;
use crate::client::session::Names;
use crate::export::variables::parameterize;

/// The names that a successful response must and must not contain.
#[derive(Default)]
pub(crate) struct ShownNames {
    pub(crate) present: Vec<String>,
    pub(crate) absent: Vec<String>,
}

/// The responses that conform: the status, and the code of an error. Empty if any response does.
pub(crate) fn responses(account: &Account, op: &Operation) -> Vec<String> {
    let rules: Vec<Rule> = allowed(account, op).rules().collect();
    if rules.iter().any(|it| it.clause.code.level == Level::Unspecified) {
        return Vec::new();
    }
    let is_overridden = |rule: &&Rule| {
        let order = overriding_rule(**rule, &rules);
        order.is_some_and(|(order, _)| order.evidence.level == Level::Must)
    };
    let response = |rule: &Rule| match rule.clause.expected {
        Expected::Success => SUCCESS.to_owned(),
        Expected::Refused(code) => format!("{} {}", ErrorCode::http_status(code), code.name()),
    };
    let mut responses: BTreeSet<String> =
        rules.iter().filter(|it| !is_overridden(it)).map(response).collect();
    // A user without permission is refused (E-016), and the program gives it no policy.
    if signed_by(op).is_some() {
        let code = ErrorCode::AccessDenied;
        responses.insert(format!("{} {}", code.http_status(), code.name()));
    }
    responses.into_iter().collect()
}

/// Whether the account is the same after every response that conforms. A refusal that passes with time
/// does not count: the program can be run again.
pub(crate) fn has_one_effect(account: &Account, op: &Operation) -> bool {
    let allowed = allowed(account, op);
    let may_be_refused = !allowed.must_succeed() || signed_by(op).is_some();
    !(allowed.may_succeed() && may_be_refused) || next(account, op, Effect::Success) == *account
}

/// A successful response.
const SUCCESS: &str = "200";

/// The names in a response, if success is the only response that conforms. Absent are those that the
/// same request showed, or could have shown, in an earlier account. The last account is the current
/// one.
///
/// A program reads only the first page of a listing.
pub(crate) fn names_in_response(
    accounts: &[Account],
    op: &Operation,
    form: &[(String, String)],
    names: &Names,
) -> Option<ShownNames> {
    let (account, earlier) = accounts.split_last()?;
    let succeeds = allowed(account, op).rules().all(|it| it.clause.expected == Expected::Success);
    let is_paged = form.iter().any(|(name, _)| name == "MaxItems" || name == "Marker");
    if !succeeds || is_paged || op.well_formed() != *op {
        return None;
    }
    let expected = listing(account, op)?;
    let text = |entity: &Entity| parameterize("", &name(*entity, names), None);
    let mut shown = ShownNames {
        present: expected.iter().map(|(entity, _)| text(entity)).collect(),
        ..ShownNames::default()
    };
    let before = earlier.iter().filter_map(|it| listing(it, op)).flatten();
    for (entity, _) in before {
        let name = text(&entity);
        if !shown.present.contains(&name) && !shown.absent.contains(&name) {
            shown.absent.push(name);
        }
    }
    if expected.iter().any(|(_, status)| *status == Status::Inactive) {
        shown.present.push(INACTIVE.to_owned());
    } else if op.kind().is_some_and(|it| it.row().set_status.is_some()) {
        shown.absent.push(INACTIVE.to_owned());
    }
    shown.present.dedup();
    Some(shown)
}

/// The status of an inactive item in a response.
const INACTIVE: &str = "Inactive";

/// The name by which a response shows an entity.
fn name(entity: Entity, names: &Names) -> String {
    match entity {
        Entity::User(user) => names.user(user),
        Entity::Path(path) => names.path(path),
        Entity::Resource(resource) => names.resource(resource),
        Entity::Item(kind, item) => names.item(kind, item),
        Entity::Version { number, .. } => format!("v{number}"),
    }
}
