//! `iamspec judge`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::words;

/// `iamspec judge`.
#[derive(Args, Debug)]
pub struct Judge {
    /// How long a change may not be seen yet: nothing is said of an answer that comes sooner after one
    #[arg(long, value_name = "TIME", value_parser = words::time, default_value = "60s")]
    pub lag: Duration,
    /// Say what answers teach where nobody knows: of two things that stand in the way, which one is named
    #[arg(long)]
    pub learn: bool,
    /// Logs of `CloudTrail`: files, packed or not, and folders of them; HTTP traffic that was recorded, `.har`; or histories in text, whose names end in
    /// `.script`, and runs that were written down, `.jsonl`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// What stands below the help.
pub(super) const EXAMPLES: &str = "Examples:
  iamspec judge events.json
  iamspec judge AWSLogs/123456789012/CloudTrail/us-east-1/
  iamspec judge traffic.har     what a browser or a proxy has recorded of it
  iamspec judge run.jsonl       a run of last year, by the rules of today
  iamspec judge my.script       calls with what was answered behind each; a call without one was answered as it should be

Of logs, nothing is known of the account at first. An answer is held against AWS only where no account may give it that agrees
with all events before it, none of which is missing: leave out no file in between. Exit code 1 where there is one.";
