//! A script is read or refused, and one that was read is printed and read again as the same.
#![no_main]

use iamspec_conformance::text;

libfuzzer_sys::fuzz_target!(|script: &str| {
    if let Ok(read) = text::parse("fuzz", script) {
        let printed = text::print(&read);
        assert_eq!(text::parse("fuzz", &printed).expect("what was printed"), read);
    }
});
