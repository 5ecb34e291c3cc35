//! An alternative state for comparison: one bit for each item of each kind, in a few bytes.
//!
//! It supports only the scope of the benchmark: one user, indistinguishable items, no status, and
//! fixed resources.

use stateright::{Model, Property};

/// The items of the user, one bit for each item of each kind; `None` if the user does not exist.
pub(crate) type Held = Option<[u16; 9]>;

/// One user, with the maximum number of items of each kind in table order.
#[derive(Clone, Copy)]
pub(crate) struct OneUser(pub(crate) [u32; 9]);

/// A call that may change the state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Call {
    Create,
    Delete,
    Attach(usize),
    Detach(usize),
}

impl Model for OneUser {
    type State = Held;
    type Action = Call;

    fn init_states(&self) -> Vec<Held> {
        vec![None]
    }

    fn actions(&self, _: &Held, out: &mut Vec<Call>) {
        out.extend([Call::Create, Call::Delete]);
        out.extend((0..self.0.len()).flat_map(|kind| [Call::Attach(kind), Call::Detach(kind)]));
    }

    fn next_state(&self, state: &Held, call: Call) -> Option<Held> {
        let mut after = *state;
        match (call, &mut after) {
            (Call::Create, None) => after = Some([0; 9]),
            (Call::Delete, Some(items)) if items.iter().all(|it| *it == 0) => after = None,
            (Call::Attach(kind), Some(items)) => {
                let (items, quota) = (items.get_mut(kind)?, self.0.get(kind)?);
                if items.count_ones() == *quota {
                    return None;
                }
                *items = *items << 1 | 1;
            }
            (Call::Detach(kind), Some(items)) => {
                let items = items.get_mut(kind)?;
                if *items == 0 {
                    return None;
                }
                *items >>= 1;
            }
            _ => return None,
        }
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("no quota is exceeded", |model: &Self, state: &Held| {
            state.is_none_or(|items| {
                items.iter().zip(model.0).all(|(it, quota)| it.count_ones() <= quota)
            })
        })]
    }
}
