//! An endpoint that repeats what it was sent, and the secrets that it issued, in every place and
//! every encoding. No output may contain any of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aho_corasick::AhoCorasick;
use data_encoding::BASE64;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::port::{Port, http};
use super::reports::folder;

const TOKEN: &str = "IQoJb3JpZ2luX2VjEOr//TOKEN+of/the+caller==";
const SECRET: &str = "wXb9Kq2/the+secret/key/of/the/caller/0Q";

/// What the endpoint has sent and received.
#[derive(Default)]
struct Overheard {
    /// Values of eight letters and digits or more.
    secrets: BTreeSet<String>,
    /// Codes of MFA devices.
    codes: BTreeSet<String>,
    responses: usize,
    /// The last secrets that were issued.
    recent: Vec<String>,
}

/// The names of the members and elements that hold secrets.
const SECRETS: [&str; 9] = [
    "SecretAccessKey",
    "Base32StringSeed",
    "QRCodePNG",
    "ServicePassword",
    "ServiceCredentialSecret",
    "Password",
    "OldPassword",
    "NewPassword",
    "x-amz-security-token",
];

impl Overheard {
    fn hear(&mut self, head: &str, body: &str, answer: &str) {
        for line in head.lines() {
            if let Some((name, value)) = line.split_once(": ") {
                let signature = value.split("Signature=").nth(1);
                self.secrets.extend(signature.map(str::to_owned));
                if name.eq_ignore_ascii_case("x-amz-security-token") {
                    self.secrets.insert(value.to_owned());
                }
            }
        }
        for (name, value) in form_urlencoded::parse(body.as_bytes()) {
            if SECRETS.contains(&&*name) {
                self.secrets.insert(value.into_owned());
            } else if name.starts_with("AuthenticationCode") {
                self.codes.insert(value.into_owned());
            }
        }
        for name in SECRETS {
            let Some((_, rest)) = answer.split_once(&format!("<{name}>")) else { continue };
            let value = rest.split('<').next().unwrap().to_owned();
            if name == "Base32StringSeed" {
                let seed = BASE64.decode(value.as_bytes()).unwrap();
                self.secrets.insert(String::from_utf8(seed).unwrap());
            }
            self.recent.push(value.clone());
            self.secrets.insert(value);
        }
    }
}

fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// The number of encodings.
const ENCODINGS: usize = 20;

/// A text in one of the encodings, as it stands in XML.
fn encoded(text: &str, number: usize) -> String {
    let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let code = u32::from;
    match number % ENCODINGS {
        0 => escaped(text),
        1 => percent,
        2 => utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
        3 => each(text, |it| {
            if it.is_ascii_alphanumeric() { it.to_string() } else { format!("%{:02x}", code(it)) }
        }),
        4 => escaped(&form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()),
        5 => each(text, |it| format!("&#{};", code(it))),
        6 => each(text, |it| format!("&#x{:x};", code(it))),
        7 => each(text, |it| format!("&#x{:04X};", code(it))),
        8 => escaped(&escaped(text)),
        9 => escaped(&serde_json::to_string(text).unwrap()),
        10 => each(text, |it| format!("\\u{:04x}", code(it))),
        11 => BASE64.encode(text.as_bytes()),
        12 => BASE64.encode(percent.as_bytes()),
        13 => data_encoding::BASE64_MIME.encode(text.as_bytes()),
        14 => data_encoding::BASE64URL_NOPAD.encode(format!("x{text}").as_bytes()),
        15 => escaped(&text.to_uppercase()),
        16 => escaped(&text.to_lowercase()),
        17 => escaped(&text.chars().rev().collect::<String>()),
        18 => data_encoding::HEXLOWER.encode(text.as_bytes()),
        _ => each(text, |it| format!("%{:02X}", code(it))),
    }
}

