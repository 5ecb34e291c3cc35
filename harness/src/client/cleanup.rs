//! Finds and deletes the resources that earlier runs left in the account.
//!
//! Only resources whose name carries the prefix of a run are listed or deleted. Attachments and
//! sub-resources are detached first; users go before groups, policies and devices.

use iamspec_conformance::runner::cleanup::is_gone;
use iamspec_conformance::runner::retry::RetryPolicy;
use iamspec_conformance::{Endpoint as _, Listing, Response};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, SubResource, User,
};

use crate::client::journal::CreatedResource;
use crate::client::response::unreadable;
use crate::client::session::base_name;
use crate::client::transport::SigningService;
use crate::client::{HttpClient, pages, response};
use crate::wire::attachments::kind_of;
use crate::wire::names;
use crate::wire::names::member;

/// A resource of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftoverResource {
    /// Its kind.
    pub kind: CreatedResource,
    /// Its name.
    pub name: String,
    /// Its reference in requests: its name or its ARN.
    pub reference: String,
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

    /// The resource of this name that this run may have created, without asking the endpoint.
    #[must_use]
    pub fn leftover_by_name(&self, made: CreatedResource, name: &str) -> LeftoverResource {
        let reference = match made {
            CreatedResource::User | CreatedResource::Group => name.to_owned(),
            CreatedResource::Policy => self.names.arn("policy", name),
            CreatedResource::Device => self.names.arn("mfa", name),
        };
        LeftoverResource { kind: made, name: name.to_owned(), reference }
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
        let read = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| member("Marker", marker)));
            let raw = self.sender.post(SigningService::Iam, &form, None)?;
            let page = response::result(action, &raw, &self.names)?;
            let members = page.child(list).map(|it| it.children.as_slice()).unwrap_or_default();
            let references = members.iter().filter_map(|it| it.text_of(member_name));
            let resources = references.map(|reference| {
                let name = base_name(reference).to_owned();
                LeftoverResource { kind: made, name, reference: reference.to_owned() }
            });
            found.extend(resources.filter(|it| it.run().is_some()));
            pages::after(&page).map_err(|what| unreadable(what.to_owned()))
        };
        pages::every(read, unreadable)
    }

    /// Deletes resources with their attachments and sub-resources: users first, then groups,
    /// policies and devices. Returns the resources that were not deleted. A resource that does not
    /// exist counts as deleted.
    pub fn delete_leftovers(&mut self, found: &[LeftoverResource]) -> Vec<CleanupResult> {
        self.enter_new_namespace();
        let mut retries = RetryPolicy::default();
        let mut not_deleted = Vec::new();
        let mut sorted = found.to_vec();
        sorted.sort();
        for leftover in sorted {
            let delete = match leftover.kind {
                CreatedResource::User => {
                    let user = self.names.adopt_user(&leftover.reference);
                    self.empty_user(user, &mut retries);
                    Operation::DeleteUser(user)
                }
                CreatedResource::Group => {
                    self.empty_resource(ResourceKind::Group, &leftover.reference, &mut retries)
                }
                CreatedResource::Policy => {
                    self.empty_resource(ResourceKind::Policy, &leftover.reference, &mut retries)
                }
                CreatedResource::Device => {
                    self.empty_resource(ResourceKind::Device, &leftover.reference, &mut retries)
                }
            };
            let answer = retries.execute(&delete, self);
            if !is_gone(&answer) {
                let asked = delete.action().map_or("", |call| call.api);
                not_deleted.push(CleanupResult {
                    name: leftover.name,
                    action: asked,
                    response: answer,
                });
            }
        }
        not_deleted
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

    /// Removes the sub-resources of a resource, and returns the operation that deletes it.
    fn empty_resource(
        &mut self,
        class: ResourceKind,
        reference: &str,
        retries: &mut RetryPolicy,
    ) -> Operation {
        let resource = self.names.adopt_resource(class, reference);
        for part in SubResource::all().filter(|part| part.row().resource == class) {
            self.empty_sub_resource(resource, part, retries);
        }
        Operation::DeleteResource(resource)
    }

    fn empty_sub_resource(
        &mut self,
        resource: Resource,
        part: SubResource,
        retries: &mut RetryPolicy,
    ) {
        let Response::Success(Some(shown)) =
            retries.execute(&Operation::ListSubResources(resource, part), self)
        else {
            return;
        };
        let items = match kind_of(part) {
            Some(kind) => self.items(kind, &shown),
            None => shown.items.iter().filter_map(|(it, _)| older_version(*it)).collect(),
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
