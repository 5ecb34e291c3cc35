//! The guarantees of a call, written for each form of call independently of its statement.
//!
//! A goal is a formula about the account before and after the call. Goals and statements are two
//! descriptions of the same action; solvers prove that the statements imply the goals.

use crate::ids::Status;
use crate::kind::{AttachmentKind, ResourceKind, SubResource};
use crate::logic::formula::{
    Formula, Moment, Number, PARTS, Relation, STATUS_KINDS, Sort, Variable, all, any, atom, below,
    count, exists, for_all, for_some, has, holds, iff, implies, inactive, not, same, user,
};
use crate::logic::statements::attachments::{
    class_of, is_adjustable, is_issued, item, quota, same_body_as,
};
use crate::logic::statements::call::CallForm;
use crate::logic::statements::resources::{
    self, FIRST_VERSION, NEW_GROUP_NAME, attachment_to, entry, quota_of_parts, resource,
};
use crate::logic::statements::users::{
    BLOCKING_KINDS, BOUNDARY, NEW_NAME, PATH, TAG, USER, relations_of_users,
};

/// What a call of one form must guarantee.
#[derive(Clone, Debug)]
pub struct Guarantees {
    /// The formulas that hold before a call that succeeds.
    pub requires: Vec<Formula>,
    /// The formulas that suffice for the call to succeed.
    pub suffices: Formula,
    /// The formulas that hold after a call that succeeds.
    pub effect: Vec<Formula>,
    /// The tuples that the call may change.
    pub touches: Vec<Touched>,
}

/// The tuples of one relation that a call may change.
#[derive(Clone, Debug)]
pub enum Touched {
    /// The tuple with these arguments.
    Tuple(Relation, Vec<Variable>),
    /// The tuples with one of these first arguments.
    Of(Relation, Vec<Variable>),
    /// The tuples with one of these second arguments.
    To(Relation, Vec<Variable>),
}

const V: Variable = Variable::user("v");
const R_GROUP: Variable = resource(ResourceKind::Group);
const R_POLICY: Variable = resource(ResourceKind::Policy);

impl CallForm {
    /// What a call of this form must guarantee.
    #[must_use]
    pub fn guarantees(self) -> Guarantees {
        match self {
            Self::CreateUser { path, boundary, tag } => create_user(path, boundary, tag),
            Self::UpdateUser { name, path, root } => update_user(name, path, root),
            Self::DeleteUser => delete_user(),
            Self::PutBoundary => put_boundary(),
            Self::DeleteBoundary => delete_boundary(),
            Self::ChangePassword => {
                Guarantees::read([holds_some(AttachmentKind::LoginProfile, USER)])
            }
            Self::GetAccessKeyLastUsed => {
                let key = item(AttachmentKind::AccessKey);
                Guarantees::read([for_some(&[V], holds(AttachmentKind::AccessKey, V, key))])
            }
            Self::ReadAccount => Guarantees::read([]),
            Self::Create(class) => create(class),
            Self::Read(class) => Guarantees::read([exists(class, resource(class))]),
            Self::KeepGroupName => Guarantees::read([exists(ResourceKind::Group, R_GROUP)]),
            Self::RenameGroup => rename_group(),
            Self::Delete(class) => delete(class),
            Self::Add(part) => add(part),
            Self::GetEntry(part) => {
                Guarantees::read([has(part, resource(resources::class_of(part)), entry(part))])
            }
            Self::SetDefault => set_default(),
            Self::Remove(part) => remove(part),
            Self::Attach { kind, same_body } => attach(kind, same_body),
            Self::List(AttachmentKind::LoginProfile) => {
                Guarantees::read([user(USER), holds_some(AttachmentKind::LoginProfile, USER)])
            }
            Self::GetUser | Self::List(_) => Guarantees::read([user(USER)]),
            Self::Get(kind) | Self::ResetSecret(kind) => named_item(kind),
            Self::SetStatus(kind, status) => set_status(kind, status),
            Self::Detach(kind) => detach(kind),
        }
    }

