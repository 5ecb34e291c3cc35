//! What may be true after an answer, so that one divergence neither hides the next nor is charged
//! again where it shows.

use iamspec_model::{
    Account, AttachmentKind, Effect, Entity, Expected, IssueOptions, Item, Operation, Path,
    Resource, ResourceKind, Status, SubResource, User, UserChange, apply, shown, worlds,
};

use crate::response::{Listing, Response};

/// Whether the call is about a user that is gone and holds something, or an object that is gone and is
/// held: an endpoint that diverged before has left it so, and nothing is known of such a state.
pub(crate) fn dangles(account: &Account, op: &Operation) -> bool {
    let user =
        op.user().is_some_and(|it| !account.has_user(it) && account.held_by(it).next().is_some());
    user || op.object().is_some_and(|it| !account.has(it) && account.is_used(it))
}

/// What may be true after the endpoint said that. Where it shows otherwise than it should, either
/// what it shows is so or what it did before: both are possible.
pub(crate) fn follow(account: &Account, op: &Operation, observed: &Response) -> Vec<Account> {
    let outcome =
        if matches!(observed, Response::Refused { .. }) { Effect::Refused } else { Effect::Done };
    let mut next = worlds(account, op, outcome);
    // What is made anew is there, whatever was left of it.
    let makes = matches!(op.sound(), Operation::CreateUser(..) | Operation::Create(_));
    let made = makes && outcome == Effect::Done;
    if dangles(account, op) && !made && !next.contains(account) {
        next.push(account.clone());
    }
    if let (Operation::UpdateUser(user, UserChange { name: Some(name), .. }), Effect::Done) =
        (*op, outcome)
        && name != user
    {
        next.extend(next.iter().flat_map(|it| less(it, name)).collect::<Vec<_>>());
    }
    if let Response::Done(Some(seen)) = observed
        && op.is_read()
        && shown(account, op).map(Listing::of).as_ref() != Some(seen)
    {
        next.insert(0, believed(account, op, seen));
    }
    next
}

/// What else may be so once a user has another name. That policies, groups and credentials stay with it is
/// known (C-032, C-033); of its tags and its permissions boundary there is no evidence.
fn less(account: &Account, user: User) -> Vec<Account> {
    let mut without_tags = account.clone();
    hold_what_is_listed(&mut without_tags, user, AttachmentKind::Tag, &Listing::default());
    let mut without_boundary = account.clone();
    apply(&mut without_boundary, &Operation::DeleteBoundary(user));
    let mut without_both = without_tags.clone();
    apply(&mut without_both, &Operation::DeleteBoundary(user));
    let mut less = vec![without_tags, without_boundary, without_both];
    less.retain(|it| it != account);
    less.dedup();
    less
}

/// The account as a read shows it.
fn believed(account: &Account, op: &Operation, seen: &Listing) -> Account {
    let mut after = account.clone();
    let shows = |thing: Entity| seen.items.iter().any(|(it, _)| *it == thing);
    match op.sound() {
        Operation::List(user, kind) => hold_what_is_listed(&mut after, user, kind, seen),
        Operation::GetUser(user) => be_as_told(&mut after, user, seen),
        Operation::ListUsers(Path(0)) | Operation::Details => {
            let gone: Vec<_> = account.users().filter(|it| !shows(Entity::User(*it))).collect();
            for user in gone {
                apply(&mut after, &Operation::DeleteUser(user));
            }
        }
        Operation::Read(Resource { class: ResourceKind::Group, item }) => {
            each_user(&mut after, AttachmentKind::GroupMembership, item, seen);
        }
        Operation::Holders(policy) => {
            each_user(&mut after, AttachmentKind::ManagedPolicy, policy.item, seen);
            let groups: Vec<_> =
                account.objects().filter(|it| it.class == ResourceKind::Group).collect();
            for group in groups {
                let part = SubResource::AttachedPolicy;
                if shows(Entity::Object(group)) {
                    apply(&mut after, &Operation::Add(group, part, policy.item));
                } else {
                    apply(&mut after, &Operation::Remove(group, part, policy.item));
                }
            }
        }
        Operation::Parts(object, part) => have_what_is_listed(&mut after, object, part, seen),
        _ => {}
    }
    after
}

