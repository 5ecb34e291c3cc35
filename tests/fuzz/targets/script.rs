//! A script is read or refused, and one that was read is printed and read again as the same.
#![no_main]

use iamspec_conformance::script::parse;

libfuzzer_sys::fuzz_target!(|script: &str| {
    if let Ok(read) = parse::parse("fuzz", script) {
        let printed = iamspec_conformance::script::print::print(&read);
        assert_eq!(parse::parse("fuzz", &printed).expect("what was printed"), read);
    }
});
