//! The account's own password policy: its three actions, and the passwords that an account refuses.
//!
//! Without its own policy, an account requires eight characters (B-LP-14), and three of the four
//! classes of characters (B-LP-15). With its own policy, only the length and the required classes
//! count. The message about missing classes is that of B-LP-15 for the classes that it names, and
//! otherwise an older one of AWS (B-LP-16), because the current one is unknown. The
//! refusals of `AllowUsersToChangePassword` are unknown too.

use iamspec_model::Fact;
use iamspec_model::evidence::{B_LP_14, B_LP_15, B_LP_16, B_PP_03, B_PP_05};

use crate::server::parse::form::{ParsedForm, RequestError};
use crate::wire::xml_write::{Node, node, text};

/// The actions that read and change the policy.
pub(crate) const ACTIONS: [&str; 3] =
    ["GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"];

/// The members with a number, with the minimum and the maximum, in the order of the message about
/// several violations (B-PP-06, B-PP-07).
pub(crate) const NUMBERS: [(&str, u64, u64); 3] = [
    ("MinimumPasswordLength", 6, 128),
    ("PasswordReusePrevention", 1, 24),
    ("MaxPasswordAge", 1, 1095),
];

/// The members that are `false` unless a request sets them (B-PP-01).
const FLAGS: [&str; 5] = [
    "RequireSymbols",
    "RequireNumbers",
    "RequireUppercaseCharacters",
    "RequireLowercaseCharacters",
    "AllowUsersToChangePassword",
];

/// The minimum length without a policy.
const DEFAULT_LENGTH: u64 = 8;

/// The number of classes that a password needs without a policy (B-LP-15).
const DEFAULT_CLASSES: usize = 3;

/// A class of characters: the member of a policy that requires it, and its characters.
type CharacterClass = (&'static str, fn(char) -> bool);

const CLASSES: [CharacterClass; 4] = [
    ("RequireSymbols", |it| it.is_ascii_punctuation()),
    ("RequireNumbers", |it| it.is_ascii_digit()),
    ("RequireUppercaseCharacters", |it| it.is_ascii_uppercase()),
    ("RequireLowercaseCharacters", |it| it.is_ascii_lowercase()),
];

/// The classes that the message of B-LP-15 names as missing.
const NAMED_CLASSES: [&str; 2] = ["RequireSymbols", "RequireUppercaseCharacters"];

/// The classes that a password lacks.
fn missing_classes(password: &str) -> Vec<&'static str> {
    let missing = CLASSES.iter().filter(|(_, is_of)| !password.chars().any(is_of));
    missing.map(|(flag, _)| *flag).collect()
}

/// A policy: the members of the last update.
#[derive(Clone, Debug)]
pub(crate) struct PasswordPolicy(ParsedForm);

impl PasswordPolicy {
    fn is_set(&self, flag: &str) -> bool {
        self.0.get(flag) == Some("true")
    }

    fn minimum_length(&self) -> u64 {
        let [(member, minimum, _), ..] = NUMBERS;
        self.0.get(member).and_then(|it| it.parse().ok()).unwrap_or(minimum)
    }

    /// Whether a password has every class of characters that the policy requires.
    fn has_classes(&self, password: &str) -> bool {
        !missing_classes(password).iter().any(|flag| self.is_set(flag))
    }

    /// The elements of the policy. A limit is present only if it is set (B-PP-01, B-PP-02).
    fn elements(&self) -> Vec<Node> {
        let flags = FLAGS.map(|it| text(it, self.is_set(it).to_string()));
        let limits = ["MaxPasswordAge", "PasswordReusePrevention", "HardExpiry"];
        let limits = limits.iter().filter_map(|it| Some(text(it, self.0.get(it)?.to_owned())));
        let expires = self.0.has("MaxPasswordAge").to_string();
        let mut elements = vec![
            text("MinimumPasswordLength", self.minimum_length().to_string()),
            text("ExpirePasswords", expires),
        ];
        elements.extend(flags);
        elements.extend(limits);
        elements
    }
}

/// Carries out an action on the policy of an account. Returns the result elements; `None` if the
/// response has no result.
pub(crate) fn result(
    policy: &mut Option<PasswordPolicy>,
    form: &ParsedForm,
    account: &str,
) -> Result<Option<Vec<Node>>, RequestError> {
    let missing = |fact: &'static Fact| {
        RequestError::Fact(fact, fact.message.map(|it| it.replace("{AccountId}", account)))
    };
    match form.action() {
        "GetAccountPasswordPolicy" => {
            let policy = policy.as_ref().ok_or_else(|| missing(B_PP_03))?;
            Ok(Some(vec![node("PasswordPolicy", policy.elements())]))
        }
        "UpdateAccountPasswordPolicy" => {
            *policy = Some(PasswordPolicy(form.clone()));
            Ok(None)
        }
        _ => {
            policy.take().ok_or_else(|| missing(B_PP_05))?;
            Ok(None)
        }
    }
}

/// The error about a password that an account with this policy refuses.
pub(crate) fn password_error(
    policy: Option<&PasswordPolicy>,
    password: &str,
) -> Option<RequestError> {
    let minimum = policy.map_or(DEFAULT_LENGTH, PasswordPolicy::minimum_length);
    if (password.chars().count() as u64) < minimum {
        let of_default = |it: &str| it.replace(&DEFAULT_LENGTH.to_string(), &minimum.to_string());
        return Some(RequestError::Fact(B_LP_14, B_LP_14.message.map(of_default)));
    }
    let old_error = || RequestError::Fact(B_LP_16, B_LP_16.message.map(str::to_owned));
    match policy {
        Some(policy) => (!policy.has_classes(password)).then(old_error),
        None => default_error(&missing_classes(password), old_error),
    }
}

/// The error about the classes of characters that a password lacks, in an account without a policy.
fn default_error(missing: &[&str], old_error: impl Fn() -> RequestError) -> Option<RequestError> {
    let required = (DEFAULT_CLASSES + missing.len()).checked_sub(CLASSES.len())?;
    if required == 0 {
        return None;
    }
    if missing != NAMED_CLASSES {
        return Some(old_error());
    }
    let message = B_LP_15.message.map(|it| it.replace("{n}", &required.to_string()));
    Some(RequestError::Fact(B_LP_15, message))
}