/// The response with the echo in one of the places.
fn with_echo(answer: &str, echo: &str, number: usize, plain: &str) -> Vec<u8> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return answer.into() };
    let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned();
    let xml = "text/xml";
    let (one, two) =
        echo.split_at((echo.len() / 2..=echo.len()).find(|it| echo.is_char_boundary(*it)).unwrap());
    let at_end = |inner: &str| match body.rsplit_once("</") {
        Some((before, name)) => format!("{before}{inner}</{name}"),
        None => body.to_owned(),
    };
    let quoted = echo.replace('"', "&quot;");
    let words: String = plain.chars().filter(char::is_ascii_alphanumeric).take(4000).collect();
    let refusal = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    let new_body = match number % 23 {
        0 => body.replacen('>', &format!(" echo=\"{quoted}\">"), 2),
        1 => at_end(&format!("<Echo>{echo}</Echo>")),
        2 => at_end(&format!("<!-- {} -->", echo.replace("--", "- -"))),
        3 => at_end(&format!("<Echo><![CDATA[{echo}]]></Echo>")),
        4 => at_end(&format!("<Echo><a>{one}</a><b c='d'>{two}</b></Echo>")),
        5 => at_end(&format!("<Echo>{one}<!-- x -->{two}</Echo>")),
        6 | 7 => body.replace("</Message>", &format!(" {echo}</Message>")),
        8 => body.replace("<Message>", &format!("<Message>{}", echo.repeat(30))),
        9 => body.replace("<RequestId>", &format!("<RequestId>{echo}")),
        10 => body.replacen("<UserName>", &format!("<UserName>{echo}"), 1),
        11 => body.replacen("<member>", &format!("<member><AccessKeyId>{echo}</AccessKeyId>"), 1),
        12 => body.replacen("<GroupName>", &format!("<GroupName>{echo}"), 1),
        13 => body.replace("<Code>", &format!("<Code>{echo}")),
        14 => return http("403 No", xml, refusal("SignatureDoesNotMatch", echo).as_bytes()),
        15 => return http("403 No", xml, refusal("AccessDenied", echo).as_bytes()),
        16 => return http("400 Bad", xml, refusal("ValidationError", echo).as_bytes()),
        17 => {
            let json = serde_json::json!({"message": echo, "list": [one, two]}).to_string();
            return http(&status, "application/json", json.as_bytes());
        }
        18 => return http(&status, "text/html", format!("<html>{echo}</html>").as_bytes()),
        19 => return http("500 Oops", xml, format!("<{words}>{echo}</{words}>").as_bytes()),
        20 => return http(&status, xml, format!("<R><a>{echo}</b></R>").as_bytes()),
        21 => {
            let kind = words.get(..words.len().min(1000)).unwrap();
            return http(&status, &format!("text/xml; {kind}"), body.as_bytes());
        }
        _ => return http("503 Slow", xml, refusal(&words, echo).as_bytes()),
    };
    http(&status, xml, new_body.as_bytes())
}

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// An endpoint that passes everything on to the reference endpoint and repeats it in its responses.
fn echoing(reference: &str) -> (Port, Arc<Mutex<Overheard>>) {
    let overheard = Arc::new(Mutex::new(Overheard::default()));
    let shared = Arc::clone(&overheard);
    let port = Port::rewriting(reference, move |head, body, answer| {
        if body.contains("GetCallerIdentity") || body.contains("ListAccountAliases") {
            return http("200 OK", "text/xml", IDENTITY.as_bytes());
        }
        let answer = String::from_utf8(answer).unwrap();
        let mut overheard = shared.lock().unwrap();
        let before = overheard.recent.len();
        overheard.hear(head, body, &answer);
        let recent = overheard.recent.iter().rev().take(3).filter(|it| it.len() < 500);
        let recent: Vec<&str> = recent.map(String::as_str).collect();
        let members: String = form_urlencoded::parse(body.as_bytes())
            .flat_map(|(name, value)| {
                [name.into_owned(), ": ".into(), value.into_owned(), "\n".into()]
            })
            .collect();
        // The codes of earlier calls, whose responses are withheld.
        let codes: Vec<&str> = overheard.codes.iter().take(3).map(String::as_str).collect();
        let (recent, codes) = (recent.join("\n"), codes.join("|"));
        let echo = format!("{codes}\n{recent}\n{members}{body}\n{head}");
        let number = overheard.responses;
        overheard.responses += 1;
        // A setup without a fault now and then, so that later calls are sent too.
        if number.is_multiple_of(3) {
            return answer.into_bytes();
        }
        // What the client has not received as a secret may be repeated in this response only.
        if number % 23 >= 14 {
            overheard.recent.truncate(before);
        }
        with_echo(&answer, &encoded(&echo, number / 23 + number), number, &echo)
    });
    (port, overheard)
}

