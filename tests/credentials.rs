//! Which key signs, which certificates are trusted, and what is said about both.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Output;

use iamspec_harness::aws::config::Config;
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::aws::destination::Destination;
use iamspec_harness::aws::signing::{CredentialChoice, Signer};
use iamspec_harness::server::{Options, Server};

use super::port::{Port, http};

/// A key of a server of one's own, and a key that may be one of AWS.
const OWN: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "OWNKEY"), ("AWS_SECRET_ACCESS_KEY", "own-secret")];
const REAL: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIA2222333344445555"), ("AWS_SECRET_ACCESS_KEY", "real-secret")];
const EXAMPLE: &str = "AKIAIOSFODNN7EXAMPLE";

const HERE: &str = "http://127.0.0.1:4566";
const THERE: &str = "http://192.0.2.7:4566";

const CONFIG: &str = "
[profile named]
endpoint_url = http://127.0.0.1:4566/
[profile service]
services = local
[services local]
iam =
  endpoint_url = http://127.0.0.1:4566
[profile remote]
endpoint_url = http://192.0.2.7:4566
[profile process]
credential_process = exit 9
[profile process-named]
endpoint_url = http://127.0.0.1:4566
credential_process = printf '{\"AccessKeyId\": \"ASIA2222333344445555\", \"SecretAccessKey\": \"s\"}'
[profile role]
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = real
[profile empty]
region = eu-west-1
[profile half]
aws_access_key_id = OWNKEY
";

const CREDENTIALS: &str = "
[own]
aws_access_key_id = PROFILEKEY
aws_secret_access_key = s
[real]
aws_access_key_id = AKIA6666777722223333
aws_secret_access_key = s
[named]
aws_access_key_id = AKIA6666777722223333
aws_secret_access_key = s
[service]
aws_access_key_id = AKIA6666777722223333
aws_secret_access_key = s
[remote]
aws_access_key_id = ASIA6666777722223333
aws_secret_access_key = s
aws_session_token = t
[role]
aws_access_key_id = PROFILEKEY
aws_secret_access_key = s
";

/// A file in the folder of the tests.
fn file(name: &str, text: &str) -> PathBuf {
    let path: PathBuf = [env!("CARGO_TARGET_TMPDIR"), name].iter().collect();
    std::fs::write(&path, text).unwrap();
    path
}

/// The configuration of these variables and the shared files above.
fn config(variables: &[(&str, &str)]) -> Config {
    let name = |kind: &str| format!("rule.{:?}.{kind}", std::thread::current().id());
    let settings = file(&name("config"), CONFIG);
    let keys = file(&name("credentials"), CREDENTIALS);
    let files = [
        ("AWS_CONFIG_FILE", settings.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap()),
    ];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::from_variables(files.iter().chain(variables).map(owned)).unwrap()
}

fn choose(choice: CredentialChoice, config: &Config, endpoint: &str) -> anyhow::Result<Signer> {
    Signer::choose(choice, config, &Destination::from_option(endpoint, config)?)
}

/// The id of the key that signs, and whether a note says why another one does not.
fn signs(variables: &[(&str, &str)], endpoint: &str) -> (String, bool) {
    let signer = choose(CredentialChoice::Automatic, &config(variables), endpoint).unwrap();
    (signer.identity.key_id().to_owned(), signer.note.is_some())
}

