//! Credentials and endpoints come from the same sources as in other AWS tools.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use iamspec_conformance::Endpoint as _;
use iamspec_harness::aws::config::Config;
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::aws::destination::Destination;
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::sender::ClientSettings;
use iamspec_model::{Operation, User};

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
    assert!(why(&[("AWS_PROFILE", "absent")]).contains("there is no profile absent"));
    assert!(why(&[("AWS_ACCESS_KEY_ID", "AKIDENV")]).contains("AWS_SECRET_ACCESS_KEY is not"));
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
    ] {
        let found = Destination::from_option("env", &with_files("endpoint", variables)).unwrap();
        assert_eq!((found.url.as_str(), &*found.region), (url, region), "{variables:?}");
    }
}

/// The ways to write a host of AWS, none of which may escape the check of the account.
const AWS_HOSTS: [&str; 20] = [
    "https://iam.amazonaws.com",
    "https://iam.amazonaws.com./",
    "https://IAM.AmazonAWS.com",
    "https://iam.amazonaws.com:443/",
    "https://iam.amazonaws.com:8443/",
    "https://iam.amazonaws.com/path",
    "https://iam-fips.amazonaws.com",
    "https://iam.global.api.aws",
    "https://iam.api.aws.",
    "https://vpce-0123456789abcdef0-abcdefgh.iam.us-east-1.vpce.amazonaws.com",
    "https://iam.us-gov.amazonaws.com",
    "https://iam-fips.us-gov-west-1.api.aws",
    "https://iam.cn-north-1.amazonaws.com.cn.",
    "https://iam.cn-north-1.api.amazonwebservices.com.cn",
    "https://iam.us-iso-east-1.c2s.ic.gov",
    "https://iam.us-iso-west-1.api.aws.ic.gov",
    "https://iam.us-isob-east-1.sc2s.sgov.gov",
    "https://iam.eu-isoe-west-1.cloud.adc-e.uk",
    "https://iam.us-isof-south-1.csp.hci.ic.gov",
    "https://iam.eusc-de-east-1.amazonaws.eu",
];

/// Some letters outside ASCII are other forms of those in a host of AWS.
#[test]
fn a_host_outside_ascii_is_refused() {
    let hosts = ["\u{ff49}\u{ff41}\u{ff4d}.amazonaws.com", "iam.amazonaws\u{3002}com"];
    for host in hosts {
        let url = format!("https://{host}/");
        let error = Destination::from_option(&url, &config(&[])).unwrap_err().to_string();
        assert!(error.contains("is not a URL"), "{url}: {error}");
    }
}

#[test]
fn sts_of_another_party_never_says_whose_account_it_is() {
    let with_sts = |sts: &str| config(&[("AWS_ENDPOINT_URL_STS", sts)]);
    let others = ["http://127.0.0.1:1", "http://localhost:1", "https://sts.example.com"];
    for url in AWS_HOSTS {
        for sts in others {
            let found = Destination::from_option(url, &with_sts(sts)).unwrap();
            let host = found.sts.host_str().unwrap();
            assert!(host.starts_with("sts.") && host != "sts.example.com", "{url}: {host}");
            assert!(!found.loopback && found.url.scheme() == "https", "{url}");
            let own = Destination::from_option(url, &config(&[])).unwrap();
            assert_eq!((own.sts, own.region), (found.sts, found.region), "{url}");
        }
    }
    for url in ["http://127.0.0.1:1", "http://0.0.0.0:1", "http://iam.example.com"] {
        for sts in ["https://sts.amazonaws.com", "https://sts.us-east-1.api.aws."] {
            let error = Destination::from_option(url, &with_sts(sts)).unwrap_err().to_string();
            assert!(error.contains("not of the same party"), "{url}: {error}");
        }
    }
    for (url, sts) in
        [("http://0.0.0.0:1", "http://127.0.0.1:1"), ("http://[::1]:1", "http://10.0.0.1")]
    {
        assert!(Destination::from_option(url, &with_sts(sts)).is_err(), "{url}");
    }
    // An endpoint of a VPC has an STS endpoint of its own.
    let vpc = "https://vpce-1-a.sts.us-east-1.vpce.amazonaws.com/";
    let found = Destination::from_option(AWS_HOSTS[9], &with_sts(vpc)).unwrap();
    assert_eq!(found.sts.as_str(), vpc);
    let other_partition = with_sts("https://sts.cn-north-1.amazonaws.com.cn");
    let found = Destination::from_option(AWS_HOSTS[9], &other_partition).unwrap();
    assert_eq!(found.sts.host_str(), Some("sts.us-east-1.amazonaws.com"));
    assert!(Destination::from_option("http://iam-fips.amazonaws.com", &config(&[])).is_err());
}

#[test]
fn hosts_that_only_look_like_aws_are_not_aws() {
    for url in [
        "https://iam.amazonaws.com.example",
        "https://iamamazonaws.com",
        "https://iam.amazonaws.com.evil.test",
        "https://api.aws.evil.test",
        "https://notapi.aws",
    ] {
        let found = Destination::from_option(url, &config(&[])).unwrap();
        assert_eq!(found.sts, found.url, "{url}");
    }
}

