//! Finds and deletes the resources that earlier runs left in the account.
//!
//! Only resources whose name carries the prefix of a run are listed or deleted. Attachments and
//! sub-resources are detached first; users go before groups, policies and devices.

use std::collections::BTreeSet;

use iamspec_conformance::runner::cleanup::{VERSION_NUMBERS, is_gone};
use iamspec_conformance::runner::retry::RetryPolicy;
use iamspec_conformance::{Endpoint as _, Listing, Response};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Entity, ErrorCode, Item, Operation, Resource, ResourceKind, SubResource, User,
};

use crate::client::connection::transport::SigningService;
use crate::client::journal::CreatedResource;
use crate::client::response::unreadable;
use crate::client::session::base_name;
use crate::client::{HttpClient, pages, response};
use crate::wire::attachments::kind_of;
use crate::wire::names;
use crate::wire::names::{RequestForm, member};
use crate::wire::xml_read::Element;

/// A resource of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftoverResource {
    /// Its kind.
    pub kind: CreatedResource,
    /// Its name.
    pub name: String,
    /// Its reference in requests: its name or its ARN.
    pub reference: String,
    /// Whether a listing of the account shows it. Otherwise only the journal names it.
    pub listed: bool,
}

/// A resource that was not deleted, and the response that says why.
#[derive(Clone, Debug)]
pub struct CleanupResult {
    /// Its name.
    pub name: String,
    /// The action that failed.
    pub action: &'static str,
    /// The response to that action.
    pub response: Response,
}

/// The resources of a run that may exist.
#[derive(Clone, Debug, Default)]
pub struct RunResources {
    /// The resources.
    pub resources: Vec<LeftoverResource>,
    /// The number of names in the journal that the run cannot have created. They are ignored.
    pub foreign: usize,
    /// The listing that was not read to its end, so resources may be missing here.
    pub listing_failure: Option<CleanupResult>,
}

/// The result of the cleanup of a run.
#[derive(Clone, Debug, Default)]
pub struct RunCleanup {
    /// The number of resources that are gone.
    pub deleted: usize,
    /// The resources that were not deleted.
    pub not_deleted: Vec<CleanupResult>,
    /// As in [`RunResources`].
    pub foreign: usize,
    /// As in [`RunResources`].
    pub listing_failure: Option<CleanupResult>,
}