#[test]
fn a_key_of_the_environment_signs_if_the_environment_names_the_endpoint_or_it_is_none_of_aws() {
    let with = |key: [(&'static str, &'static str); 2], more: &[(&'static str, &'static str)]| {
        [&key[..], more].concat()
    };
    for (variables, endpoint, key, has_note) in [
        (vec![], HERE, EXAMPLE, false),
        (vec![], THERE, EXAMPLE, false),
        (with(OWN, &[]), HERE, "OWNKEY", false),
        (with(OWN, &[]), THERE, "OWNKEY", false),
        (with(REAL, &[]), HERE, EXAMPLE, true),
        (with(REAL, &[]), THERE, EXAMPLE, true),
        (with(REAL, &[]), "http://localhost:4566", EXAMPLE, true),
        (with(REAL, &[("AWS_ENDPOINT_URL", HERE)]), "env", REAL[0].1, false),
        (with(REAL, &[("AWS_ENDPOINT_URL", HERE)]), HERE, REAL[0].1, false),
        (with(REAL, &[("AWS_ENDPOINT_URL", HERE)]), "http://localhost:4566", REAL[0].1, false),
        (with(REAL, &[("AWS_ENDPOINT_URL_IAM", THERE)]), THERE, REAL[0].1, false),
        // Another port or host is another endpoint.
        (with(REAL, &[("AWS_ENDPOINT_URL", HERE)]), "http://127.0.0.1:4567", EXAMPLE, true),
        (with(REAL, &[("AWS_ENDPOINT_URL", HERE)]), THERE, EXAMPLE, true),
        // The profile that names the endpoint has not chosen the key of the environment.
        (with(REAL, &[("AWS_PROFILE", "named")]), "env", EXAMPLE, true),
        (
            with(
                REAL,
                &[("AWS_ENDPOINT_URL", HERE), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            ),
            HERE,
            EXAMPLE,
            true,
        ),
        // AWS gets what its tools would send.
        (with(REAL, &[]), "aws", REAL[0].1, false),
        (with(REAL, &[]), "https://iam.amazonaws.com", REAL[0].1, false),
        (with(OWN, &[("AWS_ENDPOINT_URL", HERE)]), "aws", "OWNKEY", false),
    ] {
        let found = signs(&variables, endpoint);
        assert_eq!(found, (key.to_owned(), has_note), "{variables:?} at {endpoint}");
    }
    // The examples of AWS's documents are keys of nobody.
    let example = [("AWS_ACCESS_KEY_ID", "ASIAI44QH8DHBEXAMPLE"), REAL[1]];
    assert_eq!(signs(&example, HERE).0, "ASIAI44QH8DHBEXAMPLE");
}

#[test]
fn a_key_of_a_profile_signs_if_the_profile_names_the_endpoint_or_it_is_none_of_aws() {
    for (profile, endpoint, key, has_note) in [
        ("own", HERE, "PROFILEKEY", false),
        ("own", THERE, "PROFILEKEY", false),
        ("real", HERE, EXAMPLE, true),
        ("real", THERE, EXAMPLE, true),
        ("named", HERE, "AKIA6666777722223333", false),
        ("named", "env", "AKIA6666777722223333", false),
        ("named", "http://127.0.0.1:4567", EXAMPLE, true),
        ("named", THERE, EXAMPLE, true),
        ("service", "env", "AKIA6666777722223333", false),
        ("remote", "env", "ASIA6666777722223333", false),
        ("remote", HERE, EXAMPLE, true),
        // A program or a role is not used to find out whose credentials it has.
        ("process", HERE, EXAMPLE, true),
        ("process-named", HERE, "ASIA2222333344445555", false),
        ("role", HERE, EXAMPLE, true),
        ("empty", HERE, EXAMPLE, false),
        ("real", "aws", "AKIA6666777722223333", false),
        ("named", "aws", "AKIA6666777722223333", false),
    ] {
        let found = signs(&[("AWS_PROFILE", profile)], endpoint);
        assert_eq!(found, (key.to_owned(), has_note), "{profile} at {endpoint}");
    }
    // The environment names the endpoint, and not the key of the profile.
    let both = [("AWS_PROFILE", "real"), ("AWS_ENDPOINT_URL", HERE)];
    assert_eq!(signs(&both, "env"), (EXAMPLE.to_owned(), true));
}

#[test]
fn the_command_line_chooses_credentials_for_any_endpoint() {
    for endpoint in [HERE, THERE] {
        let named = config(&OWN).with_profile("real").unwrap();
        let signer = choose(CredentialChoice::Automatic, &named, endpoint).unwrap();
        assert_eq!(signer.identity.key_id(), "AKIA6666777722223333");
        assert_eq!(signer.identity.source(), "the profile real");
        let signer = choose(CredentialChoice::Environment, &config(&REAL), endpoint).unwrap();
        assert_eq!(signer.identity.key_id(), REAL[0].1);
        let signer = choose(CredentialChoice::Example, &config(&OWN), endpoint).unwrap();
        assert_eq!(signer.identity.key_id(), EXAMPLE);
        assert!(signer.note.is_none());
    }
    let error = |choice, variables: &[(&str, &str)], endpoint| {
        choose(choice, &config(variables), endpoint).unwrap_err().to_string()
    };
    assert!(error(CredentialChoice::Environment, &[], HERE).contains("not set"));
    assert!(error(CredentialChoice::Example, &[], "aws").contains("AWS does not know"));
    let automatic = CredentialChoice::Automatic;
    assert!(error(automatic, &OWN[..1], HERE).contains("AWS_SECRET_ACCESS_KEY is not"));
    assert!(
        error(automatic, &[("AWS_PROFILE", "half")], HERE).contains("no aws_secret_access_key")
    );
    // A tool of AWS would end here. An endpoint that checks no signature needs no profile.
    assert_eq!(signs(&[("AWS_PROFILE", "absent")], HERE), (EXAMPLE.to_owned(), true));
    assert!(error(automatic, &[("AWS_PROFILE", "absent")], "aws").contains("no profile absent"));
    let absent = config(&[]).with_profile("absent").unwrap_err().to_string();
    assert!(absent.contains("no profile absent"), "{absent}");
}

#[test]
fn names_of_settings_and_profiles_are_read_as_aws_tools_do() {
    let text = "[default]\nregion = a\n[profile default]\nregion = b\n[profile \"my own\"]\n\
                AWS_Access_Key_Id = KEY\naws_secret_access_key = s\n[other]\nregion = c\n";
    let settings = file("names.config", text);
    let home = settings.parent().unwrap().to_str().unwrap();
    let variables = |profile: &str| {
        let variables = [
            ("HOME", home),
            ("AWS_CONFIG_FILE", "~/names.config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/absent"),
            ("AWS_PROFILE", profile),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Config::from_variables(variables.into_iter().map(owned)).unwrap()
    };
    assert_eq!(variables("default").setting("region"), Some("b"));
    assert_eq!(Identity::find(&variables("my own")).unwrap().key_id(), "KEY");
    assert!(!variables("other").has_profile(), "a section without `profile` is no profile");
}

/// A server that knows this key only, and verifies signatures.
fn server_with_own_key() -> Server {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let root = Some(Identity::new(OWN[0].1, OWN[1].1, None, "a test"));
    Server::start(free, Options { verify_signatures: true, root, ..Options::default() }).unwrap()
}

fn text_of(output: &Output) -> String {
    super::stdout(output) + &super::stderr(output)
}

/// The certificate is one of `openssl req -x509`: it signs itself and is marked as an authority.
#[test]
fn a_server_with_its_own_key_and_certificate_is_configured_by_the_environment_only() {
    let server = server_with_own_key();
    let bundle = file("own-authority.pem", "");
    let port = Port::secured(&server.url(), &bundle);
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        super::command(words).envs(variables.iter().copied()).output().unwrap()
    };
    let ca = ("AWS_CA_BUNDLE", bundle.to_str().unwrap());
    let all = [OWN[0], OWN[1], ca, ("AWS_ENDPOINT_URL", port.url.as_str())];
    let words = ["run", "--endpoint", "env", "--tier", "text", "--level", "info"];
    let output = run(&words, &all);
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let first = format!("{}, signed with the key OWNKEY from the environment: ", port.url);
    assert!(text.starts_with(&first), "{text}");
    assert!(server.is_empty());

    // The same with a profile, and with options.
    let profile = format!(
        "[profile own]\nendpoint_url = {}\nca_bundle = {}\naws_access_key_id = OWNKEY\n\
         aws_secret_access_key = own-secret\n",
        port.url, ca.1
    );
    let profile = file("own.config", &profile);
    let files = [("AWS_CONFIG_FILE", profile.to_str().unwrap()), ("AWS_PROFILE", "own")];
    let url = ["--endpoint", port.url.as_str(), "delete-user/alone/access-key"];
    for (words, variables) in [
        (&["run", "--endpoint", "env", "delete-user/alone/access-key"][..], &files[..]),
        (&[&["run", "--profile", "own"][..], &url].concat(), &files[..1]),
        (&[&["run", "--ca-bundle", ca.1][..], &url].concat(), &OWN[..]),
        (&[&["run", "--insecure"][..], &url].concat(), &OWN[..]),
    ] {
        let output = run(words, variables);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text_of(&output));
    }

    // Without the certificate, and with another one.
    let output = run(&[&["run"][..], &url].concat(), &OWN);
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("certificate") && text.contains("--ca-bundle"), "{text}");
    let other = file("other-authority.pem", "");
    let _other = Port::secured(&server.url(), &other);
    let output = run(&[&["run"][..], &url].concat(), &[("AWS_CA_BUNDLE", other.to_str().unwrap())]);
    assert_eq!(output.status.code(), Some(3), "{}", text_of(&output));
}

