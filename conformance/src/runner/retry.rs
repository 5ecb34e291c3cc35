//! Retries: when a retry is safe, when it may help, and how long cleanup retries.

use std::collections::BTreeMap;
use std::time::Duration;

use iamspec_model::{ErrorCode, Filter, Operation, Resource, ResourceKind};

use crate::endpoint::Endpoint;
use crate::oracle::{Oracle, Tier, Verdict};
use crate::response::{FailureKind, Response};

/// The maximum number of retries of one operation.
const RETRIES_MAX: u32 = 5;

/// Returns true if a retry is safe: the attempt cannot have had an effect, or the operation is a
/// read. Connection failures are not retried until the endpoint has responded once: it may not be
/// running.
pub(crate) fn is_safe_to_retry(
    op: &Operation,
    observed: &Response,
    retries: u32,
    has_responded: bool,
) -> bool {
    let Response::Failed(failure) = observed else { return false };
    let retries_max = match failure.kind {
        FailureKind::Transient => RETRIES_MAX,
        FailureKind::Unreachable if has_responded => RETRIES_MAX,
        FailureKind::Reset | FailureKind::Failure if has_responded && op.is_read() => RETRIES_MAX,
        FailureKind::Timeout if has_responded && op.is_read() => 1,
        _ => 0,
    };
    retries < retries_max
}

/// Returns true if the response may change while the endpoint converges: a divergent read, or a
/// divergent refusal, which has changed nothing.
pub(super) fn may_converge(op: &Operation, observed: &Response, oracle: &Oracle) -> bool {
    let is_refusal = match observed {
        Response::Refused { code, .. }
            if code == ErrorCode::EntityTemporarilyUnmodifiable.name() =>
        {
            return true;
        }
        Response::Refused { .. } => true,
        Response::Success(_) => false,
        Response::Failed(_) => return false,
    };
    let verdict = oracle.clone().check(op, observed);
    // A stale read may have the right code with the text of another cause.
    let is_absence = matches!(observed, Response::Refused { code, .. }
        if code == ErrorCode::NoSuchEntity.name());
    let diverges = matches!(verdict, Verdict::Diverges(it) if it.tier < Tier::Text || is_absence);
    diverges && (is_refusal || op.is_read())
}

/// Returns true if the response was lost: the operation may have succeeded.
pub(crate) fn is_lost(observed: &Response) -> bool {
    matches!(
        observed,
        Response::Failed(failure) if matches!(
            failure.kind,
            FailureKind::Reset | FailureKind::Timeout | FailureKind::Failure
        )
    )
}

/// Returns the reads that show whether an operation on a resource succeeded.
pub(super) fn reads_of_resource(op: &Operation) -> Vec<Operation> {
    let read = |resource: Resource| match resource.kind {
        ResourceKind::Group | ResourceKind::Policy => Operation::GetResource(resource),
        ResourceKind::Device => Operation::ListResources(ResourceKind::Device, Filter::All),
    };
    match op.well_formed() {
        Operation::CreateResource(resource) | Operation::DeleteResource(resource) => {
            vec![read(resource)]
        }
        Operation::RenameResource(resource, name) => {
            let renamed = name.map(|item| read(Resource { item, ..resource }));
            [read(resource)].into_iter().chain(renamed).collect()
        }
        _ => Vec::new(),
    }
}

/// The retry policy of cleanup.
///
/// Deleting twice is safe, so more failures are retried than in a session. After
/// [`Self::UNRESPONSIVE_MAX`] operations in a row without a response, or [`Self::UNREADABLE_MAX`] in a row
/// whose responses cannot be read, nothing is sent any more. An action of which
/// [`Self::UNRESPONSIVE_MAX`] calls in a row got no response in time is not sent any more.
#[derive(Clone, Debug, Default)]
pub struct RetryPolicy {
    unresponsive_count: usize,
    unreadable_count: usize,
    /// The number of calls of an action in a row that got no response in time.
    timeouts: BTreeMap<&'static str, usize>,
    /// How long a conflict is retried.
    convergence_timeout: Duration,
}

impl RetryPolicy {
    /// The maximum number of operations in a row without a response.
    pub const UNRESPONSIVE_MAX: usize = 3;

    /// The maximum number of operations in a row whose responses cannot be read. An endpoint may write
    /// refusals that cannot be read, and carry out what it does not refuse.
    pub const UNREADABLE_MAX: usize = 1000;

    /// The maximum number of retries after a response that cannot be parsed or is not complete.
    const UNPARSABLE_RETRIES_MAX: u32 = 3;

    /// The maximum number of retries after a timeout, which takes long itself.
    const TIMEOUT_RETRIES_MAX: u32 = 1;

