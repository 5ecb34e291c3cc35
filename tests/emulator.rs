//! `--endpoint emulator`, against a stand-in for AWS Emulator.
//!
//! The stand-in follows the documentation of the program, which was not available: HTTPS, a new key and
//! a new certificate with each start, their files in `~/.aws/emulator/PORT/` while it runs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;

use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::server::{Options, Server};

use super::port::Port;

/// A running stand-in. Dropping it stops it and removes its files.
struct StandIn {
    _server: Server,
    _port: Port,
    port: u16,
    folder: PathBuf,
}

impl StandIn {
    /// Starts at this port, or at a free one, and writes the files below this home folder.
    fn start(home: &Path, port: Option<u16>, secret: &str) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let key = format!("ASIA0KEY0OF0{}", secret.get(..5).unwrap().to_ascii_uppercase());
        let root = Some(Identity::new(&key, secret, None, "a test"));
        let options = Options { verify_signatures: true, root, ..Options::default() };
        let server = Server::start(free, options).unwrap();
        let port =
            port.unwrap_or_else(|| TcpListener::bind(free).unwrap().local_addr().unwrap().port());
        let folder = home.join(".aws/emulator").join(port.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| folder.join(name);
        let secured =
            Port::secured_at((Ipv4Addr::LOCALHOST, port).into(), &server.url(), &file("ca.pem"));
        let settings = format!(
            "[default]\nregion = us-east-1\nendpoint_url = https://127.0.0.1:{port}\nca_bundle = {}\n",
            file("ca.pem").display()
        );
        std::fs::write(file("config"), settings).unwrap();
        let keys =
            format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
        std::fs::write(file("credentials"), keys).unwrap();
        Self { _server: server, _port: secured, port, folder }
    }

    /// The endpoint option that names it.
    fn option(&self) -> String {
        format!("emulator:{}", self.port)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// The program with this home folder, and credentials in the environment that must not be used.
fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = super::command(words);
    command.env("HOME", home).env("AWS_ACCESS_KEY_ID", "WRONG");
    command.env("AWS_SECRET_ACCESS_KEY", "wrong").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    command
}

fn text_of(output: &Output) -> String {
    super::stdout(output) + &super::stderr(output)
}

#[test]
fn a_running_emulator_is_tested_with_its_own_key_and_certificate() {
    let home = super::reports::folder("emulator-runs");
    let emulator = StandIn::start(&home, None, "first0first0first0");
    let endpoint = emulator.option();
    let words = ["run", "--endpoint", &endpoint, "delete-user/alone/*", "--tier", "text"];
    let output = command(&home, &words).output().unwrap();
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let signer = "signed with the key ASIA0KEY0OF0FIRST from the emulator at port";
    assert!(text.contains(signer), "{text}");
    let port = emulator.port;
    drop(emulator);
    for (words, reason) in [
        (["run", "--endpoint", &*endpoint, "delete-user/bare"], format!("runs at port {port}")),
        (["run", "--endpoint", "emulator", "delete-user/bare"], "runs at port 9297".to_owned()),
        (["run", "--endpoint", "emulator:0", "delete-user/bare"], "from 1 to 65535".to_owned()),
        (["run", "--endpoint", "emulator:x", "delete-user/bare"], "from 1 to 65535".to_owned()),
    ] {
        let output = command(&home, &words).output().unwrap();
        let text = text_of(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&reason) && text.lines().count() == 1, "{text}");
    }
    std::fs::remove_dir_all(home).unwrap();
}

#[test]
fn the_key_of_an_emulator_cannot_be_replaced() {
    let home = super::reports::folder("emulator-key");
    let emulator = StandIn::start(&home, None, "only00only00only00");
    let endpoint = emulator.option();
    let words = ["run", "--endpoint", &endpoint, "--credentials", "env", "delete-user/bare"];
    let output = command(&home, &words).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text_of(&output));
    assert!(text_of(&output).contains("signs with the key of the running emulator"));
    drop(emulator);
    std::fs::remove_dir_all(home).unwrap();
}

