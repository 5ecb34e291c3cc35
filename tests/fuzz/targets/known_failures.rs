//! A file of known divergences is read or refused.
#![no_main]

use iamspec_conformance::results::known_failures::{Expectations, Played};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(read) = Expectations::parse(text) {
        let _ = read.complaints(&Played { whole: true, ..Played::default() });
    }
});
