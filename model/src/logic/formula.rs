//! First-order formulas over the relations of an account.
//!
//! A formula is about the account before a call or, in atoms of [`Moment::After`], about the
//! account after it. Variables have sorts; a variable that no quantifier binds is a parameter.

use crate::kind::{AttachmentKind, ResourceKind, SubResource};

/// The sort of a variable. Sorts are disjoint, and each may have any number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// Names of users.
    User,
    /// Names of resources of a kind.
    Resource(ResourceKind),
    /// Names of attachments of a kind that refers to no resource.
    Item(AttachmentKind),
    /// Names of inline policies of groups.
    GroupPolicy,
    /// Numbers of policy versions.
    Version,
    /// Paths other than the root.
    Path,
}

impl Sort {
    /// The sort of the items of a kind of attachment. An attachment that refers to a resource has
    /// the name of the resource.
    #[must_use]
    pub const fn of(kind: AttachmentKind) -> Self {
        match kind {
            AttachmentKind::GroupMembership => Self::Resource(ResourceKind::Group),
            AttachmentKind::ManagedPolicy => Self::Resource(ResourceKind::Policy),
            AttachmentKind::MfaDevice => Self::Resource(ResourceKind::Device),
            _ => Self::Item(kind),
        }
    }
}

/// A variable. Two variables are the same if name and sort are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable {
    /// The name: upper case for parameters, lower case for bound variables.
    pub name: &'static str,
    /// The sort.
    pub sort: Sort,
}

impl Variable {
    /// A variable.
    #[must_use]
    pub const fn new(name: &'static str, sort: Sort) -> Self {
        Self { name, sort }
    }

    /// The same parameter of a second call.
    #[must_use]
    pub fn other(self) -> Self {
        let name = match self.name {
            "U" => "U2",
            "V" => "V2",
            "I" => "I2",
            "J" => "J2",
            "Q" => "Q2",
            "B" => "B2",
            "T" => "T2",
            "R" => "R2",
            "N" => "N2",
            "E" => "E2",
            other => other,
        };
        Self { name, ..self }
    }

    /// A variable for a user.
    #[must_use]
    pub const fn user(name: &'static str) -> Self {
        Self::new(name, Sort::User)
    }
}

/// A relation of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// The user exists.
    User,
    /// The resource exists.
    Exists(ResourceKind),
    /// The user holds the item.
    Holds(AttachmentKind),
    /// The user holds the item, and it is inactive.
    Inactive(AttachmentKind),
    /// The resource has the sub-resource.
    Has(SubResource),
    /// The version is the default version of the policy.
    Default,
    /// The policy has or had a version with this number.
    Numbered,
    /// The policy is the permissions boundary of the user.
    Boundary,
    /// The user has this path. A user with the root path has none.
    Path,
}

impl Relation {
    /// Every relation.
    pub fn all() -> impl Iterator<Item = Self> {
        let kinds = || AttachmentKind::ALL.into_iter();
        [Self::User, Self::Default, Self::Numbered, Self::Boundary, Self::Path]
            .into_iter()
            .chain(RESOURCES.map(Self::Exists))
            .chain(PARTS.map(Self::Has))
            .chain(kinds().map(Self::Holds))
            .chain(STATUS_KINDS.map(Self::Inactive))
    }

    /// The name in formulas and in the scripts for solvers: `holds_access_key`.
    #[must_use]
    pub fn name(self) -> String {
        let snake = |name: &str| name.replace('-', "_");
        match self {
            Self::User => "user".to_owned(),
            Self::Exists(ResourceKind::Group) => "group".to_owned(),
            Self::Exists(ResourceKind::Policy) => "policy".to_owned(),
            Self::Exists(ResourceKind::Device) => "device".to_owned(),
            Self::Holds(kind) => format!("holds_{}", snake(kind.name())),
            Self::Inactive(kind) => format!("inactive_{}", snake(kind.name())),
            Self::Has(part) => format!("has_{}", snake(part.name())),
            Self::Default => "default_version".to_owned(),
            Self::Numbered => "numbered".to_owned(),
            Self::Boundary => "boundary".to_owned(),
            Self::Path => "path".to_owned(),
        }
    }

