//! The reference endpoint as others meet it.

use std::net::{Ipv4Addr, SocketAddr};

use iamspec_conformance::{Endpoint as _, Observed};
use iamspec_harness::server::Server;
use iamspec_model::{Account, Operation, User};

fn quota_of(users: u32) -> Server {
    let account = Account::with_quotas(Some(users), &[]);
    Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), account, None).unwrap()
}

#[test]
fn an_account_that_is_full_says_so_with_its_own_number() {
    let server = quota_of(2);
    let mut client = super::client(&server.url());
    client.fresh();
    assert_eq!(client.ask(&Operation::CreateUser(User(0))), Observed::DONE);
    assert_eq!(client.ask(&Operation::CreateUser(User(1))), Observed::DONE);
    let full = client.ask(&Operation::CreateUser(User(2)));
    assert_eq!(
        full.display(None),
        "409 LimitExceeded \"Cannot exceed quota for UsersPerAccount: 2\""
    );
    assert_eq!(client.ask(&Operation::DeleteUser(User(0))), Observed::DONE);
    assert_eq!(client.ask(&Operation::CreateUser(User(2))), Observed::DONE);
}

#[test]
fn thousands_of_users_can_be_made_and_every_one_found_and_deleted() {
    let server = quota_of(5000);
    let mut client = super::client(&server.url());
    client.fresh();
    for user in (0..3000).map(User) {
        assert_eq!(client.ask(&Operation::CreateUser(user)), Observed::DONE);
    }
    for user in (0..3000).step_by(500).map(User) {
        assert_eq!(client.ask(&Operation::GetUser(user)), Observed::DONE);
        assert_eq!(client.ask(&Operation::DeleteUser(user)), Observed::DONE);
        assert!(matches!(
            client.ask(&Operation::GetUser(user)),
            Observed::Refused { http: 404, .. }
        ));
    }
}
