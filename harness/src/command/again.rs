//! The command that repeats a finding.

use iamspec_conformance::Finding;
use iamspec_conformance::finding::Threshold;
use iamspec_conformance::replay::Origin;
use iamspec_conformance::verdict::Tier;
use iamspec_model::Level;

use crate::cli::{ObserveArg, Run};

/// The command that repeats a finding.
pub(super) fn again(args: &Run, finding: &Finding) -> String {
    let mut command = "iamspec run".to_owned();
    let defaults = Threshold::default();
    let asked = Threshold::from(args.counts);
    let tier = Some(asked.tier).filter(|it| *it != defaults.tier);
    let level = Some(asked.level).filter(|it| *it != defaults.level);
    let settle = Some(args.settle).filter(|it| !it.is_zero());
    let settle = settle.map(|it| format!("{}ms", it.as_millis()));
    let may = args.target.may.map(|may| may.to_string());
    let random =
        (finding.origin == Origin::Course).then(|| [args.seed.to_string(), args.calls.to_string()]);
    let shard = args.shard.filter(|_| finding.origin == Origin::Course);
    let shard = shard.and_then(|it| it.here().ok()).map(|it| it.to_string());
    let observe = match args.observe {
        ObserveArg::Each => Some("each"),
        ObserveArg::End => None,
        ObserveArg::Off => Some("off"),
    };
    let options = [
        ("--endpoint", args.target.whom.endpoint.as_deref()),
        ("--driver", args.target.driver.as_deref()),
        ("--settle", settle.as_deref()),
        ("--mutant", args.target.mutant.as_deref()),
        ("--may", may.as_deref()),
        ("--tier", tier.map(Tier::name)),
        ("--level", level.map(Level::name)),
        ("--observe", observe),
        ("--shard", shard.as_deref()),
        ("--seed", random.as_ref().map(|[seed, _]| seed.as_str())),
        ("--calls", random.as_ref().map(|[_, calls]| calls.as_str())),
    ];
    for (name, value) in options.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        command.push_str(&format!(" {name} {}", quoted(value)));
    }
    if finding.origin == Origin::Course {
        command.push_str(" --suite");
    }
    format!("{command} {}", quoted(&finding.history.name))
}

/// A word as a shell reads it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "-_./:@=+,[]".contains(it);
    let needs_none = !word.is_empty() && word.chars().all(plain) && !word.starts_with('[');
    if needs_none { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_with_blanks_or_quotes_is_one_word_for_a_shell() {
        assert_eq!(quoted("delete-user/bare"), "delete-user/bare");
        assert_eq!(quoted("my script's.txt"), r"'my script'\''s.txt'");
    }
}
