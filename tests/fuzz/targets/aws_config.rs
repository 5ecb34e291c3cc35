//! The client parses or rejects any AWS config and credentials files. A line `=` separates the two.
#![no_main]

use iamspec_harness::aws::config::Config;
use iamspec_harness::aws::credentials::Identity;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.windows(3).position(|it| it == b"\n=\n").unwrap_or(bytes.len());
    let (config, credentials) = bytes.split_at(middle);
    let file = |name: &str, bytes: &[u8]| {
        let path = std::env::temp_dir().join(format!("iamspec-fuzz-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).expect("a file to write");
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let variables = [
        ("AWS_CONFIG_FILE", file("config", config)),
        ("AWS_SHARED_CREDENTIALS_FILE", file("credentials", credentials.get(3..).unwrap_or(b""))),
        ("AWS_PROFILE", "p".to_owned()),
    ];
    if let Ok(read) = Config::from_variables(variables.map(|(name, value)| (name.to_owned(), value))) {
        let _ = (read.service_setting("iam", "endpoint_url"), read.has_profile());
        // The target must not run a command of the file.
        if read.setting("credential_process").is_none() {
            let _ = Identity::find(&read);
        }
    }
});
