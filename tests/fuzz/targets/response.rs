//! Whatever an endpoint answers, to whatever call, is understood or refused. The first two bytes choose
//! the call, the third one the status.
#![no_main]

use std::sync::LazyLock;

use iamspec_conformance::script::ours;
use iamspec_harness::client::response::understood;
use iamspec_harness::client::session::Names;
use iamspec_model::Operation;

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let scripts = ours().expect("our scripts can be read");
    scripts.into_iter().flat_map(|script| script.steps).map(|step| step.operation).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [one, two, status, body @ ..] = bytes else { return };
    let place = usize::from(u16::from_le_bytes([*one, *two])) % OPERATIONS.len();
    let status = [200, 400, 403, 404, 409, 500, 501, 302][usize::from(status % 8)];
    let mut names = Names::new("fuzz");
    names.fresh();
    let answer = (status, "text/xml", body);
    let _ = understood(&OPERATIONS[place], answer, &mut names).to_string();
});
