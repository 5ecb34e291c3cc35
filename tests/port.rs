//! A fake endpoint that responds as a test demands.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

/// A fake endpoint. Without a response, it keeps the connection open until the end of the test.
pub(super) struct Port {
    pub(super) url: String,
    _end: mpsc::Sender<()>,
}

impl Port {
    /// Responds to every request with the same bytes.
    pub(super) fn answering(answer: Vec<u8>) -> Self {
        Self::telling(move |_| Some(answer.clone()))
    }

    /// Never responds.
    pub(super) fn silent() -> Self {
        Self::telling(|_| None)
    }

    /// Responds to the body of a request.
    pub(super) fn telling(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self::listening(move |request| answer(&request.body))
    }

    /// A proxy of another port, which may respond to a body itself.
    pub(super) fn before(
        other: &str,
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::listening(move |request| {
            answer(&request.body).or_else(|| Some(request.forward(&other)))
        })
    }

    /// A proxy of another port that may respond to the head and the body of a request itself.
    pub(super) fn guarding(
        other: &str,
        mut answer: impl FnMut(&str, &str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::listening(move |request| {
            answer(&request.head, &request.body).or_else(|| Some(request.forward(&other)))
        })
    }

    /// A proxy of another port that never responds to some bodies. It waits until the client has closed
    /// the connection.
    pub(super) fn hanging(
        other: &str,
        hangs: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let hangs = Arc::new(hangs);
        let other = other.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, _) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (hangs, other) = (Arc::clone(&hangs), other.clone());
                std::thread::spawn(move || {
                    let Some(request) = Request::read(&mut stream) else { return };
                    if hangs(&request.body) {
                        _ = stream.read_to_end(&mut Vec::new());
                    } else {
                        _ = stream.write_all(&request.forward(&other));
                    }
                });
            }
        });
        Self { url, _end: end }
    }

    /// A proxy of another port that passes every request and response to `hear`.
    pub(super) fn overhearing(other: &str, hear: impl Fn(&str) + Send + 'static) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::listening(move |request| {
            let answer = request.forward(&other);
            hear(&request.body);
            hear(&String::from_utf8_lossy(&answer));
            Some(answer)
        })
    }

    /// A TLS proxy of another port. Writes its certificate to a file: one of the kind that
    /// `openssl req -x509` makes, which signs itself and is marked as an authority.
    pub(super) fn secured(other: &str, file: &std::path::Path) -> Self {
        Self::secured_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), other, file)
    }

    /// The same at this address.
    pub(super) fn secured_at(address: SocketAddr, other: &str, file: &std::path::Path) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        std::fs::write(file, own.pem()).unwrap();
        let key = key.serialize_der();
        let config = rustls::ServerConfig::builder_with_provider(
            rustls::crypto::ring::default_provider().into(),
        );
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key);
        let config = config.with_single_cert(vec![own.der().clone()], key.into()).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind(address).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (end, _) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream);
                // A client that does not trust the certificate closes the connection.
                let Some(request) = Request::read(&mut stream) else { continue };
                _ = stream.write_all(&request.forward(&other));
                stream.conn.send_close_notify();
                _ = stream.flush();
            }
        });
        Self { url, _end: end }
    }

    /// A proxy of another port that changes the bodies of requests.
    pub(super) fn altering(other: &str, change: impl Fn(&str) -> String + Send + 'static) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::listening(move |request| {
            let body = change(&request.body);
            let length = format!("content-length: {}", body.len());
            let lines = request.head.lines().map(|line| {
                let is_length = line.to_ascii_lowercase().starts_with("content-length:");
                if is_length { length.as_str() } else { line }
            });
            let head = lines.collect::<Vec<_>>().join("\r\n");
            Some(Request { head, body }.forward(&other))
        })
    }

    /// A proxy of another port that rewrites responses. `rewrite` gets the head and the body of the
    /// request, and the response.
    pub(super) fn rewriting(
        other: &str,
        mut rewrite: impl FnMut(&str, &str, Vec<u8>) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let other = other.trim_start_matches("http://").to_owned();
        Self::listening(move |request| {
            Some(rewrite(&request.head, &request.body, request.forward(&other)))
        })
    }

    fn listening(mut answer: impl FnMut(&Request) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = Request::read(&mut stream) else { continue };
                match answer(&request) {
                    // The client may have closed the connection.
                    Some(answer) => _ = stream.write_all(&answer),
                    // Ends when the test drops the port.
                    None => drop((ended.recv(), stream)),
                }
            }
        });
        Self { url, _end: end }
    }
}

/// A request: its head and its body.
struct Request {
    head: String,
    body: String,
}

impl Request {
    /// Reads the whole request, so that closing the connection does not reset it.
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

    /// Forwards the request to another port and returns its response. A request to another host,
    /// which came here as to a proxy, is addressed to that port.
    fn forward(&self, other: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(other).unwrap();
        let mut head = self.head.clone();
        if let Some((method, rest)) = self.head.split_once(" http://") {
            let (host, rest) = rest.split_once('/').unwrap();
            let host = |line: &str| line.eq_ignore_ascii_case(&format!("host: {host}"));
            let lines = rest.lines().filter(|line| !host(line)).collect::<Vec<_>>().join("\r\n");
            head = format!("{method} /{lines}\r\nhost: {other}");
        }
        // Tests reach this port as a remote endpoint by this host.
        let remote = |line: &str| line.to_ascii_lowercase().starts_with("host: 0.0.0.0");
        if head.lines().any(remote) {
            let lines = head.lines().filter(|line| !remote(line)).collect::<Vec<_>>().join("\r\n");
            head = format!("{lines}\r\nhost: {other}");
        }
        let request = format!("{head}\r\nconnection: close\r\n\r\n{}", self.body);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // The other port may close the connection early.
        _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// An HTTP response.
pub(super) fn http(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A proxy that sends each response twice in one write, and keeps the connection open. A response
/// is as long as the first read of the client, so that the second copy stays unread.
pub(super) fn sending_twice(other: &str) -> String {
    const LENGTH: usize = 8192;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = other.to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let other = other.clone();
            std::thread::spawn(move || {
                while let Some(request) = Request::read(&mut stream) {
                    let answer = String::from_utf8(request.forward(&other)).unwrap();
                    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                    let status = head.lines().next().unwrap();
                    let head = |length: usize| {
                        format!(
                            "{status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\r\n"
                        )
                    };
                    let length = LENGTH - head(LENGTH - 100).len();
                    let answer = format!("{}{body:<length$}", head(length));
                    _ = stream.write_all(answer.repeat(2).as_bytes());
                }
            });
        }
    });
    url
}

/// A proxy that responds once on each connection and does not say that it closes it: it does so when the next
/// request arrives.
pub(super) fn closing_silently(other: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = other.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let other = other.clone();
            std::thread::spawn(move || {
                let Some(request) = Request::read(&mut stream) else { return };
                let answer = String::from_utf8(request.forward(&other)).unwrap();
                let answer = answer.replacen("connection: close\r\n", "", 1);
                _ = stream.write_all(answer.as_bytes());
                _ = Request::read(&mut stream);
            });
        }
    });
    url
}
