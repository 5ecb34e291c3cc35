//! The judgement of one event: whether a possible account explains its response, and what is known
//! about the account afterwards.

use std::cmp::Reverse;

use iamspec_model::evidence::{
    A_004, A_064, B_IP_08, B_IP_13, B_MP_05, C_050, C_092, C_093, D_022, E_030, Fact, G_007,
};
use iamspec_model::{
    Account, AttachmentKind, Entity, ErrorCode, InputError, InvalidRequest, Level, Operation, Path,
    Resource, ResourceKind, Status, SubResource, User, apply,
};

use crate::audit::account_listings::{account_with, contradicted_by, wrong_in_listing};
use crate::audit::action_responses::{
    impossible_form, impossible_message, impossible_refusal, is_uninformative,
};
use crate::audit::aws_policies;
use crate::audit::effects::{Lesson, learn_paths};
use crate::audit::knowledge::Knowledge;
use crate::audit::possible_accounts::{Assumption, Question};
use crate::audit::view::View;
use crate::audit::{AuditCall, AuditEvent, AuditOptions, ShownPart};
use crate::oracle::{Divergence, Tier, account_may_be_full, divergence, messages};
use crate::response::{EndpointText, Listing, Response};
use crate::script::print;

/// How an event fits what is known.
pub(crate) enum Judgement {
    /// Possible. Contains what every explanation agrees on.
    Fits(Vec<(Assumption, bool)>),
    /// Possible, but it contradicts a rule that does not count: what is known may be wrong.
    Disputed,
    /// Possible if a recent change is not visible yet.
    MayBeStale,
    /// Not decided by the account.
    Uninformative,
    /// Impossible.
    Impossible(Box<Divergence>),
}

/// Decides how an event fits what is known, with the listings that are parts of its response.
pub(crate) fn judge(knowledge: &Knowledge, event: &AuditEvent, options: AuditOptions) -> Judgement {
    let judged = judge_alone(knowledge, event, options);
    if matches!(judged, Judgement::Impossible(_)) {
        return judged;
    }
    if let Some((_, divergence)) = impossible_detail(knowledge, event, options) {
        return Judgement::Impossible(divergence);
    }
    let is_stale =
        |it: &AuditEvent| matches!(judge_alone(knowledge, it, options), Judgement::MayBeStale);
    if event.details.iter().any(is_stale) { Judgement::MayBeStale } else { judged }
}

/// The first part of a response that no possible account explains.
pub(crate) fn impossible_detail<'a>(
    knowledge: &Knowledge,
    event: &'a AuditEvent,
    options: AuditOptions,
) -> Option<(&'a AuditEvent, Box<Divergence>)> {
    event.details.iter().find_map(|detail| {
        let Judgement::Impossible(mut divergence) = judge_alone(knowledge, detail, options) else {
            return None;
        };
        let op = detail.operation()?;
        // C-050 records the details of users. That those of groups and policies are complete is inferred.
        if op.user().is_none() {
            divergence.level = divergence.level.min(Level::Info);
        }
        divergence
            .expected
            .iter_mut()
            .for_each(|it| it.0 = format!("{} -> {}", print::operation(op), it.0));
        divergence.evidence.push(C_050.id);
        options.threshold.includes(&divergence).then_some((detail, divergence))
    })
}

