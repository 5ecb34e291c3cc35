//! `iamspec plan --apply`: it removes what the plan shows, from that user only, and stops at
//! anything unexpected.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::port::{Port, http};
use iamspec_conformance::{Endpoint as _, Response};
use iamspec_harness::client::HttpClient;
use iamspec_harness::server::fault_injection::FaultPlan;
use iamspec_harness::server::{Options, Server};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, IssueOptions, Item, Operation, Resource, User};

pub(super) const NAME: &str = "iamspec-1-apply-1-u0";

/// A server with two users that have an attachment of each kind, and a client of their owner.
pub(super) fn with_everything(faults: FaultPlan) -> (Server, HttpClient) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(address, Options { faults, ..Options::default() }).unwrap();
    let mut owner = HttpClient::new(&server.url(), "1-apply", Duration::from_secs(5)).unwrap();
    owner.enter_new_namespace();
    for user in [User(0), User(1)] {
        let item = Item(user.0);
        ask(&mut owner, Operation::create_user(user));
        for kind in AttachmentKind::blockers() {
            if let Some(class) = kind.row().refers_to {
                ask(&mut owner, Operation::CreateResource(Resource { kind: class, item }));
            }
            ask(
                &mut owner,
                match kind.row().naming {
                    Naming::Service => Operation::Issue(user, kind, item, IssueOptions::None),
                    _ => Operation::Attach(user, kind, item),
                },
            );
        }
    }
    (server, owner)
}

fn ask(owner: &mut HttpClient, op: Operation) {
    // A throttled call is repeated.
    let answers = (0..9).map(|_| owner.execute(&op));
    let is_final = |it: &Response| !matches!(it, Response::Failed(_));
    let answer = answers.into_iter().find(is_final).unwrap();
    assert!(matches!(answer, Response::Success(_)), "{op:?}: {answer}");
}

/// A new folder for journals.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("plan-apply-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    folder
}

fn command(url: &str, folder: &std::path::Path, more: &[&str]) -> Command {
    let mut command = super::command(&["plan", NAME, "--endpoint", url, "--apply"]);
    command.arg("--journal").arg(folder).args(more).stdin(Stdio::null());
    command
}

fn apply(url: &str, folder: &std::path::Path, more: &[&str]) -> (Option<i32>, String, String) {
    let output = command(url, folder, more).output().unwrap();
    (output.status.code(), super::stdout(&output), super::stderr(&output))
}

/// The only journal of a folder, and its lines.
fn journal(folder: &std::path::Path) -> (PathBuf, Vec<serde_json::Value>) {
    let files: Vec<_> = folder.read_dir().unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    (files[0].clone(), text.lines().map(|it| serde_json::from_str(it).unwrap()).collect())
}

/// The actions of the lines of a sort.
fn actions(lines: &[serde_json::Value], sort: &str) -> Vec<String> {
    let steps = lines.iter().filter_map(|it| it.get(sort));
    steps.map(|it| it["action"].as_str().unwrap().to_owned()).collect()
}

/// Checks that a user of the server holds everything, or does not exist.
fn assert_user(server: &Server, name: &str, attachments: Option<usize>) {
    let held = super::client(&server.url()).holdings(name);
    match attachments {
        Some(number) => {
            assert_eq!((held.is_complete(), held.items.len()), (true, number), "{held:?}");
        }
        None => assert!(!held.is_complete() && held.items.is_empty() && held.unread.is_empty()),
    }
}

/// The changes in a log of requests.
fn changes(log: &[String]) -> Vec<String> {
    let actions = log.iter().filter_map(|it| it.strip_prefix("Action="));
    let actions = actions.filter(|it| !it.starts_with("Get") && !it.starts_with("List"));
    actions.map(str::to_owned).collect()
}

