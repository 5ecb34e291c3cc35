//! The model, checked in every state of a few small scopes.

use iamspec_model::Scope;
use stateright::{Checker, Model};

/// Every property holds, and no behaviour was lost or gained since the counts were last read.
fn check(scope: Scope, unique: usize, total: usize) {
    let checker = scope.checker().spawn_bfs().join();
    checker.assert_properties();
    assert_eq!((checker.unique_state_count(), checker.state_count()), (unique, total), "{scope:?}");
}

const ONE: Scope =
    Scope { users: 1, items: 1, groups: 1, policies: 1, devices: 1, statuses: false, fault: None };

const FULL: Scope = Scope { items: 3, groups: 0, policies: 0, devices: 0, ..ONE };

/// Without the user each of three objects is there or not; with it each is absent, there or held,
/// and six kinds are held or not: 8 + 27 * 64.
#[test]
fn one_user_with_one_of_each() {
    check(ONE, 1_736, 17_321);
}

/// As above, but four kinds are absent, active or inactive: 8 + 27 * 4 * 81.
#[test]
fn one_user_with_one_of_each_active_or_inactive() {
    check(Scope { statuses: true, ..ONE }, 8_756, 110_905);
}

/// As above, but five kinds have two items that are there or not: 8 + 27 * 2 * 1024.
#[test]
fn one_user_with_two_of_each() {
    check(Scope { items: 2, ..ONE }, 55_304, 774_185);
}

/// There are more items of three kinds than AWS allows: of these the third is never held, of two
/// others any is: 1 + 2 * 4 * 4 * 4 * 8 * 8.
#[test]
fn one_user_with_more_than_the_quotas_allow() {
    check(FULL, 8_193, 95_235);
}

/// Two users share a group and a device: 4 + 2 * 9 * 64 + 5 * 4 * 64 * 64.
#[test]
fn two_users_that_share_a_group_and_a_device() {
    check(Scope { users: 2, policies: 0, ..ONE }, 83_076, 1_282_073);
}