#[test]
fn a_url_with_a_password_or_a_query_is_rejected_in_one_line_without_it() {
    for url in [
        "http://bob:hunter2@127.0.0.1:4580/",
        "http://hunter2@127.0.0.1:4580",
        "http://:hunter2@127.0.0.1:4580",
        "https://hunter2:@iam.amazonaws.com",
        "http:\\\\bob:hunter2@127.0.0.1",
        "http:bob:hunter2@127.0.0.1",
        "bob:hunter2@127.0.0.1",
        "http://bob:hunter2@:80:80/",
        "http://@127.0.0.1:4580",
        "http://127.0.0.1:4580/?token=hunter2",
        "http://127.0.0.1:4580/#hunter2",
        "ftp://bob:hunter2@127.0.0.1",
    ] {
        for (variables, option) in [
            (vec![], url),
            (vec![("AWS_ENDPOINT_URL", url)], "env"),
            (vec![("AWS_ENDPOINT_URL_IAM", url)], "env"),
            (vec![("AWS_ENDPOINT_URL_STS", url)], "http://127.0.0.1:1"),
        ] {
            let error = Destination::from_option(option, &config(&variables)).unwrap_err();
            let error = format!("{error:#}");
            assert!(!error.contains("hunter2") && !error.contains('\n'), "{url}: {error}");
        }
    }
    let unset = Destination::from_option("env", &config(&[])).unwrap_err();
    assert!(unset.to_string().contains("no endpoint is set for --endpoint env"), "{unset}");
    let secret = "http://bob:hunter2@127.0.0.1:1";
    let file = file("password.config", &format!("[default]\nendpoint_url = {secret}\n"));
    let error = Destination::from_option("env", &config(&[("AWS_CONFIG_FILE", &file)]));
    assert!(!format!("{:#}", error.unwrap_err()).contains("hunter2"));
    for words in [
        &["run", "--endpoint", secret][..],
        &["run", "-vv", "--dry-run", "--endpoint", secret],
        &["plan", "joe", "--endpoint", secret],
        &["cleanup", "--endpoint", secret],
        &["race", "--endpoint", secret],
        &["export", "delete-user/bare", "--as", "curl", "--endpoint", secret],
    ] {
        let output = super::iamspec(words);
        let text = super::stdout(&output) + &super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {text}");
        assert!(!text.contains("hunter2"), "{words:?}: {text}");
        assert_eq!(super::stderr(&output).lines().count(), 1, "{words:?}: {text}");
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
fn a_name_that_has_loopback_addresses_only_is_this_machine() {
    let hosts = |name: &str, port: u16| -> Vec<SocketAddr> {
        let addresses: &[&str] = match name {
            "emulator" | "iam.amazonaws.com" => &["127.0.0.1"],
            "both" => &["127.0.0.2", "::1"],
            "mapped" => &["::ffff:127.0.0.1"],
            "mixed" => &["127.0.0.1", "10.0.0.1"],
            "far" | "localhost" => &["10.0.0.1"],
            _ => &[],
        };
        addresses.iter().map(|it| SocketAddr::new(it.parse().unwrap(), port)).collect()
    };
    for (host, addresses) in [
        ("emulator", &["127.0.0.1:4566"][..]),
        ("EMULATOR", &["127.0.0.1:4566"]),
        ("both", &["127.0.0.2:4566", "[::1]:4566"]),
        ("mapped", &["[::ffff:127.0.0.1]:4566"]),
        // Whatever the machine says of it.
        ("localhost", &["127.0.0.1:4566", "[::1]:4566"]),
        ("mixed", &[]),
        ("far", &[]),
        ("unknown", &[]),
        ("iam.amazonaws.com", &[]),
    ] {
        let url = format!("https://{host}:4566/");
        let found = Destination::looked_up(&url, &config(&[]), &hosts).unwrap();
        assert_eq!(found.loopback, !addresses.is_empty(), "{host}");
        let addresses: Vec<SocketAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        let pinned: Vec<_> = found.addresses.iter().flat_map(|(_, it)| it.clone()).collect();
        assert_eq!(pinned.first(), addresses.first(), "{host}");
        assert!(pinned.iter().all(|it| addresses.contains(it)), "{host}: {pinned:?}");
    }
    // STS must be on this machine too.
    let sts = config(&[("AWS_ENDPOINT_URL_STS", "http://far:4566")]);
    assert!(Destination::looked_up("http://emulator:4566", &sts, &hosts).is_err());
    let sts = config(&[("AWS_ENDPOINT_URL_STS", "http://both:4566")]);
    let found = Destination::looked_up("http://emulator:4566", &sts, &hosts).unwrap();
    assert_eq!(found.addresses.len(), 2);
}

/// Nothing looks the name up a second time: it has no address here.
#[test]
fn requests_to_a_name_go_to_the_address_that_was_looked_up() {
    let server = super::server(None);
    let address: SocketAddr = server.url().trim_start_matches("http://").parse().unwrap();
    let url = format!("http://emulator.invalid:{}", address.port());
    let look_up = |_: &str, _: u16| vec![address];
    let destination = Destination::looked_up(&url, &config(&[]), &look_up).unwrap();
    assert!(destination.loopback);
    // The server accepts no other host name; that it answers at all shows where the request went.
    let settings = ClientSettings::loopback(&server.url(), "test", Duration::from_secs(5)).unwrap();
    let settings = ClientSettings { destination, ..settings };
    let response = HttpClient::with(settings).unwrap().execute(&Operation::GetUser(User(0)));
    assert!(response.to_string().contains("ForeignRequest"), "{response}");
}

#[test]
fn a_self_signed_endpoint_is_trusted_if_the_bundle_has_its_certificate() {
    let free = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
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