fn hold_what_is_listed(account: &mut Account, user: User, kind: AttachmentKind, seen: &Listing) {
    let listed: Vec<(Item, Status)> =
        seen.items.iter().filter_map(|(it, status)| Some((it.item(kind)?, *status))).collect();
    let held: Vec<Item> = account.held_of(user, kind).map(|it| it.item).collect();
    for item in held.iter().filter(|it| !listed.iter().any(|(item, _)| item == *it)) {
        apply(account, &Operation::Detach(user, kind, *item));
    }
    for (item, status) in listed {
        if !held.contains(&item) {
            apply(account, &Operation::Issue(user, kind, item, IssueOptions::Nothing));
        }
        apply(account, &Operation::SetStatus(user, kind, item, status));
    }
}

/// What a user is told to have: a path, a permissions boundary, tags.
fn be_as_told(account: &mut Account, user: User, seen: &Listing) {
    let things = || seen.items.iter().map(|(thing, _)| *thing);
    let path = things().find_map(|it| if let Entity::Path(path) = it { Some(path) } else { None });
    let change = UserChange { name: None, path: Some(path.unwrap_or_default()) };
    apply(account, &Operation::UpdateUser(user, change));
    let boundary = things().find_map(|it| it.item(AttachmentKind::ManagedPolicy));
    apply(
        account,
        &boundary.map_or(Operation::DeleteBoundary(user), |it| Operation::PutBoundary(user, it)),
    );
    let tags = seen
        .items
        .iter()
        .filter(|(it, _)| it.item(AttachmentKind::Tag).is_some())
        .copied()
        .collect();
    hold_what_is_listed(account, user, AttachmentKind::Tag, &Listing::of(tags));
}

/// Exactly the users that are listed hold this.
fn each_user(account: &mut Account, kind: AttachmentKind, item: Item, seen: &Listing) {
    let users: Vec<User> = account.users().collect();
    for user in users {
        let listed = seen.items.iter().any(|(it, _)| *it == Entity::User(user));
        let op = if listed { Operation::Attach } else { Operation::Detach };
        apply(account, &op(user, kind, item));
    }
}

/// A version that is not known cannot be given a number.
fn have_what_is_listed(account: &mut Account, object: Resource, part: SubResource, seen: &Listing) {
    let of = |thing: Entity| match (part, thing) {
        (SubResource::Version, Entity::Version { number, default }) => {
            Some((Item(number), default))
        }
        (SubResource::InlinePolicy, it) => {
            it.item(AttachmentKind::InlinePolicy).map(|item| (item, false))
        }
        (SubResource::AttachedPolicy, it) => {
            it.item(AttachmentKind::ManagedPolicy).map(|item| (item, false))
        }
        (SubResource::Version, _) => None,
    };
    let listed: Vec<_> = seen.items.iter().filter_map(|(thing, _)| of(*thing)).collect();
    let had: Vec<Item> = account.parts(object, part).map(|it| it.item).collect();
    for (item, default) in &listed {
        if part != SubResource::Version {
            apply(account, &Operation::Add(object, part, *item));
        } else if *default && had.contains(item) {
            apply(account, &Operation::SetDefault(object, part, *item));
        }
    }
    for item in had.into_iter().filter(|it| !listed.iter().any(|(item, _)| item == it)) {
        apply(account, &Operation::Remove(object, part, item));
    }
}

/// About whom, or about what else, nothing that is shown is compared any more: a call that should
/// have been refused for how it was put may have been carried out, and what it did is not known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untrusted(Vec<Option<User>>);

impl Untrusted {
    /// Takes note of an answer.
    pub(crate) fn note(&mut self, op: &Operation, observed: &Response) {
        match *op {
            Operation::Flawed(_, flaw)
                if flaw.row().claim.answer != Expected::Done
                    && !op.is_read()
                    && !matches!(observed, Response::Refused { .. }) =>
            {
                self.0.push(op.user());
            }
            Operation::DeleteUser(user) if matches!(observed, Response::Done(_)) => {
                self.0.retain(|it| *it != Some(user));
            }
            _ => {}
        }
    }

    /// The answer without what cannot be compared.
    pub(crate) fn without(&self, op: &Operation, observed: &Response) -> Response {
        let blurred = !self.0.is_empty() && (op.user().is_none() || self.0.contains(&op.user()));
        match observed {
            Response::Done(Some(_)) if blurred => Response::DONE,
            observed => observed.clone(),
        }
    }
}