    /// Returns true if the call gives a user another name.
    #[must_use]
    pub const fn renames_user(self) -> bool {
        matches!(self, Self::UpdateUser { name: true, .. })
    }
}

impl Guarantees {
    /// A call that changes nothing and succeeds if and only if all of this holds.
    fn read(requires: impl IntoIterator<Item = Formula>) -> Self {
        let requires: Vec<Formula> = requires.into_iter().collect();
        let suffices = all(requires.clone());
        Self { requires, suffices, effect: Vec::new(), touches: Vec::new() }
    }
}

impl Touched {
    const fn relation(&self) -> Relation {
        match self {
            Self::Tuple(relation, _) | Self::Of(relation, _) | Self::To(relation, _) => *relation,
        }
    }

    fn includes(&self, arguments: &[Variable]) -> Formula {
        let is_one = |argument: Option<&Variable>, values: &[Variable]| {
            any(argument.into_iter().flat_map(|it| values.iter().map(|value| same(*it, *value))))
        };
        match self {
            Self::Tuple(_, values) => {
                all(arguments.iter().zip(values).map(|(it, value)| same(*it, *value)))
            }
            Self::Of(_, values) => is_one(arguments.first(), values),
            Self::To(_, values) => is_one(arguments.get(1), values),
        }
    }
}

impl Guarantees {
    /// The relation is the same before and after, except for the tuples that the call may change.
    #[must_use]
    pub fn keeps(&self, relation: Relation) -> Formula {
        let arguments: Vec<Variable> = relation
            .arguments()
            .into_iter()
            .zip(["x", "y"])
            .map(|(it, name)| Variable::new(name, it.sort))
            .collect();
        let of_relation = self.touches.iter().filter(|it| it.relation() == relation);
        let touched = any(of_relation.map(|it| it.includes(&arguments)));
        let tuple = atom(relation, &arguments);
        for_all(&arguments, any([touched, iff(tuple.clone(), tuple.after())]))
    }
}

fn holds_some(kind: AttachmentKind, holder: Variable) -> Formula {
    let any_item = Variable::new("i", Sort::of(kind));
    for_some(&[any_item], holds(kind, holder, any_item))
}

/// The second argument of a relation of users or resources.
fn second(relation: Relation) -> Variable {
    Variable::new("y", relation.sorts().1.unwrap_or(Sort::User))
}

/// After the call, the relation has no tuple with this first argument.
fn nothing_after(relation: Relation, subject: Variable) -> Formula {
    let other = second(relation);
    for_all(&[other], not(atom(relation, &[subject, other]).after()))
}

/// After the call, the tuple with the given second argument is the only one with this first
/// argument.
fn only_after(relation: Relation, subject: Variable, value: Variable) -> Formula {
    let other = second(relation);
    for_all(&[other], iff(atom(relation, &[subject, other]).after(), same(other, value)))
}

/// The relation has for the new first argument what it had for the old one.
fn moved(relation: Relation, old: Variable, new: Variable) -> Formula {
    let other = second(relation);
    let after = atom(relation, &[new, other]).after();
    for_all(&[other], iff(after, atom(relation, &[old, other])))
}

fn create_user(path: bool, boundary: bool, tag: bool) -> Guarantees {
    let policy = boundary.then(|| exists(ResourceKind::Policy, BOUNDARY));
    let requires: Vec<Formula> = [not(user(USER))].into_iter().chain(policy).collect();
    let given = |relation: Relation| match relation {
        Relation::Path => path.then_some(PATH),
        Relation::Boundary => boundary.then_some(BOUNDARY),
        Relation::Holds(AttachmentKind::Tag) => tag.then_some(TAG),
        _ => None,
    };
    let holds_what_is_given = |relation| match given(relation) {
        Some(value) => only_after(relation, USER, value),
        None => nothing_after(relation, USER),
    };
    let of_given = relations_of_users().filter(|it| given(*it).is_some());
    Guarantees {
        suffices: all(requires.clone()),
        requires,
        effect: [user(USER).after()]
            .into_iter()
            .chain(relations_of_users().map(holds_what_is_given))
            .collect(),
        touches: [Relation::User]
            .into_iter()
            .chain(of_given)
            .map(|it| Touched::Of(it, vec![USER]))
            .collect(),
    }
}