    /// Creates a policy for an endpoint that may take this long to converge.
    #[must_use]
    pub fn with_convergence_timeout(convergence_timeout: Duration) -> Self {
        Self { convergence_timeout, ..Self::default() }
    }

    /// Runs an operation, and retries it if that may help. Sends nothing if the endpoint has
    /// stopped responding.
    pub fn execute(&mut self, op: &Operation, endpoint: &mut dyn Endpoint) -> Response {
        let api = op.action().map_or("", |it| it.api);
        if self.timeouts.get(api).is_some_and(|it| *it >= Self::UNRESPONSIVE_MAX) {
            let cause = format!("the endpoint did not respond to the previous calls of {api}");
            return Response::failed(FailureKind::Unsent, cause);
        }
        let response = self.repeat(endpoint, |endpoint| endpoint.execute(op));
        match &response {
            Response::Failed(it) if it.kind == FailureKind::Timeout => {
                *self.timeouts.entry(api).or_default() += 1;
            }
            _ => _ = self.timeouts.remove(api),
        }
        response
    }

    /// Sends a request, and repeats it if that may help. Sends nothing if the endpoint has stopped
    /// responding.
    pub fn repeat<E: Endpoint + ?Sized>(
        &mut self,
        endpoint: &mut E,
        mut send: impl FnMut(&mut E) -> Response,
    ) -> Response {
        let limits = [
            (
                self.unresponsive_count >= Self::UNRESPONSIVE_MAX,
                "the endpoint did not respond to the previous calls",
            ),
            (
                self.unreadable_count >= Self::UNREADABLE_MAX,
                "the responses to the previous calls could not be read",
            ),
        ];
        if let Some((_, cause)) = limits.into_iter().find(|it| it.0) {
            return Response::failed(FailureKind::Unsent, cause);
        }
        let mut response = send(endpoint);
        let (mut retries, mut waited) = (0, Duration::ZERO);
        while retries < self.retries_max(&response, waited) {
            waited += endpoint.wait(retries);
            retries += 1;
            response = send(endpoint);
        }
        match &response {
            Response::Failed(it) if it.kind.is_unparsable() => self.unreadable_count += 1,
            Response::Failed(it) if it.kind.is_unresponsive() => self.unresponsive_count += 1,
            _ => (self.unreadable_count, self.unresponsive_count) = (0, 0),
        }
        response
    }

    fn retries_max(&self, response: &Response, waited: Duration) -> u32 {
        match response {
            _ if response.is_retryable() => RETRIES_MAX,
            Response::Refused { code, .. }
                if code == ErrorCode::DeleteConflict.name()
                    && waited < self.convergence_timeout =>
            {
                u32::MAX
            }
            // A retry would not help after another response that cannot be read.
            Response::Failed(it) if it.kind.is_unparsable() && self.unreadable_count > 0 => 0,
            Response::Failed(it) if it.kind.is_unparsable() || it.kind == FailureKind::Reset => {
                Self::UNPARSABLE_RETRIES_MAX
            }
            Response::Failed(it) if it.kind == FailureKind::Timeout => Self::TIMEOUT_RETRIES_MAX,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use iamspec_model::{AttachmentKind, Item, User};

    use super::*;
    use crate::endpoint::Namespace;

    /// Never responds to one action. Counts its calls.
    struct Hanging(&'static str, usize);

    impl Endpoint for Hanging {
        fn enter_new_namespace(&mut self) -> Namespace {
            Namespace::default()
        }

        fn enter_namespace(&mut self, _: Namespace) {}

        fn execute(&mut self, op: &Operation) -> Response {
            if op.action().is_some_and(|it| it.api == self.0) {
                self.1 += 1;
                return Response::failed(FailureKind::Timeout, "no response");
            }
            Response::SUCCESS
        }

        fn assign_symbol(&mut self, _: AttachmentKind, _: &str) -> Item {
            Item::default()
        }

        fn wait(&mut self, _: u32) -> Duration {
            Duration::ZERO
        }
    }

    /// Calls that succeed in between do not make the next call of the action succeed.
    #[test]
    fn an_action_that_hangs_is_not_sent_for_ever() {
        let (mut endpoint, mut policy) = (Hanging("DeleteUser", 0), RetryPolicy::default());
        for number in 0..10 {
            let response = policy.execute(&Operation::DeleteUser(User(number)), &mut endpoint);
            assert!(matches!(response, Response::Failed(_)));
            let other = policy.execute(&Operation::GetUser(User(number)), &mut endpoint);
            assert_eq!(other, Response::SUCCESS);
        }
        // Each of three calls is repeated once.
        assert_eq!(endpoint.1, 6);
    }
}