/// Decides how an event fits what is known, without its parts.
fn judge_alone(knowledge: &Knowledge, event: &AuditEvent, options: AuditOptions) -> Judgement {
    let mut options = options;
    if event.hides_message {
        options.threshold.tier = options.threshold.tier.min(Tier::Code);
    }
    let counts = |it: &Divergence| options.threshold.includes(it);
    if let Some(divergence) = aws_policies::divergence(event).filter(counts) {
        return Judgement::Impossible(Box::new(divergence));
    }
    if event.failure().is_some() || is_uninformative(event) {
        return Judgement::Uninformative;
    }
    let judged = match &event.call {
        AuditCall::Operation(..) if aws_policies::is_missing(event) => Judgement::Uninformative,
        AuditCall::Operation(op, _) => judge_operation(knowledge, op, event, options),
        AuditCall::Unknown(_) | AuditCall::UnknownTags(_) => Judgement::Uninformative,
        AuditCall::Unnamed => match impossible_message(event).filter(counts) {
            Some(divergence) => Judgement::Impossible(Box::new(divergence)),
            None => Judgement::Fits(Vec::new()),
        },
    };
    let of_action = || match &judged {
        Judgement::Impossible(_) => None,
        _ => impossible_refusal(event).or_else(|| impossible_form(event)).filter(counts),
    };
    match of_action() {
        Some(divergence) => Judgement::Impossible(Box::new(divergence)),
        None => judged,
    }
}

fn judge_operation(
    knowledge: &Knowledge,
    op: &Operation,
    event: &AuditEvent,
    options: AuditOptions,
) -> Judgement {
    if is_of_other_cause(op, &event.response, options)
        || is_name_of_another(knowledge, op, &event.response)
    {
        return Judgement::Uninformative;
    }
    let strict = View { knowledge, time: event.start, lag: 0 };
    if let Some(divergence) = taken_by_namesake(strict, op, event, options) {
        return Judgement::Impossible(Box::new(divergence));
    }
    let mut judged = judge_in(strict, op, event, options);
    let newer = match &judged {
        Judgement::Impossible(_) => as_today(op, event),
        _ => None,
    };
    if let Some(newer) = &newer {
        judged = judge_in(strict, op, newer, options);
    }
    let event = newer.as_ref().unwrap_or(event);
    let may_be_stale = options.lag > 0 && event.changes_nothing();
    let stale = View { lag: options.lag, ..strict };
    match judged {
        Judgement::Impossible(_) | Judgement::Disputed if may_be_stale => {
            match judge_in(stale, op, event, options) {
                Judgement::Impossible(_) | Judgement::Disputed => judged,
                _ => Judgement::MayBeStale,
            }
        }
        // A refusal teaches what it shows in each state that the endpoint may have seen.
        Judgement::Fits(agreed) if may_be_stale && is_refusal(&event.response) => {
            match judge_in(stale, op, event, options) {
                Judgement::Fits(stale) => {
                    Judgement::Fits(agreed.into_iter().filter(|it| stale.contains(it)).collect())
                }
                _ => Judgement::Fits(agreed),
            }
        }
        judged => judged,
    }
}

fn is_refusal(response: &Response) -> bool {
    matches!(response, Response::Refused { .. })
}

/// The event with the refusal of today, if it has an older one that no rule cites. Until 2017, a user with
/// an inline policy was refused with the message about managed policies. A malformed ARN was
/// refused with another code in 2023, and with another message in 2025 (B-MP-05).
fn as_today(op: &Operation, event: &AuditEvent) -> Option<AuditEvent> {
    let Response::Refused { http, code, message } = &event.response else { return None };
    let text = message.as_ref().map(EndpointText::complete);
    let of_today = |fact: &Fact| fact.message.map(|it| it.to_owned().into());
    let is_of_arn = |invalid: &InvalidRequest| {
        let row = invalid.row();
        row.error == InputError::Malformed && POLICY_ARNS.contains(&row.parameter)
    };
    let (code, message) = match op {
        Operation::DeleteUser(_) if A_064.message == text => (code.clone(), of_today(A_004)),
        Operation::Invalid(_, it) if is_of_arn(it) && code == OLD_CODE_OF_ARN => {
            (ErrorCode::ValidationError.name().to_owned(), message.clone())
        }
        Operation::Invalid(_, it) if is_of_arn(it) && text == Some(OLD_MESSAGE_OF_ARN) => {
            (code.clone(), of_today(B_MP_05))
        }
        _ => return None,
    };
    let response = Response::Refused { http: *http, code, message };
    Some(AuditEvent { response, ..event.clone() })
}