/// The parts of a secret in the encodings that an output may have.
fn patterns(secrets: &BTreeSet<String>) -> BTreeSet<String> {
    let mut patterns = BTreeSet::new();
    for secret in secrets {
        let length = secret.len().min(16);
        let middle = (secret.len() - length) / 2;
        for part in [0, middle, secret.len() - length] {
            let part = &secret[part..part + length];
            for number in 0..ENCODINGS {
                patterns.insert(encoded(part, number));
            }
            patterns.insert(part.to_owned());
        }
        // What surrounds a secret moves it by up to two bytes in base 64.
        for before in 1..3 {
            let whole = BASE64.encode([&vec![b'x'; before], secret.as_bytes()].concat().as_slice());
            patterns.insert(whole[4..whole.len() - 4].chars().take(24).collect());
        }
    }
    patterns.retain(|it| it.len() >= 12);
    patterns
}

/// Whether a text has a code as a word of its own, decoded or not.
fn codes_in(text: &str, codes: &BTreeSet<String>) -> Vec<String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let decoded = decoded.replace("&#", "").replace("\\u00", "");
    let mut found = Vec::new();
    for text in [text, &decoded] {
        let words = text.split(|it: char| !it.is_ascii_alphanumeric());
        found.extend(words.filter(|it| codes.contains(*it)).map(str::to_owned));
    }
    found
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Searches every file in a folder for everything that an endpoint has overheard.
fn assert_no_secret(folder: &Path, overheard: &Overheard) {
    let patterns: Vec<String> = patterns(&overheard.secrets).into_iter().collect();
    let search = AhoCorasick::new(&patterns).unwrap();
    let mut found = Vec::new();
    files(folder, &mut found);
    let mut leaks = Vec::new();
    for file in &found {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        let name = file.file_name().unwrap().display().to_string();
        for leak in search.find_iter(&text).take(3) {
            let around = text.get(leak.start().saturating_sub(80)..leak.end() + 20);
            leaks.push(format!("{name}: {} in {:?}", &text[leak.range()], around.unwrap_or("")));
        }
        // The duration of an exchange in a trace may look like a code.
        let timed = text.lines().map(|it| match it.split_once("\"microseconds\":") {
            Some((before, after)) => {
                format!("{before}{}", after.trim_start_matches(|it: char| it.is_ascii_digit()))
            }
            None => it.to_owned(),
        });
        let timed: Vec<String> = timed.collect();
        for code in codes_in(&timed.join("\n"), &overheard.codes) {
            leaks.push(format!("{name}: the code {code}"));
        }
    }
    eprintln!(
        "{} secrets and {} codes in {} responses, {} patterns, {} files",
        overheard.secrets.len(),
        overheard.codes.len(),
        overheard.responses,
        patterns.len(),
        found.len()
    );
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

/// The options that write every file of a run into a folder.
fn outputs(folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut words = vec!["-vv".to_owned()];
    for (format, name) in [
        ("json", "run.jsonl"),
        ("html", "run.html"),
        ("junit", "run.xml"),
        ("markdown", "run.md"),
        ("badge", "badge.json"),
        ("sarif", "run.sarif"),
    ] {
        words.extend(["--report".to_owned(), format!("{format}={}", file(name))]);
    }
    for (option, name) in [
        ("--trace", "trace.jsonl"),
        ("--record", "record.jsonl"),
        ("--coverage", "coverage.json"),
        ("--known-failures", "known-failures.toml"),
        ("--regressions", "regressions"),
    ] {
        words.extend([option.to_owned(), file(name)]);
    }
    words.push("--update-known-failures".to_owned());
    words
}

/// A run with every output in a folder, and what other commands make of its files.
fn run(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Option<i32> {
    let outputs = outputs(folder);
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let mut command = super::command(&[&["run"], words, &outputs].concat());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    std::fs::write(folder.join("stdout"), &output.stdout).unwrap();
    std::fs::write(folder.join("stderr"), &output.stderr).unwrap();
    let report = folder.join("run.jsonl").display().to_string();
    for (name, words) in [
        ("show", &["report", "show", &report, "--show", "all"][..]),
        ("issue", &["report", "issue", &report]),
        ("diff", &["report", "diff", &report, &report]),
        ("evidence", &["evidence", "show", &folder.join("record.jsonl").display().to_string()]),
    ] {
        let output = super::iamspec(words);
        std::fs::write(folder.join(name), [output.stdout, output.stderr].concat()).unwrap();
    }
    output.status.code()
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = folder(name);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("known-failures.toml"), "").unwrap();
    folder
}

#[test]
fn no_output_contains_what_an_endpoint_repeats() {
    let folder = empty_folder("echo");
    let server = super::server(None);
    let (port, overheard) = echoing(&server.url());
    overheard.lock().unwrap().secrets.extend([TOKEN.to_owned(), SECRET.to_owned()]);
    let url = port.url.replace("127.0.0.1", "0.0.0.0");
    let journal = folder.join("journal").display().to_string();
    let code = run(
        &folder,
        &[
            "--endpoint",
            &url,
            "--i-own-this-account",
            "123456789012",
            "--rate",
            "100000",
            "--tier",
            "text",
            "--level",
            "info",
            "--journal",
            &journal,
        ],
        &[
            ("AWS_ACCESS_KEY_ID", "AKIAECHOECHOECHOECHO"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", TOKEN),
        ],
    );
    assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}");
    let overheard = overheard.lock().unwrap();
    assert!(overheard.secrets.len() > 300 && overheard.codes.len() > 10);
    assert_no_secret(&folder, &overheard);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn no_output_contains_what_an_endpoint_repeats_to_a_driver() {
    let folder = empty_folder("echo-driver");
    let server = super::server(None);
    let (port, overheard) = echoing(&server.url());
    let driver = format!("{} driver", env!("CARGO_BIN_EXE_iamspec"));
    let words = ["--endpoint", &port.url, "--driver", &driver, "delete-user/*", "reset/*"];
    let code = run(&folder, &words, &[]);
    assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}");
    let overheard = overheard.lock().unwrap();
    assert!(overheard.secrets.len() > 50);
    assert_no_secret(&folder, &overheard);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_long_text_is_cut_everywhere_and_does_not_fill_the_memory() {
    let folder = empty_folder("megabyte");
    let server = super::server(None);
    let long = "y".repeat(200_000 - 2000);
    let mut number = 0;
    let port = Port::rewriting(&server.url(), move |_, _, answer| {
        number += 1;
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.lines().next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let tag = if number % 5 == 0 { "Code" } else { "Message" };
        let body = body.replace(&format!("<{tag}>"), &format!("<{tag}>{long}"));
        let body = match number % 7 {
            0 => body.replacen("<UserName>", &format!("<UserName>{long}"), 1),
            1 => body.replacen("<RequestId>", &format!("<RequestId>{long}"), 1),
            _ => body,
        };
        http(&status, "text/xml", body.as_bytes())
    });
    let words = outputs(&folder);
    let trace = words.iter().position(|it| it == "--trace").unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = [&words[1..trace], &words[trace + 2..], &["--endpoint", &port.url]].concat();
    let limited = format!("ulimit -v 900000; exec \"$0\" run \"$@\" --tier text {SCRIPTS}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_iamspec")]).args(&words);
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let output = command.output().unwrap();
    let printed = super::stdout(&output);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", super::stderr(&output));
    assert!(printed.contains("… (cut, 198,0"), "{}", &printed[..printed.len().min(2000)]);
    let mut written = Vec::new();
    files(&folder, &mut written);
    for file in written {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&"y".repeat(5000)), "{}", file.display());
    }
    assert!(printed.len() < 1_000_000, "{} bytes", printed.len());
    std::fs::remove_dir_all(folder).unwrap();
}

