//! The script parser parses or rejects any text. A parsed script prints as an equal script.
#![no_main]

use iamspec_conformance::script::parse;

libfuzzer_sys::fuzz_target!(|script: &str| {
    if let Ok(read) = parse::parse("fuzz", script) {
        let printed = iamspec_conformance::script::print::print(&read);
        assert_eq!(parse::parse("fuzz", &printed).expect("a printed script parses"), read);
    }
});