/// The parameters that name a policy by its ARN.
const POLICY_ARNS: [&str; 2] = ["PolicyArn", "PermissionsBoundary"];

/// The code of the refusal of a malformed ARN in 2023 (B-MP-05).
const OLD_CODE_OF_ARN: &str = "InvalidInput";

/// The message of the refusal of a malformed ARN in 2025 (B-MP-05).
const OLD_MESSAGE_OF_ARN: &str = "Invalid ARN:  Could not be parsed!";

/// Whether a refusal may have a cause that no rule describes: a quota of the whole account, or a
/// documented code that no rule has (D-022).
fn is_of_other_cause(op: &Operation, response: &Response, options: AuditOptions) -> bool {
    let Response::Refused { code, message, .. } = response else { return false };
    let known = ErrorCode::named(code);
    let is_of_account = known.is_some_and(|it| !CONTENT_CODES.contains(&it));
    let documented = op.action().map_or("", |action| D_022.note_for(action.api));
    let is_invalid = matches!(op, Operation::Invalid(..));
    let has_text_of = |facts: &[&Fact]| {
        let message = message.as_ref().map(EndpointText::complete);
        let is_it = |text: &str| message.is_none_or(|it| messages::matches(text, it));
        options.threshold.tier < Tier::Text || facts.iter().filter_map(|it| it.message).any(is_it)
    };
    let is_limit = known == Some(ErrorCode::LimitExceeded);
    // A message of a quota names it and its number, or the size of all policies of
    // a user or a group.
    has_text_of(&[G_007]) && account_may_be_full(op, response).is_some()
        || is_limit && is_sized(op) && has_text_of(&[G_007, B_IP_08, B_IP_13, C_092])
        || !is_of_account && !is_invalid && documented.contains(&format!("{code} "))
}

/// Whether a policy or a device is refused because its name is taken, and the log may not know by what: a
/// resource with the name in another case or under another path has another ARN.
fn is_name_of_another(knowledge: &Knowledge, op: &Operation, response: &Response) -> bool {
    let Operation::CreateResource(resource) = op else { return false };
    let code = Some(ErrorCode::EntityAlreadyExists);
    let is_taken =
        matches!(response, Response::Refused { code: it, .. } if ErrorCode::named(it) == code);
    is_taken && resource.kind != ResourceKind::Group && !knowledge.is_complete
}

/// The difference, if a policy is created although a policy with its name exists under another path
/// (E-030).
fn taken_by_namesake(
    view: View<'_>,
    op: &Operation,
    event: &AuditEvent,
    options: AuditOptions,
) -> Option<Divergence> {
    let Operation::CreateResource(policy) = op else { return None };
    let exists = |it: &Resource| view.resource_exists(*it) == Some(true);
    event.namesakes.iter().find(|it| exists(it))?;
    let mut account = Account::default();
    apply(&mut account, &Operation::CreateResource(*policy));
    let mut taken = divergence(&account, op, &event.response)?;
    taken.evidence.extend([C_093.id, E_030.id]);
    options.threshold.includes(&taken).then_some(taken)
}

/// Whether a quota counts the characters of documents, which the audit does not count.
pub(crate) fn is_sized(op: &Operation) -> bool {
    let of_user = op.kind().is_some_and(|kind| kind.row().quota.each > 1);
    of_user || matches!(op, Operation::AddSubResource(_, SubResource::InlinePolicy, _))
}

/// The codes about the content of a request, which the audit does not know completely.
const CONTENT_CODES: [ErrorCode; 6] = [
    ErrorCode::InvalidAuthenticationCode,
    ErrorCode::InvalidInput,
    ErrorCode::MalformedCertificate,
    ErrorCode::MalformedPolicyDocument,
    ErrorCode::PasswordPolicyViolation,
    ErrorCode::UnrecognizedPublicKeyEncoding,
];

