//! The judgement of a refusal by its action alone: whatever the account contains and the request
//! names, a response is impossible if no rule of the action has its status and code.
//!
//! If only the action is recorded, the audit can judge no more than that. The message must then
//! belong to a rule with this code, and ids must have AWS's form.

use iamspec_model::evidence::{D_013, D_022, E_005};
use iamspec_model::{Action, ErrorCode, Evidence, Expected, Level, Rule, rules};

use crate::audit::AuditEvent;
use crate::oracle::formats::format_divergence;
use crate::oracle::{Divergence, Tier, messages};
use crate::response::{EndpointText, Response};

/// The difference between a refusal and every refusal of the action, in its status and code.
pub(crate) fn impossible_refusal(event: &AuditEvent) -> Option<Divergence> {
    let Response::Refused { http, code, .. } = &event.response else { return None };
    let refusals = Refusals::of(event.action)?;
    if !refusals.knows(code) {
        let expected = refusals.known.iter().map(|rule| (printed(*rule), *rule)).collect();
        return Some(refusals.divergence(Tier::Code, code, (Evidence::by(&[D_022]), expected)));
    }
    let status = ErrorCode::named(code).map(ErrorCode::http_status).filter(|it| it != http)?;
    let expected = vec![(format!("{status} {code}"), refusals.rule_of(code))];
    Some(refusals.divergence(Tier::Status, code, (Evidence::by(&[E_005]), expected)))
}

/// The errors that any action of AWS may return, with and without `Exception` at the end. There is
/// no evidence when IAM sends each of them, so none is judged.
const COMMON: [&str; 27] = [
    "AccessDenied",
    "ExpiredToken",
    "IncompleteSignature",
    "InternalFailure",
    "InternalServerError",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidQueryParameter",
    "InvalidSignature",
    "MalformedHttpRequest",
    "MalformedQueryString",
    "MissingAction",
    "MissingAuthenticationToken",
    "MissingParameter",
    "NotAuthorized",
    "OptInRequired",
    "RequestAborted",
    "RequestEntityTooLarge",
    "RequestExpired",
    "RequestTimeout",
    "SignatureDoesNotMatch",
    "Throttling",
    "UnrecognizedClient",
    "UnknownOperation",
    "Validation",
];

fn is_common(code: &str) -> bool {
    let stem = code.strip_suffix("Exception").unwrap_or(code);
    COMMON.contains(&stem)
}

/// Whether the response says nothing about the account: any action of AWS may return its code, and
/// no rule of this one has it.
pub(crate) fn is_uninformative(event: &AuditEvent) -> bool {
    let Response::Refused { code, .. } = &event.response else { return false };
    is_common(code) && Refusals::of(event.action).is_some_and(|it| !it.has_rule(code))
}

/// The difference between the message and those of all refusals of the action with its code.
pub(crate) fn impossible_message(event: &AuditEvent) -> Option<Divergence> {
    let Response::Refused { code, message, .. } = &event.response else { return None };
    let message = message.as_ref().map(EndpointText::complete)?;
    Refusals::of(event.action)?.impossible_message(code, message)
}

/// The difference of a success whose ids, names, dates or ARNs have another form.
pub(crate) fn impossible_form(event: &AuditEvent) -> Option<Divergence> {
    let Response::Success(_) = &event.response else { return None };
    format_divergence(success_of(event.action)?, String::new(), &event.deviations)
}

/// The rule of success, which is the first one.
pub(crate) fn success_of(action: &'static Action) -> Option<Rule> {
    Some(Rule { action, clause: action.clauses.first()? })
}

/// The refusals of an action.
struct Refusals {
    success: Rule,
    known: Vec<Rule>,
}

impl Refusals {
    fn of(action: &'static Action) -> Option<Self> {
        let success = success_of(action)?;
        let of_action = rules().filter(|rule| rule.action.api == action.api);
        let known = of_action.filter(|rule| rule.clause.expected != Expected::Success).collect();
        Some(Self { success, known })
    }

    /// Whether a rule or the documentation (D-022) has the code, or leaves it open. Every action may
    /// find its request invalid (D-002, D-021).
    fn knows(&self, code: &str) -> bool {
        let is_of_request = ErrorCode::named(code).is_some_and(ErrorCode::is_validation);
        let may_have =
            |it: &Rule| it.clause.code.level == Level::Unspecified || it.clause.refuses_with(code);
        let api = self.success.action.api;
        // `MaxItems` is not a number.
        let is_of_page = D_013.code == Some(code) && api.starts_with("List");
        let documented = D_022.note_for(api);
        is_of_request
            || is_of_page
            || documented.contains(&format!("{code} "))
            || self.known.iter().any(may_have)
    }

    /// Whether a rule refuses with this code.
    fn has_rule(&self, code: &str) -> bool {
        let is_of_request = ErrorCode::named(code).is_some_and(ErrorCode::is_validation);
        is_of_request || self.known.iter().any(|it| it.clause.refuses_with(code))
    }

    fn rule_of(&self, code: &str) -> Rule {
        self.known.iter().copied().find(|it| it.clause.refuses_with(code)).unwrap_or(self.success)
    }

    /// The difference, if the message belongs to none of the rules with the code.
    fn impossible_message(&self, code: &str, message: &str) -> Option<Divergence> {
        let explains = |rule: &Rule| {
            let texts: Vec<String> = rule.clause.text.texts().map(str::to_owned).collect();
            let is_open = rule.clause.text.level == Level::Unspecified || texts.is_empty();
            is_open || messages::conforms(*rule, &texts, message)
        };
        let has_code = |it: &Rule| it.clause.refuses_with(code);
        let same: Vec<Rule> = self.known.iter().copied().filter(has_code).collect();
        let first = *same.first()?;
        if same.iter().any(explains) {
            return None;
        }
        let expected = same.iter().map(|rule| (printed(*rule), *rule)).collect();
        Some(self.divergence(Tier::Text, code, (first.clause.text, expected)))
    }

    fn divergence(
        &self,
        tier: Tier,
        code: &str,
        (evidence, expected): (Evidence, Vec<(String, Rule)>),
    ) -> Divergence {
        Divergence {
            tier,
            level: evidence.level,
            rule: self.rule_of(code),
            wire_rule: None,
            expected,
            evidence: evidence.facts.iter().map(|fact| fact.id).collect(),
            state: String::new(),
            assumed_state: "the operation was refused; nothing changed",
        }
    }
}

/// The response of a rule, in the form of the facts.
fn printed(rule: Rule) -> String {
    let Expected::Refused(code) = rule.clause.expected else { return "200".to_owned() };
    let text = rule.clause.text.texts().next().map(|it| format!(" {it:?}"));
    format!("{} {}{}", code.http_status(), code.name(), text.unwrap_or_default())
}
