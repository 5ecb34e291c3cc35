//! Names and values that encoders get wrong, in everything that sends, reads or prints them: generators, races,
//! plans, cleanup, exports, reports and drivers.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iamspec_conformance::Response;
use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, execute_with_clients};
use iamspec_conformance::endpoint::Endpoint as _;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::print;
use iamspec_conformance::script::unusual::{FIRST_UNUSUAL, UNUSUAL_STYLES, is_unusual};
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::journal::{Journal, JournalHeader};
use iamspec_harness::client::session::Names;
use iamspec_harness::export::{Language, export};
use iamspec_harness::server::Server;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, CreateUserOptions, IssueOptions, Item, Operation, Path, Resource, User,
};

use super::port::Port;
use super::reports::folder;

/// An endpoint that reads an encoded plus sign as a blank.
fn confusing_plus(server: &Server) -> Port {
    Port::altering(&server.url(), |body| body.replace("%2B", "+"))
}

/// An endpoint that passes on the values of a member.
fn overheard(server: &Server, member: &'static str) -> (Port, Arc<Mutex<BTreeSet<String>>>) {
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let values = Arc::clone(&heard);
    let port = Port::overhearing(&server.url(), move |text| {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        let of_member = pairs.filter(|(name, _)| name == member).map(|(_, value)| value);
        values.lock().unwrap().extend(of_member);
    });
    (port, heard)
}

