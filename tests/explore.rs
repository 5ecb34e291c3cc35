//! `iamspec verify --explore`, with the requests of a browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `iamspec verify --explore` on a free port. Dropping it stops the process.
struct Explorer {
    child: Child,
    address: String,
}

impl Drop for Explorer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Explorer {
    fn on(scope: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_iamspec"))
            .args(["verify", scope, "--explore", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        let mut explorer = Self { child, address: String::new() };
        BufReader::new(stdout).read_line(&mut line).unwrap();
        line.trim().strip_prefix("http://").unwrap().clone_into(&mut explorer.address);
        explorer
    }

    /// The process prints its address just before it listens, so the first connections may fail.
    fn get(&self, path: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        let mut stream = loop {
            match TcpStream::connect(&self.address) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < end, "{error}"),
            }
            std::thread::yield_now();
        };
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

#[test]
fn the_explorer_shows_states_and_calls_as_in_scripts_and_findings() {
    let explorer = Explorer::on("pair");
    let first = explorer.get("/.states");
    assert!(first.contains(r#""state":"nothing exists""#), "{first}");
    let fingerprint = first.split(r#""fingerprint":""#).nth(1).unwrap().split('"').next().unwrap();
    let next = explorer.get(&format!("/.states/{fingerprint}"));
    assert!(next.contains(r#""action":"CreateUser u0""#), "{next}");
    assert!(next.contains(r#""state":"u0 {}""#), "{next}");
    assert!(explorer.get("/").contains("Stateright Explorer"));
}

#[test]
fn an_invalid_scope_or_address_is_refused() {
    for (arguments, error) in [
        (&["verify", "--explore", "192.0.2.1:80"][..], "is not a loopback address"),
        (&["verify", "no-such-scope"], "there is no scope `no-such-scope`; the scopes are one, "),
    ] {
        let output = super::iamspec(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(super::stderr(&output).contains(error), "{}", super::stderr(&output));
    }
}
