//! Credentials and endpoints come from the same sources as in other AWS tools.

use std::path::PathBuf;

use iamspec_harness::aws::config::Config;
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::aws::destination::Destination;

/// Writes a shared file for a test.
fn file(name: &str, text: &str) -> String {
    let path: PathBuf = [env!("CARGO_TARGET_TMPDIR"), name].iter().collect();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn config(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_variables(variables).unwrap()
}

const CONFIG: &str = "
[default]
region = eu-west-1
[profile mine]
region=cn-north-1
services = local
credential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROCESS\", \"SecretAccessKey\": \"a=b;c#d\", \"Expiration\": \"2020-01-01T00:00:00Z\"}'
[profile role]
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = default
[profile bad]
credential_process = echo secret-in-the-output
[services local]
iam =
  endpoint_url = http://127.0.0.1:7777
sts =
  endpoint_url = http://127.0.0.1:8888
";

const CREDENTIALS: &str = "
# A comment
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = abc/def+ghi=#;
";

/// A configuration with both shared files and these variables.
fn with_files(test: &str, variables: &[(&str, &str)]) -> Config {
    let config_file = file(&format!("{test}.config"), CONFIG);
    let credentials = file(&format!("{test}.credentials"), CREDENTIALS);
    let files =
        [("AWS_CONFIG_FILE", &*config_file), ("AWS_SHARED_CREDENTIALS_FILE", &*credentials)];
    config(&[&files[..], variables].concat())
}

#[test]
fn variables_take_precedence_over_profiles() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    for (variables, source) in [
        (&keys[..], "the environment"),
        (&[], "the profile default"),
        (&[("AWS_PROFILE", "mine")], "the profile mine"),
        (&[("AWS_PROFILE", "mine"), keys[0], keys[1]], "the environment"),
        (&[keys[0]], "the profile default"),
    ] {
        let found = Identity::find(&with_files("order", variables)).unwrap();
        assert_eq!(found.source(), source, "{variables:?}");
        let shown = format!("{found:?}");
        assert!(!["hush", "abc/def", "a=b"].iter().any(|it| shown.contains(it)), "{shown}");
    }
}

#[test]
fn missing_credentials_are_an_error_with_advice() {
    let why = |variables: &[(&str, &str)]| {
        Identity::find(&with_files("none", variables)).unwrap_err().to_string()
    };
    assert!(why(&[("AWS_PROFILE", "role")]).contains("export-credentials --profile role"));
    assert!(why(&[("AWS_PROFILE", "absent")]).contains("nor a profile absent"));
    let bad = why(&[("AWS_PROFILE", "bad")]);
    assert!(bad.contains("printed no JSON") && !bad.contains("secret-in-the-output"), "{bad}");
}

#[test]
fn expired_credentials_are_detected() {
    let found = Identity::find(&with_files("expiry", &[("AWS_PROFILE", "mine")])).unwrap();
    assert!(found.expires());
    assert!(!Identity::find(&with_files("expiry", &[])).unwrap().expires());
}

/// The endpoint table of botocore.
#[test]
fn each_region_has_the_endpoint_and_the_signing_region_of_its_partition() {
    for (region, host, signed) in [
        ("us-east-1", "iam.amazonaws.com", "us-east-1"),
        ("eu-west-1", "iam.amazonaws.com", "us-east-1"),
        ("mars-1", "iam.amazonaws.com", "us-east-1"),
        ("cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        ("eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
        ("us-isof-east-1", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
        ("eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ] {
        let found = Destination::from_option("aws", &config(&[("AWS_REGION", region)])).unwrap();
        assert_eq!(found.url.host_str(), Some(host), "{region}");
        assert_eq!(found.region, signed, "{region}");
        assert!(!found.loopback);
        // A journal has the URL only.
        let reread = Destination::from_option(found.url.as_str(), &config(&[])).unwrap();
        assert_eq!((reread.region, reread.sts), (found.region, found.sts));
    }
}

#[test]
fn a_custom_endpoint_is_signed_for_the_configured_region() {
    let specific = ("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1111/iam/");
    let general = ("AWS_ENDPOINT_URL", "http://127.0.0.1:2222");
    let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    for (variables, url, region) in [
        (&[general, specific][..], "http://127.0.0.1:1111/iam/", "eu-west-1"),
        (&[general], "http://127.0.0.1:2222/", "eu-west-1"),
        (&[("AWS_PROFILE", "mine")], "http://127.0.0.1:7777/", "cn-north-1"),
        (&[("AWS_PROFILE", "mine"), general], "http://127.0.0.1:2222/", "cn-north-1"),
        (&[general, ignored], "https://iam.amazonaws.com/", "us-east-1"),
        (&[], "https://iam.amazonaws.com/", "us-east-1"),
    ] {
        let found = Destination::from_option("env", &with_files("endpoint", variables)).unwrap();
        assert_eq!((found.url.as_str(), &*found.region), (url, region), "{variables:?}");
    }
}

#[test]
fn only_loopback_addresses_are_this_machine() {
    for (url, loopback) in [
        ("http://127.0.0.1:5000", true),
        ("http://127.9.9.9", true),
        ("http://[::1]:80/", true),
        ("https://localhost", true),
        ("http://localhost.example.com", false),
        ("http://127.0.0.1.example.com", false),
        ("http://[::ffff:10.0.0.1]/", false),
        ("http://0.0.0.0", false),
        ("http://192.168.0.1", false),
    ] {
        assert_eq!(
            Destination::from_option(url, &config(&[])).unwrap().loopback,
            loopback,
            "{url}"
        );
    }
    for url in ["127.0.0.1:5000", "ftp://127.0.0.1", "no url", "http://"] {
        assert!(Destination::from_option(url, &config(&[])).is_err(), "{url}");
    }
}

#[test]
fn a_self_signed_endpoint_is_trusted_if_the_bundle_has_its_certificate() {
    let free = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let server =
        iamspec_harness::server::Server::start(free, iamspec_harness::server::Options::default())
            .unwrap();
    let bundle: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "bundle.pem"].iter().collect();
    let port = super::port::Port::secured(&server.url(), &bundle);
    let run = |bundle: Option<&PathBuf>| {
        let mut command =
            super::command(&["run", "--endpoint", &port.url, "delete-user/alone/access-key"]);
        command.envs(bundle.map(|it| ("AWS_CA_BUNDLE", it)));
        command.output().unwrap()
    };
    let trusted = run(Some(&bundle));
    assert_eq!(trusted.status.code(), Some(0), "{}", super::stdout(&trusted));
    let refused = run(None);
    assert_eq!(refused.status.code(), Some(3));
    let text = super::stdout(&refused);
    assert!(text.contains("certificate") && text.contains("AWS_CA_BUNDLE"), "{text}");
    assert!(!text.contains("cleanup"), "nothing was created: {text}");
    let none = PathBuf::from(file("no-bundle.pem", "nothing\n"));
    let wrong = run(Some(&none));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(super::stderr(&wrong).contains("holds no certificates"), "{}", super::stderr(&wrong));
}