#[test]
fn a_user_that_holds_everything_is_deleted_after_an_interruption() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("interrupted");
    let child = Arc::new(Mutex::new(None::<Child>));
    let (victim, log) = (Arc::clone(&child), Arc::new(Mutex::new(Vec::new())));
    let requests = Arc::clone(&log);
    // The user of the command presses Ctrl-C while the fourth call is on its way.
    let port = Port::before(&server.url(), move |body| {
        let mut log = requests.lock().unwrap();
        log.push(body.to_owned());
        let mut victim = victim.lock().unwrap();
        if changes(&log).len() == 4
            && let Some(child) = victim.as_mut()
        {
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
            let stderr = BufReader::new(child.stderr.take().unwrap());
            let line = stderr.lines().map_while(Result::ok).find(|it| it.contains("stopping"));
            assert!(line.is_some());
        }
        None
    });
    let mut command = command(&port.url, &folder, &["--yes", "--delete-user", "--devices"]);
    let mut started = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    started = started.stdin(Stdio::null());
    let mut running = child.lock().unwrap();
    let mut spawned = started.spawn().unwrap();
    let mut stdout = spawned.stdout.take().unwrap();
    *running = Some(spawned);
    drop(running);
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    let status = child.lock().unwrap().take().unwrap().wait().unwrap();
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(text.contains("interrupted\nleft:\n  [ ] "), "{text}");
    assert!(text.contains("calls planned: 11, done: 4, sent: 4, retries: 0"), "{text}");
    assert!(
        text.contains("[ ] DeleteUser ") && text.contains("run the same command again"),
        "{text}"
    );
    assert_user(&server, NAME, Some(5));

    let (path, lines) = journal(&folder);
    assert_eq!(actions(&lines, "done").len(), 4);
    assert_eq!(actions(&lines, "sends"), actions(&lines, "done"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let (code, text, why) = apply(&port.url, &folder, &["--yes", "--delete-user", "--devices"]);
    assert_eq!(code, Some(0), "{text}{why}");
    assert!(text.contains("Earlier applications did 4 calls"), "{text}");
    assert!(text.contains("has 5 attachments that must be removed first"), "{text}");
    assert!(text.contains("finished\ncalls planned: 7, done: 7, sent: 7, retries: 0"), "{text}");
    let (_, lines) = journal(&folder);
    let mut done = actions(&lines, "done");
    assert_eq!(done.len(), 11);
    assert_eq!(done.last().unwrap(), "DeleteUser");
    done.sort();
    done.dedup();
    assert_eq!(done.len(), 11, "no call is made twice: {done:?}");
    assert_user(&server, NAME, None);
    // The other user holds what it held.
    assert_user(&server, "iamspec-1-apply-1-u1", Some(9));
    let log = log.lock().unwrap();
    for call in changes(&log) {
        let device = call.starts_with("DeleteVirtualMFADevice") && call.contains("-d0");
        assert!(call.contains(&format!("UserName={NAME}")) || device, "{call}");
    }
}

#[test]
fn the_user_itself_stays_without_an_option() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("stays");
    let (code, text, why) = apply(&server.url(), &folder, &["--yes"]);
    assert_eq!(code, Some(0), "{text}{why}");
    assert!(text.contains("itself stays; --delete-user deletes it too"), "{text}");
    assert!(text.contains("calls planned: 9, done: 9, sent: 9, retries: 0"), "{text}");
    assert_user(&server, NAME, Some(0));
    let (code, text, _) = apply(&server.url(), &folder, &["--yes"]);
    assert_eq!(code, Some(0), "{text}");
    assert_user(&server, NAME, Some(0));
}

#[test]
fn nothing_is_sent_without_a_confirmation() {
    let (server, _) = with_everything(FaultPlan::default());
    let (code, text, why) = apply(&server.url(), &folder("unasked"), &["--delete-user"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(why.contains("standard input is not a terminal; nothing was changed"), "{why}");
    assert!(why.contains("add --yes"), "{why}");
    assert_user(&server, NAME, Some(9));
}

/// Answers the question of the command at a terminal, which the program `script` creates.
fn answer(url: &str, folder: &std::path::Path, answer: &str) -> (Option<i32>, String) {
    let binary = env!("CARGO_BIN_EXE_iamspec");
    let line = format!(
        "'{binary}' plan {NAME} --endpoint {url} --apply --delete-user --journal '{}'",
        folder.display()
    );
    let mut script = Command::new("script");
    let mut script = script
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = script.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{answer}\n").as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    (output.status.code(), super::stdout(&output))
}

#[test]
fn the_command_asks_at_a_terminal() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("asked");
    for refusal in ["no", "", "y es"] {
        let (code, text) = answer(&server.url(), &folder, refusal);
        assert_eq!(code, Some(4), "{text}");
        assert!(text.contains("Send 10 calls to http://127.0.0.1"), "{text}");
        assert!(text.contains("nothing was changed"), "{text}");
        assert_user(&server, NAME, Some(9));
    }
    let (code, text) = answer(&server.url(), &folder, "yes");
    assert_eq!(code, Some(0), "{text}");
    assert_user(&server, NAME, None);
}

#[test]
fn what_changes_while_the_question_waits_ends_the_application() {
    let (server, owner) = with_everything(FaultPlan::default());
    let (owner, reads) = (Mutex::new(owner), Mutex::new(0));
    // The third GetUser is the first one after the answer.
    let port = Port::before(&server.url(), move |body| {
        let mut reads = reads.lock().unwrap();
        *reads += usize::from(body.contains("Action=GetUser&"));
        if *reads == 3 && body.contains("Action=GetUser&") {
            let key =
                Operation::Issue(User(0), AttachmentKind::AccessKey, Item(7), IssueOptions::None);
            ask(&mut owner.lock().unwrap(), key);
        }
        None
    });
    let (code, text) = answer(&port.url, &folder("waits"), "yes");
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("which the plan did not show"), "{text}");
    assert!(text.contains("done: 0, sent: 0"), "{text}");
    assert_user(&server, NAME, Some(10));
}

