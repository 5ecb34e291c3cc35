//! A Markdown page of the specification as HTML: anchors, links between pages, tables that scroll.
//!
//! This program generates the pages. Texts from other sources reach them only escaped.

use iamspec_model::evidence;
use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use crate::docs::markdown::anchor;
use crate::report::rule_links::RuleLinks;

/// The title of a page, and its content without the title.
pub(crate) struct SiteDocument {
    pub(crate) title: String,
    pub(crate) content: String,
}

impl SiteDocument {
    /// Converts a page. `base` is the relative path from the page to the root folder of the site.
    pub(crate) fn of(markdown: &str, base: &str) -> Self {
        Self::with_tables_named(markdown, base, "Table")
    }

    /// Converts a page. The name and a number are the label of each table for screen readers.
    pub(crate) fn with_tables_named(markdown: &str, base: &str, table: &str) -> Self {
        let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
        let links = RuleLinks::relative(base);
        let (mut title, mut out, mut tables) = (String::new(), Vec::new(), 0);
        let mut index = 0;
        while let Some(event) = events.get(index) {
            let rest = events.get(index + 1..).unwrap_or_default();
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) if title.is_empty() => {
                    let end = TagEnd::Heading(HeadingLevel::H1);
                    title = text_until(rest, end);
                    index += rest.iter().take_while(|it| **it != Event::End(end)).count() + 1;
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    out.push(heading(*level, &text_until(rest, TagEnd::Heading(*level))));
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let text = text_until(rest, TagEnd::Link);
                    let href = links.rule(&text).unwrap_or_else(|| address(dest_url));
                    out.push(link(href));
                }
                Event::Start(Tag::Table(_)) => {
                    tables += 1;
                    out.push(Event::Html(table_start(table, tables).into()));
                    out.push(event.clone());
                }
                Event::End(TagEnd::Table) => {
                    out.push(event.clone());
                    out.push(Event::Html("</div>\n".into()));
                }
                Event::Start(Tag::CodeBlock(kind)) => out.push(Event::Html(code_start(kind))),
                Event::End(TagEnd::CodeBlock) => {
                    out.push(Event::Html("</code></pre>\n".into()));
                }
                _ => out.push(event.clone()),
            }
            index += 1;
        }
        let mut content = String::new();
        html::push_html(&mut content, out.into_iter());
        Self { title, content }
    }
}

/// The text of an element that begins with these events.
fn text_until(events: &[Event<'_>], end: TagEnd) -> String {
    let inner = events.iter().take_while(|it| **it != Event::End(end));
    inner
        .filter_map(|it| match it {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect()
}

/// A heading with its anchor: the id of a fact, or as `iamspec docs` links to it.
fn heading(level: HeadingLevel, text: &str) -> Event<'static> {
    let id = if evidence::fact(text).is_some() { text.to_owned() } else { anchor(text) };
    let (classes, attrs) = (Vec::new(), Vec::new());
    Event::Start(Tag::Heading { level, id: Some(id.into()), classes, attrs })
}

fn link(href: String) -> Event<'static> {
    Event::Start(Tag::Link {
        link_type: pulldown_cmark::LinkType::Inline,
        dest_url: href.into(),
        title: "".into(),
        id: "".into(),
    })
}

/// The address in the site of a link between Markdown pages.
fn address(link: &str) -> String {
    if link.contains("://") {
        return link.to_owned();
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let file = match file.strip_suffix("README.md") {
        Some(folder) => format!("{folder}index.html"),
        None => file.strip_suffix(".md").map_or_else(|| file.to_owned(), |it| format!("{it}.html")),
    };
    let fact = Some(anchor.to_uppercase()).filter(|it| evidence::fact(it).is_some());
    let anchor = fact.unwrap_or_else(|| anchor.to_owned());
    if anchor.is_empty() { file } else { format!("{file}#{anchor}") }
}

/// A table may be wider than a phone. Its region can be scrolled with the keyboard.
fn table_start(name: &str, number: usize) -> String {
    format!("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{name} {number}\">\n")
}

/// A block of code can be scrolled with the keyboard.
fn code_start(kind: &CodeBlockKind<'_>) -> CowStr<'static> {
    match kind {
        CodeBlockKind::Fenced(language) if language.as_ref() == "mermaid" => {
            "<p>The diagram in the language Mermaid:</p>\n<pre tabindex=\"0\"><code>".into()
        }
        _ => "<pre tabindex=\"0\"><code>".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_of_the_site() {
        assert_eq!(address("README.md"), "index.html");
        assert_eq!(address("../facts.md#a-003"), "../facts.html#A-003");
        assert_eq!(address("#createuserexists"), "#createuserexists");
        assert_eq!(address("https://example.com/a.md"), "https://example.com/a.md");
    }

    #[test]
    fn the_title_is_taken_out_and_headings_have_anchors() {
        let page = SiteDocument::of("# A title\n\n## A-003\n\n## Some words\n", "");
        assert_eq!(page.title, "A title");
        assert_eq!(
            page.content,
            "<h2 id=\"A-003\">A-003</h2>\n<h2 id=\"some-words\">Some words</h2>\n"
        );
    }

    #[test]
    fn the_name_of_a_rule_links_to_its_page() {
        let id = "DeleteUser/holds-access-key";
        let page = SiteDocument::of(&format!("[{id}](operations/DeleteUser.md)"), "../");
        let expected = format!("<p><a href=\"../rules/{id}.html\">{id}</a></p>\n");
        assert_eq!(page.content, expected);
    }
}
