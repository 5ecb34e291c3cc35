//! The statement of an operation, and the values of its parameters.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ids::{CreateUserOptions, IssueOptions, Path, Status, User};
use crate::kind::{AttachmentKind, ResourceKind, SubResource};
use crate::logic::evaluate::{Arguments, CompiledStatement};
use crate::logic::formula::{PARTS, RESOURCES, STATUS_KINDS};
use crate::logic::statements::Statement;
use crate::logic::statements::{attachments, resources, users};
use crate::operation::Operation;
use crate::state::bits::hasher;

/// Which statement describes a call. Calls with the same form differ only in their arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each form is named like the operation and its optional parameters"
)]
pub enum CallForm {
    CreateUser { path: bool, boundary: bool, tag: bool },
    GetUser,
    UpdateUser { name: bool, path: bool, root: bool },
    DeleteUser,
    PutBoundary,
    DeleteBoundary,
    ChangePassword,
    GetAccessKeyLastUsed,
    ReadAccount,
    Create(ResourceKind),
    Read(ResourceKind),
    KeepGroupName,
    RenameGroup,
    Delete(ResourceKind),
    Add(SubResource),
    GetEntry(SubResource),
    SetDefault,
    Remove(SubResource),
    Attach { kind: AttachmentKind, same_body: bool },
    List(AttachmentKind),
    Get(AttachmentKind),
    SetStatus(AttachmentKind, Status),
    ResetSecret(AttachmentKind),
    Detach(AttachmentKind),
}

static STATEMENTS: LazyLock<HashMap<CallForm, CompiledStatement, ahash::RandomState>> =
    LazyLock::new(|| {
        let mut statements = HashMap::with_hasher(hasher());
        statements
            .extend(CallForm::all().map(|form| (form, CompiledStatement::new(&form.statement()))));
        statements
    });

/// The statement of the operation, with the values of its parameters.
///
/// `None` for invalid requests, which are about the form of a request and not about the account,
/// and for operations that the API does not have, such as the status of a membership.
#[must_use]
pub fn statement_of(op: &Operation) -> Option<(&'static CompiledStatement, Arguments)> {
    op.action()?;
    let form = CallForm::of(op)?;
    Some((STATEMENTS.get(&form)?, arguments_of(op)))
}

/// The values of the parameters, in the order of the statement.
#[must_use]
pub fn arguments_of(op: &Operation) -> Arguments {
    match *op {
        Operation::CreateUser(user, options) => create_user_arguments(user, options),
        Operation::UpdateUser(user, change) => {
            let path = change.path.filter(|it| *it != Path::default()).map(|it| u32::from(it.0));
            arguments(user.0, change.name.map(|it| it.0).into_iter().chain(path))
        }
        Operation::GetUser(user)
        | Operation::DeleteUser(user)
        | Operation::DeleteBoundary(user)
        | Operation::ChangePassword(user)
        | Operation::List(user, _)
        | Operation::Invalid(user, _) => arguments(user.0, []),
        Operation::Issue(user, _, item, IssueOptions::SameBodyAs(other)) => {
            arguments(user.0, [item.0, other.0])
        }
        Operation::PutBoundary(user, item)
        | Operation::Attach(user, _, item)
        | Operation::Issue(user, _, item, _)
        | Operation::Get(user, _, item)
        | Operation::SetStatus(user, _, item, _)
        | Operation::ResetSecret(user, _, item)
        | Operation::Detach(user, _, item) => arguments(user.0, [item.0]),
        Operation::GetAccessKeyLastUsed(key) => arguments(key.0, []),
        Operation::ListUsers(_)
        | Operation::ListResources(..)
        | Operation::GetAccountSummary
        | Operation::GetAuthorizationDetails => arguments(0, []),
        Operation::CreateResource(resource) => arguments(resource.item.0, [FIRST_VERSION_NUMBER]),
        Operation::RenameResource(resource, name) => {
            arguments(resource.item.0, name.map(|it| it.0))
        }
        Operation::GetResource(resource)
        | Operation::ListHolders(resource)
        | Operation::DeleteResource(resource)
        | Operation::ListSubResources(resource, _) => arguments(resource.item.0, []),
        Operation::AddSubResource(resource, _, item)
        | Operation::GetSubResource(resource, _, item)
        | Operation::SetDefault(resource, _, item)
        | Operation::RemoveSubResource(resource, _, item) => arguments(resource.item.0, [item.0]),
    }
}