fn judge_in(
    view: View<'_>,
    op: &Operation,
    event: &AuditEvent,
    options: AuditOptions,
) -> Judgement {
    let listing = match &event.response {
        Response::Success(listing) => listing.as_ref(),
        _ => None,
    };
    if let (
        Some(listing),
        Operation::ListUsers(_) | Operation::GetAuthorizationDetails | Operation::ListResources(..),
    ) = (listing, op)
    {
        return judge_account_listing(view, op, event, listing, options);
    }
    if matches!(op, Operation::GetAccessKeyLastUsed(_)) && is_denied(view, op, &event.response) {
        return Judgement::Uninformative;
    }
    if let Operation::Invalid(user, _) = op {
        return judge_invalid(view, op, *user, event, options);
    }
    let is_part = event.shown_part != ShownPart::Whole;
    let has_other_message = has_other_message(op, &event.response);
    let without_bounded = listing.and_then(|it| without_bounded(view, op, it));
    let without_bounded = without_bounded.map(|it| Response::Success(Some(it)));
    let response = without_bounded.as_ref().unwrap_or(&event.response);
    let listing = match response {
        Response::Success(listing) => listing.as_ref(),
        _ => None,
    };
    let question = Question { view, op: *op, listing, is_part, has_other_message };
    let accounts = question.possible_accounts();
    if accounts.is_empty() {
        return Judgement::Uninformative;
    }
    let mut mildest: Option<Divergence> = None;
    let (mut fitting, mut certain) = (Vec::new(), Vec::new());
    let mut is_disputed = true;
    for possible in accounts {
        let compared = divergence(&possible.account, op, response);
        // A hidden message says nothing about the reason of a refusal.
        let says = |it: &Divergence| it.tier < Tier::Text || !event.hides_message;
        let is_binding = compared.as_ref().is_some_and(|it| it.level >= Level::Must && says(it));
        let contradicts = compared.as_ref().is_some_and(|it| it.tier < Tier::Text);
        match compared.filter(|it| options.threshold.includes(it)) {
            None => {
                is_disputed &= contradicts;
                if !is_binding {
                    certain.push(possible.assumptions.clone());
                }
                fitting.push(possible.assumptions);
            }
            Some(divergence) => {
                if mildest.as_ref().is_none_or(|it| mildness(&divergence) < mildness(it)) {
                    mildest = Some(divergence);
                }
            }
        }
    }
    match mildest {
        Some(divergence) if fitting.is_empty() => Judgement::Impossible(Box::new(divergence)),
        _ if is_disputed => Judgement::Disputed,
        _ => {
            let explanations = if certain.is_empty() { fitting } else { certain };
            Judgement::Fits(agreed(&question.unknown(), &explanations))
        }
    }
}

/// A listing of the entities of a policy without the users that it may show because the policy is their
/// permissions boundary.
fn without_bounded(view: View<'_>, op: &Operation, listing: &Listing) -> Option<Listing> {
    let Operation::ListHolders(policy) = *op else { return None };
    let kind = AttachmentKind::ManagedPolicy;
    let is_other = |entity: Entity| match entity {
        Entity::User(user) if view.holds(user, kind, policy.item) == Some(true) => false,
        it => view.may_be_bounded(it, policy),
    };
    let mut listing = listing.clone();
    listing.items.retain(|it| !is_other(it.0));
    Some(listing)
}

/// Whether `DeleteUser` is refused with a message that none of its rules has.
fn has_other_message(op: &Operation, response: &Response) -> bool {
    let Operation::DeleteUser(_) = op else { return false };
    let Response::Refused { message: Some(message), .. } = response else { return false };
    let clauses = op.action().into_iter().flat_map(|it| it.clauses);
    !clauses.flat_map(|it| it.text.texts()).any(|text| messages::matches(text, message.complete()))
}

