//! `iamspec matrix`: runs the same selection against several endpoints and shows the results side
//! by side.
//!
//! Each run is a process of its own: `iamspec run` with the options of the target.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::commands::reports::report::{read_run, write_file};
use crate::commands::test::target::{StartedEndpoint, TargetFile};
use crate::exit_code;
use crate::report::RunReport;
use crate::report::format::history;
use crate::report::format::history::VersionResult;
use crate::report::format::html::html;
use crate::report::format::html::side_by_side;
use crate::report::format::markdown::badge;
use crate::report::format::matrix::{check_comparable, matrix as markdown, plain_name};
use crate::wire::output::visible::say;

/// The names of the known-failures file beside a target description, the current one first.
const KNOWN_FAILURES: [&str; 2] = ["known-failures.toml", "expected.toml"];

/// The arguments of `iamspec matrix`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec matrix tests/emulators/*/target.toml
  iamspec matrix tests/emulators/*/target.toml -- --tier text --level should
  # Saved runs.
  iamspec matrix moto.jsonl localstack.jsonl
  # Add the results to those of earlier versions.
  iamspec matrix tests/emulators/*/target.toml --history history.jsonl

A file `known-failures.toml` beside a target description lists its known failures.
The exit code is the most severe one of the runs, in the order 2, 1, 3, 4, 0.")]
pub struct MatrixArgs {
    /// Targets to compare
    ///
    /// A target description (TOML) with `name`, `version`, and optionally `license` and `start`,
    /// the script that prints the URL of the endpoint as its first line; `reference`, the embedded
    /// endpoint; or a saved run (`.jsonl`).
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<PathBuf>,
    /// SDK driver to test each endpoint with as well; repeatable
    ///
    /// The tables show whether the endpoint or the client causes a divergence.
    #[arg(long, value_name = "COMMAND", help_heading = "Target")]
    pub driver: Vec<String>,
    /// Folder for the runs, the tables and the logs
    #[arg(long, value_name = "FOLDER", default_value = "matrix", help_heading = "Output")]
    pub out: PathBuf,
    /// Add the results to this file, and print those of all versions
    ///
    /// JSON Lines, one result for each version of an endpoint. A result replaces an older one of the
    /// same version. The folder of --out gets the table and a badge for each endpoint.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub history: Option<PathBuf>,
    /// Options of `iamspec run` for each target
    #[arg(last = true, value_name = "OPTION")]
    pub options: Vec<String>,
}

pub(crate) fn matrix(args: &MatrixArgs, out: &mut dyn Write) -> Result<u8> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create the folder {}", args.out.display()))?;
    let history = args.history.as_deref().map(read_history).transpose()?;
    let mut runs = Vec::new();
    let clients: Vec<Option<&str>> =
        [None].into_iter().chain(args.driver.iter().map(|it| Some(it.as_str()))).collect();
    for target in &args.targets {
        if target.extension() == Some(OsStr::new("jsonl")) {
            runs.push(read_run(target)?.printable());
            continue;
        }
        for (index, client) in clients.iter().enumerate() {
            runs.push(read_run(&execute(target, (index, *client), args)?)?.printable());
        }
    }
    check_comparable(&runs)?;
    let table = markdown(&runs);
    write_tables(&runs, &table, &args.out)?;
    write!(out, "{table}")?;
    if let (Some(file), Some(old)) = (&args.history, history) {
        write!(out, "\nThe versions\n\n{}", add_to_history(file, old, &runs, &args.out)?)?;
    }
    Ok(exit_code::gravest(runs.iter().map(|it| it.end.exit)))
}

/// Writes the tables as Markdown and HTML, and an HTML page for each run.
fn write_tables(runs: &[RunReport], table: &str, folder: &Path) -> Result<()> {
    let mut pages = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let page = format!("{}-{}.html", index + 1, plain_name(&run.header.target.name));
        write_file(&folder.join(&page), &html(run)?)?;
        pages.push(page);
    }
    write_file(&folder.join("matrix.md"), table)?;
    write_file(&folder.join("matrix.html"), &side_by_side(runs, &pages, None)?)
}

