//! Rebuilds the account that a solver found, by calls of the model.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{CreateUserOptions, IssueOptions, Item, Path, Service, Status, User, UserChange};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::logic::evaluate::CompiledStatement;
use crate::logic::faults::FaultyStatement;
use crate::logic::formula::{PARTS, RESOURCES, Relation, STATUS_KINDS, Sort, Variable};
use crate::logic::smt::element_name;
use crate::logic::statements::attachments::{is_issued, item, same_body_as};
use crate::logic::statements::call::{CallForm, arguments_of};
use crate::logic::statements::resources::{NEW_GROUP_NAME, class_of, entry, resource};
use crate::logic::statements::users::{BOUNDARY, NEW_NAME, PATH, TAG, USER};
use crate::logic::structure::{Structure, Tuple};
use crate::operation::Operation;
use crate::semantics::{Effect, allowed, next};
use crate::state::Account;

/// An account and a call that show a fault.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The calls that build the account.
    pub account: Vec<Operation>,
    /// The call that the faulty statement describes wrongly.
    pub call: Operation,
}

/// What the model and a faulty statement say about the call of a counterexample.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The account before the call.
    pub before: Account,
    /// Every call that builds the account is certain to succeed.
    pub is_reachable: bool,
    /// The call may succeed, in the model and by the faulty statement.
    pub may_succeed: [bool; 2],
    /// The call is certain to succeed, in the model and by the faulty statement.
    pub must_succeed: [bool; 2],
    /// Both have the same effect.
    pub same_effect: bool,
}

impl Replay {
    /// The model and the faulty statement differ.
    #[must_use]
    pub fn shows_fault(&self) -> bool {
        let [model, fault] = self.may_succeed;
        let [model_must, fault_must] = self.must_succeed;
        model != fault || model_must != fault_must || fault && !self.same_effect
    }
}

impl Counterexample {
    /// Reads the values that a solver printed for the script of a fault: `((user user_0) true)`.
    ///
    /// `None` if the output has no values.
    #[must_use]
    pub fn read(fault: &FaultyStatement, output: &str) -> Option<Self> {
        let sizes = |sort| fault.elements(sort);
        let (structure, value) = read_values(output, &sizes)?;
        let versions = VersionNumbers::of(&structure);
        Some(Self {
            account: account(&structure, &versions),
            call: call(fault.form, &value, &versions),
        })
    }

    /// Builds the account in the model, and compares the model with the faulty statement.
    #[must_use]
    pub fn replay(&self, fault: &FaultyStatement) -> Replay {
        let mut before = Account::default();
        let mut is_reachable = true;
        for op in &self.account {
            is_reachable &= allowed(&before, op).may_succeed();
            before = next(&before, op, Effect::Success);
        }
        let statement = CompiledStatement::new(&fault.statement);
        let (structure, arguments) = (Structure::of(&before), arguments_of(&self.call));
        let refused = statement.refused_if.iter().any(|it| it.1.holds(&structure, &arguments));
        let open = statement.unspecified_if.iter().any(|it| it.1.holds(&structure, &arguments));
        let allowed = allowed(&before, &self.call);
        let after = Structure::of(&next(&before, &self.call, Effect::Success));
        Replay {
            is_reachable,
            may_succeed: [allowed.may_succeed(), !refused],
            must_succeed: [allowed.must_succeed(), !refused && !open],
            same_effect: statement.after(&structure, &arguments) == after,
            before,
        }
    }
}

/// The element that a solver chose for a parameter.
type ValueOf<'a> = dyn Fn(Variable) -> Option<u32> + 'a;

/// The account and the parameters in the output of a solver: `((user user_0) true)`. `None` if the
/// output has no values.
pub(crate) fn read_values<'a>(
    output: &str,
    sizes: &'a dyn Fn(Sort) -> usize,
) -> Option<(Structure, Box<ValueOf<'a>>)> {
    let values = TrueAtoms::read(output)?;
    let elements = |sort: Sort| (0..sizes(sort)).map(move |it| element_name(sort, it));
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let mut tuples: Vec<Tuple> = Vec::new();
    for relation in Relation::all() {
        let (first, second) = relation.sorts();
        let name = relation.name();
        for (i, first) in elements(first).enumerate() {
            let Some(second) = second else {
                let is_true = values.has(&[&name, &first]);
                tuples.extend(is_true.then_some((relation, number(i), 0)));
                continue;
            };
            for (j, second) in elements(second).enumerate() {
                let is_true = values.has(&[&name, &first, &second]);
                tuples.extend(is_true.then_some((relation, number(i), number(j))));
            }
        }
    }
    let value = move |variable: Variable| {
        let named = |it: &String| values.has(&["=", variable.name, it]);
        elements(variable.sort).position(|it| named(&it)).map(number)
    };
    Some((Structure::from_tuples(tuples), Box::new(value)))
}

