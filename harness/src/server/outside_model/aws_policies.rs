//! The AWS managed policies, from a list of AWS (`data/aws-policies.txt`, which names its source).
//!
//! The model knows only the policies of its account. An AWS managed policy enters the account when
//! a request names it, and leaves it after the request if nothing uses it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use iamspec_model::evidence::{C_095, C_096};
use iamspec_model::tables::aws_policies::{
    ATTACHING, OF_SERVICE_ROLES, REFUSED_ATTACHMENT, REFUSED_CHANGES,
};
use iamspec_model::{Account, Operation, Resource, ResourceKind, apply};

use crate::server::ModelState;
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::store::{Record, Store, is_of_aws};

/// A policy of AWS. Its documents are not in the list.
struct AwsPolicy {
    path: &'static str,
    name: &'static str,
    default_version: &'static str,
    created: &'static str,
    updated: &'static str,
}

const LIST: &str = include_str!("../../../data/aws-policies.txt");

/// Every policy of AWS by its ARN.
static POLICIES: LazyLock<BTreeMap<String, AwsPolicy>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    let policy = |line: &'static str| {
        let mut words = line.split(' ');
        let (path_and_name, default_version) = (words.next()?, words.next()?);
        let (created, updated) = (words.next()?, words.next()?);
        let (path, name) = path_and_name.split_at(path_and_name.rfind('/')? + 1);
        let arn = format!("arn:aws:iam::aws:policy{path_and_name}");
        Some((arn, AwsPolicy { path, name, default_version, created, updated }))
    };
    lines.filter_map(policy).collect()
});

/// The actions whose refusal is unknown: the code is that of similar actions, without a message
///
const PRESUMABLY_REFUSED: [&str; 3] = ["CreatePolicyVersion", "TagPolicy", "UntagPolicy"];

/// The actions that show documents or versions, which the list does not have.
const NOT_IN_LIST: [&str; 2] = ["GetPolicyVersion", "ListPolicyVersions"];

/// Adds the policies of AWS that a request names or lists to the account.
pub(crate) fn prepare(model: &mut ModelState, form: &ParsedForm) {
    let lists_all = form.action() == "ListPolicies"
        && form.get("Scope") != Some("Local")
        && form.get("OnlyAttached") != Some("true");
    if lists_all {
        for (arn, policy) in POLICIES.iter() {
            add(model, arn, policy);
        }
    }
    for member in ["PolicyArn", "PermissionsBoundary"] {
        let policy = form.get(member).and_then(|arn| POLICIES.get_key_value(arn));
        if let Some((arn, policy)) = policy {
            add(model, arn, policy);
        }
    }
}

fn add(model: &mut ModelState, arn: &str, policy: &AwsPolicy) {
    let day = |day: &str| format!("{day}T00:00:00Z");
    let record = Record {
        name: policy.name.to_owned(),
        path: policy.path.to_owned(),
        created: day(policy.created),
        updated: day(policy.updated),
        default_version: Some(policy.default_version),
        ..Record::default()
    };
    if let Some(resource) = model.store.add_aws_policy(arn, record) {
        apply(&mut model.account, &Operation::CreateResource(resource));
    }
}

/// Removes the policies of AWS that nothing uses from the account.
pub(crate) fn drop_unused(model: &mut ModelState) {
    let is_unused = |account: &Account, policy: Resource| {
        !account.is_in_use(policy) && account.users_bounded_by(policy).next().is_none()
    };
    for policy in model.store.aws_policies.clone() {
        if is_unused(&model.account, policy) {
            apply(&mut model.account, &Operation::DeleteResource(policy));
            model.store.remove_aws_policy(policy);
        }
    }
}

/// Refuses what AWS refuses for its own policies.
pub(crate) fn check(form: &ParsedForm) -> Result<(), RequestError> {
    let (action, arn) = (form.action(), form.get("PolicyArn").unwrap_or_default());
    let Some(policy) = POLICIES.get(arn) else {
        let is_missing = is_of_aws(arn) && action == "GetPolicy";
        return if is_missing { Err(RequestError::of_fact(C_096, form)) } else { Ok(()) };
    };
    if let Some(fact) = REFUSED_CHANGES.into_iter().find(|it| it.operation == action) {
        return Err(RequestError::of_fact(fact, form));
    }
    if PRESUMABLY_REFUSED.contains(&action) {
        return Err(RequestError::Fact(C_095, None));
    }
    if NOT_IN_LIST.contains(&action) {
        return Err(RequestError::NotServed("the versions of AWS managed policies".to_owned()));
    }
    if ATTACHING.contains(&action) && policy.path == OF_SERVICE_ROLES {
        return Err(RequestError::of_fact(REFUSED_ATTACHMENT, form));
    }
    Ok(())
}

/// Whether a policy of the account is one of AWS.
pub(crate) fn is_aws_policy(record: &Record) -> bool {
    is_of_aws(&record.id)
}

/// The policies of the account itself.
pub(crate) fn of_account<'a>(
    account: &'a Account,
    store: &'a Store,
) -> impl Iterator<Item = Resource> + 'a {
    let policies = account.resources().filter(|it| it.kind == ResourceKind::Policy);
    policies.filter(|it| !store.aws_policies.contains(it))
}
