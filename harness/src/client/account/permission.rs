//! Calls that a user of the run signs, on an endpoint that evaluates policies.
//!
//! A new user may do nothing there. If such a call is denied, the user gets an inline policy that
//! allows this action on this user, for the duration of the call. The scripts and the model do not
//! see the policy. A policy that cannot be removed again makes the response unusable, because it
//! blocks `DeleteUser`.

use std::time::Duration;

use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_model::{ErrorCode, Operation, User};

use crate::client::connection::transport::SigningService;
use crate::client::request::signed_by;
use crate::client::{HttpClient, guard, journal, response};
use crate::wire::names::{RequestForm, VERSION, member};

/// How long the client waits before it repeats a call that is denied despite the policy. On AWS, a
/// policy takes effect after some seconds.
const WAITS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

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
        if !self.evaluates_policies {
            let response = self.prepare_and_send(op);
            if !is_denied(&response) {
                return response;
            }
            self.evaluates_policies = true;
        }
        let resource = self.names.arn_of_any_path("user", &self.names.user(user));
        let document = document(action.api, &resource);
        let [put, delete] = POLICY_ACTIONS;
        self.change_policy(put, user, Some(&document))?;
        let mut response = self.prepare_and_send(op);
        for wait in WAITS {
            if !is_denied(&response) {
                break;
            }
            std::thread::sleep(wait);
            response = self.prepare_and_send(op);
        }
        self.change_policy(delete, user, None)?;
        response.map_err(|failure| match failure {
            Response::Failed(it) if it.kind == FailureKind::Denied => Response::failed(
                it.kind,
                format!("{}, although the user had the inline policy {document}", it.detail),
            ),
            other => other,
        })
    }

    fn prepare_and_send(&mut self, op: &Operation) -> Result<Response, Response> {
        let prepared = self.prepare(op)?;
        self.send(op, prepared)
    }

    /// Creates or deletes the policy of a user, as the identity of the run.
    fn change_policy(
        &mut self,
        action: &str,
        user: User,
        document: Option<&str>,
    ) -> Result<(), Response> {
        let name = self.names.user(user);
        let policy = format!("{name}-own");
        let mut form: RequestForm = vec![
            member("Action", action),
            member("Version", VERSION),
            member("UserName", &name),
            member("PolicyName", &policy),
        ];
        form.extend(document.map(|it| member("PolicyDocument", it)));
        let unsent = |error| Response::failed(FailureKind::Unsent, format!("{error:#}"));
        guard::check(&form, &self.names, false).map_err(unsent)?;
        let creates_new = journal::before(&form, self.journal()).map_err(unsent)?;
        let sent = self.sender.post(SigningService::Iam, &form, None);
        let result = sent.and_then(|raw| response::result(action, &raw));
        let response = result.map_or_else(|failure| failure, |_| Response::SUCCESS);
        journal::after(&form, &response, creates_new, self.journal());
        match response {
            Response::Success(_) => Ok(()),
            other => Err(Response::failed(
                FailureKind::Doubtful,
                format!(
                    "the endpoint evaluates policies, and {action} of {policy}, which the run needs \
                     for a call that a user signs, got {other}"
                ),
            )),
        }
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
