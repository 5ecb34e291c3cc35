//! The binary `iamspec`: parses the command line, runs the command, and exits with its code.

use std::io;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_harness::cli::{FIRST_STEPS, execute, parse};
use iamspec_harness::client::account::readiness::Unusable;
use iamspec_harness::commands::options::choose_colors;
use iamspec_harness::exit_code;
use iamspec_harness::report::diff::revision;
use iamspec_harness::wire::output::visible::say;
use iamspec_harness::wire::output::writer::OutputWriter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    without_panics(run)
}

/// The exit code of a function; that of an internal error if it panics.
fn without_panics(run: impl FnOnce() -> ExitCode + std::panic::UnwindSafe) -> ExitCode {
    std::panic::catch_unwind(run).unwrap_or_else(|_| ExitCode::from(exit_code::USAGE))
}

/// Says that a panic is an error of iamspec, and where it was.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(|it| format!(" ({it})")).unwrap_or_default();
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    say(&format!(
        "iamspec: internal error{place}: {}; please report it with the command line. \
         `iamspec cleanup` deletes what a run has left",
        text.unwrap_or("unknown cause")
    ));
}

fn run() -> ExitCode {
    let cli = match parse(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => cli,
        Err(error) => {
            return match error.downcast_ref::<clap::Error>() {
                Some(error) => print_and_exit(error),
                None => print_error(&error),
            };
        }
    };
    choose_colors(cli.color);
    if let Some(level) = [LevelFilter::DEBUG, LevelFilter::TRACE]
        .get(usize::from(cli.verbose.min(2)).wrapping_sub(1))
    {
        start_log(*level);
    }
    let out = BufWriter::new(UntilClosed(Some(io::stdout().lock())));
    let mut out: Box<dyn Write> = if cli.command.prints_secrets() {
        Box::new(out)
    } else if cli.command.prints_data() && !io::stdout().is_terminal() {
        Box::new(OutputWriter::for_data(out))
    } else {
        Box::new(OutputWriter::for_people(out))
    };
    let result = execute(cli.command, &mut out).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => print_error(&error),
    }
}

fn print_error(error: &anyhow::Error) -> ExitCode {
    // A further line of a quoted text must not look like a message of its own.
    say(&format!("iamspec: {error:#}").replace('\n', "\n  "));
    let is_unusable = error.is::<Unusable>();
    ExitCode::from(if is_unusable { exit_code::INCONCLUSIVE } else { exit_code::USAGE })
}

/// Prints help, the version or an error of the command line.
fn print_and_exit(error: &clap::Error) -> ExitCode {
    // A write error is ignored: there is no other place to report it.
    if std::env::args_os().len() <= 1 {
        _ = write!(io::stderr(), "{FIRST_STEPS}");
    } else if error.kind() == ErrorKind::DisplayVersion {
        let version = env!("CARGO_PKG_VERSION");
        let rules = &RuleSet::current().name;
        _ = writeln!(io::stdout(), "iamspec {version} (rules {rules}, revision {})", revision());
    } else {
        _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { exit_code::USAGE } else { exit_code::CONFORMS })
}

/// Writes the log messages of iamspec to stderr. Those of libraries may contain the body of a request,
/// and so its secrets.
fn start_log(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| OutputWriter::for_people(io::stderr()))
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish()
        .with(Targets::new().with_target("iamspec", level))
        .init();
}

/// A writer that discards output after its reader closes the pipe.
///
/// A closed pipe changes neither the exit code of a run nor its cleanup.
struct UntilClosed<W>(Option<W>);

impl<W: Write> UntilClosed<W> {
    fn or_close<T>(&mut self, if_closed: T, result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(if_closed)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.0.as_mut().map_or(Ok(bytes.len()), |out| out.write(bytes));
        self.or_close(bytes.len(), result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.0.as_mut().map_or(Ok(()), Write::flush);
        self.or_close((), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_internal_error() {
        let code = without_panics(|| panic!("a defect"));
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(exit_code::USAGE)));
    }
}
