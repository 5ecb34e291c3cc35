//! `iamspec audit` reads or rejects any CloudTrail or HAR file, also if it is compressed.
#![no_main]

use clap::FromArgMatches as _;
use iamspec_harness::cli::{Cli, command, execute};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("iamspec-fuzz-{}.json", std::process::id()));
    std::fs::write(&path, bytes).expect("a file to write");
    let words = ["iamspec".as_ref(), "audit".as_ref(), path.as_os_str()];
    let parsed = command().try_get_matches_from(words).expect("a command line");
    let cli = Cli::from_arg_matches(&parsed).expect("a command line");
    let _ = execute(cli.command, &mut std::io::sink());
});