fn update_user(name: bool, path: bool, root: bool) -> Guarantees {
    let new_name = if name { NEW_NAME } else { USER };
    let mut effect = vec![user(new_name).after()];
    let mut touches = Vec::new();
    if name {
        effect.push(implies(not(same(NEW_NAME, USER)), not(user(USER).after())));
        let kept = relations_of_users().filter(|it| !path || *it != Relation::Path);
        effect.extend(kept.map(|it| moved(it, USER, NEW_NAME)));
        let relations = [Relation::User].into_iter().chain(relations_of_users());
        touches.extend(relations.map(|it| Touched::Of(it, vec![USER, NEW_NAME])));
    }
    if path {
        effect.push(if root {
            nothing_after(Relation::Path, new_name)
        } else {
            only_after(Relation::Path, new_name, PATH)
        });
        touches.push(Touched::Of(Relation::Path, vec![USER]));
    }
    let free = name.then(|| implies(user(NEW_NAME), same(NEW_NAME, USER)));
    let suffices = [user(USER)].into_iter().chain(name.then(|| not(user(NEW_NAME))));
    // no fact says what a request without a change does.
    let changes = (!name && !path).then(|| any([]));
    Guarantees {
        requires: [user(USER)].into_iter().chain(free).collect(),
        suffices: all(suffices.chain(changes)),
        effect,
        touches,
    }
}

fn delete_user() -> Guarantees {
    let mut requires = vec![user(USER)];
    let mut suffices = vec![user(USER)];
    for kind in BLOCKING_KINDS {
        let held = Variable::new("i", Sort::of(kind));
        let is_held = holds(kind, USER, held);
        suffices.push(for_all(&[held], not(is_held.clone())));
        // A-010 infers that an inactive access key blocks; X-004 is open for the other kinds.
        let blocks = if kind == AttachmentKind::AccessKey {
            is_held
        } else {
            all([is_held, not(inactive(kind, USER, held))])
        };
        requires.push(for_all(&[held], not(blocks)));
    }
    let relations = || relations_of_users();
    Guarantees {
        requires,
        suffices: all(suffices),
        effect: [not(user(USER).after())]
            .into_iter()
            .chain(relations().map(|it| nothing_after(it, USER)))
            .collect(),
        touches: [Relation::User]
            .into_iter()
            .chain(relations())
            .map(|it| Touched::Of(it, vec![USER]))
            .collect(),
    }
}

fn put_boundary() -> Guarantees {
    let requires = vec![user(USER), exists(ResourceKind::Policy, BOUNDARY)];
    Guarantees {
        suffices: all(requires.clone()),
        requires,
        effect: vec![only_after(Relation::Boundary, USER, BOUNDARY)],
        touches: vec![Touched::Of(Relation::Boundary, vec![USER])],
    }
}

fn delete_boundary() -> Guarantees {
    let other = second(Relation::Boundary);
    let is_set = for_some(&[other], atom(Relation::Boundary, &[USER, other]));
    Guarantees {
        requires: vec![user(USER)],
        suffices: all([user(USER), is_set]),
        effect: vec![nothing_after(Relation::Boundary, USER)],
        touches: vec![Touched::Of(Relation::Boundary, vec![USER])],
    }
}

fn create(class: ResourceKind) -> Guarantees {
    let subject = resource(class);
    let mut effect = vec![exists(class, subject).after()];
    let mut touches = vec![Touched::Of(Relation::Exists(class), vec![subject])];
    for relation in relations_of_class(class) {
        touches.push(Touched::Of(relation, vec![subject]));
        effect.push(if class == ResourceKind::Policy {
            only_after(relation, subject, FIRST_VERSION)
        } else {
            nothing_after(relation, subject)
        });
    }
    let free = not(exists(class, subject));
    Guarantees { requires: vec![free.clone()], suffices: free, effect, touches }
}

