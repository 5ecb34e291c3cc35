//! The properties of the model in random accounts that the small scopes of the exhaustive check do not reach:
//! with 50 names of users and 500 of items of each kind, and with 12 items of each kind for two users.

use iamspec_conformance::generate::strategies::{NameCounts, scripts};
use iamspec_conformance::script::print;
use iamspec_model::check::exhaustive::{violated_by_call, violated_by_state};
use iamspec_model::{
    Account, Effect, IssueOptions, Operation, Service, SubResource, allowed, next,
};
use proptest::prelude::{TestCaseError, prop_assert_eq};
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Accounts with many entities, and accounts whose users exceed their quotas.
const NAMES: [NameCounts; 2] =
    [NameCounts { users: 50, items: 500 }, NameCounts { users: 2, items: 12 }];

/// The number of operations of one account.
const LENGTH: usize = 2000;

/// The number of operations between two checks of the state.
const STATE_INTERVAL: usize = 100;

/// The operation as the first-order statements describe it: they have one service, and name the number of a
/// new version.
fn as_in_logic(operation: Operation, account: &Account) -> Operation {
    match operation {
        Operation::Issue(user, kind, item, IssueOptions::Service(_)) => {
            Operation::Issue(user, kind, item, IssueOptions::Service(Service(0)))
        }
        Operation::AddSubResource(policy, SubResource::Version, _) => {
            Operation::AddSubResource(policy, SubResource::Version, account.next_version(policy))
        }
        other => other,
    }
}

/// Fails if an operation or a state violates a property.
fn check(operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut account = Account::default();
    for (index, operation) in operations.iter().enumerate() {
        let operation = as_in_logic(*operation, &account);
        let violated = violated_by_call(&account, operation);
        prop_assert_eq!(violated, Vec::<&str>::new(), "{}", print::operation(&operation));
        if allowed(&account, &operation).may_succeed() {
            account = next(&account, &operation, Effect::Success);
        }
        if index % STATE_INTERVAL == 0 {
            prop_assert_eq!(violated_by_state(&account), Vec::<&str>::new());
        }
    }
    Ok(())
}

/// `IAMSPEC_OPERATIONS` sets the number of operations.
#[test]
fn every_property_holds_in_large_accounts() {
    let count = std::env::var("IAMSPEC_OPERATIONS").map_or(50_000, |it| it.parse().unwrap());
    let config = Config {
        cases: u32::try_from(usize::div_ceil(count, LENGTH * NAMES.len())).unwrap(),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    for names in NAMES {
        let scripts = scripts(names, LENGTH);
        TestRunner::new(config.clone()).run(&scripts, |operations| check(&operations)).unwrap();
    }
}
