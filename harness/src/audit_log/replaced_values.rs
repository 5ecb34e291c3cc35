//! The values that a tool has replaced in a recording: a log may hide secrets and names.
//!
//! The value that was sent is then unknown. It is not the same as a value that was not sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::secrets::HIDDEN;
use crate::wire::xml_read::Element;

/// Words that tools write in place of a value.
const MARKS: [&str; 3] = ["***", "redacted", "hidden_due_to_security_reasons"];

/// The members on which no rule depends beyond their own validity.
const CONTENT: [&str; 11] = [
    "AuthenticationCode1",
    "AuthenticationCode2",
    "CertificateBody",
    "Description",
    "Encoding",
    "NewPassword",
    "OldPassword",
    "Password",
    "PasswordResetRequired",
    "PolicyDocument",
    "SSHPublicKeyBody",
];

/// The element of an entry of a list.
const MEMBER: &str = "member";

/// Whether a tool has replaced a value: a recording may hide or shorten it. Cassettes of Ruby VCR
/// have placeholders such as `<USER_NAME>`.
pub(crate) fn is_replaced(value: &str) -> bool {
    let lower = value.to_lowercase();
    value.contains(HIDDEN)
        || MARKS.iter().any(|it| lower.contains(it))
        || value.len() > 2 && value.starts_with('<') && value.ends_with('>')
}

/// Takes the members of a request whose values a tool has replaced. Returns their names.
pub(crate) fn take_replaced(members: &mut BTreeMap<String, String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    members.retain(|name, value| {
        let is_hidden = is_replaced(value);
        names.extend(is_hidden.then(|| name.clone()));
        !is_hidden
    });
    names
}

/// Whether the meaning of a call depends on a member, such as a filter or a path.
pub(crate) fn is_choice(name: &str) -> bool {
    !CONTENT.contains(&name) && !name.ends_with(".Value")
}

/// Removes the elements whose text a tool has replaced: their values are unknown. A list of texts is
/// removed as a whole, because a shorter list would say that the text is not there.
pub(crate) fn remove_replaced(element: &mut Element) {
    let is_hidden = |it: &Element| it.children.is_empty() && is_replaced(it.text.trim());
    element.children.retain(|it| {
        !is_hidden(it) && !it.children.iter().any(|it| it.name == MEMBER && is_hidden(it))
    });
    element.children.iter_mut().for_each(remove_replaced);
}
