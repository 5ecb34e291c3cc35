//! `iamspec record`: a proxy that forwards requests unchanged and writes a HAR file without secrets,
//! which `iamspec audit` reads.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::audited_facts::audit;
use super::reports::folder;
use super::server::between;

/// A running `iamspec record`.
pub(super) struct Recording {
    child: Child,
    pub(super) url: String,
    file: PathBuf,
}

impl Recording {
    pub(super) fn of(endpoint: &str, file: PathBuf) -> Self {
        let name = file.display().to_string();
        let words = ["record", "--listen", "127.0.0.1:0", "--to", endpoint, "-o", &name];
        let mut command = super::command(&words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned(), file }
    }

    /// Stops the proxy. Returns the text of the file and what was printed.
    pub(super) fn end(mut self) -> (String, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut printed = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{printed}");
        (std::fs::read_to_string(&self.file).unwrap(), printed)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // It may have ended before.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Records a run against an endpoint. Returns the file.
fn recorded_run(folder: &Path, endpoint: &str, scripts: &[&str]) -> (PathBuf, String) {
    let file = folder.join("traffic.har");
    let recording = Recording::of(endpoint, file.clone());
    let options = ["run", "--endpoint", &recording.url];
    let run = super::iamspec(&[&options[..], scripts].concat());
    assert!(matches!(run.status.code(), Some(0 | 1)), "{}", super::stderr(&run));
    let (text, printed) = recording.end();
    assert!(printed.contains("exchange"), "{printed}");
    (file, text)
}

/// The signatures stay valid, and the responses of the reference endpoint are possible.
#[test]
fn recorded_traffic_of_the_reference_endpoint_is_possible() {
    let folder = folder("record");
    let served = super::Served::with(&["--verify-signatures"]);
    let (file, text) = recorded_run(&folder, &served.url, &["--suite", "cover"]);
    assert!(text.contains("Action=CreateAccessKey") && text.contains("Action=DeleteUser"));
    assert!(!text.contains("SignatureDoesNotMatch"), "a signature is not valid any more");
    for options in [&["--tier", "text"][..], &["--start", "empty", "--tier", "text"]] {
        let (code, printed) = audit(&file, options);
        assert_eq!(code, 0, "{printed}");
        let possible = between(&printed, "events: ", " possible").parse::<usize>();
        assert!(possible.is_ok_and(|it| it > 500), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn recorded_traffic_of_a_mutant_is_impossible() {
    let folder = folder("record-mutant");
    let served = super::Served::with(&["--mutant", "forgets-access-key"]);
    let scripts = ["delete-user/alone/access-key"];
    let (file, _) = recorded_run(&folder, &served.url, &scripts);
    let (code, printed) = audit(&file, &[]);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.starts_with("DeleteUser/holds-access-key"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Sends a request, and returns the response of the server.
fn exchange(url: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

const SECRETS: [&str; 7] = [
    "Hunter2-of-alice",
    "aGVsbG8tc2Vzc2lvbi10b2tlbi1vZi1ib2I",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYabcdefghij",
    "cookie-of-a-browser",
    "content-of-another-service",
    "-----BEGIN-of-a-private-key",
];

/// The request arrives as it was sent, and the file has nothing of what must stay secret.
#[test]
fn requests_are_unchanged_and_no_secret_is_in_the_file() {
    let folder = folder("record-secrets");
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", upstream.local_addr().unwrap());
    let [password, token, signature, key, cookie, content, private] = SECRETS;
    let seen = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for stream in upstream.incoming().take(5) {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.push_str(std::str::from_utf8(&body).unwrap());
            // The response repeats the request, and issues a key.
            let body = format!(
                "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>alice-of-team-7\
                 </UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>{key}\
                 </SecretAccessKey><Echo>{key} {signature} {token}</Echo></AccessKey>\
                 </CreateAccessKeyResult></CreateAccessKeyResponse>"
            );
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nx-other: kept\r\nset-cookie: {cookie}\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            seen.push(request);
        }
        seen
    });
    let recording = Recording::of(&endpoint, folder.join("secrets.har"));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iam/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}"
    );
    let head = format!(
        "host: localhost:1\r\nauthorization: {authorization}\r\nx-amz-security-token: {token}\r\n\
         cookie: {cookie}\r\nconnection: close\r\n"
    );
    let post = |form: &str, kind: &str| {
        format!(
            "POST / HTTP/1.1\r\n{head}content-type: {kind}\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        )
    };
    let form = format!(
        "Action=CreateAccessKey&Version=2010-05-08&UserName=alice-of-team-7&Password={password}"
    );
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let answered = exchange(&recording.url, &post(&form, kind));
    assert!(answered.contains(key) && answered.contains("x-other: kept"), "{answered}");
    let query = format!(
        "/?Action=CreateAccessKey&Version=2010-05-08&UserName=alice-of-team-7\
         &X-Amz-Signature={signature}&X-Amz-Security-Token={token}"
    );
    let answered = exchange(
        &recording.url,
        &format!("GET {query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
    );
    assert!(answered.contains(key), "{answered}");
    // A request of another service.
    let other = format!("{{\"secret\": \"{content}\"}}");
    exchange(&recording.url, &post(&other, "application/x-amz-json-1.1"));
    // An action that the program does not know, and a type in capitals.
    let certificate = "Action=UploadServerCertificate&Version=2010-05-08&ServerCertificateName=a";
    let unknown = format!("{certificate}&PrivateKey={private}&Other={private}");
    exchange(&recording.url, &post(&unknown, kind));
    exchange(&recording.url, &post(&form, "Application/X-WWW-Form-URLEncoded"));
    let (text, printed) = recording.end();
    let seen = seen.join().unwrap();
    for expected in [form.as_str(), "host: localhost:1\r\n", &authorization, token, cookie] {
        assert!(seen[0].contains(expected), "{expected}: {}", seen[0]);
    }
    assert!(seen[1].starts_with(&format!("GET {query} HTTP/1.1\r\n")), "{}", seen[1]);
    assert!(seen[2].ends_with(&other), "{}", seen[2]);
    for secret in SECRETS {
        assert!(!text.contains(secret) && !printed.contains(secret), "{secret}: {text}");
    }
    let har: Value = serde_json::from_str(&text).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 5);
    let sent = |index: usize| entries[index]["request"]["postData"]["text"].as_str().unwrap();
    assert_eq!(sent(3), "Action=UploadServerCertificate&Version=2010-05-08");
    assert_eq!(sent(4), sent(0));
    let body = entries[0]["response"]["content"]["text"].as_str().unwrap();
    // The names that the request contains are shown, so that the file can be audited.
    assert!(body.contains("<UserName>alice-of-team-7</UserName>"), "{body}");
    assert!(text.contains("Credential=AKIAIOSFODNN7EXAMPLE/20260101"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Until the end, the file has its old content; then the new one, for its owner only.
#[test]
fn the_file_is_replaced_as_a_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("record-file");
    let file = folder.join("traffic.har");
    std::fs::write(&file, "old").unwrap();
    let server = super::server(None);
    let recording = Recording::of(&server.url(), file.clone());
    let request = "GET /?Action=GetUser&Version=2010-05-08&UserName=a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(exchange(&recording.url, request).contains("NoSuchEntity"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    let (text, _) = recording.end();
    let har: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 1);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The client gets status 502, and the recording has a call without a response.
#[test]
fn an_endpoint_that_does_not_run_is_named() {
    let folder = folder("record-nothing");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let recording = Recording::of(&endpoint, folder.join("nothing.har"));
    let request = "GET /?Action=GetUser&Version=2010-05-08&UserName=a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answered = exchange(&recording.url, request);
    assert!(answered.starts_with("HTTP/1.1 502") && answered.contains(&endpoint), "{answered}");
    let (text, printed) = recording.end();
    assert!(printed.contains(&endpoint), "{printed}");
    let har: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let folder = folder("record-refused");
    let file = folder.join("x.har").display().to_string();
    for (words, why) in [
        (&["--to", "http://127.0.0.1:1/path", "-o", &file][..], "has a path"),
        (&["--to", "ftp://127.0.0.1/", "-o", &file], "is not an HTTP URL"),
        (&["--to", "http://a:b@127.0.0.1/", "-o", &file], "has a user or a password"),
        (&["--to", "http://127.0.0.1:1", "-o", "/dev/null"], "is not a file that can be replaced"),
        (&["--to", "http://127.0.0.1:1", "-o", "/nowhere/x.har"], "cannot write /nowhere/x.har"),
        (
            &["--to", "http://127.0.0.1:1", "-o", &file, "--listen", "0.0.0.0:0"],
            "can be reached by other machines",
        ),
    ] {
        let output = super::iamspec(&[&["record"], words].concat());
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(why), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