#[test]
fn a_remote_endpoint_needs_its_owner() {
    let url = "http://emulator.invalid:5000";
    let (code, text, why) = apply(url, &folder("remote"), &["--yes"]);
    assert_eq!((code, text.as_str()), (Some(2), ""));
    assert!(
        why.contains("is not on this machine") && why.contains("--i-own-this-account"),
        "{why}"
    );
}

#[test]
fn an_incomplete_plan_is_not_applied() {
    let (server, _) = with_everything(FaultPlan::default());
    let port = Port::before(&server.url(), |body| {
        body.contains("Action=ListGroupsForUser").then(|| http("500 Gone", "text/html", b"x"))
    });
    let (code, text, why) = apply(&port.url, &folder("partial"), &["--yes", "--delete-user"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("not applied: a plan must be complete"), "{text}");
    assert!(why.contains("incomplete plan for"), "{why}");
    assert_user(&server, NAME, Some(9));
}

#[test]
fn calls_are_repeated_while_the_endpoint_converges() {
    for (name, retries) in [("lingering", 2), ("unmodifiable", 1), ("concurrent", 1)] {
        let (server, _) = with_everything(FaultPlan::default());
        let before = std::cell::Cell::new(0);
        let code = if name == "unmodifiable" {
            "EntityTemporarilyUnmodifiable"
        } else if name == "lingering" {
            "DeleteConflict"
        } else {
            "ConcurrentModification"
        };
        let action =
            if name == "lingering" { "Action=DeleteUser&" } else { "Action=DeleteLoginProfile&" };
        let refused = Mutex::new(before.get());
        let port = Port::before(&server.url(), move |body| {
            let mut refused = refused.lock().unwrap();
            *refused += usize::from(body.contains(action));
            let error =
                format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
            (body.contains(action) && *refused <= retries)
                .then(|| http("409 Conflict", "text/xml", error.as_bytes()))
        });
        let (code, text, why) = apply(&port.url, &folder(name), &["--yes", "--delete-user"]);
        assert_eq!(code, Some(0), "{text}{why}");
        let sent = 10 + retries;
        assert!(text.contains(&format!("done: 10, sent: {sent}, retries: {retries}")), "{text}");
        assert_user(&server, NAME, None);
    }
}

#[test]
fn faults_of_the_reference_server_are_waited_out() {
    for name in ["lingering", "throttle"] {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-{name}.toml"));
        let options = if name == "lingering" { "calls = 2" } else { "every = 2" };
        std::fs::write(&file, format!("[[fault]]\nsort = \"{name}\"\n{options}\n")).unwrap();
        let (server, _) = with_everything(FaultPlan::read(&file).unwrap());
        let (code, text, why) =
            apply(&server.url(), &folder(&format!("fault-{name}")), &["--yes", "--delete-user"]);
        assert_eq!(code, Some(0), "{name}: {text}{why}");
        assert!(text.contains("finished\ncalls planned: 10, done: 10"), "{name}: {text}");
    }
}

#[test]
fn a_conflict_that_lasts_ends_the_application() {
    let (server, _) = with_everything(FaultPlan::default());
    let port = Port::before(&server.url(), |body| {
        let error = b"<ErrorResponse><Error><Code>DeleteConflict</Code></Error></ErrorResponse>";
        body.contains("Action=DeleteUser&").then(|| http("409 Conflict", "text/xml", error))
    });
    let options = ["--yes", "--delete-user", "--retry-for", "1"];
    let (code, text, _) = apply(&port.url, &folder("lasting"), &options);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("stopped: DeleteUser: 409 DeleteConflict"), "{text}");
    assert!(text.contains("left:\n  [ ] DeleteUser "), "{text}");
    assert_user(&server, NAME, Some(0));
}

#[test]
fn an_unexpected_response_ends_the_application_with_what_is_left() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("denied");
    let port = Port::before(&server.url(), |body| {
        let error = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>a&#x9B;31m</Message></Error></ErrorResponse>";
        body.contains("Action=DeleteUserPolicy&").then(|| http("403 Forbidden", "text/xml", error))
    });
    let (code, text, _) = apply(&port.url, &folder, &["--yes", "--delete-user"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("stopped: DeleteUserPolicy: access denied: 403 AccessDenied a\\u{9b}"),
        "{text}"
    );
    assert!(!text.contains('\u{9b}'), "{text}");
    assert!(text.contains("calls planned: 10, done: 6, sent: 7, retries: 0"), "{text}");
    let (_, left) = text.split_once("left:\n").unwrap();
    assert_eq!(left.matches("[ ]").count(), 4, "{text}");
    assert_eq!(actions(&journal(&folder).1, "done").len(), 6);
    assert_user(&server, NAME, Some(3));
}

