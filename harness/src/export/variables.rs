//! Texts with variables in them, as the languages write them.

/// Stands for the number of a run in names until they are written.
pub(crate) const RUN: &str = "RUN";

/// A seed that is none of anybody's, in base 32.
pub(crate) const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// Where a variable begins and ends in a text.
const BEGIN: char = '\u{1}';
const END: char = '\u{2}';

/// A variable in a text.
pub(crate) fn variable(name: &str) -> String {
    format!("{BEGIN}{name}{END}")
}

/// A value of a request: the number of the run and the codes of devices are reckoned when the program runs.
pub(crate) fn in_variables(name: &str, value: &str, device: Option<&str>) -> String {
    match (name, device) {
        ("AuthenticationCode1", Some(device)) => variable(&format!("code:{device}:0")),
        ("AuthenticationCode2", Some(device)) => variable(&format!("code:{device}:1")),
        _ => {
            let run = variable("run");
            let value = value.replace("iamspec-RUN-1-", &format!("iamspec-{run}-"));
            value
                .replace("IAMSPEC-RUN-1-", &format!("IAMSPEC-{run}-"))
                .replace("iamspec-RUN", &format!("iamspec-{run}"))
        }
    }
}

/// What a text is made of.
pub(crate) enum TextPiece<'a> {
    /// As it is.
    Text(&'a str),
    /// What a variable holds.
    Variable(&'a str),
    /// The code of a device, by which its seed is known, of this time or the next.
    Code(&'a str, &'a str),
}

/// The pieces of a text.
pub(crate) fn pieces(text: &str) -> Vec<TextPiece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        if !before.is_empty() {
            pieces.push(TextPiece::Text(before));
        }
        let (name, tail) = after.split_once(END).unwrap_or((after, ""));
        pieces.push(match name.split(':').collect::<Vec<_>>().as_slice() {
            ["code", device, which] => TextPiece::Code(device, which),
            _ => TextPiece::Variable(name),
        });
        rest = tail;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(TextPiece::Text(rest));
    }
    pieces
}

/// The name of a variable that a token holds.
pub(crate) fn name_of(token: &str) -> &str {
    token.trim_matches([BEGIN, END])
}

/// `DeleteUser` as `delete_user` or `delete-user`: as botocore writes names.
pub(crate) fn split(name: &str, between: char) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|it| letters.get(it));
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && before
                .is_some_and(|it| !it.is_uppercase() || after.is_some_and(|it| it.is_lowercase()));
        if begins {
            out.push(between);
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_are_split_as_botocore_splits_them() {
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
