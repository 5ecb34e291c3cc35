//! proptest strategies for operations and scripts.
//!
//! A script is drawn as a list of [`Choice`]s, which depend on no account. Each choice becomes an
//! operation that fits the account of the model after the operations before it. Therefore each part
//! of a list is a sensible script too, and proptest can shrink a script by leaving choices out.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::{ActionEntry, ActionTarget, action_entries};
use iamspec_model::{
    Account, AttachmentAction, AttachmentKind, CreateUserOptions, Effect, Filter, InvalidRequest,
    IssueOptions, Item, Operation, Path, Resource, ResourceAction, ResourceKind, Service, Status,
    SubResource, SubResourceAction, User, UserChange, allowed, next,
};
use proptest::collection::{SizeRange, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, subsequence};

use crate::generate::kind_set::{Fresh, NEVER_ISSUED, or_create_missing_resource};
use crate::script::unusual::{FIRST_UNUSUAL, UNUSUAL_PATH, UNUSUAL_SHARE, UNUSUAL_STYLES};

/// How many names a strategy draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameCounts {
    /// The number of users.
    pub users: u32,
    /// The number of items of each kind, of resources of each kind, and of sub-resources.
    pub items: u32,
}

impl Default for NameCounts {
    /// Few names, so that calls are often about the same entity.
    fn default() -> Self {
        Self { users: 2, items: 2 }
    }
}

/// The choice of one call, which depends on no account. Its numbers become symbols in a [`Swarm`].
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    action: Index,
    user: u32,
    other_user: u32,
    item: u32,
    other_item: u32,
    path: u8,
    /// Names an item that the user holds, if it holds any.
    names_held: bool,
    /// Two optional members of a request.
    options: [bool; 2],
    invalid: Index,
}

/// The choice of one call.
pub fn choices(names: NameCounts) -> impl Strategy<Value = Choice> {
    let users = || 0..names.users.max(1);
    let items = || 0..names.items.max(1);
    let held = prop_oneof![3 => Just(true), 1 => Just(false)];
    let drawn = (any::<Index>(), users(), users(), items(), items(), 0..PATHS, held);
    (drawn, any::<[bool; 2]>(), any::<Index>()).prop_map(|(drawn, options, invalid)| {
        let (action, user, other_user, item, other_item, path, names_held) = drawn;
        Choice { action, user, other_user, item, other_item, path, names_held, options, invalid }
    })
}

/// What one script draws its calls from: an action, or an invalid request.
#[derive(Clone, Copy, Debug)]
enum CallTemplate {
    Action(ActionEntry),
    Invalid,
}

/// The number of paths.
const PATHS: u8 = 3;

/// The calls and the names of one script.
///
/// Swarm selection leaves most actions out, which reaches states that a uniform choice among all
/// actions would not. `CreateUser`, `DeleteUser` and the calls that create resources are always among
/// them.
#[derive(Clone, Debug)]
pub struct Swarm {
    calls: Vec<CallTemplate>,
    /// The first number of the symbols that the caller names.
    first_symbol: u32,
}

/// The number of times that a call of every script is in its list.
const WEIGHT: usize = 3;

impl Swarm {
    /// Every action of the model, and invalid requests, with ordinary names.
    #[must_use]
    pub fn of_all() -> Self {
        let all = action_entries().map(CallTemplate::Action);
        Self { calls: all.chain([CallTemplate::Invalid]).collect(), first_symbol: 0 }
    }

    fn user(&self, number: u32) -> User {
        User(self.first_symbol + number)
    }

    fn item(&self, number: u32) -> Item {
        Item(self.first_symbol + number)
    }

    fn path(&self, number: u8) -> Path {
        let is_unusual = self.first_symbol > 0 && number + 1 == PATHS;
        Path(if is_unusual { UNUSUAL_PATH } else { number })
    }
}

