//! Listings of what the account of the server never has: roles, instance profiles, certificates of
//! servers, aliases and identity providers. A cleanup tool reads them before it deletes users.
//!
//! The members are those of the service model (E-026), and the form of an empty list is that of
//! E-007. `GetAccountSummary` counts none of these either.

use crate::wire::xml_write::{Node, node, text};

/// An action whose list is always empty.
struct EmptyListing {
    action: &'static str,
    /// The element of the list.
    list: &'static str,
    /// Whether the listing has pages, and so `IsTruncated`.
    has_pages: bool,
}

const EMPTY_LISTINGS: [EmptyListing; 6] = [
    EmptyListing { action: "ListRoles", list: "Roles", has_pages: true },
    EmptyListing { action: "ListInstanceProfiles", list: "InstanceProfiles", has_pages: true },
    EmptyListing {
        action: "ListServerCertificates",
        list: "ServerCertificateMetadataList",
        has_pages: true,
    },
    EmptyListing { action: "ListAccountAliases", list: "AccountAliases", has_pages: true },
    EmptyListing {
        action: "ListOpenIDConnectProviders",
        list: "OpenIDConnectProviderList",
        has_pages: false,
    },
    EmptyListing { action: "ListSAMLProviders", list: "SAMLProviderList", has_pages: false },
];

/// The actions.
pub(crate) fn actions() -> impl Iterator<Item = &'static str> {
    EMPTY_LISTINGS.iter().map(|it| it.action)
}

/// The result elements of an action; `None` if it is not one of these.
pub(crate) fn result(action: &str) -> Option<Vec<Node>> {
    let listing = EMPTY_LISTINGS.iter().find(|it| it.action == action)?;
    let mut elements = vec![node(listing.list, Vec::new())];
    elements.extend(listing.has_pages.then(|| text("IsTruncated", "false")));
    Some(elements)
}

/// Returns true if the action lists in one piece, and has neither `MaxItems` nor `Marker` (E-026).
pub(crate) fn is_without_pages(action: &str) -> bool {
    EMPTY_LISTINGS.iter().any(|it| it.action == action && !it.has_pages)
}
