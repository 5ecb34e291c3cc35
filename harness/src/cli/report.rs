//! The forms in which a run is written down.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};

use crate::render;
use crate::stream::{self, Stream};

/// A report to write, and where.
#[derive(Clone, Debug)]
pub struct ReportArg {
    /// In which form.
    pub format: Format,
    /// Where.
    pub file: PathBuf,
}

/// `iamspec report`.
#[derive(Args, Debug)]
pub struct Report {
    /// In which form: as on the terminal if left out
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub form: Option<Format>,
    /// What `iamspec run --report json=FILE` has written
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `iamspec issue`.
#[derive(Args, Debug)]
pub struct Issue {
    /// What `iamspec run --report json=FILE` has written
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The rule that is broken; `*` stands for anything
    #[arg(value_name = "RULE")]
    pub rule: String,
}

/// `iamspec diff`.
#[derive(Args, Debug)]
pub struct Diff {
    /// Compare runs of different rules and scripts as well
    #[arg(long)]
    pub across_revisions: bool,
    /// The earlier run, as `iamspec run --report json=FILE` has written it
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// The later run
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
}

/// `iamspec merge`.
#[derive(Args, Debug)]
pub struct Merge {
    /// Write a report as well, such as `json=run.jsonl`; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportArg>,
    /// What each part has written with `iamspec run --shard K/N --report json=FILE`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `iamspec matrix`.
#[derive(Args, Debug)]
pub struct Matrix {
    /// Where the runs and the tables are written, as JSON Lines, as pages and as Markdown
    #[arg(long, value_name = "FOLDER", default_value = "matrix")]
    pub out: PathBuf,
    /// Ask each endpoint through this client as well, and say which of the two is to blame; repeatable
    #[arg(long, value_name = "COMMAND")]
    pub driver: Vec<String>,
    /// What to run against: files with `name`, `version`, `licence` and `start`, in TOML, whose script
    /// `start` writes the URL as its first line; `reference`, the embedded endpoint; or runs that were
    /// written down (`.jsonl`)
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<PathBuf>,
    /// Options of `iamspec run` for each
    #[arg(last = true, value_name = "OPTION")]
    pub options: Vec<String>,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The events of the run, as JSON Lines: what all other forms are made from
    Json,
    /// For CI that reads `JUnit`
    Junit,
    /// For the summary page of a CI job
    Markdown,
    /// One page that needs no network
    Html,
    /// For shields.io
    Badge,
}

impl Format {
    /// A run in this form.
    ///
    /// # Errors
    /// What the libraries say that write JSON and XML.
    pub fn text(self, stream: &Stream) -> Result<String> {
        match self {
            Self::Json => stream::lines(stream),
            Self::Junit => render::junit(stream),
            Self::Markdown => Ok(render::markdown(stream)),
            Self::Html => render::html(stream),
            Self::Badge => render::badge(stream),
        }
    }
}

impl FromStr for ReportArg {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || {
            let names = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            names.map(|it| it.get_name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let expected = || anyhow!("expected FORMAT=FILE with a format of {}", names());
        let (format, file) = text.split_once('=').ok_or_else(expected)?;
        let format = Format::from_str(format, false).map_err(|_| expected())?;
        if file.is_empty() {
            return Err(expected());
        }
        Ok(Self { format, file: PathBuf::from(file) })
    }
}
