//! `iamspec`: when is an AWS IAM user deleted?

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use iamspec_harness::cli::Cli;
use iamspec_harness::{command, exit};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::CONFORMS };
            // Nobody is left to be told where this cannot be printed.
            _ = error.print();
            return ExitCode::from(code);
        }
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let result =
        command::execute(cli.command, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(exit::CONFORMS),
        Err(error) => {
            eprintln!("iamspec: {error:#}");
            ExitCode::from(exit::USAGE)
        }
    }
}

/// Whoever reads us has read enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
