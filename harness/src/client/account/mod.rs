//! The account behind an endpoint: its caller, the attachments of its users, and their removal.
//!
//! [`holdings`] only reads. [`removal`] removes what a deletion plan shows, and nothing else.

pub mod holdings;
mod listing;
pub(crate) mod permission;
pub mod readiness;
pub mod removal;

use anyhow::{Error, Result, anyhow};
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::client::connection::transport::SigningService;
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

/// The action that shows the alias of the account.
pub(crate) const ALIAS_ACTION: &str = "ListAccountAliases";

impl HttpClient {
    /// Requests the identity of the caller from STS.
    ///
    /// # Errors
    /// There is no response, or it is not in the form of AWS.
    pub fn caller(&mut self) -> Result<Caller> {
        self.caller_of_sts().map_err(|response| self.no_caller(&response))
    }

    /// The identity of the caller in the account `owned`, also of an endpoint without STS. Then the
    /// ARNs that IAM shows count; `None` stands for an account that nothing shows.
    ///
    /// # Errors
    /// The endpoint is of AWS and has no STS, or it accepts no request at all.
    pub fn caller_without_sts(&mut self, owned: &str) -> Result<(Option<Caller>, Option<String>)> {
        let response = match self.caller_of_sts() {
            Ok(caller) => return Ok((Some(caller), None)),
            Err(response) => response,
        };
        if self.sender.destination().aws || may_have_sts(&response) {
            return Err(self.no_caller(&response));
        }
        let why = format!("GetCallerIdentity returned {response}");
        let Some(arns) = self.arns() else { return Err(self.no_caller(&response)) };
        for arn in &arns {
            self.names.learn_account(arn);
        }
        let accounts = arns.iter().filter_map(|it| Some((it, account_in(it)?)));
        let accounts: Vec<(&String, &str)> = accounts.collect();
        // An ARN of another account decides, even if there is one of this account.
        let other = accounts.iter().find(|(_, account)| *account != owned);
        let found = other.or(accounts.first());
        let caller = found
            .map(|(arn, account)| Caller { account: (*account).to_owned(), arn: (*arn).clone() });
        Ok((caller, Some(why)))
    }

    fn caller_of_sts(&mut self) -> Result<Caller, Response> {
        let action = "GetCallerIdentity";
        let found = self.call(SigningService::Sts, action, names::STS_VERSION, None)?;
        let text = |name| redact_and_cut(found.text_of(name).unwrap_or_default(), SHOWN_MAX);
        let caller = Caller { account: text("Account"), arn: text("Arn") };
        if caller.account.is_empty() {
            return Err(Response::failed(FailureKind::Unreadable, "no account"));
        }
        self.names.learn_account(&caller.arn);
        Ok(caller)
    }

    fn no_caller(&self, response: &Response) -> Error {
        anyhow!(
            "GetCallerIdentity returned {response}; requests are signed with {}; check that it is \
             valid at {}, and that an STS endpoint is there",
            self.signer(),
            self.sender.sts()
        )
    }

    /// The ARNs of the caller and of some users and groups; `None` if IAM accepts no request.
    fn arns(&mut self) -> Option<Vec<String>> {
        let page = Some(("MaxItems", "10"));
        let calls = [("GetUser", None), ("ListUsers", page), ("ListGroups", page)];
        let (mut arns, mut is_accepted) = (Vec::new(), false);
        for (action, member) in calls {
            match self.call(SigningService::Iam, action, names::VERSION, member) {
                Ok(result) => {
                    is_accepted = true;
                    collect_arns(&result, &mut arns);
                }
                Err(Response::Refused { .. }) => is_accepted = true,
                Err(_) => {}
            }
        }
        is_accepted.then_some(arns)
    }

    /// The alias of the account, if it has one and the caller may read it.
    pub fn alias(&mut self) -> Option<String> {
        let action = ALIAS_ACTION;
        let found = self.call(SigningService::Iam, action, names::VERSION, None).ok()?;
        let alias = found.child("AccountAliases")?.children.first()?.text.trim();
        Some(redact_and_cut(alias, SHOWN_MAX))
    }

    /// The result of an action that names nothing.
    fn call(
        &mut self,
        service: SigningService,
        action: &str,
        version: &str,
        more: Option<(&str, &str)>,
    ) -> Result<Element, Response> {
        let form = [("Action", action), ("Version", version)].into_iter().chain(more);
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let raw = self.sender.post(service, &form.collect::<Vec<_>>(), None)?;
        response::result(action, &raw)
    }
}

/// Whether a response to `GetCallerIdentity` may come from an endpoint that has it: it was lost, or the
/// service fails or throttles.
const fn may_have_sts(response: &Response) -> bool {
    let Response::Failed(failure) = response else { return false };
    !matches!(
        failure.kind,
        FailureKind::Unimplemented
            | FailureKind::Denied
            | FailureKind::Unreadable
            | FailureKind::Garbled
    )
}

/// The account in an ARN, if it has one.
fn account_in(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    (parts.next()? == "arn").then(|| parts.nth(3)).flatten().filter(|it| !it.is_empty())
}

/// Collects every ARN in a result.
fn collect_arns(element: &Element, arns: &mut Vec<String>) {
    arns.extend(element.text_of("Arn").map(|it| redact_and_cut(it.trim(), SHOWN_MAX)));
    element.children.iter().for_each(|it| collect_arns(it, arns));
}
