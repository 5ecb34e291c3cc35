//! Expected error messages: the message templates of the facts, with values filled in.
//!
//! A fact contains `The user with name {UserName} cannot be found.`. The oracle replaces
//! `{UserName}` with a symbol, and the reference server with the real name. This module contains no
//! message texts.

use iamspec_model::{Account, Condition, Expected, Level, Operation, Resource, Rule, evidence};

/// Returns the value of a request member, or `None` if the request has no such member.
pub type Value<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns every conforming message for a rule, the preferred one first. Empty if none is known.
#[must_use]
pub fn expected_messages(
    rule: Rule,
    account: &Account,
    op: &Operation,
    value: Value<'_>,
) -> Vec<String> {
    rule.clause.text.texts().map(|template| fill(template, rule, account, op, value)).collect()
}

/// Returns true if a message is one of the expected messages of a rule.
#[must_use]
pub fn conforms(rule: Rule, expected: &[String], message: &str) -> bool {
    let is_it = |text: &String| match text.rsplit_once(": ") {
        Some((before, _)) if has_adjustable_quota(rule) => {
            let rest = message.strip_prefix(before).and_then(|it| it.strip_prefix(": "));
            rest.is_some_and(is_number)
        }
        _ => matches(text, message),
    };
    expected.iter().any(is_it)
}

/// Returns true if AWS raises the quota of a rule on request, so that the message of an account
/// may have another number (G-002). Its status is unspecified for the same reason.
fn has_adjustable_quota(rule: Rule) -> bool {
    let of_quota = [Condition::QuotaReached, Condition::AccountFull];
    of_quota.contains(&rule.clause.condition) && rule.clause.status.level == Level::Unspecified
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_ascii_digit())
}

/// Returns true if a message matches a text. A placeholder that has no value, such as the ARN of
/// the caller, matches any text.
#[must_use]
pub fn matches(text: &str, message: &str) -> bool {
    let Some((before, mut text)) = split_placeholder(text) else { return text == message };
    let Some(mut rest) = message.strip_prefix(before) else { return false };
    // The first occurrence of each part is enough, because a placeholder matches any text.
    while let Some((part, after)) = split_placeholder(text) {
        let Some(place) = rest.find(part) else { return false };
        rest = rest.get(place + part.len()..).unwrap_or_default();
        text = after;
    }
    rest.ends_with(text)
}

/// The parts of a text before and after its first placeholder.
fn split_placeholder(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    Some((before, after))
}

/// The text for a reader: `…` in the place of each placeholder without a value.
pub(crate) fn without_placeholders(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = split_placeholder(rest) {
        shown.extend([before, "…"]);
        rest = after;
    }
    shown + rest
}

/// Returns the message that the facts quote for an action, in symbols, if a message is one of them.
/// The text for a placeholder without a value is not in it.
#[must_use]
pub fn quoted(op: &Operation, message: &str) -> Option<String> {
    let value = symbols(op);
    let templates = op.action()?.clauses.iter().flat_map(|it| it.text.texts());
    let mut quoted = templates.map(|template| fill_with(template, &value));
    quoted.find(|text| matches(text, message))
}

/// Returns a message with the values of the request replaced by their symbols, if it is one that
/// the facts quote for the action. `real` gives the value of a request member.
#[must_use]
pub fn in_symbols(op: &Operation, message: &str, real: Value<'_>) -> Option<String> {
    let clauses = op.action()?.clauses.iter();
    let invalid = match op {
        Operation::Invalid(_, invalid) => Some(&invalid.row().clause),
        _ => None,
    };
    let mut templates = clauses.chain(invalid).flat_map(|it| it.text.texts());
    templates.find_map(|template| translated(template, message, real, &symbols(op)))
}

/// The message with symbols, if it matches the template with the values of the request. What a
/// placeholder without a value stands for stays as it is.
fn translated(template: &str, message: &str, real: Value<'_>, symbol: Value<'_>) -> Option<String> {
    let (mut template, mut rest, mut translated) = (template, message, String::new());
    loop {
        let Some((before, after)) = split_placeholder(template) else {
            return (rest == template).then(|| translated + template);
        };
        let name = template.get(before.len() + 1..template.len() - after.len() - 1)?;
        rest = rest.strip_prefix(before)?;
        translated.push_str(before);
        if let Some(value) = real(name) {
            rest = rest.strip_prefix(value.as_str())?;
            translated.push_str(&symbol(name).unwrap_or(value));
        } else {
            let end = split_placeholder(after).map_or(after, |(before, _)| before);
            let place = if end.is_empty() { rest.len() } else { rest.find(end)? };
            let (value, others) = rest.split_at_checked(place)?;
            translated.push_str(value);
            rest = others;
        }
        template = after;
    }
}

