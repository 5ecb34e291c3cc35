//! Where a fact comes from, with links where it can be looked up.

use serde::Serialize;

/// A word or several, and where they lead.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SourcePiece {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

/// The source in pieces: addresses, repositories at a commit, and issues are links.
pub(crate) fn pieces(source: &str) -> Vec<SourcePiece> {
    let mut pieces: Vec<SourcePiece> = Vec::new();
    for word in source.split_whitespace() {
        let href = href(word.trim_end_matches([';', ',', ')', '.']).trim_start_matches('('));
        match pieces.last_mut() {
            Some(SourcePiece { text, href: None }) if href.is_none() => {
                text.push(' ');
                text.push_str(word);
            }
            _ => pieces.push(SourcePiece { text: word.to_owned(), href }),
        }
    }
    pieces
}

fn href(word: &str) -> Option<String> {
    if word.starts_with("https://") {
        return Some(word.to_owned());
    }
    if let Some((repository, commit)) = word.split_once('@') {
        let hex = commit.len() >= 7 && commit.bytes().all(|it| it.is_ascii_hexdigit());
        return (hex && is_repository(repository))
            .then(|| format!("https://github.com/{repository}/tree/{commit}"));
    }
    let (repository, issue) = word.split_once('#')?;
    let number = !issue.is_empty() && issue.bytes().all(|it| it.is_ascii_digit());
    (number && is_repository(repository))
        .then(|| format!("https://github.com/{repository}/issues/{issue}"))
}

fn is_repository(name: &str) -> bool {
    let plain = |it: &str| {
        !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    };
    name.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_looked_up_is_a_link() {
        let links =
            |text: &str| pieces(text).into_iter().filter_map(|it| it.href).collect::<Vec<_>>();
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
