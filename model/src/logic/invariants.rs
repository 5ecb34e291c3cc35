//! The invariants: formulas that hold in every account, before and after every call.

use crate::kind::{AttachmentKind, ResourceKind, SubResource};
use crate::logic::formula::{
    Formula, Moment, Number, PARTS, Relation, STATUS_KINDS, Sort, Variable, all, atom, count,
    exists, for_all, for_some, has, holds, implies, inactive, same, user,
};
use crate::logic::statements::attachments::{class_of, has_one_holder, is_adjustable, quota};
use crate::logic::statements::resources;

/// A sentence that holds in every account.
#[derive(Clone, Debug)]
pub struct AccountInvariant {
    /// The name, one word or several with hyphens.
    pub name: String,
    /// The sentence in English.
    pub sentence: String,
    /// The sentence as a formula without free variables.
    pub formula: Formula,
}

fn invariant(
    name: impl Into<String>,
    sentence: impl Into<String>,
    formula: Formula,
) -> AccountInvariant {
    AccountInvariant { name: name.into(), sentence: sentence.into(), formula }
}

const U: Variable = Variable::user("u");
const V: Variable = Variable::user("v");
const POLICY: [Variable; 2] = [
    Variable::new("p", Sort::Resource(ResourceKind::Policy)),
    Variable::new("q", Sort::Resource(ResourceKind::Policy)),
];
const VERSION: [Variable; 2] =
    [Variable::new("v", Sort::Version), Variable::new("w", Sort::Version)];
const PATH: [Variable; 2] = [Variable::new("a", Sort::Path), Variable::new("b", Sort::Path)];

/// Every invariant.
#[must_use]
pub fn invariants() -> Vec<AccountInvariant> {
    let mut invariants: Vec<AccountInvariant> =
        AttachmentKind::ALL.into_iter().flat_map(of_kind).collect();
    invariants.extend(STATUS_KINDS.map(|kind| {
        let item = Variable::new("i", Sort::of(kind));
        invariant(
            format!("{}-inactive-is-held", kind.name()),
            "An inactive item is held.",
            for_all(&[U, item], implies(inactive(kind, U, item), holds(kind, U, item))),
        )
    }));
    invariants.extend(of_users());
    invariants.extend(PARTS.into_iter().flat_map(of_part));
    invariants.extend(of_versions());
    invariants
}

fn of_kind(kind: AttachmentKind) -> Vec<AccountInvariant> {
    let [item, other] = ["i", "j"].map(|name| Variable::new(name, Sort::of(kind)));
    let name = kind.name();
    let mut invariants = vec![invariant(
        format!("{name}-holder-exists"),
        "A user that does not exist holds nothing.",
        for_all(&[U, item], implies(holds(kind, U, item), user(U))),
    )];
    if let Some(class) = class_of(kind) {
        invariants.push(invariant(
            format!("{name}-target-exists"),
            "No attachment refers to a group, policy or device that does not exist.",
            for_all(&[U, item], implies(holds(kind, U, item), exists(class, item))),
        ));
    }
    if has_one_holder(kind) {
        let both = all([holds(kind, U, item), holds(kind, V, item)]);
        invariants.push(invariant(
            format!("{name}-has-one-holder"),
            "At most one user holds a device, or an item that the service names.",
            for_all(&[U, V, item], implies(both, same(U, V))),
        ));
    }
    if kind == AttachmentKind::LoginProfile {
        let both = all([holds(kind, U, item), holds(kind, U, other)]);
        invariants.push(invariant(
            format!("{name}-is-single"),
            "A user holds at most one login profile.",
            for_all(&[U, item, other], implies(both, same(item, other))),
        ));
    }
    if !is_adjustable(kind) {
        let within = Formula::AtMost(count(kind, U), Number::Constant(quota(kind)));
        invariants.push(invariant(
            format!("{name}-within-quota"),
            "No user exceeds a quota that AWS does not raise.",
            for_all(&[U], within),
        ));
    }
    invariants
}

fn of_users() -> Vec<AccountInvariant> {
    let [p, q] = POLICY;
    let [a, b] = PATH;
    let boundary = |policy| atom(Relation::Boundary, &[U, policy]);
    let path = |path| atom(Relation::Path, &[U, path]);
    vec![
        invariant(
            "boundary-holder-exists",
            "A user that does not exist has no permissions boundary.",
            for_all(&[U, p], implies(boundary(p), user(U))),
        ),
        invariant(
            "boundary-exists",
            "A permissions boundary exists.",
            for_all(&[U, p], implies(boundary(p), exists(ResourceKind::Policy, p))),
        ),
        invariant(
            "boundary-is-single",
            "A user has at most one permissions boundary.",
            for_all(&[U, p, q], implies(all([boundary(p), boundary(q)]), same(p, q))),
        ),
        invariant(
            "path-holder-exists",
            "A user that does not exist has no path.",
            for_all(&[U, a], implies(path(a), user(U))),
        ),
        invariant(
            "path-is-single",
            "A user has one path.",
            for_all(&[U, a, b], implies(all([path(a), path(b)]), same(a, b))),
        ),
    ]
}

fn of_part(part: SubResource) -> Vec<AccountInvariant> {
    let class = resources::class_of(part);
    let subject = Variable::new("r", Sort::Resource(class));
    let entry = Variable::new("e", resources::entry(part).sort);
    let name = format!("{}-{}", Relation::Exists(class).name(), part.name());
    let number = Number::Count(Relation::Has(part), subject, Moment::Before);
    let limit = Number::Constant(resources::quota_of_parts(part));
    let mut invariants = vec![
        invariant(
            format!("{name}-owner-exists"),
            "A group or policy that does not exist has no sub-resources.",
            for_all(&[subject, entry], implies(has(part, subject, entry), exists(class, subject))),
        ),
        invariant(
            format!("{name}-within-quota"),
            "No group or policy exceeds a quota of sub-resources.",
            for_all(&[subject], Formula::AtMost(number, limit)),
        ),
    ];
    if part == SubResource::AttachedPolicy {
        let exists = exists(ResourceKind::Policy, entry);
        invariants.push(invariant(
            format!("{name}-exists"),
            "A policy that is attached to a group exists.",
            for_all(&[subject, entry], implies(has(part, subject, entry), exists)),
        ));
    }
    invariants
}

fn of_versions() -> Vec<AccountInvariant> {
    let ([p, _], [v, w]) = (POLICY, VERSION);
    let has_version = |version| has(SubResource::Version, p, version);
    let default = |version| atom(Relation::Default, &[p, version]);
    let numbered = |version| atom(Relation::Numbered, &[p, version]);
    let policy = || exists(ResourceKind::Policy, p);
    vec![
        invariant(
            "default-is-a-version",
            "The default version exists.",
            for_all(&[p, v], implies(default(v), has_version(v))),
        ),
        invariant(
            "default-is-single",
            "A policy has at most one default version.",
            for_all(&[p, v, w], implies(all([default(v), default(w)]), same(v, w))),
        ),
        invariant(
            "policy-has-a-default",
            "Every policy has a default version.",
            for_all(&[p], implies(policy(), for_some(&[v], default(v)))),
        ),
        invariant(
            "version-has-a-number",
            "The number of every version is taken.",
            for_all(&[p, v], implies(has_version(v), numbered(v))),
        ),
        invariant(
            "number-owner-exists",
            "A policy that does not exist has given no numbers.",
            for_all(&[p, v], implies(numbered(v), policy())),
        ),
    ]
}
