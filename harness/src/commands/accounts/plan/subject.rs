//! The users that the command line or a file names. They are checked before anything is sent.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::commands::accounts::plan::PlanArgs;
use crate::wire::constraints::{path_prefix_violation, violation};
use crate::wire::output::visible::visible;

/// A longer file is not a list of users.
const FILE_MAX: u64 = 16 << 20;

/// The users of a command line.
pub(super) enum Subjects {
    /// One user, for a plan.
    One(String),
    /// Users for a report.
    Many(Selection),
}

/// Many users.
pub(super) enum Selection {
    /// The users with these names.
    Named(Vec<String>),
    /// The users below a path.
    Below(String),
    /// Every user.
    All,
}

/// The users that the arguments name.
pub(super) fn subjects(args: &PlanArgs) -> Result<Subjects> {
    if let Some(name) = &args.subject {
        return Ok(Subjects::One(check_name(name)?.to_owned()));
    }
    Ok(Subjects::Many(match (&args.many.from, &args.many.path_prefix) {
        (Some(file), _) => Selection::Named(names_in(file)?),
        (_, Some(prefix)) => {
            if let Some(why) = path_prefix_violation(prefix) {
                let prefix = visible(prefix);
                bail!("`{prefix}` is not a path prefix of AWS: {why}; give one such as /team/");
            }
            Selection::Below(prefix.clone())
        }
        _ => Selection::All,
    }))
}

/// The names in a file: one per line, without empty lines, comments and repetitions.
fn names_in(file: &Path) -> Result<Vec<String>> {
    let shown = file.display();
    let mut bytes = Vec::new();
    let opened =
        File::open(file).with_context(|| format!("cannot read the list of users {shown}"))?;
    opened
        .take(FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the list of users {shown}"))?;
    if bytes.len() as u64 > FILE_MAX {
        bail!(
            "{shown} has more than {FILE_MAX} bytes; expected a list of users, one name per line"
        );
    }
    let text = String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("{shown} is not UTF-8; expected one user name per line"))?;
    let (mut names, mut known) = (Vec::new(), BTreeSet::new());
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let name = line.trim();
        if name.is_empty() || name.starts_with('#') {
            continue;
        }
        check_name(name).with_context(|| format!("{shown}, line {}", index + 1))?;
        // AWS ignores case in names (C-043).
        if known.insert(name.to_lowercase()) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        bail!("{shown} has no user; expected one name per line");
    }
    Ok(names)
}

/// Returns the name if AWS permits it for a user.
fn check_name(name: &str) -> Result<&str> {
    let Some(why) = violation("UserName", name) else { return Ok(name) };
    let shown = visible(name);
    if name.is_empty() {
        bail!("the name of the user is empty; give the name, such as alice");
    }
    let last = name.rsplit(['/', ':']).next().unwrap_or_default();
    let hint = match violation("UserName", last) {
        None if last != name => format!("give the name, which seems to be {last}"),
        _ => "give the name, such as alice".to_owned(),
    };
    if name.starts_with("arn:") {
        let resource = name.splitn(6, ':').nth(5).unwrap_or_default();
        if resource.starts_with("user/") {
            bail!("`{shown}` is an ARN, not a name; {hint}");
        }
        bail!("`{shown}` is an ARN, and not of a user; give the name of a user, such as alice");
    }
    bail!("`{shown}` cannot be the name of a user in AWS: {why}; {hint}")
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn a_name_is_itself_and_anything_else_gets_a_hint_in_one_line() {
        for name in ["alice", "-n", "--help", "a@b.example", "A_b+c=d,e.f-g"] {
            assert_eq!(check_name(name).unwrap(), name);
        }
        for (typed, hint) in [
            ("", "empty; give the name"),
            (
                "arn:aws:iam::123456789012:user/alice",
                "an ARN, not a name; give the name, which seems to be alice",
            ),
            ("arn:aws-cn:iam::123456789012:user/team/a/bob", "which seems to be bob"),
            ("arn:aws:iam::123456789012:role/admin", "not of a user"),
            ("arn:aws:iam::123456789012:root", "not of a user"),
            (
                "user/alice",
                "cannot be the name of a user in AWS: it contains '/'; give the name, which seems to be alice",
            ),
            ("alice bob", "it contains ' '"),
            ("alice\n", "alice\\n` cannot be"),
            ("a\u{1b}[31m", "a\\u{1b}[31m` cannot be"),
            ("*", "it contains '*'"),
            (&"x".repeat(129), "it has 129 characters; AWS permits 1 to 128"),
        ] {
            let error = check_name(typed).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