/// Returns the message that the reference endpoint sends for a rule.
///
/// Without evidence, a quota error uses the form recorded for other quotas (G-007), and any other
/// error says that there is no evidence.
#[must_use]
pub fn reference_message(
    rule: Rule,
    account: &Account,
    op: &Operation,
    value: Value<'_>,
) -> Option<String> {
    if rule.clause.expected == Expected::Success {
        return None;
    }
    let known = expected_messages(rule, account, op, value).into_iter().next();
    let of_quota =
        evidence::G_007.message.filter(|_| rule.clause.condition == Condition::QuotaReached);
    known
        .or_else(|| of_quota.map(|template| fill(template, rule, account, op, value)))
        .or_else(|| Some(format!("No evidence of AWS's words: {}.", rule.id())))
}

/// Returns a function that maps each request member of an operation to its symbol.
pub fn symbols(op: &Operation) -> impl Fn(&str) -> Option<String> + use<> {
    let op = *op;
    move |member| symbol(&op, member)
}

fn symbol(op: &Operation, member: &str) -> Option<String> {
    // Only the client knows the value that it sends for an invalid member.
    if matches!(op, Operation::Invalid(_, invalid) if invalid.row().parameter == member) {
        return None;
    }
    match (member, op.well_formed()) {
        ("UserName", _) => return op.user().map(|user| format!("u{}", user.0)),
        ("NewUserName", Operation::UpdateUser(_, change)) => {
            return change.name.map(|name| format!("u{}", name.0));
        }
        ("NewGroupName", Operation::RenameResource(resource, name)) => {
            return name.map(|item| Resource { item, ..resource }.to_string());
        }
        _ => {}
    }
    if let (Some((_, kind)), Some(item)) = (op.sub_resource(), op.entry())
        && kind.row().parameter == member
    {
        return Some(kind.symbol(item));
    }
    if let Some(resource) = op.resource() {
        let row = resource.kind.row();
        let names = [row.parameter, "PolicyName", "VirtualMFADeviceName"];
        return names.contains(&member).then(|| format!("{}{}", row.prefix, resource.item.0));
    }
    let (kind, item) = (op.kind()?, op.item()?);
    (kind.row().parameter == member).then(|| kind.symbol(item))
}

/// Fills in the placeholders of a template. A placeholder without a value stays as it is.
fn fill(template: &str, rule: Rule, account: &Account, op: &Operation, value: Value<'_>) -> String {
    let value = |member: &str| quota_value(member, rule, account, op).or_else(|| value(member));
    with_account_quota(fill_with(template, &value), rule, account, op)
}

fn fill_with(template: &str, value: Value<'_>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((member, tail)) = after.split_once('}') else { break };
        filled.push_str(before);
        match value(member) {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{", member, "}"]),
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// Returns the value of a placeholder of a quota message.
fn quota_value(member: &str, rule: Rule, account: &Account, op: &Operation) -> Option<String> {
    let kind = op.kind().filter(|_| rule.clause.condition == Condition::QuotaReached)?;
    match member {
        "Quota" => Some(kind.row().quota.name.to_owned()),
        "n" => Some(account.quota(kind).to_string()),
        _ => None,
    }
}

/// Replaces the number at the end of a quota message. The facts quote AWS's default quotas, but an
/// account may have others.
fn with_account_quota(text: String, rule: Rule, account: &Account, op: &Operation) -> String {
    let max = match (rule.clause.condition, op.kind()) {
        (Condition::AccountFull, _) => account.users_quota(),
        (Condition::QuotaReached, Some(kind)) => account.quota(kind),
        _ => return text,
    };
    match text.rsplit_once(": ") {
        Some((before, number)) if is_number(number) => {
            format!("{before}: {max}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, without_placeholders};

    #[test]
    fn a_placeholder_without_a_value_matches_any_text() {
        let text = "User: {CallerArn} may not read access key key#0";
        assert!(matches(text, "User: arn:aws:iam::1:root may not read access key key#0"));
        assert!(!matches(text, "User: arn:aws:iam::1:root may not read access key key#1"));
        assert!(!matches(text, "User: "));
        assert!(matches("ends with {it}", "ends with ") && matches("{a}-{b}", "x-y-z"));
        assert!(matches("no {brace", "no {brace") && !matches("plain", "plain text"));
        assert!(matches("{a}-b-{c}-b", "-b-b--b-b") && !matches("{a}-b-{c}-b", "x-b"));
    }

    #[test]
    fn a_reader_sees_no_placeholder() {
        let shown = without_placeholders("Value at '{field}' failed: {constraint}");
        assert_eq!(shown, "Value at '…' failed: …");
        assert_eq!(without_placeholders("u0 in {no brace"), "u0 in {no brace");
    }

    /// An endpoint chooses the message, so the cost must not grow with the square of its length.
    #[test]
    fn a_long_message_is_matched_in_one_pass() {
        let message = " ".repeat(1_000_000);
        assert!(!matches("{a} {b} {c} {d}.", &message) && matches("{a} {b} {c} {d}", &message));
    }
}
