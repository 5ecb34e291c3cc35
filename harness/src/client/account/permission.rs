//! Calls that a user of the run signs, on an endpoint that evaluates policies.
//!
//! A new user has no permission there (E-016). If such a call is denied, the user gets an inline policy that
//! allows this action on this user, for the duration of the call. The scripts and the model do not
//! see the policy. A policy that cannot be removed again makes the response unusable, because it
//! blocks `DeleteUser`.

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_model::{ErrorCode, Operation};

use crate::client::connection::transport::SigningService;
use crate::client::request::signed_by;
use crate::client::session::own_policy_name;
use crate::client::{HttpClient, guard, journal, response};
use crate::wire::names::{RequestForm, VERSION, member};

/// How many times a call that is denied despite the policy is repeated. IAM is eventually consistent
/// (F-001).
const TRIES: u32 = 8;

/// How many times the creation or deletion of a policy is repeated if the endpoint refuses it for now.
const POLICY_TRIES: u32 = 3;

/// The actions that give a user a policy and take it away.
pub(crate) const POLICY_ACTIONS: [&str; 2] = ["PutUserPolicy", "DeleteUserPolicy"];

impl HttpClient {
    /// Sends the request of an operation. If a user signs it and is denied, the user gets a policy
    /// for this call.
    pub(in crate::client) fn send_permitted(
        &mut self,
        op: &Operation,
    ) -> Result<Response, Response> {
        let (Some(user), Some(action)) = (signed_by(op), op.action()) else {
            return self.prepare_and_send(op);
        };
        if !self.policies.are_evaluated {
            let response = self.prepare_and_send(op);
            if !is_denied(&response) {
                return response;
            }
            self.policies.are_evaluated = true;
        }
        let name = self.names.user(user);
        let document = document(action.api, &self.names.arn_of_any_path("user", &name));
        let [put, delete] = POLICY_ACTIONS;
        self.policies.users.insert(name.clone());
        let given = self.change_policy(put, &name, Some(&document));
        let response = given.and_then(|()| self.send_until_permitted(op));
        // A lost response may have created the policy.
        self.change_policy(delete, &name, None)?;
        response.map_err(|failure| match failure {
            Response::Failed(it) if it.kind == FailureKind::Denied => Response::failed(
                it.kind,
                format!("{}, although the user had the inline policy {document}", it.detail),
            ),
            other => other,
        })
    }

    fn send_until_permitted(&mut self, op: &Operation) -> Result<Response, Response> {
        let mut response = self.prepare_and_send(op);
        for tries in 0..TRIES {
            if !is_denied(&response) || self.policies.have_no_effect {
                return response;
            }
            self.wait(tries);
            response = self.prepare_and_send(op);
        }
        self.policies.have_no_effect = is_denied(&response);
        response
    }

    fn prepare_and_send(&mut self, op: &Operation) -> Result<Response, Response> {
        let prepared = self.prepare(op)?;
        self.send(op, prepared)
    }

    /// Creates or deletes the policy of a user, as the identity of the run. Deleting a policy that
    /// does not exist is not an error.
    fn change_policy(
        &mut self,
        action: &str,
        user: &str,
        document: Option<&str>,
    ) -> Result<(), Response> {
        let policy = own_policy_name(user);
        let mut form: RequestForm = vec![
            member("Action", action),
            member("Version", VERSION),
            member("UserName", user),
            member("PolicyName", &policy),
        ];
        form.extend(document.map(|it| member("PolicyDocument", it)));
        let unsent = |error| Response::failed(FailureKind::Unsent, format!("{error:#}"));
        guard::check(&form, &self.names, false).map_err(unsent)?;
        let creates_new = journal::before(&form, self.journal()).map_err(unsent)?;
        let mut tries = 0;
        let response = loop {
            let sent = self.sender.post(SigningService::Iam, &form, None);
            let result = sent.and_then(|raw| response::result(action, &raw));
            let response = result.map_or_else(|failure| failure, |_| Response::SUCCESS);
            if !response.is_retryable() || tries >= POLICY_TRIES {
                break response;
            }
            self.wait(tries);
            tries += 1;
        };
        journal::after(&form, &response, creates_new, self.journal());
        let is_absent = matches!(&response, Response::Refused { code, .. }
            if document.is_none() && code == ErrorCode::NoSuchEntity.name());
        if is_absent || matches!(response, Response::Success(_)) {
            return Ok(());
        }
        Err(Response::failed(
            FailureKind::Doubtful,
            format!(
                "the endpoint evaluates policies, and {action} of {policy}, which the run needs for \
                 a call that a user signs, got {response}"
            ),
        ))
    }
}

/// The policy document that allows an action on a resource.
fn document(action: &str, resource: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": format!("iam:{action}"),
            "Resource": resource,
        }],
    })
    .to_string()
}

/// Whether the caller lacks the permission. A refused signature is another matter.
fn is_denied(response: &Result<Response, Response>) -> bool {
    let code = ErrorCode::AccessDenied.name();
    matches!(response, Err(Response::Failed(it))
        if it.kind == FailureKind::Denied && it.detail.split(' ').nth(1) == Some(code))
}