#[test]
fn a_refused_signature_names_the_key_that_signs_and_its_source() {
    let server = server_with_own_key();
    let wrong = [OWN[0], ("AWS_SECRET_ACCESS_KEY", "wrong-secret")];
    for (variables, refusal, signer) in [
        (&wrong[..], "SignatureDoesNotMatch", "the key OWNKEY from the environment"),
        (
            &REAL,
            "InvalidClientTokenId",
            "the key AKIAIOSFODNN7EXAMPLE from the example credentials",
        ),
        (&[], "InvalidClientTokenId", "the key AKIAIOSFODNN7EXAMPLE from the example credentials"),
    ] {
        let url = server.url();
        // One script, which ends with the refusal, and several, after which the run ends.
        for scripts in ["delete-user/bare", "delete-user/alone/*"] {
            let mut command = super::command(&["run", "--endpoint", &url, scripts]);
            let output = command.envs(variables.iter().copied()).output().unwrap();
            let text = super::stdout(&output);
            assert_eq!(output.status.code(), Some(3), "{text}");
            assert!(text.contains(refusal) && text.contains("0 findings"), "{text}");
            let (first, rest) = text.split_once('\n').unwrap();
            assert!(first.contains(&format!("signed with {signer}")), "{text}");
            assert!(rest.contains(&format!("(signed with {signer})")), "{text}");
        }
        let mut command = super::command(&["run", "--endpoint", &url, "delete-user/bare"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let note = super::stderr(&output);
        assert_eq!(note.contains("the example key signs"), variables == REAL, "{note}");
        assert!(!note.contains("secret"), "{note}");
    }
}

#[test]
fn every_certificate_is_trusted_on_this_machine_only() {
    let words = ["run", "--insecure", "--endpoint", "https://192.0.2.7", "--i-own-this-account"];
    let output = super::iamspec(&[&words[..], &["123456789012"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let error = super::stderr(&output);
    assert!(error.contains("--insecure is for endpoints on this machine"), "{error}");
}

/// A certificate is not read for a plain URL, as in other tools.
#[test]
fn a_file_of_certificates_is_needed_for_tls_only() {
    let server = super::server(None);
    let url = server.url();
    let mut command = super::command(&["run", "--endpoint", &url, "delete-user/bare"]);
    let output = command.env("AWS_CA_BUNDLE", "/absent").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text_of(&output));
}

/// Servers of other protocols have codes of their own for a refused signature.
#[test]
fn a_refused_signature_is_no_divergence_whatever_its_code() {
    let server = super::server(None);
    let code = "InvalidAccessKeyId";
    let refusal = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
    let port = Port::before(&server.url(), move |_| {
        Some(http("403 Forbidden", "text/xml", refusal.as_bytes()))
    });
    let output = super::iamspec(&["run", "--endpoint", &port.url, "delete-user/alone/*"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("0 findings") && text.contains(code), "{text}");
    assert!(text.contains("(signed with the key AKIAIOSFODNN7EXAMPLE"), "{text}");
}

/// What the commands do with the options of the run that they clean up after.
#[test]
fn the_printed_cleanup_command_connects_as_the_run_did() {
    let refusal = b"<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code>\
        <Message>no</Message></Error></ErrorResponse>";
    let server = server_with_own_key();
    let port = Port::before(&server.url(), |body| {
        let is_last = body.contains("Action=DeleteUser&");
        is_last.then(|| http("409 Conflict", "text/xml", refusal))
    });
    let mut command = super::command(&[
        "run",
        "--credentials",
        "env",
        "--endpoint",
        &port.url,
        "delete-user/bare",
    ]);
    let output = command.envs(OWN).output().unwrap();
    let text = text_of(&output);
    assert!(text.contains("--credentials env"), "{text}");
}