    /// The sorts of the arguments: of the first, and of the second if the relation has two.
    #[must_use]
    pub const fn sorts(self) -> (Sort, Option<Sort>) {
        const POLICY: Sort = Sort::Resource(ResourceKind::Policy);
        const GROUP: Sort = Sort::Resource(ResourceKind::Group);
        match self {
            Self::User => (Sort::User, None),
            Self::Exists(class) => (Sort::Resource(class), None),
            Self::Holds(kind) | Self::Inactive(kind) => (Sort::User, Some(Sort::of(kind))),
            Self::Has(SubResource::InlinePolicy) => (GROUP, Some(Sort::GroupPolicy)),
            Self::Has(SubResource::AttachedPolicy) => (GROUP, Some(POLICY)),
            Self::Has(SubResource::Version) | Self::Default | Self::Numbered => {
                (POLICY, Some(Sort::Version))
            }
            Self::Boundary => (Sort::User, Some(POLICY)),
            Self::Path => (Sort::User, Some(Sort::Path)),
        }
    }

    /// Variables for the arguments, which no formula uses otherwise.
    pub(crate) fn arguments(self) -> Vec<Variable> {
        let (first, second) = self.sorts();
        [Some(Variable::new("first", first)), second.map(|sort| Variable::new("second", sort))]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The kinds of resources.
pub const RESOURCES: [ResourceKind; 3] =
    [ResourceKind::Group, ResourceKind::Policy, ResourceKind::Device];

/// The kinds of sub-resources.
pub const PARTS: [SubResource; 3] =
    [SubResource::InlinePolicy, SubResource::AttachedPolicy, SubResource::Version];

/// The kinds whose items are active or inactive (B-AK-09, B-SC-03, B-SK-04, B-SS-03). The list
/// repeats the tables on purpose.
pub const STATUS_KINDS: [AttachmentKind; 4] = [
    AttachmentKind::AccessKey,
    AttachmentKind::SigningCertificate,
    AttachmentKind::SshPublicKey,
    AttachmentKind::ServiceCredential,
];

/// The account that an atom is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The account before the call.
    Before,
    /// The account after the call.
    After,
}

/// A first-order formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// The relation holds for the arguments.
    Atom(Relation, Vec<Variable>, Moment),
    /// Both variables name the same element.
    Same(Variable, Variable),
    /// The first number is at most the second.
    AtMost(Number, Number),
    /// Negation.
    Not(Box<Self>),
    /// Conjunction; true if empty.
    All(Vec<Self>),
    /// Disjunction; false if empty.
    Any(Vec<Self>),
    /// True if both have the same truth value.
    Iff(Box<Self>, Box<Self>),
    /// True for every value of the variables.
    ForAll(Vec<Variable>, Box<Self>),
    /// True for some value of the variables.
    Exists(Vec<Variable>, Box<Self>),
}

/// A whole number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// A constant.
    Constant(u32),
    /// The number of second arguments for which the relation holds with this first argument.
    Count(Relation, Variable, Moment),
    /// A sum.
    Sum(Vec<Self>),
    /// The number, less one.
    LessOne(Box<Self>),
    /// The first number if the formula holds, and the second otherwise.
    If(Box<Formula>, Box<Self>, Box<Self>),
}

/// The atom, about the account before the call.
#[must_use]
pub fn atom(relation: Relation, arguments: &[Variable]) -> Formula {
    Formula::Atom(relation, arguments.to_vec(), Moment::Before)
}

/// The user exists.
#[must_use]
pub fn user(user: Variable) -> Formula {
    atom(Relation::User, &[user])
}

/// The resource exists.
#[must_use]
pub fn exists(class: ResourceKind, resource: Variable) -> Formula {
    atom(Relation::Exists(class), &[resource])
}

/// The user holds the item.
#[must_use]
pub fn holds(kind: AttachmentKind, user: Variable, item: Variable) -> Formula {
    atom(Relation::Holds(kind), &[user, item])
}