/// The relations whose first argument is a resource of the class and that have a second one.
fn relations_of_class(class: ResourceKind) -> impl Iterator<Item = Relation> {
    Relation::all()
        .filter(move |it| it.sorts().1.is_some() && it.sorts().0 == Sort::Resource(class))
}

fn rename_group() -> Guarantees {
    let class = ResourceKind::Group;
    let kind = AttachmentKind::GroupMembership;
    let (old, new) = (R_GROUP, NEW_GROUP_NAME);
    let members = iff(holds(kind, V, new).after(), holds(kind, V, old));
    let gone = implies(not(same(new, old)), not(exists(class, old).after()));
    Guarantees {
        requires: vec![exists(class, old), implies(exists(class, new), same(new, old))],
        suffices: all([exists(class, old), not(exists(class, new))]),
        effect: [exists(class, new).after(), gone, for_all(&[V], members)]
            .into_iter()
            .chain(relations_of_class(class).map(|it| moved(it, old, new)))
            .collect(),
        touches: [Relation::Exists(class)]
            .into_iter()
            .chain(relations_of_class(class))
            .map(|it| Touched::Of(it, vec![old, new]))
            .chain([Touched::To(Relation::Holds(kind), vec![old, new])])
            .collect(),
    }
}

fn delete(class: ResourceKind) -> Guarantees {
    let subject = resource(class);
    let kind = attachment_to(class);
    let mut requires = vec![exists(class, subject), for_all(&[V], not(holds(kind, V, subject)))];
    if class == ResourceKind::Policy {
        let group = Variable::new("g", Sort::Resource(ResourceKind::Group));
        let attached = has(SubResource::AttachedPolicy, group, subject);
        requires.push(for_all(&[group], not(attached)));
        requires.push(for_all(&[V], not(atom(Relation::Boundary, &[V, subject]))));
    }
    for part in PARTS.into_iter().filter(|it| resources::class_of(*it) == class) {
        let [one, other] = ["v", "w"].map(|name| Variable::new(name, entry(part).sort));
        requires.push(if part == SubResource::Version {
            let both = all([has(part, subject, one), has(part, subject, other)]);
            for_all(&[one, other], implies(both, same(one, other)))
        } else {
            for_all(&[one], not(has(part, subject, one)))
        });
    }
    Guarantees {
        suffices: all(requires.clone()),
        requires,
        effect: [not(exists(class, subject).after())]
            .into_iter()
            .chain(relations_of_class(class).map(|it| nothing_after(it, subject)))
            .collect(),
        touches: [Relation::Exists(class)]
            .into_iter()
            .chain(relations_of_class(class))
            .map(|it| Touched::Of(it, vec![subject]))
            .collect(),
    }
}

fn add(part: SubResource) -> Guarantees {
    let class = resources::class_of(part);
    let (subject, named) = (resource(class), entry(part));
    let policy = (part == SubResource::AttachedPolicy).then(|| exists(ResourceKind::Policy, named));
    let requires: Vec<Formula> = [exists(class, subject)].into_iter().chain(policy).collect();
    let number = Number::Count(Relation::Has(part), subject, Moment::Before);
    let within = below(number, quota_of_parts(part));
    let tuple = |relation| Touched::Tuple(relation, vec![subject, named]);
    let numbered = (part == SubResource::Version).then_some(Relation::Numbered);
    Guarantees {
        suffices: all(requires.iter().cloned().chain([within])),
        requires,
        effect: [Relation::Has(part)]
            .into_iter()
            .chain(numbered)
            .map(|it| atom(it, &[subject, named]).after())
            .collect(),
        touches: [Relation::Has(part)].into_iter().chain(numbered).map(tuple).collect(),
    }
}

fn set_default() -> Guarantees {
    let version = entry(SubResource::Version);
    let is_version = has(SubResource::Version, R_POLICY, version);
    Guarantees {
        requires: vec![is_version.clone()],
        suffices: is_version,
        effect: vec![only_after(Relation::Default, R_POLICY, version)],
        touches: vec![Touched::Of(Relation::Default, vec![R_POLICY])],
    }
}

