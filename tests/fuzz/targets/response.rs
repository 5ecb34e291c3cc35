//! The client parses or rejects any response to any operation. The first two bytes of the input select the
//! operation, the third one the status.
#![no_main]

use std::sync::LazyLock;

use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_harness::client::response::interpret;
use iamspec_harness::client::session::Names;
use iamspec_model::Operation;

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let scripts = built_in_scripts().expect("every script parses");
    scripts.into_iter().flat_map(|script| script.steps).map(|step| step.operation).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [one, two, status, body @ ..] = bytes else { return };
    let index = usize::from(u16::from_le_bytes([*one, *two])) % OPERATIONS.len();
    let status = [200, 400, 403, 404, 409, 500, 501, 302][usize::from(status % 8)];
    let mut names = Names::new("fuzz");
    names.fresh();
    let response = (status, "text/xml", body);
    let _ = interpret(&OPERATIONS[index], response, &mut names).to_string();
});
