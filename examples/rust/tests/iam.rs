//! Starts the reference endpoint for a test, and stops it when the guard is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new("iamspec");
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("iamspec is on PATH");
        // The first line is the URL. The server responds from then on.
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().trim_start_matches("http://").to_owned();
        Self { process, address }
    }

    fn create_user(&self) -> String {
        let form = "Action=CreateUser&Version=2010-05-08&UserName=alice";
        let (host, length) = (&self.address, form.len());
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n").unwrap();
        write!(stream, "Content-Type: application/x-www-form-urlencoded\r\n").unwrap();
        write!(stream, "Content-Length: {length}\r\n\r\n{form}").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[test]
fn a_user_is_created_once() {
    let server = Server::start();
    assert!(server.create_user().starts_with("HTTP/1.1 200"));
    assert!(server.create_user().starts_with("HTTP/1.1 409"));
}