/// The atoms that a solver printed as true, each as its words.
struct TrueAtoms(BTreeSet<Vec<String>>);

impl TrueAtoms {
    /// `None` if there is no value at all.
    fn read(output: &str) -> Option<Self> {
        let mut atoms = BTreeSet::new();
        let mut has_values = false;
        for line in output.lines() {
            let words: Vec<&str> = line
                .split(|it: char| it == '(' || it == ')' || it.is_whitespace())
                .filter(|it| !it.is_empty())
                .collect();
            if let [atom @ .., value @ ("true" | "false")] = words.as_slice() {
                has_values = true;
                if *value == "true" {
                    atoms.insert(atom.iter().map(|it| (*it).to_owned()).collect());
                }
            }
        }
        has_values.then_some(Self(atoms))
    }

    /// An equation holds in both directions: solvers print either.
    fn has(&self, words: &[&str]) -> bool {
        let owned = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        match words {
            ["=", left, right] => {
                self.0.contains(&owned(words)) || self.0.contains(&owned(&["=", right, left]))
            }
            words => self.0.contains(&owned(words)),
        }
    }
}

/// The number that the service gives to each version: solvers know versions without an order.
pub(crate) struct VersionNumbers(BTreeMap<u32, Vec<u32>>);

impl VersionNumbers {
    pub(crate) fn of(structure: &Structure) -> Self {
        let mut numbers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (policy, version) in structure.tuples_of(Relation::Numbered) {
            numbers.entry(policy).or_default().push(version);
        }
        Self(numbers)
    }

    /// The number of a version of the policy; the next free number if it is not a version yet.
    fn number(&self, policy: u32, version: u32) -> Item {
        let versions = self.0.get(&policy).map_or(&[][..], Vec::as_slice);
        let index = versions.iter().position(|it| *it == version).unwrap_or(versions.len());
        Item(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1))
    }
}

/// The calls that build the account.
fn account(structure: &Structure, versions: &VersionNumbers) -> Vec<Operation> {
    let mut calls = Vec::new();
    for class in RESOURCES {
        for (name, _) in structure.tuples_of(Relation::Exists(class)) {
            calls.push(Operation::CreateResource(Resource { kind: class, item: Item(name) }));
        }
    }
    for part in PARTS.into_iter().filter(|it| *it != SubResource::Version) {
        for (owner, name) in structure.tuples_of(Relation::Has(part)) {
            let owner = Resource { kind: class_of(part), item: Item(owner) };
            calls.push(Operation::AddSubResource(owner, part, Item(name)));
        }
    }
    for policy in versions.0.keys() {
        build_versions(*policy, structure, versions, &mut calls);
    }
    for (name, _) in structure.tuples_of(Relation::User) {
        build_user(name, structure, &mut calls);
    }
    calls
}

/// Each new version becomes the default, so that the one before it can be removed if the account
/// does not have it any more.
fn build_versions(
    policy: u32,
    structure: &Structure,
    numbers: &VersionNumbers,
    calls: &mut Vec<Operation>,
) {
    const PART: SubResource = SubResource::Version;
    let owner = Resource { kind: ResourceKind::Policy, item: Item(policy) };
    let versions = numbers.0.get(&policy).map_or(&[][..], Vec::as_slice);
    let number = |version: u32| numbers.number(policy, version);
    let is_gone = |version: u32| !structure.has((Relation::Has(PART), policy, version));
    let some_gone = versions.iter().any(|it| is_gone(*it));
    let mut default = Item(1);
    for pair in versions.windows(2) {
        let &[old, new] = pair else { continue };
        calls.push(Operation::AddSubResource(owner, PART, number(new)));
        if some_gone {
            default = number(new);
            calls.push(Operation::SetDefault(owner, PART, default));
        }
        if is_gone(old) {
            calls.push(Operation::RemoveSubResource(owner, PART, number(old)));
        }
    }
    let is_default = |it: &&u32| structure.has((Relation::Default, policy, **it));
    let wanted = versions.iter().find(is_default).map(|it| number(*it));
    calls.extend(
        wanted.filter(|it| *it != default).map(|it| Operation::SetDefault(owner, PART, it)),
    );
    let last = versions.last().filter(|it| is_gone(**it));
    calls.extend(last.map(|it| Operation::RemoveSubResource(owner, PART, number(*it))));
}

fn build_user(name: u32, structure: &Structure, calls: &mut Vec<Operation>) {
    let user = User(name);
    let second_of =
        |relation| structure.tuples_of(relation).find(|it| it.0 == name).map(|(_, second)| second);
    let options = CreateUserOptions {
        path: second_of(Relation::Path).map_or(Path::default(), path),
        boundary: second_of(Relation::Boundary).map(Item),
        tag: None,
    };
    calls.push(Operation::CreateUser(user, options));
    for kind in AttachmentKind::ALL {
        let held = structure.tuples_of(Relation::Holds(kind)).filter(|it| it.0 == name);
        for (_, item) in held {
            calls.push(attach(user, kind, item_of(kind, item), None));
            if STATUS_KINDS.contains(&kind) && structure.has((Relation::Inactive(kind), name, item))
            {
                calls.push(Operation::SetStatus(user, kind, Item(item), Status::Inactive));
            }
        }
    }
}