#[test]
fn a_device_that_was_deactivated_and_not_deleted_is_named_later() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("device");
    let port = Port::before(&server.url(), |body| {
        let error = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let denied = body.contains("Action=DeleteVirtualMFADevice&");
        denied.then(|| http("403 Forbidden", "text/xml", error))
    });
    let options = ["--yes", "--devices"];
    let (code, text, _) = apply(&port.url, &folder, &options);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("stopped: DeleteVirtualMFADevice: access denied"), "{text}");
    let (code, text, _) = apply(&port.url, &folder, &options);
    assert_eq!(code, Some(0), "{text}");
    let device = "arn:aws:iam::123456789012:mfa/iamspec-1-apply-1-d0";
    let note = format!("The virtual MFA device {device} is deactivated and was not deleted");
    assert!(text.contains(&note), "{text}");
}

#[test]
fn a_lost_response_is_not_taken_for_a_failure() {
    for lost in ["Action=DeleteAccessKey&", "Action=DeleteUser&"] {
        let (server, _) = with_everything(FaultPlan::default());
        let url = server.url();
        let seen = Mutex::new(0);
        // The call takes effect, and a gateway loses its response.
        let port = Port::before(&server.url(), move |body| {
            let mut seen = seen.lock().unwrap();
            *seen += usize::from(body.contains(lost));
            if !body.contains(lost) || *seen > 1 {
                return None;
            }
            let form: Vec<(String, String)> = form_urlencoded(body);
            let destination =
                iamspec_harness::aws::destination::Destination::loopback(&url).unwrap();
            let identity = iamspec_harness::aws::credentials::Identity::fake();
            let sender = iamspec_harness::client::sender::FormSender::new(
                destination,
                identity,
                Duration::from_secs(5),
            );
            assert_eq!(sender.unwrap().post(&form).unwrap().0, 200);
            Some(http("502 Bad Gateway", "text/plain", b"x"))
        });
        let (code, text, why) = apply(&port.url, &folder("lost"), &["--yes", "--delete-user"]);
        assert_eq!(code, Some(0), "{lost}: {text}{why}");
        assert!(text.contains("done: 10"), "{text}");
        assert_user(&server, NAME, None);
        _ = std::fs::remove_dir_all(folder("lost"));
    }
}

/// The members of a body whose values need no decoding but that of `%XX`.
fn form_urlencoded(body: &str) -> Vec<(String, String)> {
    let url = format!("http://x/?{body}");
    let url = reqwest::Url::parse(&url).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[test]
fn something_that_was_not_shown_ends_the_application_before_the_user_is_deleted() {
    let (server, owner) = with_everything(FaultPlan::default());
    let owner = Mutex::new(owner);
    let log = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&log);
    // Somebody adds an access key when the last attachment is removed.
    let port = Port::before(&server.url(), move |body| {
        requests.lock().unwrap().push(body.to_owned());
        if body.contains("Action=RemoveUserFromGroup&") {
            let kind = AttachmentKind::AccessKey;
            ask(
                &mut owner.lock().unwrap(),
                Operation::Issue(User(0), kind, Item(7), IssueOptions::None),
            );
        }
        None
    });
    let folder = folder("added");
    let (code, text, _) = apply(&port.url, &folder, &["--yes", "--delete-user"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("stopped: ") && text.contains("which the plan did not show"), "{text}");
    assert!(text.contains("left:\n  [ ] DeleteUser "), "{text}");
    assert!(!log.lock().unwrap().iter().any(|it| it.starts_with("Action=DeleteUser&")));
    assert_user(&server, NAME, Some(1));
}

#[test]
fn one_application_at_a_time() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("locked");
    apply(&server.url(), &folder, &["--yes"]);
    let (path, _) = journal(&folder);
    let file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.lock().unwrap();
    let (code, _, why) = apply(&server.url(), &folder, &["--yes", "--delete-user"]);
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("another `plan --apply` for"), "{why}");
    assert_user(&server, NAME, Some(0));
}

#[test]
fn cleanup_ignores_the_journal_of_an_application() {
    let (server, _) = with_everything(FaultPlan::default());
    let folder = folder("not-of-a-run");
    apply(&server.url(), &folder, &["--yes"]);
    let mut cleanup = super::command(&["cleanup", "--journal"]);
    let output = cleanup.arg(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!super::stdout(&output).contains("skipped"), "{}", super::stdout(&output));
    assert!(journal(&folder).0.exists());
}