/// The number of the first version of a policy (C-020).
const FIRST_VERSION_NUMBER: u32 = 1;

fn arguments(first: u32, rest: impl IntoIterator<Item = u32>) -> Arguments {
    let mut arguments = Arguments::default();
    for (slot, value) in arguments.iter_mut().zip([first].into_iter().chain(rest)) {
        *slot = value;
    }
    arguments
}

fn create_user_arguments(user: User, options: CreateUserOptions) -> Arguments {
    let path = Some(options.path).filter(|it| *it != Path::default()).map(|it| u32::from(it.0));
    let items = [options.boundary, options.tag].into_iter().flatten().map(|it| it.0);
    arguments(user.0, path.into_iter().chain(items))
}

impl CallForm {
    /// The form of an operation. `None` for invalid requests.
    #[must_use]
    pub fn of(op: &Operation) -> Option<Self> {
        Some(match *op {
            Operation::CreateUser(_, options) => Self::CreateUser {
                path: options.path != Path::default(),
                boundary: options.boundary.is_some(),
                tag: options.tag.is_some(),
            },
            Operation::GetUser(_) => Self::GetUser,
            Operation::UpdateUser(_, change) => Self::UpdateUser {
                name: change.name.is_some(),
                path: change.path.is_some(),
                root: change.path == Some(Path::default()),
            },
            Operation::DeleteUser(_) => Self::DeleteUser,
            Operation::PutBoundary(..) => Self::PutBoundary,
            Operation::DeleteBoundary(_) => Self::DeleteBoundary,
            Operation::ChangePassword(_) => Self::ChangePassword,
            Operation::GetAccessKeyLastUsed(_) => Self::GetAccessKeyLastUsed,
            Operation::ListUsers(_)
            | Operation::ListResources(..)
            | Operation::GetAccountSummary
            | Operation::GetAuthorizationDetails => Self::ReadAccount,
            Operation::CreateResource(it) => Self::Create(it.kind),
            Operation::GetResource(it)
            | Operation::ListHolders(it)
            | Operation::ListSubResources(it, _) => Self::Read(it.kind),
            Operation::RenameResource(_, None) => Self::KeepGroupName,
            Operation::RenameResource(_, Some(_)) => Self::RenameGroup,
            Operation::DeleteResource(it) => Self::Delete(it.kind),
            Operation::AddSubResource(_, part, _) => Self::Add(part),
            Operation::GetSubResource(_, part, _) => Self::GetEntry(part),
            Operation::SetDefault(..) => Self::SetDefault,
            Operation::RemoveSubResource(_, part, _) => Self::Remove(part),
            Operation::Attach(_, kind, _) => Self::Attach { kind, same_body: false },
            Operation::Issue(_, kind, _, options) => {
                let same_body = matches!(options, IssueOptions::SameBodyAs(_));
                Self::Attach { kind, same_body }
            }
            Operation::List(_, kind) => Self::List(kind),
            Operation::Get(_, kind, _) => Self::Get(kind),
            Operation::SetStatus(_, kind, _, status) => Self::SetStatus(kind, status),
            Operation::ResetSecret(_, kind, _) => Self::ResetSecret(kind),
            Operation::Detach(_, kind, _) => Self::Detach(kind),
            Operation::Invalid(..) => return None,
        })
    }