/// A login profile has no name: every element stands for the same one.
const fn item_of(kind: AttachmentKind, element: u32) -> Item {
    if matches!(kind, AttachmentKind::LoginProfile) { Item(0) } else { Item(element) }
}

/// Element 0 is the first path that is not the root.
fn path(element: u32) -> Path {
    Path(u8::try_from(element.saturating_add(1)).unwrap_or(u8::MAX))
}

fn attach(user: User, kind: AttachmentKind, item: Item, same_body: Option<Item>) -> Operation {
    if !is_issued(kind) {
        return Operation::Attach(user, kind, item);
    }
    let options = match same_body {
        Some(other) => IssueOptions::SameBodyAs(other),
        None if kind == AttachmentKind::ServiceCredential => IssueOptions::Service(Service(0)),
        None => IssueOptions::None,
    };
    Operation::Issue(user, kind, item, options)
}

/// The call of this form with the values of a solver.
pub(crate) fn call(form: CallForm, value: &ValueOf<'_>, versions: &VersionNumbers) -> Operation {
    // A parameter that no obligation mentions has no value, and any value will do.
    let any_value = |variable| value(variable).unwrap_or(0);
    let user = User(any_value(USER));
    let named = |kind| item_of(kind, any_value(item(kind)));
    let about = |class| Resource { kind: class, item: Item(any_value(resource(class))) };
    let part = |part: SubResource| {
        let owner = about(class_of(part));
        let named = any_value(entry(part));
        let named = if part == SubResource::Version {
            versions.number(owner.item.0, named)
        } else {
            Item(named)
        };
        (owner, part, named)
    };
    match form {
        CallForm::CreateUser { path: has_path, boundary, tag } => {
            let options = CreateUserOptions {
                path: if has_path { path(any_value(PATH)) } else { Path::default() },
                boundary: boundary.then(|| Item(any_value(BOUNDARY))),
                tag: tag.then(|| Item(any_value(TAG))),
            };
            Operation::CreateUser(user, options)
        }
        CallForm::UpdateUser { name, path: has_path, root } => {
            let new_path = if root { Path::default() } else { path(any_value(PATH)) };
            let name = name.then(|| User(any_value(NEW_NAME)));
            Operation::UpdateUser(user, UserChange { name, path: has_path.then_some(new_path) })
        }
        CallForm::GetUser => Operation::GetUser(user),
        CallForm::DeleteUser => Operation::DeleteUser(user),
        CallForm::PutBoundary => Operation::PutBoundary(user, Item(any_value(BOUNDARY))),
        CallForm::DeleteBoundary => Operation::DeleteBoundary(user),
        CallForm::ChangePassword => Operation::ChangePassword(user),
        CallForm::GetAccessKeyLastUsed => {
            Operation::GetAccessKeyLastUsed(named(AttachmentKind::AccessKey))
        }
        CallForm::ReadAccount => Operation::GetAccountSummary,
        CallForm::Create(class) => Operation::CreateResource(about(class)),
        CallForm::Read(class) => Operation::GetResource(about(class)),
        CallForm::KeepGroupName => Operation::RenameResource(about(ResourceKind::Group), None),
        CallForm::RenameGroup => {
            let name = Some(Item(any_value(NEW_GROUP_NAME)));
            Operation::RenameResource(about(ResourceKind::Group), name)
        }
        CallForm::Delete(class) => Operation::DeleteResource(about(class)),
        CallForm::Add(kind) => {
            let (owner, kind, named) = part(kind);
            Operation::AddSubResource(owner, kind, named)
        }
        CallForm::GetEntry(kind) => {
            let (owner, kind, named) = part(kind);
            Operation::GetSubResource(owner, kind, named)
        }
        CallForm::SetDefault => {
            let (owner, kind, named) = part(SubResource::Version);
            Operation::SetDefault(owner, kind, named)
        }
        CallForm::Remove(kind) => {
            let (owner, kind, named) = part(kind);
            Operation::RemoveSubResource(owner, kind, named)
        }
        CallForm::Attach { kind, same_body } => {
            let other = same_body.then(|| Item(any_value(same_body_as(kind))));
            attach(user, kind, named(kind), other)
        }
        CallForm::List(kind) => Operation::List(user, kind),
        CallForm::Get(kind) => Operation::Get(user, kind, named(kind)),
        CallForm::SetStatus(kind, status) => Operation::SetStatus(user, kind, named(kind), status),
        CallForm::ResetSecret(kind) => Operation::ResetSecret(user, kind, named(kind)),
        CallForm::Detach(kind) => Operation::Detach(user, kind, named(kind)),
    }
}
