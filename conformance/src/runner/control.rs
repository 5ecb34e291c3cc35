//! Control calls: calls that show that the endpoint works while another call fails.
//!
//! No call works at every endpoint. An endpoint that cannot write a refusal fails at each read of
//! something that nobody has created, and another endpoint does not implement groups. Therefore a
//! call becomes a control only after it has got a response in this run.

use iamspec_model::{CreateUserOptions, Item, Operation, Path, Resource, ResourceKind, User};

/// Symbols that no script uses.
const UNUSED: u32 = 9;

/// The users that control calls create have numbers from this one on.
const FIRST_CREATED: u32 = 1000;

/// A call that may show that the endpoint works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// Reads a user that nobody has created.
    MissingUser,
    /// Reads a group that nobody has created.
    MissingGroup,
    /// Reads the totals of the account.
    Account,
    /// Lists the users of the account.
    Users,
    /// Creates a user of this run.
    NewUser,
}

impl Control {
    /// The controls that only read, the cheapest first.
    pub(super) const READS: [Self; 4] =
        [Self::MissingUser, Self::MissingGroup, Self::Account, Self::Users];

    /// Every control, in the order in which they are tried.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::READS.into_iter().chain([Self::NewUser])
    }

    /// The call. `number` distinguishes the calls of one namespace.
    pub(super) fn call(self, number: usize) -> Operation {
        match self {
            Self::MissingUser => Operation::GetUser(User(UNUSED)),
            Self::MissingGroup => {
                Operation::GetResource(Resource { kind: ResourceKind::Group, item: Item(UNUSED) })
            }
            Self::Account => Operation::GetAccountSummary,
            Self::Users => Operation::ListUsers(Path::default()),
            Self::NewUser => {
                let number = u32::try_from(number).unwrap_or_default();
                Operation::CreateUser(User(FIRST_CREATED + number), CreateUserOptions::default())
            }
        }
    }

    /// Whether the control calls this action.
    pub(super) fn is_of(self, api: &str) -> bool {
        self.call(0).action().is_some_and(|it| it.api == api)
    }
}