/// The user holds the item, and it is inactive. False for kinds without a status.
#[must_use]
pub fn inactive(kind: AttachmentKind, user: Variable, item: Variable) -> Formula {
    if STATUS_KINDS.contains(&kind) {
        atom(Relation::Inactive(kind), &[user, item])
    } else {
        any([])
    }
}

/// The resource has the sub-resource.
#[must_use]
pub fn has(part: SubResource, resource: Variable, item: Variable) -> Formula {
    atom(Relation::Has(part), &[resource, item])
}

/// Negation.
#[must_use]
pub fn not(formula: Formula) -> Formula {
    Formula::Not(Box::new(formula))
}

/// Conjunction.
#[must_use]
pub fn all(formulas: impl IntoIterator<Item = Formula>) -> Formula {
    Formula::All(formulas.into_iter().collect())
}

/// Disjunction.
#[must_use]
pub fn any(formulas: impl IntoIterator<Item = Formula>) -> Formula {
    Formula::Any(formulas.into_iter().collect())
}

/// If the first formula holds, so does the second.
#[must_use]
pub fn implies(premise: Formula, conclusion: Formula) -> Formula {
    any([not(premise), conclusion])
}

/// Both formulas have the same truth value.
#[must_use]
pub fn iff(left: Formula, right: Formula) -> Formula {
    Formula::Iff(Box::new(left), Box::new(right))
}

/// The variables name the same element.
#[must_use]
pub const fn same(left: Variable, right: Variable) -> Formula {
    Formula::Same(left, right)
}

/// The formula holds for every value of the variables.
#[must_use]
pub fn for_all(variables: &[Variable], formula: Formula) -> Formula {
    Formula::ForAll(variables.to_vec(), Box::new(formula))
}

/// The formula holds for some value of the variables.
#[must_use]
pub fn for_some(variables: &[Variable], formula: Formula) -> Formula {
    Formula::Exists(variables.to_vec(), Box::new(formula))
}

/// The number of items of the kind that the user holds.
#[must_use]
pub const fn count(kind: AttachmentKind, user: Variable) -> Number {
    Number::Count(Relation::Holds(kind), user, Moment::Before)
}

/// The number is less than the limit.
#[must_use]
pub fn below(number: Number, limit: u32) -> Formula {
    not(Formula::AtMost(Number::Constant(limit), number))
}

impl Formula {
    /// The same statement about the account after the call.
    #[must_use]
    pub fn after(&self) -> Self {
        self.map_atoms(
            &|relation, arguments, _| Self::Atom(relation, arguments.to_vec(), Moment::After),
            &|relation, subject, _| Number::Count(relation, subject, Moment::After),
        )
    }

    /// The formula with each atom and each count replaced.
    pub(crate) fn map_atoms(
        &self,
        of_atom: &dyn Fn(Relation, &[Variable], Moment) -> Self,
        of_count: &dyn Fn(Relation, Variable, Moment) -> Number,
    ) -> Self {
        let of_variable = |it| it;
        self.replaced(&Replacement { of_atom, of_count, of_variable: &of_variable, free: None })
    }

    /// The formula with one free variable in place of another.
    #[must_use]
    pub fn with(&self, variable: Variable, value: Variable) -> Self {
        self.replaced(&Replacement::of_variable(variable, &put(variable, value)))
    }

    fn replaced(&self, by: &Replacement<'_>) -> Self {
        let inner = |formula: &Self| Box::new(formula.replaced(by));
        let each = |formulas: &[Self]| formulas.iter().map(|it| it.replaced(by)).collect();
        let is_bound = |bound: &[Variable]| by.free.is_some_and(|it| bound.contains(&it));
        match self {
            Self::Atom(relation, arguments, moment) => {
                let arguments: Vec<Variable> =
                    arguments.iter().map(|it| (by.of_variable)(*it)).collect();
                (by.of_atom)(*relation, &arguments, *moment)
            }
            Self::Same(left, right) => {
                Self::Same((by.of_variable)(*left), (by.of_variable)(*right))
            }
            Self::AtMost(left, right) => Self::AtMost(left.replaced(by), right.replaced(by)),
            Self::Not(part) => Self::Not(inner(part)),
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
            Self::Iff(left, right) => Self::Iff(inner(left), inner(right)),
            Self::ForAll(bound, _) | Self::Exists(bound, _) if is_bound(bound) => self.clone(),
            Self::ForAll(bound, part) => Self::ForAll(bound.clone(), inner(part)),
            Self::Exists(bound, part) => Self::Exists(bound.clone(), inner(part)),
        }
    }