/// A random quarter of the actions. In one of [`UNUSUAL_SHARE`] swarms, encoders get the names wrong.
///
/// It shrinks to ordinary names. The actions do not shrink, because each choice would become another
/// call.
pub fn swarms() -> impl Strategy<Value = Swarm> {
    let is_in_each = |it: &CallTemplate| match it {
        CallTemplate::Action(entry) => match entry.target {
            ActionTarget::User => ["CreateUser", "DeleteUser"].contains(&entry.action.api),
            ActionTarget::Resource(_, action) => action == ResourceAction::Create,
            _ => false,
        },
        CallTemplate::Invalid => false,
    };
    let (in_each, others): (Vec<_>, Vec<_>) =
        Swarm::of_all().calls.into_iter().partition(is_in_each);
    let quarter = others.len() / 4;
    let chosen = subsequence(others, quarter).no_shrink();
    let first_symbol = prop_oneof![
        UNUSUAL_SHARE - 1 => Just(0),
        1 => FIRST_UNUSUAL..FIRST_UNUSUAL + UNUSUAL_STYLES,
    ];
    (first_symbol, chosen).prop_map(move |(first_symbol, chosen)| {
        let calls = in_each.repeat(WEIGHT).into_iter().chain(chosen).collect();
        Swarm { calls, first_symbol }
    })
}

/// The calls of one namespace so far: the account that they leave in the model, and the items that
/// the service has named.
#[derive(Clone, Debug, Default)]
pub struct ScriptState {
    account: Account,
    fresh: Fresh,
}

impl ScriptState {
    /// The account that the calls so far leave in the model.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The operation of this choice, after which the account is the one that a success leaves.
    #[must_use]
    pub fn advance(&mut self, choice: &Choice, swarm: &Swarm) -> Operation {
        let operation = choice.operation(swarm, &self.account, &mut self.fresh);
        self.apply(&operation);
        operation
    }

    /// Returns true unless the operation issues an item that was issued before.
    #[must_use]
    pub fn permits(&self, operation: &Operation) -> bool {
        match *operation {
            Operation::Issue(_, kind, item, _) => self.fresh.is_new(kind, item),
            _ => true,
        }
    }

    /// Changes the account as a success of this operation does, if the operation may succeed.
    pub fn apply(&mut self, operation: &Operation) {
        if let Operation::Issue(_, kind, item, _) = *operation {
            self.fresh.record(kind, item);
        }
        if allowed(&self.account, operation).may_succeed() {
            self.account = next(&self.account, operation, Effect::Success);
        }
    }
}

/// The operations of one script, each sensible after those before it.
pub fn scripts(
    names: NameCounts,
    length: impl Into<SizeRange>,
) -> impl Strategy<Value = Vec<Operation>> {
    (swarms(), vec(choices(names), length)).prop_map(|(swarm, choices)| {
        let mut state = ScriptState::default();
        choices.iter().map(|it| state.advance(it, &swarm)).collect()
    })
}

/// Whether the user can sign a call itself: a change of its password, or a request without its name.
fn has_active_key(account: &Account, user: User) -> bool {
    let mut keys = account.attachments_of_kind(user, AttachmentKind::AccessKey);
    keys.any(|it| it.status == Status::Active)
}

impl Choice {
    /// The operation of this choice in an account.
    fn operation(&self, swarm: &Swarm, account: &Account, fresh: &mut Fresh) -> Operation {
        let CallTemplate::Action(entry) = self.action.get(&swarm.calls) else {
            // Scripts do not name the user of an invalid request.
            let user = User(0);
            let may_sign = has_active_key(account, user);
            let invalid = InvalidRequest::all();
            let invalid: Vec<InvalidRequest> =
                invalid.filter(|it| may_sign || !it.row().error.lacks_value()).collect();
            return Operation::Invalid(user, *self.invalid.get(&invalid));
        };
        match entry.target {
            ActionTarget::User => self.user_operation(entry.action.api, swarm, account, fresh),
            ActionTarget::Resource(kind, action) => self.resource_operation(kind, action, swarm),
            ActionTarget::SubResource(kind, action) => {
                let resource = Resource { kind: kind.row().resource, item: swarm.item(self.item) };
                let item = match (kind, action) {
                    // The service numbers versions, from 1.
                    (SubResource::Version, SubResourceAction::Add) => Item::default(),
                    (SubResource::Version, _) => Item(1 + self.other_item),
                    _ => swarm.item(self.other_item),
                };
                let operation = action.on(resource, kind, item);
                if action == SubResourceAction::Add {
                    or_create_missing_resource(account, operation)
                } else {
                    operation
                }
            }
            ActionTarget::Attachment(kind, action) => {
                self.attachment_operation((kind, action), swarm, account, fresh)
            }
        }
    }

