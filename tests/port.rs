//! A port that answers what a test wants it to.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

/// A port that answers every request, or, where it has no answer, holds on until the end of the test.
pub(super) struct Port {
    pub(super) url: String,
    _end: mpsc::Sender<()>,
}

impl Port {
    /// The same bytes to every request.
    pub(super) fn answering(answer: Vec<u8>) -> Self {
        Self::telling(move |_| Some(answer.clone()))
    }

    /// No answer.
    pub(super) fn silent() -> Self {
        Self::telling(|_| None)
    }

    /// What the body of the request calls for.
    pub(super) fn telling(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self::hearing(move |request| answer(&request.body))
    }

    /// What another port answers, unless there is an answer to the body already.
    pub(super) fn before(
        other: &str,
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::hearing(move |request| answer(&request.body).or_else(|| Some(request.ask(&other))))
    }

    /// What another port answers, request and answer told to somebody.
    pub(super) fn overhearing(other: &str, hear: impl Fn(&str) + Send + 'static) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::hearing(move |request| {
            let answer = request.ask(&other);
            hear(&request.body);
            hear(&String::from_utf8_lossy(&answer));
            Some(answer)
        })
    }

    /// What another port answers, over TLS, and the certificate that says so, in a file.
    pub(super) fn secured(other: &str, file: &std::path::Path) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(file, own.cert.pem()).unwrap();
        let key = own.signing_key.serialize_der();
        let config = rustls::ServerConfig::builder_with_provider(
            rustls::crypto::ring::default_provider().into(),
        );
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key);
        let config = config.with_single_cert(vec![own.cert.der().clone()], key.into()).unwrap();
        let config = std::sync::Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (end, _) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream);
                // Who does not believe the certificate hangs up.
                let Some(request) = Request::read(&mut stream) else { continue };
                _ = stream.write_all(&request.ask(&other));
                stream.conn.send_close_notify();
                _ = stream.flush();
            }
        });
        Self { url, _end: end }
    }

    fn hearing(answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = Request::read(&mut stream) else { continue };
                match answer(&request) {
                    // A client that has read enough hangs up.
                    Some(answer) => _ = stream.write_all(&answer),
                    // Ends when the test drops its end of the channel.
                    None => drop((ended.recv(), stream)),
                }
            }
        });
        Self { url, _end: end }
    }
}

/// A request, its lines and its body.
struct Request {
    head: String,
    body: String,
}

impl Request {
    /// Reads it to its end, so that closing the connection is no reset.
    fn read(stream: &mut impl std::io::Read) -> Option<Self> {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&request).to_string();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let lower = head.to_lowercase();
                let length = lower.split("content-length: ").nth(1)?.lines().next()?.trim();
                if body.len() >= length.parse().ok()? {
                    return Some(Self { head: head.to_owned(), body: body.to_owned() });
                }
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(read) => request.extend(buffer.iter().take(read)),
            }
        }
    }

    /// What the other port answers, whole.
    fn ask(&self, other: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(other).unwrap();
        let request = format!("{}\r\nconnection: close\r\n\r\n{}", self.head, self.body);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // The other port may hang up in the middle.
        _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// An answer with its head.
pub(super) fn http(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