    /// The free variables, in order.
    pub(crate) fn free_variables(&self, bound: &mut Vec<Variable>, free: &mut Vec<Variable>) {
        let mut note = |variable: Variable, bound: &[Variable]| {
            if !bound.contains(&variable) && !free.contains(&variable) {
                free.push(variable);
            }
        };
        match self {
            Self::Atom(_, arguments, _) => arguments.iter().for_each(|it| note(*it, bound)),
            Self::Same(left, right) => [left, right].into_iter().for_each(|it| note(*it, bound)),
            Self::AtMost(left, right) => {
                left.free_variables(bound, free);
                right.free_variables(bound, free);
            }
            Self::Not(part) => part.free_variables(bound, free),
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.free_variables(bound, free);
                }
            }
            Self::Iff(left, right) => {
                left.free_variables(bound, free);
                right.free_variables(bound, free);
            }
            Self::ForAll(variables, part) | Self::Exists(variables, part) => {
                let outer = bound.len();
                bound.extend(variables);
                part.free_variables(bound, free);
                bound.truncate(outer);
            }
        }
    }
}

impl Number {
    /// The number with one free variable in place of another.
    #[must_use]
    pub fn with(&self, variable: Variable, value: Variable) -> Self {
        self.replaced(&Replacement::of_variable(variable, &put(variable, value)))
    }

    fn replaced(&self, by: &Replacement<'_>) -> Self {
        match self {
            Self::Constant(_) => self.clone(),
            Self::Count(relation, subject, moment) => {
                (by.of_count)(*relation, (by.of_variable)(*subject), *moment)
            }
            Self::Sum(parts) => Self::Sum(parts.iter().map(|it| it.replaced(by)).collect()),
            Self::LessOne(number) => Self::LessOne(Box::new(number.replaced(by))),
            Self::If(condition, yes, no) => Self::If(
                Box::new(condition.replaced(by)),
                Box::new(yes.replaced(by)),
                Box::new(no.replaced(by)),
            ),
        }
    }

    fn free_variables(&self, bound: &mut Vec<Variable>, free: &mut Vec<Variable>) {
        match self {
            Self::Constant(_) => {}
            Self::Count(_, subject, _) => {
                if !bound.contains(subject) && !free.contains(subject) {
                    free.push(*subject);
                }
            }
            Self::Sum(parts) => {
                for part in parts {
                    part.free_variables(bound, free);
                }
            }
            Self::LessOne(number) => number.free_variables(bound, free),
            Self::If(condition, yes, no) => {
                condition.free_variables(bound, free);
                yes.free_variables(bound, free);
                no.free_variables(bound, free);
            }
        }
    }
}

/// Replaces the leaves of a formula.
struct Replacement<'a> {
    of_variable: &'a dyn Fn(Variable) -> Variable,
    of_atom: &'a dyn Fn(Relation, &[Variable], Moment) -> Formula,
    of_count: &'a dyn Fn(Relation, Variable, Moment) -> Number,
    /// The variable that is replaced where no quantifier binds it.
    free: Option<Variable>,
}

impl<'a> Replacement<'a> {
    /// Replaces this free variable, and nothing else.
    fn of_variable(variable: Variable, of_variable: &'a dyn Fn(Variable) -> Variable) -> Self {
        Self {
            of_variable,
            of_atom: &|relation, arguments, moment| {
                Formula::Atom(relation, arguments.to_vec(), moment)
            },
            of_count: &Number::Count,
            free: Some(variable),
        }
    }
}

fn put(variable: Variable, value: Variable) -> impl Fn(Variable) -> Variable {
    move |it| if it == variable { value } else { it }
}