    fn user_operation(
        &self,
        api: &str,
        swarm: &Swarm,
        account: &Account,
        fresh: &mut Fresh,
    ) -> Operation {
        let [first, second] = self.options;
        let (user, item, path) =
            (swarm.user(self.user), swarm.item(self.item), swarm.path(self.path));
        match api {
            "CreateUser" => {
                let boundary = Some(item).filter(|_| first);
                let tag = Some(swarm.item(self.other_item)).filter(|_| second);
                Operation::CreateUser(user, CreateUserOptions { path, boundary, tag })
            }
            "GetUser" => Operation::GetUser(user),
            "ListUsers" => Operation::ListUsers(path),
            "UpdateUser" => {
                let name = Some(swarm.user(self.other_user)).filter(|_| first);
                let path = Some(path).filter(|_| second);
                Operation::UpdateUser(user, UserChange { name, path })
            }
            "PutUserPermissionsBoundary" => Operation::PutBoundary(user, item),
            "DeleteUserPermissionsBoundary" => Operation::DeleteBoundary(user),
            // The user signs the call with an access key of its own.
            "ChangePassword" => {
                if has_active_key(account, user) {
                    Operation::ChangePassword(user)
                } else {
                    fresh.attach(account, user, AttachmentKind::AccessKey)
                }
            }
            "GetAccessKeyLastUsed" => Operation::GetAccessKeyLastUsed(self.item_of(
                AttachmentKind::AccessKey,
                swarm,
                account,
            )),
            "GetAccountSummary" => Operation::GetAccountSummary,
            "GetAccountAuthorizationDetails" => Operation::GetAuthorizationDetails,
            _ => Operation::DeleteUser(user),
        }
    }

    fn resource_operation(
        &self,
        kind: ResourceKind,
        action: ResourceAction,
        swarm: &Swarm,
    ) -> Operation {
        let resource = Resource { kind, item: swarm.item(self.item) };
        match action {
            ResourceAction::Create => Operation::CreateResource(resource),
            ResourceAction::Get => Operation::GetResource(resource),
            ResourceAction::List => {
                let filter = match (kind, self.options) {
                    (ResourceKind::Group, _) | (_, [false, _]) => Filter::All,
                    (ResourceKind::Device, [true, true]) => Filter::Unused,
                    _ => Filter::InUse,
                };
                Operation::ListResources(kind, filter)
            }
            ResourceAction::Rename => {
                let [is_renamed, _] = self.options;
                let name = Some(swarm.item(self.other_item)).filter(|_| is_renamed);
                Operation::RenameResource(resource, name)
            }
            ResourceAction::ListHolders => Operation::ListHolders(resource),
            ResourceAction::Delete => Operation::DeleteResource(resource),
        }
    }

    fn attachment_operation(
        &self,
        (kind, action): (AttachmentKind, AttachmentAction),
        swarm: &Swarm,
        account: &Account,
        fresh: &mut Fresh,
    ) -> Operation {
        let (user, row) = (swarm.user(self.user), kind.row());
        if action != AttachmentAction::Attach {
            let [is_active, _] = self.options;
            let status = if is_active { Status::Active } else { Status::Inactive };
            return action.on(user, kind, self.item_of(kind, swarm, account), status);
        }
        match row.naming {
            Naming::Service => {
                let operation = fresh.attach(account, user, kind);
                self.with_options(operation, account, kind)
            }
            _ if row.refers_to == Some(ResourceKind::Device) => {
                or_create_missing_resource(account, fresh.attach(account, user, kind))
            }
            Naming::Caller => Operation::Attach(user, kind, swarm.item(self.item)),
            Naming::Single => Operation::Attach(user, kind, Item(0)),
        }
    }

    /// Uploads the body of a held item again, or names another service.
    fn with_options(
        &self,
        operation: Operation,
        account: &Account,
        kind: AttachmentKind,
    ) -> Operation {
        let Operation::Issue(user, _, item, options) = operation else { return operation };
        let held = account.attachments_of_kind(user, kind).next().map(|it| it.item);
        let options = match (options, self.options) {
            (IssueOptions::None, [true, true]) if kind.row().has_body => {
                held.map_or(options, IssueOptions::SameBodyAs)
            }
            (IssueOptions::Service(_), [other, _]) => {
                IssueOptions::Service(Service(u8::from(other)))
            }
            _ => options,
        };
        Operation::Issue(user, kind, item, options)
    }

