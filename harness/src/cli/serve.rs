//! `iamspec serve`, as it is typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use iamspec_conformance::may::May;

/// `iamspec serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4580")]
    pub listen: SocketAddr,
    /// Listen on an address that others can reach
    #[arg(long)]
    pub anybody_may_connect: bool,
    /// Be wrong in this way (`iamspec list mutants`)
    #[arg(long, value_name = "NAME")]
    pub mutant: Option<String>,
    /// What to do where nobody knows: `presume`, `accept`, `refuse`, or a seed of chance
    #[arg(long, value_name = "HOW", default_value_t)]
    pub may: May,
    /// Raise or lower a quota; repeatable
    #[arg(long, value_name = "NAME=N")]
    pub quota: Vec<String>,
    /// Have bad days: what goes wrong with which calls, in TOML
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Let in only what is signed, in the last 15 minutes and for us-east-1 and iam, with the key
    /// AKIAIOSFODNN7EXAMPLE, whose secret is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, or with an
    /// active one that was made here
    #[arg(long)]
    pub verify_signatures: bool,
}

pub(super) const EXAMPLES: &str = r#"Examples:
  iamspec serve
  iamspec serve --quota UsersPerAccount=100000
  iamspec serve --faults bad-days.toml
  aws --endpoint-url http://127.0.0.1:4580 iam create-user --user-name alice

A file of faults; where several are due, the first one happens:
  seed = 7                   # what chance begins with

  [[fault]]
  sort = "throttle"          # which, see below
  on = "List*"               # the calls; `*`, which is all, if left out
  chance = 0.1               # or `every = 10`, or `first = 3`; else each time
  times = 20                 # at most so often
  retry-after = 1

  lag           reads show what was true `ms = N` or `calls = N` ago
  lingering     a deletion meets with what was taken away less than `ms` or `calls` ago
  unmodifiable  a login profile is not changed for `ms` or `calls` after it was made
  concurrent    409 ConcurrentModification
  throttle      400 Throttling; `retry-after = SECONDS`
  fail          `status = 500` or 503; `effect = true` if it is carried out all the same
  drop          no answer; `effect = true` if it is carried out all the same
  slow          `ms` late; with `chunk = BYTES`, `ms` from piece to piece
  truncate      half an answer; `clean = true` if its length says nothing of it
  twice         the answer twice in one body
  html          a proxy's page, `status = 502` or 200; `effect = true` as above
  empty-page    a page of a listing that holds nothing, and says that there is more
  odd-marker    a page whose marker is made of what a form must encode
  same-marker   a page whose marker is the one that asked for it
At most 64 changes are kept for the first three."#;