/// A run against a stand-in that is stopped after some calls, and started again if `again` says so.
fn interrupted_run(name: &str, again: bool, suite: &[&str]) -> String {
    let home = super::reports::folder(name);
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let port = TcpListener::bind(free).unwrap().local_addr().unwrap().port();
    let folder = home.join(".aws/emulator").join(port.to_string());
    // The first instance replaces its own files after some calls, as a restart does.
    let server = Server::start(free, Options::default()).unwrap();
    let (calls, changed) = mpsc::channel();
    let (home_of_proxy, folder_of_proxy) = (home.clone(), folder.clone());
    let proxy = Port::overhearing(&server.url(), move |_| {
        _ = calls.send(());
    });
    std::fs::create_dir_all(&folder).unwrap();
    let write = |secret: &str, url: &str| {
        let settings = format!("[default]\nregion = us-east-1\nendpoint_url = {url}\n");
        std::fs::write(folder.join("config"), settings).unwrap();
        let keys =
            format!("[default]\naws_access_key_id = {secret}\naws_secret_access_key = {secret}\n");
        std::fs::write(folder.join("credentials"), keys).unwrap();
    };
    write("FIRST", &proxy.url);
    let endpoint = format!("emulator:{port}");
    let words = [&["run", "--endpoint", &endpoint][..], suite].concat();
    let mut command = command(&home_of_proxy, &words);
    let command = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    for _ in 0..60 {
        changed.recv().unwrap();
    }
    if again {
        write("SECOND", &proxy.url);
    } else {
        std::fs::remove_dir_all(folder_of_proxy).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    std::fs::remove_dir_all(home).unwrap();
    text
}

/// What a new instance answers is not compared, although it accepts every signature here.
#[test]
fn a_restart_during_a_run_ends_it_without_a_finding() {
    for (again, reason) in [(true, "was restarted: its files"), (false, "has stopped: its files")] {
        let suite = ["--suite", "scripts"];
        let text = interrupted_run(&format!("emulator-{again}"), again, &suite);
        assert!(text.contains(reason) && text.contains("what it held is lost"), "{text}");
        assert!(text.contains("incomplete: 0 findings"), "{text}");
    }
}

/// A restarted stand-in has another key and another certificate, and knows nothing of the run.
#[test]
fn a_stand_in_that_is_restarted_during_a_run_is_not_accused() {
    let home = super::reports::folder("emulator-restart");
    let first = StandIn::start(&home, None, "first0first0first0");
    let endpoint = first.option();
    let trace = home.join("trace.jsonl");
    let shown = trace.display().to_string();
    let words = ["run", "--endpoint", &endpoint, "--trace", &shown, "--suite", "scripts"];
    let mut command = command(&home, &words);
    let command = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    // The run has begun when its trace shows a created user.
    while !std::fs::read_to_string(&trace).unwrap_or_default().contains("CreateUser") {
        std::thread::yield_now();
    }
    let folder = first.folder.clone();
    drop(first);
    let free = StandIn::start(&home, None, "second0second0seco");
    // The second instance writes into the folder of the first one.
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["config", "credentials", "ca.pem"] {
        std::fs::copy(free.folder.join(name), folder.join(name)).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("incomplete: 0 findings"), "{text}");
    assert!(text.contains("what it held is lost"), "{text}");
    drop(free);
    std::fs::remove_dir_all(home).unwrap();
}

/// The emulator is found when its folder appears.
#[test]
fn a_run_waits_for_an_emulator_that_starts() {
    let home = super::reports::folder("emulator-starts");
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let port = TcpListener::bind(free).unwrap().local_addr().unwrap().port();
    let endpoint = format!("emulator:{port}");
    let words = ["run", "--endpoint", &endpoint, "--wait", "600s", "delete-user/bare"];
    let mut command = command(&home, &words);
    let command = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let emulator = StandIn::start(&home, Some(port), "late00late00late00");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text_of(&output));
    drop(emulator);
    std::fs::remove_dir_all(home).unwrap();
}

#[test]
fn an_issue_for_the_emulator_has_a_short_program() {
    let folder = super::reports::folder("emulator-issue");
    let run = folder.join("run.jsonl").display().to_string();
    let report = format!("json={run}");
    let words = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/mfa-device"];
    super::iamspec(&[&words[..], &["--report", &report]].concat());
    let words = ["report", "issue", &run, "DeleteUser/*", "--to", "aws-emulator"];
    let output = super::iamspec(&words);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(
        text.starts_with("# DeleteUser returns 200 if the user holds an MFA device\n"),
        "{text}"
    );
    let (_, program) = text.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let last = "response = call(\"DeleteUser u0\", [\"409 DeleteConflict\"], iam.delete_user, ";
    assert!(program.contains(last), "{program}");
    assert!(program.contains("boto3.client(\"iam\", config="), "{program}");
    assert!(!program.contains("http://"), "the SDK finds the endpoint itself: {program}");
    assert!(program.ends_with("raise SystemExit(differs)\n"), "{program}");
    std::fs::write(folder.join("program.py"), program).unwrap();
    let file = folder.join("program.py").display().to_string();
    let compiled = Command::new("python3").args(["-m", "py_compile", &file]).output();
    if let Ok(compiled) = compiled {
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