fn run(words: &[&str]) -> (Option<i32>, String) {
    let output = super::iamspec(words);
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

/// The operations that create a user in an unusual path and attach an item of each kind to it, with unusual names
/// of this style.
fn everything(style: u32) -> Vec<Operation> {
    let (user, item) = (User(FIRST_UNUSUAL + style), Item(FIRST_UNUSUAL + style));
    let options = CreateUserOptions { path: Path(9), ..CreateUserOptions::default() };
    let mut operations = vec![Operation::CreateUser(user, options)];
    for kind in AttachmentKind::all() {
        let resource = kind.row().refers_to.map(|kind| Resource { kind, item });
        operations.extend(resource.map(Operation::CreateResource));
        operations.push(match kind.row().naming {
            Naming::Service => Operation::Issue(user, kind, item, IssueOptions::None),
            Naming::Single => Operation::Attach(user, kind, Item(0)),
            Naming::Caller => Operation::Attach(user, kind, item),
        });
    }
    operations
}

/// The name of a user in the first namespace of a run.
fn name_of(run: &str, user: User) -> String {
    let mut names = Names::new(run);
    names.fresh();
    names.user(user)
}

/// Creates everything at a server; returns the name of the user if this is the client's first namespace.
fn create_everything(client: &mut HttpClient, style: u32) -> String {
    client.enter_new_namespace();
    for operation in everything(style) {
        let response = client.execute(&operation);
        assert!(matches!(response, Response::Success(_)), "{operation:?}: {response}");
    }
    name_of("test", User(FIRST_UNUSUAL + style))
}

#[test]
fn generated_suites_find_a_wrong_encoding() {
    let server = super::server(None);
    let (right, heard) = overheard(&server, "UserName");
    let folder = folder("unusual-regressions");
    let regressions = ["--regressions", folder.to_str().unwrap()];
    for suite in
        [&["--suite", "pairs"][..], &["--suite", "random", "--seed", "3", "--calls", "400"]]
    {
        let (code, text) = run(&[&["run", "--endpoint", &right.url], suite, &regressions].concat());
        assert_eq!(code, Some(0), "{text}");
        assert!(heard.lock().unwrap().iter().any(|it| it.ends_with("-+=,.@_-")), "{suite:?}");
        heard.lock().unwrap().clear();
        let wrong = confusing_plus(&server);
        let (code, text) = run(&[&["run", "--endpoint", &wrong.url], suite, &regressions].concat());
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("CreateUser u900"), "{text}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A race whose unusual names the endpoint gets wrong runs with ordinary ones: it accuses nobody.
#[test]
fn a_share_of_the_races_has_unusual_names() {
    let options = RaceOptions {
        repeats: 1,
        seed: 1,
        jitter: Duration::ZERO,
        settle: Duration::ZERO,
        stop_at_first: true,
        stop: &|| false,
    };
    let has_unusual = |operations: &[Operation]| {
        operations.iter().map(print::operation).any(|it| it.contains("900"))
    };
    let server = super::server(None);
    let wrong = confusing_plus(&server);
    let (mut right, mut wrong) = (super::client(&server.url()), super::client(&wrong.url));
    let (mut count, mut unusual, mut ordinary) = (0, 0, 0);
    for race in races().iter().filter(|it| it.is_forbidden).step_by(3) {
        let (raced, result) = execute_with_clients(race, 2, &mut right, options);
        assert_eq!((result.skip_reason, result.violations), (None, 0), "{}", race.name);
        count += 1;
        if has_unusual(&raced.setup) || has_unusual(&raced.calls) {
            unusual += 1;
            let (raced, result) = execute_with_clients(race, 2, &mut wrong, options);
            assert_eq!((result.skip_reason, result.violations), (None, 0), "{}", race.name);
            ordinary += usize::from(!has_unusual(&raced.setup) && !has_unusual(&raced.calls));
        }
    }
    assert!(unusual > 0 && unusual * 2 < count && ordinary > 0, "{count} {unusual} {ordinary}");
    assert!(server.is_empty());
}

#[test]
fn a_plan_deletes_a_user_with_unusual_names() {
    for style in 0..UNUSUAL_STYLES {
        let server = super::server(None);
        let name = create_everything(&mut super::client(&server.url()), style);
        let folder = folder(&format!("unusual-plan-{style}"));
        let journal = folder.display().to_string();
        let words = ["plan", &name, "--apply", "--yes", "--delete-user", "--devices", "--journal"];
        let words = [&words[..], &[&journal, "--endpoint"]].concat();
        if name.contains('+') {
            let wrong = confusing_plus(&server);
            let (code, text) = run(&[&words[..], &[&wrong.url]].concat());
            assert_ne!(code, Some(0), "{text}");
        }
        let (code, text) = run(&[&words[..], &[&server.url()]].concat());
        assert_eq!(code, Some(0), "{text}");
        let gone = super::client(&server.url()).holdings(&name);
        assert!(gone.items.is_empty() && gone.unread.is_empty(), "{gone:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// The commands of a plan, as the shell runs them: every value is the one that the plan names.
#[test]
fn the_commands_of_a_plan_keep_unusual_names() {
    for style in 0..UNUSUAL_STYLES {
        let server = super::server(None);
        let name = create_everything(&mut super::client(&server.url()), style);
        let url = server.url();
        let plan = |form: &str| run(&["plan", &name, "--endpoint", &url, "--as", form]).1;
        let json: serde_json::Value = serde_json::from_str(&plan("json")).unwrap();
        let calls = json["calls"].as_array().unwrap();
        let params = calls.iter().flat_map(|it| it["params"].as_object().unwrap().values());
        let expected: BTreeSet<&str> = params.filter_map(serde_json::Value::as_str).collect();
        // A function in place of the AWS CLI prints the value of each option.
        let program = format!(
            "aws() {{ for word in \"$@\"; do printf '%s\\n' \"${{word#--*=}}\"; done; }}\n{}",
            plan("aws-cli")
        );
        let output = Command::new("bash").args(["-c", &program]).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let printed: BTreeSet<&str> = printed.lines().collect();
        assert!(
            expected.contains(&*name) && expected.is_subset(&printed),
            "{expected:?} {printed:?}"
        );
    }
}

/// A run that was killed and has left everything, at an endpoint that may read an encoded plus sign as a blank.
fn killed_and_cleaned_up(is_wrong: bool) -> (Server, String) {
    let folder = folder(&format!("unusual-cleanup-{is_wrong}"));
    let server = super::server(None);
    let is_wrong_now = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_wrong_now);
    let port = Port::altering(&server.url(), move |body| {
        if flag.load(Ordering::Relaxed) { body.replace("%2B", "+") } else { body.to_owned() }
    });
    let mut client = super::client(&port.url);
    let header = JournalHeader {
        run: "test".to_owned(),
        endpoint: port.url.clone(),
        account: None,
        begun: String::new(),
    };
    client.set_journal(Journal::begin(&folder, header).unwrap());
    for style in 0..UNUSUAL_STYLES {
        create_everything(&mut client, style);
    }
    drop(client);
    is_wrong_now.store(is_wrong, Ordering::Relaxed);
    let (_, text) = run(&["cleanup", "--journal", folder.to_str().unwrap()]);
    std::fs::remove_dir_all(folder).unwrap();
    (server, text)
}

#[test]
fn cleanup_deletes_what_has_unusual_names() {
    let (server, text) = killed_and_cleaned_up(false);
    assert!(server.is_empty() && text.contains(" 0 not deleted"), "{text}");
    let (server, text) = killed_and_cleaned_up(true);
    assert!(!server.is_empty(), "{text}");
}

/// The values of the parameters that an export sends, taken from a function in place of curl. The number of its run
/// is that of the first namespace of a run.
fn exported(text: &str) -> BTreeSet<String> {
    let program = text.replacen(
        "\ndiffers=0\n",
        "\nrun=1234567-1\ncurl() { printf '%s\\n' \"$@\" >&3; printf '\\n200'; }\ndiffers=0\n",
        1,
    );
    let mut bash = Command::new("bash");
    let file = folder("unusual-export").join("program.sh");
    std::fs::File::create(&file).unwrap().write_all(program.as_bytes()).unwrap();
    let sent = file.with_extension("sent");
    bash.arg("-c").arg(format!("bash '{}' 3> '{}'", file.display(), sent.display()));
    bash.output().unwrap();
    let sent = std::fs::read_to_string(sent).unwrap();
    sent.lines().filter_map(|it| Some(it.split_once('=')?.1.to_owned())).collect()
}

#[test]
fn exports_keep_unusual_names() {
    let names: Vec<_> = built_in_scripts()
        .unwrap()
        .into_iter()
        .filter(|it| it.name.starts_with("names/"))
        .collect();
    assert!(names.len() > 3);
    for script in names {
        let sent = exported(&export(&script, Language::Curl, "http://127.0.0.1:1").unwrap());
        for operation in script.operations().filter(|it| !matches!(it, Operation::ListUsers(_))) {
            let Some(user) = operation.user().filter(|it| is_unusual(it.0)) else { continue };
            let name = name_of("1234567", user);
            assert!(sent.contains(&name), "{}: {name} in {sent:?}", script.name);
        }
    }
}

/// The program for the AWS CLI compares names with a response in JSON.
#[test]
fn an_export_finds_an_unusual_path_in_json() {
    let mut scripts = built_in_scripts().unwrap().into_iter();
    let script = scripts.find(|it| it.name == "names/path").unwrap();
    let text = export(&script, Language::AwsCli, "http://127.0.0.1:1").unwrap();
    let program = text.replacen(
        "\ndiffers=0\n",
        "\nrun=1234567-1\naws() { printf '%s' \"$SHOWN\"; }\ndiffers=0\n",
        1,
    );
    let mut names = Names::new("1234567-1");
    names.fresh();
    let printed = |path: &str| {
        let shown = serde_json::json!({ "User": { "Path": path } }).to_string();
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &program]).env("SHOWN", shown).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let path = names.path(Path(9));
    assert!(!printed(&path).contains("lacks /iamspec-"), "{}", printed(&path));
    let other = path.replace('\\', "");
    assert!(printed(&other).contains("lacks /iamspec-"), "{}", printed(&other));
}

/// Every format of a report shows the names of a finding, escaped where its format needs that.
#[test]
fn reports_show_unusual_names_and_stay_well_formed() {
    let folder = folder("unusual-reports");
    let script = folder.join("path.script");
    std::fs::write(&script, "# A path.\nCreateUser u9001 path9\nGetUser u9001\n").unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    let mutant = "GetUser/wire-required-members lacks UserId";
    let formats = ["json", "html", "junit", "markdown", "sarif"];
    let reports = formats.map(|it| format!("{it}={}", file(it)));
    let mut words = vec!["run", "--mutant", mutant, script.to_str().unwrap()];
    words.extend(reports.iter().flat_map(|it| ["--report", it]));
    let (code, text) = run(&words);
    assert_eq!(code, Some(1), "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let lines = read("json");
    let events: Vec<serde_json::Value> =
        lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let has = |text: &str| events.iter().any(|it| it.to_string().contains(text));
    // The name as it was sent and as it was received, and the path with its entities.
    assert!(has("u9001-+=,.@_-") && has("&lt;=&gt;?@"), "{lines}");
    iamspec_harness::wire::xml_read::Element::parse(&read("junit")).unwrap();
    serde_json::from_str::<serde_json::Value>(&read("sarif")).unwrap();
    let html = read("html");
    assert!(html.contains("u9001-+=,.@_-"), "{html}");
    // The entities of the response are shown, and not the characters that they stand for.
    assert!(html.contains("&amp;lt;=&amp;gt;?@") && !html.contains("<=>?@"), "{html}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_driver_sends_and_returns_unusual_names() {
    let server = super::server(None);
    let driver = format!("{} driver", env!("CARGO_BIN_EXE_iamspec"));
    let through = |url: &str| run(&["run", "names/*", "--endpoint", url, "--driver", &driver]);
    let (code, text) = through(&server.url());
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = through(&confusing_plus(&server).url);
    assert_eq!(code, Some(1), "{text}");
}
