//! `iamspec`: when is an AWS IAM user deleted?

use std::io;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::Parser as _;
use iamspec_harness::cli::Cli;
use iamspec_harness::{commands, exit_code};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit_code::USAGE } else { exit_code::CONFORMS };
            // Nobody is left to be told where this cannot be printed.
            _ = error.print();
            return ExitCode::from(code);
        }
    };
    if let Some(level) = [LevelFilter::DEBUG, LevelFilter::TRACE]
        .get(usize::from(cli.verbose.min(2)).wrapping_sub(1))
    {
        tell(*level);
    }
    let mut out = BufWriter::new(WhileRead(Some(io::stdout().lock())));
    let result =
        commands::execute(cli.command, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("iamspec: {error:#}");
            ExitCode::from(exit_code::USAGE)
        }
    }
}

/// Tells on stderr what goes on.
fn tell(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_target(false)
        .without_time()
        .init();
}

/// Writes for as long as somebody reads: who has read enough does not change what a run came to, nor
/// keep it from removing what it made.
struct WhileRead<W>(Option<W>);

impl<W: Write> WhileRead<W> {
    fn unless_closed<T>(&mut self, enough: T, result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(enough)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for WhileRead<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.0.as_mut().map_or(Ok(bytes.len()), |out| out.write(bytes));
        self.unless_closed(bytes.len(), result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.0.as_mut().map_or(Ok(()), Write::flush);
        self.unless_closed((), result)
    }
}