    /// Every form of a call.
    pub fn all() -> impl Iterator<Item = Self> {
        const BOTH: [bool; 2] = [false, true];
        let creations = BOTH.into_iter().flat_map(|path| {
            BOTH.into_iter()
                .flat_map(move |boundary| BOTH.map(|tag| Self::CreateUser { path, boundary, tag }))
        });
        let updates = BOTH.into_iter().flat_map(|name| {
            [(false, false), (true, false), (true, true)].map(|(path, root)| Self::UpdateUser {
                name,
                path,
                root,
            })
        });
        let of_users = [
            Self::GetUser,
            Self::DeleteUser,
            Self::PutBoundary,
            Self::DeleteBoundary,
            Self::ChangePassword,
            Self::GetAccessKeyLastUsed,
            Self::ReadAccount,
            Self::KeepGroupName,
            Self::RenameGroup,
            Self::SetDefault,
        ];
        let of_resources =
            RESOURCES.into_iter().flat_map(|it| [Self::Create(it), Self::Delete(it)]);
        let resource_reads = [ResourceKind::Group, ResourceKind::Policy].map(Self::Read);
        let of_parts = PARTS.into_iter().flat_map(|it| [Self::Add(it), Self::Remove(it)]);
        let part_reads = [SubResource::InlinePolicy, SubResource::Version].map(Self::GetEntry);
        let of_kinds = AttachmentKind::ALL.into_iter().flat_map(|kind| {
            [Self::Attach { kind, same_body: false }, Self::List(kind), Self::Detach(kind)]
        });
        let reads = [AttachmentKind::SshPublicKey, AttachmentKind::InlinePolicy].map(Self::Get);
        let resets = [
            AttachmentKind::LoginProfile,
            AttachmentKind::ServiceCredential,
            AttachmentKind::MfaDevice,
        ]
        .map(Self::ResetSecret);
        let uploads = [AttachmentKind::SigningCertificate, AttachmentKind::SshPublicKey]
            .map(|kind| Self::Attach { kind, same_body: true });
        let statuses = STATUS_KINDS.into_iter().flat_map(|kind| {
            [Status::Active, Status::Inactive].map(|status| Self::SetStatus(kind, status))
        });
        creations
            .chain(updates)
            .chain(of_users)
            .chain(of_resources)
            .chain(resource_reads)
            .chain(of_parts)
            .chain(part_reads)
            .chain(of_kinds)
            .chain(reads)
            .chain(resets)
            .chain(uploads)
            .chain(statuses)
    }

    /// The statement of calls of this form.
    #[must_use]
    pub fn statement(self) -> Statement {
        match self {
            Self::CreateUser { path, boundary, tag } => users::create_user(path, boundary, tag),
            Self::GetUser => users::get_user(),
            Self::UpdateUser { name, path, root } => users::update_user(name, path, root),
            Self::DeleteUser => users::delete_user(),
            Self::PutBoundary => users::put_boundary(),
            Self::DeleteBoundary => users::delete_boundary(),
            Self::ChangePassword => users::change_password(),
            Self::GetAccessKeyLastUsed => users::get_access_key_last_used(),
            Self::ReadAccount => users::read_account(),
            Self::Create(class) => resources::create(class),
            Self::Read(class) => resources::read(class),
            Self::KeepGroupName => resources::keep_group_name(),
            Self::RenameGroup => resources::rename_group(),
            Self::Delete(class) => resources::delete(class),
            Self::Add(part) => resources::add(part),
            Self::GetEntry(part) => resources::get_entry(part),
            Self::SetDefault => resources::set_default(),
            Self::Remove(part) => resources::remove(part),
            Self::Attach { kind, same_body } => attachments::attach(kind, same_body),
            Self::List(kind) => attachments::list(kind),
            Self::Get(kind) => attachments::get(kind),
            Self::SetStatus(kind, status) => attachments::set_status(kind, status),
            Self::ResetSecret(kind) => attachments::reset_secret(kind),
            Self::Detach(kind) => attachments::detach(kind),
        }
    }
}
