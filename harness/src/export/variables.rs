//! Text with variables, independent of the language of the export.
//!
//! A variable is a name between two control characters, which occur in no request. [`parse`] splits
//! a text into its parts; the modules of the languages print each part in their syntax.

/// The placeholder for the run number in names. With the number of its namespace it is as long as the run
/// number of a program, so that names of the maximum length keep their length.
pub(crate) const RUN: &str = "RUN0000";

/// An example seed of a device, in base32.
pub(crate) const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// The characters before and after the name of a variable.
const BEGIN: char = '\u{1}';
const END: char = '\u{2}';

/// Marks a name as a variable.
pub(crate) fn variable(name: &str) -> String {
    format!("{BEGIN}{name}{END}")
}

/// Replaces the run number and the codes of devices by variables, because the program computes them
/// when it runs.
pub(crate) fn parameterize(name: &str, value: &str, device: Option<&str>) -> String {
    match (name, device) {
        ("AuthenticationCode1", Some(device)) => variable(&format!("code:{device}:0")),
        ("AuthenticationCode2", Some(device)) => variable(&format!("code:{device}:1")),
        _ => {
            let run = variable("run");
            let value = value.replace(&format!("iamspec-{RUN}-1-"), &format!("iamspec-{run}-"));
            value
                .replace(&format!("IAMSPEC-{RUN}-1-"), &format!("IAMSPEC-{run}-"))
                .replace(&format!("iamspec-{RUN}"), &format!("iamspec-{run}"))
        }
    }
}

/// A part of a text.
pub(crate) enum TextPart<'a> {
    /// Literal text.
    Text(&'a str),
    /// The value of a variable.
    Variable(&'a str),
    /// A code of this device, for the current time window (`0`) or the next one (`1`).
    Code(&'a str, &'a str),
}

/// Splits a text into its parts.
pub(crate) fn parse(text: &str) -> Vec<TextPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        if !before.is_empty() {
            parts.push(TextPart::Text(before));
        }
        let (name, tail) = after.split_once(END).unwrap_or((after, ""));
        parts.push(match name.split(':').collect::<Vec<_>>().as_slice() {
            ["code", device, offset] => TextPart::Code(device, offset),
            _ => TextPart::Variable(name),
        });
        rest = tail;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(TextPart::Text(rest));
    }
    parts
}

/// The name of a variable without its markers.
pub(crate) fn name_of(variable: &str) -> &str {
    variable.trim_matches([BEGIN, END])
}

/// Converts `DeleteUser` to `delete_user` or `delete-user`, exactly as botocore does. Hand-written
/// because general case converters split acronyms such as `SSHPublicKey` differently.
pub(crate) fn split(name: &str, separator: char) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|it| letters.get(it));
        let after = letters.get(index + 1);
        let starts_word = letter.is_uppercase()
            && before
                .is_some_and(|it| !it.is_uppercase() || after.is_some_and(|it| it.is_lowercase()));
        if starts_word {
            out.push(separator);
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_are_split_like_in_botocore() {
        for (name, split_name) in [
            ("DeleteUser", "delete_user"),
            ("UploadSSHPublicKey", "upload_ssh_public_key"),
            ("ListMFADevices", "list_mfa_devices"),
            ("CreateVirtualMFADevice", "create_virtual_mfa_device"),
            ("SSHPublicKeyId", "ssh_public_key_id"),
            ("AuthenticationCode1", "authentication_code1"),
            ("GetAccessKeyLastUsed", "get_access_key_last_used"),
        ] {
            assert_eq!(split(name, '_'), split_name);
        }
    }
}