/// The scripts of the test above: issued secrets, refusals and listings.
const SCRIPTS: &str = "delete-user/alone/access-key delete-user/alone/mfa-device missing-user/attach missing-user/list";

#[cfg(unix)]
#[test]
fn only_the_owner_reads_what_a_run_writes() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = empty_folder("modes");
    let server = super::server(None);
    let journal = folder.join("journal").display().to_string();
    let words = ["--endpoint", &server.url(), "--journal", &journal, "delete-user/alone/*"];
    // A file that everybody can read, and a journal that remains.
    std::fs::write(folder.join("run.jsonl"), "").unwrap();
    let wrong = super::server(iamspec_conformance::Mutant::find("forgets-mfa-device"));
    let finding = ["--endpoint", &wrong.url(), "--suite", "lattice"];
    for words in [&words[..], &finding] {
        let options = outputs(&folder);
        let options =
            options.iter().map(String::as_str).filter(|it| *it != "--update-known-failures");
        super::iamspec(&[&["run"], words, &options.collect::<Vec<_>>()[..]].concat());
    }
    let mut written = Vec::new();
    files(&folder, &mut written);
    written.retain(|it| !it.ends_with("known-failures.toml"));
    assert!(written.len() > 7 && folder.join("regressions").exists(), "{written:?}");
    for file in written {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    std::fs::remove_dir_all(folder).unwrap();
}
