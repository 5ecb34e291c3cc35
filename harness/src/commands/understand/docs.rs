//! `iamspec docs`: prints or writes the generated pages of the specification.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use iamspec_conformance::script::pattern::suggestion;

use crate::docs::pages;
use crate::exit_code;
use crate::report::format::summary::counted;

/// The arguments of `iamspec docs`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # How DeleteUser decides.
  iamspec docs
  # One action.
  iamspec docs EnableMFADevice
  # All pages.
  iamspec docs --out docs
  # Exit code 1 if a page is out of date.
  iamspec docs --out docs --check")]
pub struct DocsArgs {
    /// Folder to write all pages into
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Compare the pages with the folder, write nothing
    #[arg(long, requires = "out")]
    pub check: bool,
    /// Page to print, for example an action; default: `delete-user`
    #[arg(value_name = "PAGE", conflicts_with = "out")]
    pub page: Option<String>,
}

pub(crate) fn docs(args: &DocsArgs, out: &mut dyn Write) -> Result<u8> {
    let pages = pages()?;
    let Some(folder) = &args.out else {
        let name = args.page.as_deref().unwrap_or("delete-user");
        let names = [format!("{name}.md"), format!("operations/{name}.md")];
        let Some(page) = names.iter().find_map(|it| pages.get(it)) else {
            let known =
                pages.keys().map(|it| it.trim_start_matches("operations/").trim_end_matches(".md"));
            let similar = suggestion(name, known);
            bail!("there is no page `{name}`{similar}; `iamspec docs README` lists all pages");
        };
        write!(out, "{page}")?;
        return Ok(exit_code::CONFORMS);
    };
    ensure!(
        folder != Path::new("-"),
        "--out writes many pages into a folder; without it, `iamspec docs PAGE` prints one page"
    );
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

/// Prints the pages that are out of date.
fn check(folder: &Path, pages: &BTreeMap<String, String>, out: &mut dyn Write) -> Result<u8> {
    let mut outdated = 0;
    for (name, page) in pages {
        let file = folder.join(name);
        let problem = match std::fs::read_to_string(&file) {
            Ok(text) if text == *page => continue,
            Ok(text) => {
                let differs = text.lines().zip(page.lines()).position(|(one, other)| one != other);
                let line =
                    differs.unwrap_or_else(|| text.lines().count().min(page.lines().count()));
                let at = |page: &str| page.lines().nth(line).unwrap_or_default().to_owned();
                format!("line {} is out of date: {:?}, now {:?}", line + 1, at(&text), at(page))
            }
            Err(error) => error.to_string().to_lowercase(),
        };
        outdated += 1;
        writeln!(out, "{}: {problem}", file.display())?;
    }
    if outdated == 0 {
        writeln!(out, "{}, all up to date", counted(pages.len(), "page"))?;
        return Ok(exit_code::CONFORMS);
    }
    writeln!(
        out,
        "update them with `iamspec docs --out {}`, then review the changes",
        folder.display()
    )?;
    Ok(exit_code::DIVERGES)
}
