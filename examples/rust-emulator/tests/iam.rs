//! Each script of iamspec is a test of the emulator.

use std::process::ExitCode;

use iamspec_testing::ScriptTests;

fn main() -> ExitCode {
    let tests = ScriptTests::of_service(rust_emulator::emulator());
    match std::env::var_os("KNOWN_FAILURES") {
        Some(file) => tests.with_known_failures(file).main(),
        None => tests.main(),
    }
}
