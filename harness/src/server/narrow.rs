//! Of a listing of everything, what its page needs. An account may hold many thousands.

use iamspec_conformance::Shown;
use iamspec_model::{Class, Operation, Seen, Status, Thing, User};

use super::page::Page;
use super::registry::Registry;

/// What the page shows of what could be shown, in the order that it was in; the whole where that is
/// no listing of users, groups, policies or devices.
pub(super) fn narrowed(
    op: &Operation,
    mut shown: Shown,
    page: &Page<'_>,
    registry: &Registry,
) -> Shown {
    if page.holds(shown.items.len()) {
        return shown;
    }
    match op {
        Operation::ListUsers(_) => {
            let (from, most) = page.span();
            let of = |(_, user): (&String, &User)| (Thing::User(*user), Status::Active);
            let users = registry.users.range(from.to_owned()..).map(of);
            let could_be = |it: &Seen| shown.items.binary_search(it).is_ok();
            shown.items = users.filter(could_be).take(most).collect();
        }
        Operation::ListAll(..) => {
            let named = |seen: Seen| (seen, name(seen.0, registry).unwrap_or_default().to_owned());
            shown.items = page.needs(shown.items.iter().copied().map(named));
        }
        _ => return shown,
    }
    shown.items.sort_unstable();
    shown
}

/// What gives a member its place among the others: see the names in `page.rs`.
fn name(thing: Thing, registry: &Registry) -> Option<&str> {
    Some(match thing {
        Thing::Object(object) => {
            let record = registry.object_records.get(&object)?;
            match object.class {
                Class::Group => &record.name,
                Class::Policy => &record.other,
                Class::Device => &record.id,
            }
        }
        _ => return None,
    })
}
