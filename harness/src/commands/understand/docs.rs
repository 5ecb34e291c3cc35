//! `iamspec docs`.
//!
//! `iamspec docs`: semantics as pages.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::script::pattern::suggestion;

use crate::docs::pages;
use crate::exit_code;
use crate::report::format::summary::counted;

/// `iamspec docs`.
#[derive(Args, Debug)]
pub struct DocsArgs {
    /// Write every page into this folder
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write nothing, and say which pages of the folder are not as they would be written
    #[arg(long, requires = "out")]
    pub check: bool,
    /// The page to print: that of `DeleteUser` if left out, or a call
    #[arg(value_name = "PAGE", conflicts_with = "out")]
    pub page: Option<String>,
}

/// What stands below the help.
pub(crate) const EXAMPLES: &str = "Examples:
  iamspec docs                         how DeleteUser decides
  iamspec docs EnableMFADevice         one call
  iamspec docs --out docs              every page, as Markdown
  iamspec docs --out docs --check      exit code 1 where a page is not as it would be written";

pub(crate) fn docs(args: &DocsArgs, out: &mut dyn Write) -> Result<u8> {
    let pages = pages()?;
    let Some(folder) = &args.out else {
        let name = args.page.as_deref().unwrap_or("delete-user");
        let names = [format!("{name}.md"), format!("operations/{name}.md")];
        let Some(page) = names.iter().find_map(|it| pages.get(it)) else {
            let known =
                pages.keys().map(|it| it.trim_start_matches("operations/").trim_end_matches(".md"));
            let near = suggestion(name, known);
            bail!("no page is called `{name}`{near}; `iamspec docs README` lists them");
        };
        write!(out, "{page}")?;
        return Ok(exit_code::CONFORMS);
    };
    if args.check {
        return check(folder, &pages, out);
    }
    for (name, page) in &pages {
        let file = folder.join(name);
        let written = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        written
            .and_then(|()| std::fs::write(&file, page))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    writeln!(out, "{} in {}", counted(pages.len(), "page"), folder.display())?;
    Ok(exit_code::CONFORMS)
}

/// Names what is not as it would be written.
fn check(
    folder: &Path,
    pages: &std::collections::BTreeMap<String, String>,
    out: &mut dyn Write,
) -> Result<u8> {
    let mut wrong = 0;
    for (name, page) in pages {
        let file = folder.join(name);
        let says = match std::fs::read_to_string(&file) {
            Ok(text) if text == *page => continue,
            Ok(text) => {
                let differs = text.lines().zip(page.lines()).position(|(one, other)| one != other);
                let line =
                    differs.unwrap_or_else(|| text.lines().count().min(page.lines().count()));
                format!("line {} is not as it would be written", line + 1)
            }
            Err(error) => error.to_string().to_lowercase(),
        };
        wrong += 1;
        writeln!(out, "{}: {says}", file.display())?;
    }
    if wrong == 0 {
        writeln!(out, "{}, each as it would be written", counted(pages.len(), "page"))?;
        return Ok(exit_code::CONFORMS);
    }
    writeln!(
        out,
        "write them anew with `iamspec docs --out {}`, and read what has changed",
        folder.display()
    )?;
    Ok(exit_code::DIVERGES)
}