    /// An item of this kind: usually one that the user holds, if it holds any.
    fn item_of(&self, kind: AttachmentKind, swarm: &Swarm, account: &Account) -> Item {
        let held = account.attachments_of_kind(swarm.user(self.user), kind);
        let held: Vec<Item> = held.map(|it| it.item).collect();
        let position = (self.item as usize).checked_rem(held.len());
        let held = position.filter(|_| self.names_held).and_then(|it| held.get(it).copied());
        held.unwrap_or(match kind.row().naming {
            Naming::Single => Item(0),
            Naming::Caller => swarm.item(self.item),
            Naming::Service => NEVER_ISSUED,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use iamspec_model::tables::actions;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::reference::Reference;
    use crate::script::{Script, Step, parse, print};
    use crate::{Suite, Verdict};

    const LENGTH: usize = 50;

    /// The same scripts in every run.
    fn drawn(count: usize) -> Vec<Vec<Operation>> {
        let strategy = scripts(NameCounts::default(), LENGTH);
        let mut runner = TestRunner::deterministic();
        (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    }

    fn script(operations: &[Operation]) -> Script {
        let steps = operations.iter().copied().map(Step::from).collect();
        Script { name: "random".to_owned(), idea: "Random.".to_owned(), steps }
    }

    #[test]
    fn every_action_is_drawn_and_every_script_can_be_written_down() {
        let mut missing: BTreeSet<&str> = actions().map(|it| it.api).collect();
        let (mut invalid, mut unusual) = (0, 0);
        for operations in drawn(100) {
            for operation in &operations {
                missing.remove(operation.action().unwrap().api);
                invalid += usize::from(matches!(operation, Operation::Invalid(..)));
                unusual += usize::from(operation.user().is_some_and(|it| it.0 >= FIRST_UNUSUAL));
            }
            let text = print::print(&script(&operations));
            let parsed = parse::parse("random", &text).unwrap();
            assert_eq!(parsed.operations().collect::<Vec<_>>(), operations, "{text}");
        }
        assert_eq!(missing, BTreeSet::new());
        assert!(invalid > 0 && unusual > 0, "{invalid} invalid, {unusual} unusual");
    }

    #[test]
    fn the_reference_conforms_and_responds_to_each_operation() {
        let scripts = drawn(100).iter().map(|it| script(it)).collect();
        let report = Suite::new(scripts).run(&mut Reference::default(), &mut |_| (), &|| false);
        let exchanges: Vec<_> = report.script_runs.iter().flat_map(|it| &it.exchanges).collect();
        // The suite reads the account after each script.
        assert!(exchanges.len() > 100 * LENGTH, "{}", exchanges.len());
        for it in exchanges {
            assert!(
                matches!(it.verdict, Verdict::Conforms(_)),
                "{:?} {:?}",
                it.operation,
                it.verdict
            );
        }
        assert!(report.not_deleted.is_empty());
    }

    #[test]
    fn a_script_shrinks_to_what_is_needed() {
        let deletes_holder = |operations: &Vec<Operation>| {
            let mut state = ScriptState::default();
            operations.iter().any(|it| {
                let blocks = matches!(it, Operation::DeleteUser(user)
                    if state.account().attachments_of_kind(*user, AttachmentKind::AccessKey).next().is_some());
                state.apply(it);
                blocks
            })
        };
        let strategy = scripts(NameCounts::default(), 1..=LENGTH);
        let error = TestRunner::deterministic()
            .run(&strategy, |operations| {
                proptest::prop_assert!(!deletes_holder(&operations));
                Ok(())
            })
            .unwrap_err();
        let proptest::test_runner::TestError::Fail(_, operations) = error else {
            panic!("{error}")
        };
        let calls: Vec<String> = operations.iter().map(print::operation).collect();
        // proptest tries only once to leave out each call.
        assert!(calls.len() <= 5, "{calls:?}");
        let needed = ["CreateAccessKey u0 key#0", "DeleteUser u0"];
        assert!(calls.ends_with(&needed.map(str::to_owned)), "{calls:?}");
    }
}
