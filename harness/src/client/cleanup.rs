//! Removes what an earlier run has left, by the names that things have: what carries the prefix of the run
//! and nothing else.

use iamspec_conformance::runner::cleanup::is_gone;
use iamspec_conformance::runner::retry::RetryPolicy;
use iamspec_conformance::{Endpoint as _, Listing, Response};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, SubResource, User,
};

use crate::client::journal::CreatedResource;
use crate::client::request::member;
use crate::client::session::last;
use crate::client::transport::SigningService;
use crate::client::{HttpClient, pages, response, unreadable};
use crate::wire::names;

/// Something that is there, by its name and by what names it in requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftoverResource {
    /// What it is.
    pub made: CreatedResource,
    /// What it is called.
    pub name: String,
    /// Its name, or its ARN.
    pub reference: String,
}

/// Something that is still there, and the answer that says why.
#[derive(Clone, Debug)]
pub struct CleanupResult {
    /// The name of it.
    pub name: String,
    /// What was asked.
    pub asked: &'static str,
    /// What was answered.
    pub answer: Response,
}

/// A listing of an account: the call, the element that holds the members, what names one.
type AccountListing = (CreatedResource, &'static str, &'static str, &'static str);

const LISTINGS: [AccountListing; 4] = [
    (CreatedResource::User, "ListUsers", "Users", "UserName"),
    (CreatedResource::Group, "ListGroups", "Groups", "GroupName"),
    (CreatedResource::Policy, "ListPolicies", "Policies", "Arn"),
    (CreatedResource::Device, "ListVirtualMFADevices", "VirtualMFADevices", "SerialNumber"),
];

impl HttpClient {
    /// Everything in the account that a run of this program has made, whichever run it was.
    ///
    /// # Errors
    /// A listing that was not answered.
    pub fn leftovers(&mut self) -> Result<Vec<LeftoverResource>, CleanupResult> {
        let mut found = Vec::new();
        for listing in LISTINGS {
            let listed = self.whole_listing(listing, &mut found);
            let (_, asked, ..) = listing;
            let name = "what a listing would show".to_owned();
            listed.map_err(|answer| CleanupResult { name, asked, answer })?;
        }
        found.sort();
        Ok(found)
    }

    /// What a run of this prefix has made by this name, though no listing shows it.
    #[must_use]
    pub fn by_name(&self, made: CreatedResource, name: &str) -> LeftoverResource {
        let reference = match made {
            CreatedResource::User | CreatedResource::Group => name.to_owned(),
            CreatedResource::Policy => self.names.arn("policy", name),
            CreatedResource::Device => self.names.arn("mfa", name),
        };
        LeftoverResource { made, name: name.to_owned(), reference }
    }

    /// What runs have made of the members of a listing, page after page; of policies those of the customer.
    /// Where others live, only the folders of our runs are read.
    fn whole_listing(
        &mut self,
        (made, call, list, member_name): AccountListing,
        found: &mut Vec<LeftoverResource>,
    ) -> Result<(), Response> {
        let mut form = vec![("Action", call), ("Version", names::VERSION), ("MaxItems", "1000")];
        form.extend((made == CreatedResource::Policy).then_some(("Scope", "Local")));
        let folders = self.names.folder().is_some() && made != CreatedResource::Device;
        form.extend(folders.then_some(("PathPrefix", "/iamspec-")));
        let form: Vec<_> = form.iter().map(|(name, value)| member(name, *value)).collect();
        let read = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| member("Marker", marker)));
            let answer = self.sender.post(SigningService::Iam, &form, None)?;
            let page = response::result(call, &answer, &self.names)?;
            let members = page.child(list).map(|it| it.children.as_slice()).unwrap_or_default();
            let references = members.iter().filter_map(|it| it.text_of(member_name));
            let named = references.map(|reference| {
                let name = last(reference).to_owned();
                LeftoverResource { made, name, reference: reference.to_owned() }
            });
            found.extend(named.filter(|it| it.run().is_some()));
            pages::after(&page).map_err(|what| unreadable(what.to_owned()))
        };
        pages::every(read, unreadable)
    }

    /// Removes these, with everything that they hold: users first, then groups, policies, devices. What is
    /// gone already is no failure. Returns what the endpoint does not let go.
    pub fn sweep(&mut self, found: &[LeftoverResource]) -> Vec<CleanupResult> {
        self.fresh();
        let mut patience = RetryPolicy::default();
        let mut remains = Vec::new();
        let mut sorted = found.to_vec();
        sorted.sort();
        for it in sorted {
            let undo = match it.made {
                CreatedResource::User => {
                    let user = self.names.adopt_user(&it.reference);
                    self.empty_user(user, &mut patience);
                    Operation::DeleteUser(user)
                }
                CreatedResource::Group => {
                    self.empty(ResourceKind::Group, &it.reference, &mut patience)
                }
                CreatedResource::Policy => {
                    self.empty(ResourceKind::Policy, &it.reference, &mut patience)
                }
                CreatedResource::Device => {
                    self.empty(ResourceKind::Device, &it.reference, &mut patience)
                }
            };
            let answer = patience.ask(&undo, self);
            if !is_gone(&answer) {
                let asked = undo.call().map_or("", |call| call.api);
                remains.push(CleanupResult { name: it.name, asked, answer });
            }
        }
        remains
    }

    /// Takes away what stands in the way of the user; what cannot be taken is named by its deletion.
    fn empty_user(&mut self, user: User, patience: &mut RetryPolicy) {
        for kind in AttachmentKind::blockers() {
            if kind.row().naming == Naming::Single {
                patience.ask(&Operation::Detach(user, kind, Item::default()), self);
                continue;
            }
            let Response::Done(Some(shown)) = patience.ask(&Operation::List(user, kind), self)
            else {
                continue;
            };
            for item in self.items(kind, &shown) {
                patience.ask(&Operation::Detach(user, kind, item), self);
            }
        }
    }

    /// Takes away what stands in the way of an object, and gives the call that deletes it.
    fn empty(
        &mut self,
        class: ResourceKind,
        reference: &str,
        patience: &mut RetryPolicy,
    ) -> Operation {
        let object = self.names.adopt_object(class, reference);
        for part in SubResource::all().filter(|part| part.row().of == class) {
            self.empty_part(object, part, patience);
        }
        Operation::Delete(object)
    }

    fn empty_part(&mut self, object: Resource, part: SubResource, patience: &mut RetryPolicy) {
        let Response::Done(Some(shown)) = patience.ask(&Operation::Parts(object, part), self)
        else {
            return;
        };
        let items = match part {
            SubResource::InlinePolicy => self.items(AttachmentKind::InlinePolicy, &shown),
            SubResource::AttachedPolicy => self.items(AttachmentKind::ManagedPolicy, &shown),
            SubResource::Version => {
                shown.items.iter().filter_map(|(it, _)| older_version(*it)).collect()
            }
        };
        for item in items {
            patience.ask(&Operation::Remove(object, part, item), self);
        }
    }

    /// The symbols of what a listing shows.
    fn items(&mut self, kind: AttachmentKind, shown: &Listing) -> Vec<Item> {
        let known: Vec<Item> = shown.items.iter().filter_map(|(it, _)| it.item(kind)).collect();
        let adopted: Vec<Item> =
            shown.strangers.iter().map(|name| self.names.adopt(kind, name)).collect();
        known.into_iter().chain(adopted).collect()
    }
}

/// The version in force goes with its policy.
fn older_version(thing: Entity) -> Option<Item> {
    match thing {
        Entity::Version { number, default: false } => Some(Item(number)),
        _ => None,
    }
}

impl LeftoverResource {
    /// The run that made it, where its name says so: `iamspec`, the run, and the number of a name space.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        let prefix = self.name.get(..8).filter(|it| it.eq_ignore_ascii_case("iamspec-"))?;
        let (run, rest) = self.name.get(prefix.len()..)?.split_once('-')?;
        let space = rest.split_once('-').map_or(rest, |(space, _)| space);
        let numbered = !space.is_empty() && space.chars().all(|it| it.is_ascii_digit());
        (numbered && !run.is_empty()).then_some(run)
    }
}
