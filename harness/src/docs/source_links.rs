//! The sources of facts with links to addresses, repositories at a commit, and issues.

use serde::Serialize;

/// A part of a source: some words, and the address they link to.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SourcePart {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

/// Returns the source in parts. Addresses, repositories at a commit, and issues become links.
pub(crate) fn parts(source: &str) -> Vec<SourcePart> {
    let mut parts: Vec<SourcePart> = Vec::new();
    for word in source.split_whitespace() {
        let href = href(word.trim_end_matches([';', ',', ')', '.']).trim_start_matches('('));
        match parts.last_mut() {
            Some(SourcePart { text, href: None }) if href.is_none() => {
                text.push(' ');
                text.push_str(word);
            }
            _ => parts.push(SourcePart { text: word.to_owned(), href }),
        }
    }
    parts
}

fn href(word: &str) -> Option<String> {
    if word.starts_with("https://") {
        return Some(word.to_owned());
    }
    if let Some((repository, commit)) = word.split_once('@') {
        let is_commit = commit.len() >= 7 && commit.bytes().all(|it| it.is_ascii_hexdigit());
        return (is_commit && is_repository(repository))
            .then(|| format!("https://github.com/{repository}/tree/{commit}"));
    }
    let (repository, issue) = word.split_once('#')?;
    let is_number = !issue.is_empty() && issue.bytes().all(|it| it.is_ascii_digit());
    (is_number && is_repository(repository))
        .then(|| format!("https://github.com/{repository}/issues/{issue}"))
}

fn is_repository(name: &str) -> bool {
    let is_plain = |it: &str| {
        !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    };
    name.split_once('/').is_some_and(|(owner, name)| is_plain(owner) && is_plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_commits_and_issues_become_links() {
        let links =
            |text: &str| parts(text).into_iter().filter_map(|it| it.href).collect::<Vec<_>>();
        assert_eq!(
            links("a/b@0e6e2404 some/path.json::x (2026)"),
            ["https://github.com/a/b/tree/0e6e2404"]
        );
        assert_eq!(
            links("hashicorp/terraform#3774 (2015); x"),
            ["https://github.com/hashicorp/terraform/issues/3774"]
        );
        assert_eq!(
            links("see https://docs.aws.amazon.com/x.html;"),
            ["https://docs.aws.amazon.com/x.html"]
        );
        assert!(links("javascript:alert(1) a@b #1 me@example.com").is_empty());
    }
}