fn remove(part: SubResource) -> Guarantees {
    let (subject, named) = (resource(resources::class_of(part)), entry(part));
    let is_default =
        (part == SubResource::Version).then(|| atom(Relation::Default, &[subject, named]));
    let requires: Vec<Formula> =
        [has(part, subject, named)].into_iter().chain(is_default.map(not)).collect();
    Guarantees {
        suffices: all(requires.clone()),
        requires,
        effect: vec![not(has(part, subject, named).after())],
        touches: vec![Touched::Tuple(Relation::Has(part), vec![subject, named])],
    }
}

fn attach(kind: AttachmentKind, same_body: bool) -> Guarantees {
    let named = item(kind);
    let target = class_of(kind).map(|class| exists(class, named));
    let mut requires: Vec<Formula> = [user(USER)].into_iter().chain(target).collect();
    let unheld = for_all(&[V], not(holds(kind, V, named)));
    let within = below(count(kind, USER), quota(kind));
    let mut suffices = requires.clone();
    suffices.extend([unheld, within.clone()]);
    match kind {
        AttachmentKind::LoginProfile => {
            requires.push(not(holds_some(kind, USER)));
            suffices.push(not(holds_some(kind, USER)));
        }
        AttachmentKind::MfaDevice => {
            requires.push(for_all(&[V], implies(holds(kind, V, named), same(V, USER))));
        }
        _ => {}
    }
    if !is_adjustable(kind) {
        requires.push(any([within, holds(kind, USER, named)]));
    }
    // E-005, X-020: no fact says whether a body that exists is refused.
    if same_body {
        suffices.push(for_all(&[V], not(holds(kind, V, same_body_as(kind)))));
    }
    Guarantees {
        requires,
        suffices: all(suffices),
        effect: vec![holds(kind, USER, named).after()],
        touches: vec![Touched::Tuple(Relation::Holds(kind), vec![USER, named])],
    }
}

/// A call about an item that the user holds.
fn named_item(kind: AttachmentKind) -> Guarantees {
    let named = item(kind);
    let held = holds(kind, USER, named);
    let some_user_holds = for_some(&[V], holds(kind, V, named));
    let mut requires = vec![user(USER)];
    match kind {
        AttachmentKind::LoginProfile => requires.push(holds_some(kind, USER)),
        AttachmentKind::InlinePolicy | AttachmentKind::ManagedPolicy => {
            requires.push(held.clone());
        }
        _ if is_issued(kind) => requires.push(some_user_holds),
        _ => requires.extend(class_of(kind).map(|class| exists(class, named))),
    }
    Guarantees { requires, suffices: held, effect: Vec::new(), touches: Vec::new() }
}

fn set_status(kind: AttachmentKind, status: Status) -> Guarantees {
    let named = item(kind);
    let after = inactive(kind, USER, named).after();
    Guarantees {
        effect: vec![match status {
            Status::Active => not(after),
            Status::Inactive => iff(after, holds(kind, USER, named)),
        }],
        touches: vec![Touched::Tuple(Relation::Inactive(kind), vec![USER, named])],
        ..named_item(kind)
    }
}

fn detach(kind: AttachmentKind) -> Guarantees {
    let named = item(kind);
    let tuple = |relation| Touched::Tuple(relation, vec![USER, named]);
    let status = STATUS_KINDS.contains(&kind).then_some(Relation::Inactive(kind));
    if kind == AttachmentKind::LoginProfile {
        return Guarantees {
            effect: vec![nothing_after(Relation::Holds(kind), USER)],
            touches: vec![Touched::Of(Relation::Holds(kind), vec![USER])],
            ..named_item(kind)
        };
    }
    Guarantees {
        effect: vec![not(holds(kind, USER, named).after())],
        touches: [Relation::Holds(kind)].into_iter().chain(status).map(tuple).collect(),
        ..named_item(kind)
    }
}

/// The number of items that a user must lose before it can be deleted.
#[must_use]
pub fn distance(holder: Variable, moment: Moment) -> Number {
    Number::Sum(
        BLOCKING_KINDS
            .into_iter()
            .map(|kind| Number::Count(Relation::Holds(kind), holder, moment))
            .collect(),
    )
}
