//! The names that AWS permits for users and for what they hold (D-021).
//!
//! A name from an endpoint becomes a part of a command or of a request that deletes something. If
//! AWS does not permit the name, it must not become a part of either; [`violation`] returns the
//! reason.

use iamspec_model::AttachmentKind;

use crate::wire::attachments::{FRIENDLY_NAME, NameForm, wire};

/// The members of requests that are names, with their maximum length (D-021). New names of users are
/// shorter.
pub(crate) const NAMES: [(&str, usize); 5] = [
    ("UserName", 128),
    ("NewUserName", 64),
    ("GroupName", 128),
    ("NewGroupName", 128),
    ("PolicyName", 128),
];

/// The length of an ARN (D-021).
const ARN: (usize, usize) = (20, 2048);

/// The longest path prefix (D-021).
const PATH_PREFIX_MAX: usize = 512;

/// What AWS permits as the value of a parameter that names a user or an item of a user (D-021).
fn form_of(parameter: &str) -> Option<NameForm> {
    if parameter == "UserName" {
        return Some(FRIENDLY_NAME);
    }
    AttachmentKind::all()
        .find(|it| it.row().parameter == parameter)
        .and_then(|it| wire(it).name_form)
}

/// Why a parameter cannot have this value in AWS, in a few words. A parameter without a constraint
/// has a violation too: nothing is known about its values.
#[must_use]
pub fn violation(parameter: &str, value: &str) -> Option<String> {
    if parameter == "PolicyArn" {
        return policy_arn_violation(value);
    }
    let Some(form) = form_of(parameter) else {
        return Some(format!("no constraint is known for {parameter}"));
    };
    length_violation(value, form.length).or_else(|| {
        let is_other = |it: char| form.others.contains(it);
        let permitted = |it: char| it.is_ascii_alphanumeric() || it == '_' || is_other(it);
        character_violation(value, permitted).or_else(|| {
            // A serial number may contain the characters of a URL. The AWS CLI replaces a value that
            // starts like one by the content of that file or page.
            value.contains("://").then(|| "it is a URL".to_owned())
        })
    })
}

/// Why a text cannot be the prefix of a path in AWS (D-021).
#[must_use]
pub fn path_prefix_violation(prefix: &str) -> Option<String> {
    if !prefix.starts_with('/') {
        return Some("it does not start with `/`".to_owned());
    }
    length_violation(prefix, (1, PATH_PREFIX_MAX))
        .or_else(|| character_violation(prefix, |it| it.is_ascii_graphic()))
}

/// The ARN of a managed policy has six parts; the last one is `policy/`, the path and the name.
fn policy_arn_violation(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", _, _, resource] = *parts.as_slice() else {
        return Some("it is not the ARN of a policy".to_owned());
    };
    let Some((_, name)) =
        resource.strip_prefix("policy/").map(|it| it.rsplit_once('/').unwrap_or(("", it)))
    else {
        return Some("it is not the ARN of a policy".to_owned());
    };
    length_violation(arn, ARN)
        .or_else(|| character_violation(arn, |it| it.is_ascii_graphic()))
        .or_else(|| violation("PolicyName", name))
}

fn length_violation(value: &str, (min, max): (usize, usize)) -> Option<String> {
    let length = value.chars().count();
    (!(min..=max).contains(&length))
        .then(|| format!("it has {length} characters; AWS permits {min} to {max}"))
}

fn character_violation(value: &str, permitted: impl Fn(char) -> bool) -> Option<String> {
    let other = value.chars().find(|it| !permitted(*it))?;
    Some(format!("it contains {other:?}"))
}

#[cfg(test)]
mod tests {
    use iamspec_model::AttachmentKind;
    use iamspec_model::tables::attachments::Naming;

    use super::*;

    #[test]
    fn every_kind_whose_items_have_names_has_a_constraint() {
        for kind in AttachmentKind::blockers().filter(|it| it.row().naming != Naming::Single) {
            let why = violation(kind.row().parameter, "");
            assert!(why.is_some_and(|it| !it.contains("no constraint")), "{kind:?}");
        }
    }

    #[test]
    fn names_of_aws_are_permitted() {
        for (parameter, value) in [
            ("UserName", "alice"),
            ("UserName", "-n"),
            ("UserName", "a_b+c=d,e.f@g-h"),
            ("PolicyName", "--help"),
            ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
            ("SerialNumber", "GAHT12345678"),
            ("SerialNumber", "arn:aws:iam::123456789012:mfa/team/alice"),
            ("SerialNumber", "arn:aws:iam::123456789012:u2f/user/alice/key-ABCDEFGHIJ"),
            ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
            ("PolicyArn", "arn:aws-cn:iam::123456789012:policy/a/b$'`/c"),
        ] {
            assert_eq!(violation(parameter, value), None, "{value}");
        }
        assert_eq!(path_prefix_violation("/team/"), None);
        assert_eq!(path_prefix_violation("/team"), None);
    }

    #[test]
    fn names_that_aws_cannot_have_have_a_violation() {
        let long = "x".repeat(129);
        for (parameter, value) in [
            ("UserName", ""),
            ("UserName", long.as_str()),
            ("UserName", "a b"),
            ("UserName", "é"),
            ("PolicyName", "file:///home/me/.aws/credentials"),
            ("PolicyName", "http://example.com"),
            ("PolicyName", "a\nb"),
            ("GroupName", "a\u{202e}b"),
            ("AccessKeyId", "AKIA"),
            ("AccessKeyId", "AKIAIOSFODNN7-EXAMPLE"),
            ("SerialNumber", "file:///home/me/.aws/credentials"),
            ("SerialNumber", "fileb://home/me"),
            ("SerialNumber", "https://example.com"),
            ("PolicyArn", "file:///home/me/.aws/credentials"),
            ("PolicyArn", "arn:aws:iam::aws:role/AdministratorAccess"),
            ("PolicyArn", "arn:aws:iam::aws:policy/a b"),
            ("PolicyArn", "arn:aws:iam::aws:policy/a:b"),
            ("PolicyArn", "arn:aws:iam::aws:policy/a\u{1b}[31m"),
            ("Password", "a"),
        ] {
            assert!(violation(parameter, value).is_some(), "{value:?}");
        }
        for prefix in ["", "team/", "/te am/", "/\u{1b}/", &format!("/{}", "x".repeat(512))] {
            assert!(path_prefix_violation(prefix).is_some(), "{prefix:?}");
        }
    }
}
