//! The texts of the facts, filled in.
//!
//! A fact says `The user with name {UserName} cannot be found.`; here the member becomes the symbol,
//! and in the reference server the real name. Texts are never typed here.

use iamspec_model::{Account, Condition, Expected, Operation, Resource, Rule, evidence};

/// Gives the value that a request member was sent with.
pub type Value<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Every text that conforms for this rule, the preferred one first; none where none is known.
#[must_use]
pub fn texts(rule: Rule, account: &Account, op: &Operation, value: Value<'_>) -> Vec<String> {
    rule.claim.text.texts().map(|text| fill(text, rule, account, op, value)).collect()
}

/// Whether a message is this text. What we cannot fill in, such as the ARN of the caller, may be
/// anything.
#[must_use]
pub fn is(text: &str, message: &str) -> bool {
    let Some((before, rest)) = text.split_once('{') else { return text == message };
    let Some((_, after)) = rest.split_once('}') else { return text == message };
    let Some(rest) = message.strip_prefix(before) else { return false };
    (0..=rest.len()).any(|place| rest.get(place..).is_some_and(|rest| is(after, rest)))
}

/// The text that the reference endpoint answers with. Where no evidence says which, one in the form
/// that is recorded for other quotas (G-007), or the words "no evidence".
#[must_use]
pub fn preferred(
    rule: Rule,
    account: &Account,
    op: &Operation,
    value: Value<'_>,
) -> Option<String> {
    if rule.claim.answer == Expected::Done {
        return None;
    }
    let known = texts(rule, account, op, value).into_iter().next();
    let form = evidence::G_007.message.filter(|_| rule.claim.reason == Condition::QuotaReached);
    known
        .or_else(|| form.map(|form| fill(form, rule, account, op, value)))
        .or_else(|| Some(format!("No evidence of AWS's words: {}.", rule.id())))
}

/// What the members are called in scripts.
pub fn symbols(op: &Operation) -> impl Fn(&str) -> Option<String> + use<> {
    let op = *op;
    move |member| symbol(&op, member)
}

fn symbol(op: &Operation, member: &str) -> Option<String> {
    // What is sent in place of a member that is to be wrong, only the sender knows.
    if matches!(op, Operation::Flawed(_, flaw) if flaw.row().member == member) {
        return None;
    }
    match (member, op.sound()) {
        ("UserName", _) => return op.user().map(|user| format!("u{}", user.0)),
        ("NewUserName", Operation::UpdateUser(_, change)) => {
            return change.name.map(|name| format!("u{}", name.0));
        }
        ("NewGroupName", Operation::Rename(object, name)) => {
            return name.map(|item| Resource { item, ..object }.to_string());
        }
        _ => {}
    }
    if let (Some((_, part)), Some(item)) = (op.part(), op.piece())
        && part.row().member == member
    {
        return Some(part.symbol(item));
    }
    if let Some(object) = op.object() {
        let row = object.class.row();
        let names = [row.member, "PolicyName", "VirtualMFADeviceName"];
        return names.contains(&member).then(|| format!("{}{}", row.symbol, object.item.0));
    }
    let (kind, item) = (op.kind()?, op.item()?);
    (kind.row().member == member).then(|| kind.symbol(item))
}

fn fill(text: &str, rule: Rule, account: &Account, op: &Operation, value: Value<'_>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((member, tail)) = after.split_once('}') else { break };
        filled.push_str(before);
        match quota(member, rule, account, op).or_else(|| value(member)) {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{", member, "}"]),
        }
        rest = tail;
    }
    filled.push_str(rest);
    with_quota(filled, rule, account, op)
}

fn quota(member: &str, rule: Rule, account: &Account, op: &Operation) -> Option<String> {
    let kind = op.kind().filter(|_| rule.claim.reason == Condition::QuotaReached)?;
    match member {
        "Quota" => Some(kind.row().quota.name.to_owned()),
        "n" => Some(account.quota(kind).to_string()),
        _ => None,
    }
}

/// The facts quote AWS's default numbers; an account may have others.
fn with_quota(text: String, rule: Rule, account: &Account, op: &Operation) -> String {
    let max = match (rule.claim.reason, op.kind()) {
        (Condition::AccountFull, _) => account.users_quota(),
        (Condition::QuotaReached, Some(kind)) => account.quota(kind),
        _ => return text,
    };
    match text.rsplit_once(": ") {
        Some((before, number)) if number.chars().all(|it| it.is_ascii_digit()) => {
            format!("{before}: {max}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn what_cannot_be_filled_in_may_be_anything() {
        let text = "User: {CallerArn} may not read access key key#0";
        assert!(is(text, "User: arn:aws:iam::1:root may not read access key key#0"));
        assert!(!is(text, "User: arn:aws:iam::1:root may not read access key key#1"));
        assert!(!is(text, "User: "));
        assert!(is("ends with {it}", "ends with ") && is("{a}-{b}", "x-y-z"));
        assert!(is("no {brace", "no {brace") && !is("plain", "plain text"));
    }
}