/// Reads a history. A file that does not exist has none.
fn read_history(file: &Path) -> Result<Vec<VersionResult>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("cannot read {}", file.display()))?,
    };
    history::read(&text).with_context(|| format!("{} is not a history", file.display()))
}

/// Adds the results of runs to a history. Returns it as a table.
fn add_to_history(
    file: &Path,
    old: Vec<VersionResult>,
    runs: &[RunReport],
    folder: &Path,
) -> Result<String> {
    for run in runs.iter().filter(|it| !it.is_complete()) {
        let name = &run.header.target.name;
        say(&format!("iamspec: the run against {name} is not complete and adds no result"));
    }
    let runs = runs.iter().filter(|it| it.header.client.is_none()).filter(|it| it.is_complete());
    let all = history::add(old, runs.clone().map(VersionResult::of).collect());
    write_file(file, &history::write(&all)?)?;
    for run in runs {
        let name = format!("badge-{}.json", plain_name(&run.header.target.name));
        write_file(&folder.join(name), &badge(run)?)?;
    }
    let table = history::markdown(&all);
    write_file(&folder.join("history.md"), &table)?;
    Ok(table)
}

/// A target of the matrix, with the options of `iamspec run` that select it.
struct MatrixTarget {
    name: String,
    options: Vec<OsString>,
    /// The endpoint stops when this is dropped.
    _endpoint: Option<StartedEndpoint>,
}

/// Starts the endpoint of a target. The embedded endpoint needs no start.
fn start(target: &Path, args: &MatrixArgs) -> Result<MatrixTarget> {
    if target == Path::new("reference") {
        let name = "reference".to_owned();
        return Ok(MatrixTarget { name, options: Vec::new(), _endpoint: None });
    }
    let about = TargetFile::read(target)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let script = folder.join(about.start.as_deref().unwrap_or("start.sh"));
    say(&format!("{} {}: starting", about.name, about.version));
    let log = args.out.join(format!("{}.log", about.name));
    let endpoint = StartedEndpoint::start(&script, &log)?;
    let mut options: Vec<OsString> = vec!["--endpoint".into(), endpoint.url.clone().into()];
    options.extend(["--about".into(), target.into()]);
    let known_failures = KNOWN_FAILURES.map(|name| folder.join(name));
    if let Some(file) = known_failures.into_iter().find(|it| it.is_file()) {
        options.extend(["--known-failures".into(), file.into()]);
    }
    Ok(MatrixTarget { name: about.name, options, _endpoint: Some(endpoint) })
}

/// Starts the endpoint, runs `iamspec run` against it, and stops it. Returns the saved run.
fn execute(
    target: &Path,
    (index, client): (usize, Option<&str>),
    args: &MatrixArgs,
) -> Result<PathBuf> {
    let target = start(target, args)?;
    let number = client.map(|_| format!("-{index}")).unwrap_or_default();
    let file = args.out.join(format!("{}{number}.jsonl", target.name));
    // The report of an earlier run must not be read as the report of this one.
    _ = std::fs::remove_file(&file);
    let mut report = OsString::from("json=");
    report.push(&file);
    let program = std::env::current_exe().context("cannot find the program file of iamspec")?;
    let mut run = Command::new(program);
    run.arg("run").args(&target.options);
    run.args(client.iter().flat_map(|it| ["--driver", it]));
    run.arg("--report").arg(report).args(&args.options);
    let status = run.stdout(Stdio::null()).status().context("cannot run iamspec")?;
    let client = client.map(|it| format!(" with the driver `{it}`")).unwrap_or_default();
    ensure!(
        file.is_file(),
        "the run against {}{client} wrote no report ({status}); its messages are above",
        target.name
    );
    Ok(file)
}