/// The key of the mildest divergence, which is the smallest one.
pub(crate) fn mildness(divergence: &Divergence) -> (Level, Reverse<Tier>) {
    (divergence.level, Reverse(divergence.tier))
}

/// The assumptions that are true in every explanation, and those that are true in none.
fn agreed(unknown: &[Assumption], explanations: &[Vec<Assumption>]) -> Vec<(Assumption, bool)> {
    let agreed = |it: &Assumption| {
        let count = explanations.iter().filter(|all| all.contains(it)).count();
        match count {
            0 => Some((*it, false)),
            all if all == explanations.len() => Some((*it, true)),
            _ => None,
        }
    };
    unknown.iter().filter_map(agreed).collect()
}

/// `AccessDenied` for a key that a user holds means that the caller lacks permission (B-AK-15).
fn is_denied(view: View<'_>, op: &Operation, response: &Response) -> bool {
    let Response::Refused { code, .. } = response else { return false };
    let (Some(kind), Some(key)) = (op.kind(), op.item()) else { return false };
    code == ErrorCode::AccessDenied.name()
        && view.holders(kind, key).iter().any(|(_, held)| *held != Some(false))
}

/// An invalid request is decided by the request alone, and by what exists.
fn judge_invalid(
    view: View<'_>,
    op: &Operation,
    user: User,
    event: &AuditEvent,
    options: AuditOptions,
) -> Judgement {
    // The symbols of resources and items in an invalid request stand for nothing.
    let resource = op.resource();
    let user_exists = view.user_exists(user);
    let mut accounts = Vec::new();
    for (with_user, with_resource) in [(true, true), (true, false), (false, true), (false, false)] {
        if user_exists == Some(!with_user) {
            continue;
        }
        let mut account = Account::default();
        if with_user {
            apply(&mut account, &Operation::create_user(user));
        }
        if let Some(resource) = resource.filter(|_| with_resource) {
            apply(&mut account, &Operation::CreateResource(resource));
        }
        accounts.push(account);
    }
    let response = match &event.response {
        Response::Success(_) => Response::SUCCESS,
        other => other.clone(),
    };
    let divergences: Vec<Option<Divergence>> =
        accounts.iter().map(|it| divergence(it, op, &response)).collect();
    let counts = |it: &Option<Divergence>| it.clone().filter(|it| options.threshold.includes(it));
    match divergences.iter().map(counts).collect::<Option<Vec<Divergence>>>() {
        Some(all) => match all.into_iter().min_by_key(mildness) {
            Some(mildest) => Judgement::Impossible(Box::new(mildest)),
            None => Judgement::Uninformative,
        },
        // A refusal of an item that the account may not have says nothing.
        None => Judgement::Fits(Vec::new()),
    }
}

/// A listing of the whole account must have everything that exists once, and nothing else.
fn judge_account_listing(
    view: View<'_>,
    op: &Operation,
    event: &AuditEvent,
    listing: &Listing,
    options: AuditOptions,
) -> Judgement {
    let op = match op {
        Operation::ListUsers(_) => &Operation::ListUsers(Path::default()),
        other => other,
    };
    // The listing is compared with an account that has this entity only, or nothing.
    let impossible = |entity: Entity, shown: &[Entity], exists: bool, expected: &str| {
        let account = if exists { account_with(entity, op) } else { Account::default() };
        let items = shown.iter().map(|it| (*it, Status::Active)).collect();
        let response = Response::Success(Some(Listing::of(items)));
        let found = divergence(&account, op, &response);
        let mut found = found.filter(|it| options.threshold.includes(it))?;
        found.expected.iter_mut().for_each(|it| it.0 = format!("200 {expected} {entity}"));
        Some(Judgement::Impossible(Box::new(found)))
    };
    if let Some(entity) = event.repeated.first() {
        if !matches!(entity, Entity::User(_) | Entity::Resource(_)) {
            return Judgement::Uninformative;
        }
        if let Some(it) = impossible(*entity, &[*entity, *entity], true, "with only one") {
            return it;
        }
    }
    let wrong = wrong_in_listing(view, op, event, listing);
    for (entity, exists) in wrong.iter().copied() {
        let (shown, expected) = if exists { (vec![], "with") } else { (vec![entity], "without") };
        if let Some(it) = impossible(entity, &shown, exists, expected) {
            return it;
        }
    }
    if !wrong.is_empty() {
        return Judgement::Disputed;
    }
    if event.shown_part == ShownPart::Part {
        return Judgement::Fits(Vec::new());
    }
    let exists = |entity: Entity| match entity {
        Entity::User(user) => Some((Assumption::User(user), true)),
        Entity::Resource(resource) => Some((Assumption::Resource(resource), true)),
        _ => None,
    };
    Judgement::Fits(listing.items.iter().filter_map(|(it, _)| exists(*it)).collect())
}

