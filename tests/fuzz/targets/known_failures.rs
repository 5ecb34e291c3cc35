//! The parser of known failures parses or rejects any text.
#![no_main]

use iamspec_conformance::results::known_failures::{KnownFailures, RunContext};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(read) = KnownFailures::parse(text) {
        let _ = read.errors(&RunContext { whole: true, ..RunContext::default() });
    }
});
