//! `iamspec matrix`: several endpoints side by side.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::commands::reports::report::{MatrixArgs, read};
use crate::commands::test::known_failures::TargetFile;
use crate::commands::test::target::StartedEndpoint;
use crate::exit_code;
use crate::report::RunReport;

pub(crate) fn matrix(args: &MatrixArgs, out: &mut dyn Write) -> Result<u8> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let mut runs = Vec::new();
    let clients: Vec<Option<&str>> =
        [None].into_iter().chain(args.driver.iter().map(|it| Some(it.as_str()))).collect();
    for target in &args.targets {
        if target.extension() == Some(OsStr::new("jsonl")) {
            runs.push(read(target)?);
            continue;
        }
        for (place, client) in clients.iter().enumerate() {
            runs.push(read(&play(target, (place, *client), args)?)?);
        }
    }
    alike(&runs)?;
    let table = crate::report::format::matrix::matrix(&runs);
    write_down(&runs, &table, &args.out)?;
    write!(out, "{table}")?;
    Ok(exit_code::gravest(runs.iter().map(|it| it.end.exit)))
}

/// The tables, in Markdown and as a page, and a page for each run.
fn write_down(runs: &[RunReport], table: &str, folder: &Path) -> Result<()> {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '-' { it } else { '-' };
    let mut pages = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let name: String = run.header.target.name.chars().map(plain).collect();
        let page = format!("{}-{name}.html", place + 1);
        write(&page, &crate::report::format::html::html(run)?)?;
        pages.push(page);
    }
    write("matrix.md", table)?;
    write("matrix.html", &crate::report::format::html::side_by_side::side_by_side(runs, &pages)?)
}

/// Columns that were asked other things say nothing about each other.
fn alike(runs: &[RunReport]) -> Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    for run in runs {
        ensure!(
            run.header.revision == first.header.revision && run.header.asked == first.header.asked,
            "{} was asked {} by revision {}, and {} was asked {} by {}; run both with this iamspec",
            first.header.target.name,
            first.header.asked,
            first.header.revision,
            run.header.target.name,
            run.header.asked,
            run.header.revision
        );
    }
    Ok(())
}

/// What is run against: how it is called, and the words that lead a run there.
struct MatrixColumn {
    name: String,
    words: Vec<OsString>,
    /// It ends with this.
    _endpoint: Option<StartedEndpoint>,
}

/// The embedded endpoint, or one that is started.
fn column(target: &Path, args: &MatrixArgs) -> Result<MatrixColumn> {
    if target == Path::new("reference") {
        return Ok(MatrixColumn {
            name: "reference".to_owned(),
            words: Vec::new(),
            _endpoint: None,
        });
    }
    let about = TargetFile::read(target)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let start = folder.join(about.start.as_deref().unwrap_or("start.sh"));
    eprintln!("{} {}: starting", about.name, about.version);
    let endpoint = StartedEndpoint::by(&start, &args.out.join(format!("{}.log", about.name)))?;
    let mut words: Vec<OsString> = vec!["--endpoint".into(), endpoint.url.clone().into()];
    words.extend(["--about".into(), target.into()]);
    let expected = folder.join("expected.toml");
    if expected.is_file() {
        words.extend(["--expect".into(), expected.into()]);
    }
    Ok(MatrixColumn { name: about.name, words, _endpoint: Some(endpoint) })
}

/// Starts an endpoint, runs against it in a process of its own, and stops it. Where the run is told.
fn play(
    target: &Path,
    (place, client): (usize, Option<&str>),
    args: &MatrixArgs,
) -> Result<PathBuf> {
    let column = column(target, args)?;
    let number = client.map(|_| format!("-{place}")).unwrap_or_default();
    let file = args.out.join(format!("{}{number}.jsonl", column.name));
    // What an earlier run has told must not be taken for what this one tells.
    _ = std::fs::remove_file(&file);
    let mut report = OsString::from("json=");
    report.push(&file);
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut run = Command::new(program);
    run.arg("run").args(&column.words);
    run.args(client.iter().flat_map(|it| ["--driver", it]));
    run.arg("--report").arg(report).args(&args.options);
    let output = run.stdout(std::process::Stdio::null()).status().context("cannot run iamspec")?;
    let through = client.map(|it| format!(" through `{it}`")).unwrap_or_default();
    ensure!(
        file.is_file(),
        "the run against {}{through} told nothing ({output}); see what it says above",
        column.name
    );
    Ok(file)
}