/// A listing of an account: the kind, the action, the element of the list, and the element in a
/// member that references the resource.
type AccountListing = (CreatedResource, &'static str, &'static str, &'static str);

const LISTINGS: [AccountListing; 4] = [
    (CreatedResource::User, "ListUsers", "Users", "UserName"),
    (CreatedResource::Group, "ListGroups", "Groups", "GroupName"),
    (CreatedResource::Policy, "ListPolicies", "Policies", "Arn"),
    (CreatedResource::Device, "ListVirtualMFADevices", "VirtualMFADevices", "SerialNumber"),
];

impl HttpClient {
    /// The resources in the account that any run of this program created.
    ///
    /// # Errors
    /// A listing failed.
    pub fn leftovers(&mut self) -> Result<Vec<LeftoverResource>, CleanupResult> {
        let mut found = Vec::new();
        for listing in LISTINGS {
            let listed = self.whole_listing(listing, &mut found);
            let (_, asked, ..) = listing;
            let name = "what a listing would show".to_owned();
            listed.map_err(|answer| CleanupResult { name, action: asked, response: answer })?;
        }
        found.sort();
        Ok(found)
    }

    /// Deletes everything of a run that its journal or a listing of the account shows, except the
    /// resources that `skip` names.
    ///
    /// The journal is removed only if it lists nothing more, every listing was read to its end, and
    /// everything that they show is deleted.
    pub fn delete_run(&mut self, run: &str, skip: &BTreeSet<String>) -> RunCleanup {
        let mut found = self.run_resources(run);
        found.resources.retain(|it| !skip.contains(&it.name));
        self.delete_found(found, skip.is_empty())
    }

    /// The resources of a run that its journal or a listing of the account shows. Listings lag, so
    /// that a resource that only the journal names may exist.
    pub fn run_resources(&mut self, run: &str) -> RunResources {
        let listed = self.leftovers();
        let mut resources = listed.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
        resources.retain(|it| it.run().is_some_and(|of| of.eq_ignore_ascii_case(run)));
        let known: BTreeSet<(CreatedResource, String)> =
            resources.iter().map(|it| (it.kind, it.name.clone())).collect();
        let remaining: Vec<(CreatedResource, String)> = self
            .journal()
            .map(|it| it.remaining().map(|(made, name)| (made, name.to_owned())).collect())
            .unwrap_or_default();
        let mut foreign = 0;
        for (made, name) in remaining {
            if !self.names.is_ours(&name) {
                foreign += 1;
                self.record_absence(made, &name);
            } else if !known.contains(&(made, name.clone())) {
                resources.push(self.unlisted(made, &name));
            }
        }
        RunResources { resources, foreign, listing_failure: listed.err() }
    }

    /// Deletes these resources of a run. `is_all` says that they are all that is known.
    pub fn delete_found(&mut self, found: RunResources, is_all: bool) -> RunCleanup {
        let RunResources { resources, foreign, listing_failure } = found;
        self.record_unknown(&resources);
        let not_deleted = self.delete_resources(&resources, listing_failure.as_ref());
        if let Some(mut journal) = self.journal()
            && is_all
            && listing_failure.is_none()
            && not_deleted.is_empty()
        {
            journal.set_complete();
        }
        let deleted = resources.len() - not_deleted.len();
        RunCleanup { deleted, not_deleted, foreign, listing_failure }
    }

    /// Records the listed resources that the journal does not name: an endpoint created them
    /// although its response does not say so. The deletion is tried even if a line cannot be
    /// written.
    fn record_unknown(&self, resources: &[LeftoverResource]) {
        let Some(mut journal) = self.journal() else { return };
        for it in resources.iter().filter(|it| it.listed) {
            _ = journal.record_creation(it.kind, &it.name);
        }
    }

    /// The resource of this name that this run may have created, without asking the endpoint.
    fn unlisted(&self, made: CreatedResource, name: &str) -> LeftoverResource {
        let reference = match made {
            CreatedResource::User | CreatedResource::Group => name.to_owned(),
            CreatedResource::Policy => self.names.arn("policy", name),
            CreatedResource::Device => self.names.arn("mfa", name),
        };
        LeftoverResource { kind: made, name: name.to_owned(), reference, listed: false }
    }

    fn record_absence(&self, made: CreatedResource, name: &str) {
        if let Some(mut journal) = self.journal() {
            journal.record_deletion(made, name);
        }
    }

    /// Adds the members of a listing that runs created. Of policies, only the customer's are
    /// listed. In an account that others use too, only the paths of runs are listed.
    fn whole_listing(
        &mut self,
        (made, action, list, member_name): AccountListing,
        found: &mut Vec<LeftoverResource>,
    ) -> Result<(), Response> {
        let mut form = vec![("Action", action), ("Version", names::VERSION), ("MaxItems", "1000")];
        form.extend((made == CreatedResource::Policy).then_some(("Scope", "Local")));
        let in_folder = self.names.folder().is_some() && made != CreatedResource::Device;
        form.extend(in_folder.then_some(("PathPrefix", "/iamspec-")));
        let form: Vec<_> = form.iter().map(|(name, value)| member(name, *value)).collect();
        let mut retries = RetryPolicy::default();
        let read = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| member("Marker", marker)));
            let page = self.read_result(action, &form, &mut retries)?;
            let members = page.child(list).map(|it| it.children.as_slice()).unwrap_or_default();
            let references = members.iter().filter_map(|it| it.text_of(member_name));
            let resources = references.map(|reference| {
                let name = base_name(reference).to_owned();
                let reference = reference.to_owned();
                LeftoverResource { kind: made, name, reference, listed: true }
            });
            found.extend(resources.filter(|it| it.run().is_some()));
            pages::after(&page).map_err(|what| unreadable(what.to_owned()))
        };
        pages::every(read, unreadable)
    }

    /// Reads the result of an action, and repeats the request if that may help.
    fn read_result(
        &mut self,
        action: &str,
        form: &RequestForm,
        retries: &mut RetryPolicy,
    ) -> Result<Element, Response> {
        let mut result = None;
        let response = retries.repeat(self, |client| {
            let raw = client.sender.post(SigningService::Iam, form, None);
            match raw.and_then(|raw| response::result(action, &raw)) {
                Ok(read) => {
                    result = Some(read);
                    Response::SUCCESS
                }
                Err(failure) => failure,
            }
        });
        result.ok_or(response)
    }

    /// Deletes resources with their attachments and sub-resources: users first, then groups,
    /// policies and devices. Returns the resources that were not deleted.
    pub fn delete_leftovers(&mut self, found: &[LeftoverResource]) -> Vec<CleanupResult> {
        self.delete_resources(found, None)
    }

    /// Deletes resources. `listing_failure` is the listing that was not read to its end.
    fn delete_resources(
        &mut self,
        found: &[LeftoverResource],
        listing_failure: Option<&CleanupResult>,
    ) -> Vec<CleanupResult> {
        self.enter_new_namespace();
        let mut retries = RetryPolicy::default();
        let mut not_deleted = Vec::new();
        let mut sorted = found.to_vec();
        sorted.sort();
        for leftover in sorted {
            // Without a listing its ARN is a guess, and a guess that does not exist proves nothing.
            let has_arn =
                matches!(leftover.kind, CreatedResource::Policy | CreatedResource::Device);
            if let Some(failure) = listing_failure.filter(|_| has_arn && !leftover.listed) {
                not_deleted.push(CleanupResult { name: leftover.name, ..failure.clone() });
                continue;
            }
            let (delete, answer) = self.delete_leftover(&leftover, &mut retries);
            // No resource has a name that the endpoint calls malformed.
            let is_absent = listing_failure.is_none() && !leftover.listed && is_malformed(&answer);
            if is_gone(&answer) || is_absent {
                self.record_absence(leftover.kind, &leftover.name);
                continue;
            }
            let action = delete.action().map_or("", |call| call.api);
            not_deleted.push(CleanupResult { name: leftover.name, action, response: answer });
        }
        not_deleted
    }

    /// Deletes a resource. A resource that no listing shows is probably gone, so its
    /// attachments are looked for only if it is not.
    fn delete_leftover(
        &mut self,
        leftover: &LeftoverResource,
        retries: &mut RetryPolicy,
    ) -> (Operation, Response) {
        let delete = match leftover.kind {
            CreatedResource::User => {
                Operation::DeleteUser(self.names.adopt_user(&leftover.reference))
            }
            CreatedResource::Group => self.adopt(ResourceKind::Group, leftover),
            CreatedResource::Policy => self.adopt(ResourceKind::Policy, leftover),
            CreatedResource::Device => self.adopt(ResourceKind::Device, leftover),
        };
        if !leftover.listed {
            let answer = retries.execute(&delete, self);
            if is_gone(&answer) || is_malformed(&answer) {
                return (delete, answer);
            }
        }
        match delete {
            Operation::DeleteUser(user) => self.empty_user(user, retries),
            Operation::DeleteResource(resource) => self.empty_resource(resource, retries),
            _ => {}
        }
        (delete, retries.execute(&delete, self))
    }

    fn adopt(&mut self, kind: ResourceKind, leftover: &LeftoverResource) -> Operation {
        Operation::DeleteResource(self.names.adopt_resource(kind, &leftover.reference))
    }

    /// Detaches everything that blocks the deletion of a user. Failures show when the user is
    /// deleted.
    fn empty_user(&mut self, user: User, retries: &mut RetryPolicy) {
        for kind in AttachmentKind::blockers() {
            if kind.row().naming == Naming::Single {
                retries.execute(&Operation::Detach(user, kind, Item::default()), self);
                continue;
            }
            let Response::Success(Some(shown)) =
                retries.execute(&Operation::List(user, kind), self)
            else {
                continue;
            };
            for item in self.items(kind, &shown) {
                retries.execute(&Operation::Detach(user, kind, item), self);
            }
        }
    }

    /// Removes the sub-resources of a resource.
    fn empty_resource(&mut self, resource: Resource, retries: &mut RetryPolicy) {
        for part in SubResource::all().filter(|part| part.row().resource == resource.kind) {
            self.empty_sub_resource(resource, part, retries);
        }
    }

    fn empty_sub_resource(
        &mut self,
        resource: Resource,
        part: SubResource,
        retries: &mut RetryPolicy,
    ) {
        let listed = retries.execute(&Operation::ListSubResources(resource, part), self);
        let items = match (kind_of(part), listed) {
            (Some(kind), Response::Success(Some(shown))) => self.items(kind, &shown),
            (None, Response::Success(Some(shown))) => {
                shown.items.iter().filter_map(|(it, _)| older_version(*it)).collect()
            }
            (None, Response::Success(None)) => (1..=VERSION_NUMBERS).map(Item).collect(),
            _ => return,
        };
        for item in items {
            retries.execute(&Operation::RemoveSubResource(resource, part, item), self);
        }
    }

    /// The symbols of the items of a listing. Items without a symbol get one.
    fn items(&mut self, kind: AttachmentKind, shown: &Listing) -> Vec<Item> {
        let known: Vec<Item> = shown.items.iter().filter_map(|(it, _)| it.item(kind)).collect();
        let adopted: Vec<Item> =
            shown.unknown_names.iter().map(|name| self.names.adopt(kind, name)).collect();
        known.into_iter().chain(adopted).collect()
    }
}

/// Whether the endpoint refuses the form of the request.
fn is_malformed(answer: &Response) -> bool {
    let Response::Refused { code, .. } = answer else { return false };
    ErrorCode::named(code).is_some_and(ErrorCode::is_validation)
}

/// A version that must be deleted before its policy: not the default version.
fn older_version(entity: Entity) -> Option<Item> {
    match entity {
        Entity::Version { number, default: false } => Some(Item(number)),
        _ => None,
    }
}

impl LeftoverResource {
    /// The run that created the resource, if the name has the form `iamspec`, run, namespace.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        let prefix = self.name.get(..8).filter(|it| it.eq_ignore_ascii_case("iamspec-"))?;
        let (run, rest) = self.name.get(prefix.len()..)?.split_once('-')?;
        let space = rest.split_once('-').map_or(rest, |(space, _)| space);
        let numbered = !space.is_empty() && space.chars().all(|it| it.is_ascii_digit());
        (numbered && !run.is_empty()).then_some(run)
    }
}
