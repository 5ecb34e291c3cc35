//! `iamspec verify --explore`: a scope in a browser, with stateright's Explorer.

use std::fmt;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::text;
use iamspec_model::catalogue::Named;
use iamspec_model::{Account, Operation, Scope};
use stateright::{Model, Property};

use crate::exit;

pub(super) fn explore(it: &Named, address: SocketAddr, out: &mut dyn Write) -> Result<u8> {
    if !address.ip().is_loopback() {
        bail!(
            "{} is not a loopback address; the Explorer lets anybody in, so it listens on this machine only",
            address.ip()
        );
    }
    // The Explorer would panic where the port is taken, and does not say which it takes.
    let free = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    let address = free.with_context(|| format!("cannot listen on {address}"))?;
    writeln!(out, "http://{address}")?;
    out.flush()?;
    eprintln!("stateright's Explorer shows {}: {}; Ctrl-C ends it", it.name, it.about);
    Iamspec::new(it.scope).checker().serve(address);
    Ok(exit::CONFORMS)
}

/// A scope whose calls read as in scripts. The Explorer shows the name of this type.
struct Iamspec {
    scope: Scope,
    properties: Vec<Property<Scope>>,
}

/// A call that is written as in scripts, wherever the Explorer shows one.
struct Call(Operation);

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::operation(&self.0))
    }
}

type Condition = fn(&Iamspec, &Account) -> bool;

/// stateright wants a plain function for each property, which cannot know which one it is for. These
/// know a place each.
macro_rules! conditions {
    ($($place:literal)*) => { [$(|it: &Iamspec, account: &Account| it.holds($place, account)),*] };
}

const CONDITIONS: [Condition; 32] = conditions! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
};

impl Iamspec {
    fn new(scope: Scope) -> Self {
        Self { scope, properties: scope.properties() }
    }

    fn holds(&self, place: usize, account: &Account) -> bool {
        self.properties.get(place).is_none_or(|it| (it.condition)(&self.scope, account))
    }
}

impl Model for Iamspec {
    type State = Account;
    type Action = Call;

    fn init_states(&self) -> Vec<Account> {
        self.scope.init_states()
    }

    fn actions(&self, account: &Account, calls: &mut Vec<Call>) {
        let mut operations = Vec::new();
        self.scope.actions(account, &mut operations);
        calls.extend(operations.into_iter().map(Call));
    }

    fn next_state(&self, account: &Account, call: Call) -> Option<Account> {
        self.scope.next_state(account, call.0)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let properties = self.properties.iter().zip(CONDITIONS);
        properties
            .map(|(it, condition)| Property {
                expectation: it.expectation.clone(),
                name: it.name,
                condition,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use iamspec_model::catalogue::SCOPES;

    use super::*;

    #[test]
    fn every_property_of_every_scope_has_a_condition_of_its_own() {
        for it in SCOPES {
            let explored = Iamspec::new(it.scope);
            let account = explored.init_states().remove(0);
            let shown = explored.properties();
            assert_eq!(shown.len(), it.scope.properties().len(), "{}", it.name);
            for (ours, theirs) in shown.iter().zip(it.scope.properties()) {
                let holds = (theirs.condition)(&it.scope, &account);
                assert_eq!(
                    (ours.name, (ours.condition)(&explored, &account)),
                    (theirs.name, holds)
                );
            }
        }
    }
}
