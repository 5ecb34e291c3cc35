//! Links from the findings of a run to the pages of their rules on a site of `iamspec site`.
//!
//! A report has links only if its header names a site. The address is checked whenever it is read,
//! because a saved run may come from another person.

use std::collections::HashSet;
use std::sync::LazyLock;

use anyhow::{Result, anyhow};
use reqwest::Url;

use crate::docs::rule::page_name;
use crate::docs::tables::cited_facts;

static CITED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| cited_facts().iter().map(|it| it.id).collect());

/// Parses the address of a site.
///
/// # Errors
/// It is not the address of a folder on a web server.
pub(crate) fn site_address(text: &str) -> Result<String> {
    let expected = || {
        anyhow!(
            "expected the address of a site, such as https://example.com/iamspec, without a user, \
             a query and a fragment; found `{text}`"
        )
    };
    let url = Url::parse(text).map_err(|_| expected())?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !is_web || !is_plain || url.query().is_some() || url.fragment().is_some() {
        return Err(expected());
    }
    Ok(format!("{}/", url.as_str().trim_end_matches('/')))
}

/// The pages of a site, relative to a page or as addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleLinks {
    /// The address before the path of a page; absent if there is no site.
    base: Option<String>,
}

impl RuleLinks {
    /// The links to the site that a report names. An invalid address is ignored.
    pub(crate) fn of_site(address: Option<&str>) -> Self {
        Self { base: address.and_then(|it| site_address(it).ok()) }
    }

    /// The links of a page of the site itself, with the path from the page to the root folder.
    pub(crate) fn relative(base: &str) -> Self {
        Self { base: Some(base.to_owned()) }
    }

    /// The page of a rule, if this version has the rule.
    pub(crate) fn rule(&self, id: &str) -> Option<String> {
        let base = self.base.as_ref()?;
        page_name(id).map(|page| format!("{base}{page}.html"))
    }

    /// The place of a fact, if this version cites the fact.
    pub(crate) fn fact(&self, id: &str) -> Option<String> {
        let base = self.base.as_ref()?;
        CITED.contains(id).then(|| format!("{base}facts.html#{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_facts_of_this_version_have_pages() {
        let links = RuleLinks::of_site(Some("https://example.com/iam"));
        let page = "https://example.com/iam/rules/DeleteUser/holds-access-key.html";
        assert_eq!(links.rule("DeleteUser/holds-access-key").as_deref(), Some(page));
        let page = "https://example.com/iam/rules/wire/list-framing.html";
        assert_eq!(links.rule("ListUsers/wire-list-framing").as_deref(), Some(page));
        let place = "https://example.com/iam/facts.html#A-003";
        assert_eq!(links.fact("A-003").as_deref(), Some(place));
        assert_eq!(links.rule("DeleteUser/../../x"), None);
        assert_eq!(links.fact("Z-999"), None);
        assert_eq!(RuleLinks::default().rule("DeleteUser/holds-access-key"), None);
    }

    #[test]
    fn an_address_that_is_no_site_gives_no_links() {
        for text in
            ["javascript:alert(1)", "example.com", "https://u:p@example.com", "https://a/?q", "//a"]
        {
            assert!(site_address(text).is_err(), "{text}");
            assert_eq!(RuleLinks::of_site(Some(text)), RuleLinks::default());
        }
        assert_eq!(site_address("https://a/b\"c/").unwrap(), "https://a/b%22c/");
    }
}
