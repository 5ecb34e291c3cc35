//! The account behind an endpoint: its caller, what its users hold, and the deletion of that.
//!
//! [`holdings`] only reads. [`removal`] removes what a deletion plan shows, and nothing else.

pub mod holdings;
mod listing;
pub mod removal;

use anyhow::{Result, bail};
use iamspec_conformance::Response;

use crate::client::transport::SigningService;
use crate::client::{HttpClient, response};
use crate::wire::names;
use crate::wire::secrets::redact_and_cut;
use crate::wire::xml_read::Element;

/// A longer text about the caller is cut.
const SHOWN_MAX: usize = 256;

/// The identity behind the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the account.
    pub account: String,
    /// The ARN of the user or the role.
    pub arn: String,
}

impl HttpClient {
    /// Requests the identity of the caller from STS.
    ///
    /// # Errors
    /// There is no response, or it is not in the form of AWS.
    pub fn caller(&mut self) -> Result<Caller> {
        let found =
            self.call_without_members(SigningService::Sts, "GetCallerIdentity", names::STS_VERSION);
        let found = match found {
            Ok(result) => result,
            Err(response) => {
                bail!(
                    "GetCallerIdentity failed with {response}; check that the credentials are valid at {}",
                    self.sender.sts()
                )
            }
        };
        let text = |name| redact_and_cut(found.text_of(name).unwrap_or_default(), SHOWN_MAX);
        let caller = Caller { account: text("Account"), arn: text("Arn") };
        if caller.account.is_empty() {
            bail!(
                "GetCallerIdentity returned no account; check that {} is an STS endpoint",
                self.sender.sts()
            );
        }
        self.names.learn_account(&caller.arn);
        Ok(caller)
    }

    /// The alias of the account, if it has one and the caller may read it.
    pub fn alias(&mut self) -> Option<String> {
        let found = self
            .call_without_members(SigningService::Iam, "ListAccountAliases", names::VERSION)
            .ok()?;
        let alias = found.child("AccountAliases")?.children.first()?.text.trim();
        Some(redact_and_cut(alias, SHOWN_MAX))
    }

    /// The result of an action without members.
    fn call_without_members(
        &mut self,
        service: SigningService,
        action: &str,
        version: &str,
    ) -> Result<Element, Response> {
        let form = [("Action", action), ("Version", version)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let raw = self.sender.post(service, &form, None)?;
        response::result(action, &raw)
    }
}
