//! `iamspec site`: writes the specification and the results of saved runs as a website.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::commands::reports::report::read_run;
use crate::exit_code;
use crate::report::format::history;
use crate::report::format::summary::counted;
use crate::report::site::site as pages;

/// The file that marks a folder of this command. It lists the written files.
const MARKER: &str = ".iamspec-site";

/// The arguments of `iamspec site`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The specification: one page for each rule, operation and fact.
  iamspec site --out site
  # With the results of endpoints, and those of their versions.
  iamspec site --out site --run moto.jsonl --run localstack.jsonl --history history.jsonl
  # The reports of a run link to the site.
  iamspec run --site https://example.com/iamspec --report html=run.html

The pages need no server, no script and no other site.")]
pub struct SiteArgs {
    /// Folder to write the site into; new, empty, or written by this command
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Saved run (`iamspec run --report json=FILE`) of an endpoint to show; repeatable
    ///
    /// The runs must have the same selection of scripts, and the same revision of the rules.
    #[arg(long, value_name = "FILE")]
    pub run: Vec<PathBuf>,
    /// Results of earlier versions, from `iamspec matrix --history FILE`
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
}

pub(crate) fn site(args: &SiteArgs, out: &mut dyn Write) -> Result<u8> {
    let old = files_of(&args.out)?;
    let runs = args.run.iter().map(|it| Ok(read_run(it)?.printable()));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let history = match &args.history {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            history::read(&text).with_context(|| format!("{} is not a history", file.display()))?
        }
        None => Vec::new(),
    };
    let files = pages(&runs, history)?;
    write_files(&args.out, &files, &old)?;
    let count =
        files.keys().filter(|it| Path::new(it).extension() == Some(OsStr::new("html"))).count();
    let start = args.out.join("index.html");
    writeln!(out, "{}; open {}", counted(count, "page"), start.display())?;
    Ok(exit_code::CONFORMS)
}

/// The files that an earlier call wrote into the folder.
///
/// # Errors
/// The folder has other content, which must not be overwritten.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_to_string(folder.join(MARKER)) {
        Ok(text) => Ok(text.lines().map(PathBuf::from).filter(|it| is_inside(it)).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let is_empty = match folder.read_dir() {
                Ok(mut entries) => entries.next().is_none(),
                Err(error) if error.kind() == ErrorKind::NotFound => true,
                Err(error) => bail!("cannot read the folder {}: {error}", folder.display()),
            };
            ensure!(
                is_empty,
                "{} contains files, and none of them is {MARKER}, so another program wrote it; \
                 name a new or an empty folder; nothing was written",
                folder.display()
            );
            Ok(Vec::new())
        }
        Err(error) => bail!("cannot read {}: {error}", folder.join(MARKER).display()),
    }
}

/// Whether a path stays inside the folder.
fn is_inside(path: &Path) -> bool {
    path.components().next().is_some()
        && path.components().all(|it| matches!(it, Component::Normal(_)))
}

/// Writes the files, and removes those of an earlier call that are no longer part of the site.
fn write_files(folder: &Path, files: &BTreeMap<String, String>, old: &[PathBuf]) -> Result<()> {
    let write = |path: &Path, text: &str| {
        let file = folder.join(path);
        let parent = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        parent
            .and_then(|()| std::fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))
    };
    // The marker is first, so that an interrupted call can be repeated.
    let list =
        |paths: &mut dyn Iterator<Item = String>| paths.map(|it| it + "\n").collect::<String>();
    let new = list(&mut files.keys().cloned());
    let earlier = list(&mut old.iter().map(|it| it.display().to_string()));
    write(Path::new(MARKER), &(earlier + &new))?;
    // First, because two spellings may name one file.
    for path in old.iter().filter(|it| !it.to_str().is_some_and(|it| files.contains_key(it))) {
        match std::fs::remove_file(folder.join(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                bail!("cannot remove {}: {error}", folder.join(path).display());
            }
            _ => {}
        }
    }
    for (path, text) in files {
        write(Path::new(path), text)?;
    }
    write(Path::new(MARKER), &new)
}
