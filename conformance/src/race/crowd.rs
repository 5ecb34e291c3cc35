//! More than two clients: the calls of a race asked by many at once, which hits more often. What no order
//! explains then is made small again before anything is said: clients are dropped for as long as it still
//! shows, and what is left is asked one after the other in every order.

use iamspec_model::kind::Naming;
use iamspec_model::{Item, Operation};

use super::play::{Manner, Raced, alone, play, together};
use super::{Race, Racing};

/// So many clients can be asked in every order, one after the other.
const ORDERS_MAX: usize = 4;

/// What the service names is called anew by each client, from here on.
const ANEW: u32 = 100;

/// The same race with so many clients: its calls in turn, what the service names under a name of its own.
#[must_use]
pub fn crowded(race: &Race, clients: usize) -> Race {
    let call = |(place, op): (usize, &Operation)| match *op {
        Operation::Issue(user, kind, _, with)
            if place >= race.calls.len() && kind.row().naming == Naming::Service =>
        {
            let anew = u32::try_from(place).unwrap_or(0);
            Operation::Issue(user, kind, Item(ANEW + anew), with)
        }
        op => op,
    };
    let calls = race.calls.iter().cycle().take(clients.max(race.calls.len())).enumerate();
    Race { calls: calls.map(call).collect(), ..race.clone() }
}

/// Holds a race with so many clients. What is returned is the race that shows, with as few of them as it
/// still shows with.
pub fn hold(
    race: &Race,
    clients: usize,
    endpoint: &mut dyn Racing,
    manner: Manner<'_>,
) -> (Race, Raced) {
    // What goes wrong with two says it best, and whether they go wrong alone.
    let raced = play(race, endpoint, manner);
    if clients <= race.calls.len() || raced.broken > 0 || raced.not_raced.is_some() {
        return (race.clone(), raced);
    }
    let many = crowded(race, clients);
    let mut crowd = together(&many, endpoint, manner);
    crowd.add_phase(raced);
    if crowd.broken == 0 {
        return (race.clone(), crowd);
    }
    let (few, mut shown) = fewer(many, crowd, endpoint, manner);
    let wrong = match few.calls.len() {
        ..=ORDERS_MAX => alone(&few, endpoint, &mut shown, manner.settle),
        many => Some(format!("it takes {many} clients, too many to ask in every order")),
    };
    if wrong.is_some() {
        shown = Raced { not_raced: wrong, broken: 0, shown: None, ..shown };
    }
    (few, shown)
}

/// Drops one client after the other, as long as it still shows without.
fn fewer(
    mut race: Race,
    mut shown: Raced,
    endpoint: &mut dyn Racing,
    manner: Manner<'_>,
) -> (Race, Raced) {
    let mut place = race.calls.len();
    while let Some(next) = place.checked_sub(1) {
        place = next;
        if race.calls.len() <= 2 {
            break;
        }
        let mut smaller = race.clone();
        smaller.calls.remove(place);
        let mut without = together(&smaller, endpoint, manner);
        if without.broken > 0 {
            without.add_phase(shown);
            (race, shown) = (smaller, without);
        } else {
            shown.add_phase(without);
        }
    }
    (race, shown)
}