/// Updates the knowledge after an event.
pub(crate) fn update(
    knowledge: &mut Knowledge,
    event: &AuditEvent,
    judgement: &Judgement,
    options: AuditOptions,
) {
    if event.details.is_empty() {
        return update_alone(knowledge, event, judgement, options);
    }
    for part in std::iter::once(event).chain(&event.details) {
        let of_part = judge_alone(knowledge, part, options);
        // From an impossible response, nothing is learned.
        let is_wrong = |it: &Judgement| matches!(it, Judgement::Impossible(_));
        if is_wrong(&of_part) || !is_wrong(judgement) {
            update_alone(knowledge, part, &of_part, options);
        }
    }
}

fn update_alone(
    knowledge: &mut Knowledge,
    event: &AuditEvent,
    judgement: &Judgement,
    options: AuditOptions,
) {
    let lesson = Lesson {
        time: event.start,
        lag: options.lag,
        begin: knowledge.log_begin,
        is_change: matches!(event.response, Response::Success(_)) && !event.changes_nothing(),
    };
    knowledge.horizon = event.start.saturating_sub(options.lag);
    match judgement {
        Judgement::Fits(agreed) => {
            for (assumption, value) in agreed {
                knowledge.learn_fact(*assumption, *value, lesson);
            }
            if let Response::Success(Some(listing)) = &event.response {
                knowledge.learn_listing(event, listing, lesson);
            }
            if let ShownPart::Paths { paths, .. } = &event.shown_part {
                learn_paths(knowledge, paths, lesson);
            }
            if !event.changes_nothing() {
                knowledge.apply(event);
            }
        }
        Judgement::MayBeStale => {}
        Judgement::Uninformative => match &event.response {
            _ if event.changes_nothing() => {}
            Response::Success(_) => knowledge.apply(event),
            _ => knowledge.forget_event(event),
        },
        Judgement::Impossible(divergence) if is_of_form(event, divergence) => {
            if !event.changes_nothing() {
                knowledge.apply(event);
            }
        }
        Judgement::Disputed | Judgement::Impossible(_) => forget_contradicted(knowledge, event),
    }
}

/// Whether only the form of a response is wrong, and not what it says about the account: the message of a
/// refusal is not that of another refusal.
pub(crate) fn is_of_form(event: &AuditEvent, divergence: &Divergence) -> bool {
    let is_refusal = matches!(event.response, Response::Refused { .. });
    divergence.tier == Tier::Text && (!is_refusal || impossible_message(event).is_some())
}

/// Forgets what a response contradicts: either the knowledge or the response is wrong.
fn forget_contradicted(knowledge: &mut Knowledge, event: &AuditEvent) {
    let contradicted = contradicted_by(knowledge, event);
    knowledge.forget_subjects(event);
    let namesakes = event.namesakes.iter().copied().map(Entity::Resource);
    for entity in contradicted.into_iter().chain(namesakes) {
        knowledge.forget_entity(entity, event.end);
    }
}
