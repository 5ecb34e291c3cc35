//! Markdown parts that all pages share: escaped text, links to facts, anchors and the legends.

/// Explains the tiers and levels. Pages with a level column begin or end with it.
pub(crate) const LEGEND: &str = "\
The conformance suite compares a response in three tiers: *status* (the HTTP status), *code* (the \
error code) and *text* (the message). The level of a tier states how strong the evidence is:\n\n\
| level | evidence | a different response |\n\
|---|---|---|\n\
| *must* | recorded or documented | diverges at level *must* |\n\
| *should* | reported by users | diverges at level *should* |\n\
| *info* | inferred | is shown and never fails a run |\n\
| *open* | none: unspecified | conforms; the report states what was observed |\n";

/// The strengths of facts. The level of a rule follows them.
pub(crate) const STRENGTHS: &str = "\
| strength of a fact | source |\n\
|---|---|\n\
| recorded | captured from AWS |\n\
| documented | AWS's documentation or service model |\n\
| reported | output of AWS that users quote |\n\
| inferred | recorded for a similar action, or seen in emulators only |\n\
| unknown | none: the fact is an open question |\n";

/// The symbols in the cells of tables.
pub(crate) const SYMBOLS: &str = "\
✓ conforms; ✗ differs; · not compared, because an earlier tier differs; – not tested, or without \
a value. Three symbols stand for the tiers status, code and text.\n";

/// The levels and strengths in one paragraph, with a link to the whole legend.
pub(crate) const LEGEND_LINK: &str = "\
Levels: *must* (recorded or documented), *should* (reported), *info* (inferred), *open* (no \
evidence: every response conforms). See the [legend](README.md#legend).\n";

/// Escapes text so that Markdown shows it literally, also inside a table.
pub(crate) fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// Links to the facts, each once. `base` is the relative path from the page to the root folder.
pub(crate) fn fact_links(facts: &[&str], base: &str) -> String {
    let mut unique: Vec<&str> = Vec::new();
    for id in facts {
        if !unique.contains(id) {
            unique.push(id);
        }
    }
    if unique.is_empty() {
        return "no evidence".to_owned();
    }
    let link = |id: &&str| format!("[{id}]({base}facts.md#{})", anchor(id));
    unique.iter().map(link).collect::<Vec<_>>().join(" ")
}

/// The anchor that GitHub, GitLab and mdBook generate for a heading.
pub(crate) fn anchor(heading: &str) -> String {
    let letters =
        heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, '-' | ' ' | '_'));
    letters.collect::<String>().to_lowercase().replace(' ', "-")
}
