//! The client resumes or rejects any journal.
#![no_main]

use iamspec_harness::client::journal::Journal;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("iamspec-fuzz-{}.jsonl", std::process::id()));
    std::fs::write(&path, bytes).expect("a file to write");
    if let Ok(journal) = Journal::resume(&path) {
        let _ = journal.remaining().count();
    }
});
