//! Whose credentials these are, and whose account.

use anyhow::{Result, bail};
use iamspec_conformance::Observed;

use super::send::Service;
use super::{Element, Http, response};
use crate::wire;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the account.
    pub account: String,
    /// The ARN of the user or the role.
    pub arn: String,
}

impl Http {
    /// Asks whose credentials these are.
    ///
    /// # Errors
    /// Nobody answers, or not in the form of AWS.
    pub fn caller(&mut self) -> Result<Caller> {
        let found = self.ask_by_name(Service::Sts, "GetCallerIdentity", wire::STS_VERSION);
        let found = match found {
            Ok(result) => result,
            Err(answer) => {
                bail!(
                    "GetCallerIdentity was answered {answer}; see who may ask at {}",
                    self.sender.sts()
                )
            }
        };
        let text = |name| found.text_of(name).unwrap_or_default().to_owned();
        let caller = Caller { account: text("Account"), arn: text("Arn") };
        if caller.account.is_empty() {
            bail!("GetCallerIdentity names no account; see what answers at {}", self.sender.sts());
        }
        self.names.learn_account(&caller.arn);
        Ok(caller)
    }

    /// The alias of the account, if it has one and the caller may know.
    pub fn alias(&mut self) -> Option<String> {
        let found = self.ask_by_name(Service::Iam, "ListAccountAliases", wire::VERSION).ok()?;
        Some(found.child("AccountAliases")?.children.first()?.text.trim().to_owned())
    }

    /// The result of a call that takes no members.
    fn ask_by_name(
        &mut self,
        service: Service,
        action: &str,
        version: &str,
    ) -> Result<Element, Observed> {
        let form = [("Action", action), ("Version", version)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = self.sender.post(service, &form, None)?;
        response::result(action, &answer, &self.names)
    }
}
