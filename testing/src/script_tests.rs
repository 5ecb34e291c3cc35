//! One test for each script, one of random calls, and one for the known failures.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use http::Request;
use http_body::Body;
use iamspec_conformance::results::known_failures::{KnownFailures, RunContext};
use iamspec_conformance::results::shrink::Minimization;
use iamspec_conformance::results::{Threshold, decisive_rules, minimal_findings};
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::print;
use iamspec_conformance::{Report, Script, Suite, Tier};
use iamspec_harness::aws::config::Config;
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::journal::{Journal, JournalHeader};
use iamspec_harness::client::session::run_id;
use iamspec_harness::commands::selection::in_folder;
use iamspec_harness::commands::test::known_failures::parsed;
use iamspec_harness::commands::test::outcome::{save_script, today};
use iamspec_harness::commands::test::target::now;
use iamspec_harness::exit_code;
use iamspec_harness::wire::output::visible::say;
use iamspec_harness::wire::secrets::redact;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tower_service::Service;

use crate::random_scripts::{RANDOM, RandomResult, run_random};
use crate::service::{ServiceTransport, TIMEOUT};
use crate::verdict::{shown, verdict};

/// The name of the test of the known-failures file.
const KNOWN_FAILURES: &str = "known-failures";

/// The name of the test that the endpoint implements users at all, and its script.
const ENDPOINT: (&str, &str) = ("endpoint", "delete-user/bare");

/// Opens a client of the endpoint, with names of its own.
type OpenClient = dyn Fn() -> Result<HttpClient> + Send + Sync;

/// The built-in scripts as tests of one endpoint.
#[must_use = "`main` runs the tests"]
#[derive(Clone)]
pub struct ScriptTests {
    open: Arc<OpenClient>,
    /// The command that repeats a test, without the name of the script.
    command: String,
    /// The command is `iamspec run`, which takes a tier.
    is_run: bool,
    known_failures: Option<PathBuf>,
    threshold: Threshold,
    random_scripts: u32,
    regressions: Option<PathBuf>,
}

/// The number of random scripts, unless the caller sets another.
const RANDOM_SCRIPTS: u32 = 50;

impl ScriptTests {
    /// Tests a service of this process. Tests run in parallel, each with a clone of the service. The
    /// clones may share an account: the names of each test are its own.
    pub fn of_service<S, B, R>(service: S) -> Self
    where
        S: Service<Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
        S::Error: Display,
        B: From<Bytes> + 'static,
        R: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let service = Mutex::new(service);
        let open = move || {
            let service = service.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut client = ServiceTransport::new(service)?.into_client()?;
            client.check_endpoint(None)?;
            Ok(client)
        };
        Self::new(Arc::new(open), "cargo test -- --exact".to_owned())
    }

    /// Tests an endpoint on this machine, such as `http://127.0.0.1:5000`. `iamspec cleanup` deletes what
    /// a killed test has left there.
    pub fn of_url(url: &str) -> Self {
        let command = format!("iamspec run --endpoint {url}");
        let url = url.to_owned();
        let open = move || {
            let run = run_id();
            let mut client = HttpClient::new(&url, &run, TIMEOUT)?;
            client.check_endpoint(None)?;
            let (endpoint, begun) = (url.clone(), now());
            let header = JournalHeader { run, endpoint, account: None, begun };
            client.set_journal(Journal::begin(&Journal::folder(&Config::read()?)?, header)?);
            Ok(client)
        };
        Self { is_run: true, ..Self::new(Arc::new(open), command) }
    }

    fn new(open: Arc<OpenClient>, command: String) -> Self {
        Self {
            open,
            command,
            is_run: false,
            known_failures: None,
            threshold: Threshold::default(),
            random_scripts: RANDOM_SCRIPTS,
            regressions: None,
        }
    }

    /// Sets the file of known failures (TOML), the same as `iamspec run --known-failures`.
    pub fn with_known_failures(self, file: impl Into<PathBuf>) -> Self {
        Self { known_failures: Some(file.into()), ..self }
    }

    /// Sets how much of a response is compared: differences in this tier and coarser tiers fail a
    /// test. The default is [`Tier::Code`].
    pub fn with_tier(mut self, tier: Tier) -> Self {
        self.threshold.tier = tier;
        self
    }

    /// Sets how many scripts of random calls the test `random` runs; 0 removes the test. The default is
    /// 50, each of up to 100 calls. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` change the number and the seed
    /// of one run.
    pub fn with_random_scripts(self, count: u32) -> Self {
        Self { random_scripts: count, ..self }
    }

    /// Sets the folder for the scripts of findings that the test `random` makes. Each script in it is a test
    /// too.
    pub fn with_regressions(self, folder: impl Into<PathBuf>) -> Self {
        Self { regressions: Some(folder.into()), ..self }
    }

    /// The tests: one for each script, one that fails if the endpoint does not implement users, one of
    /// random calls, and one that fails if the known-failures file is outdated.
    ///
    /// # Errors
    /// The known-failures file or the folder of regressions cannot be read.
    pub fn trials(&self) -> Result<Vec<Trial>> {
        let mut scripts = built_in_scripts()
            .map_err(|(name, error)| anyhow!("the built-in script {name} is invalid: {error}"))?;
        if let Some(folder) = self.regressions.as_deref().filter(|it| it.is_dir()) {
            scripts.extend(in_folder(folder)?);
        }
        let file = self.known_failures.as_deref();
        let known = Arc::new(file.map(read_known_failures).transpose()?.unwrap_or_default());
        let all = scripts.clone();
        let first = scripts.iter().find(|it| it.name == ENDPOINT.1).cloned();
        let mut trials: Vec<Trial> = scripts.into_iter().map(|it| self.trial(it, &known)).collect();
        trials.extend(first.map(|script| {
            let (tests, known) = (self.clone(), Arc::clone(&known));
            Trial::test(ENDPOINT.0, move || tests.test_endpoint(script, &known))
        }));
        if self.random_scripts > 0 {
            let (tests, known) = (self.clone(), Arc::clone(&known));
            trials.push(Trial::ignorable_test(RANDOM, move || tests.test_random(&known)));
        }
        if file.is_some() {
            let open = Arc::clone(&self.open);
            let check = move || check_known_failures(&*open, all, &known);
            trials.push(Trial::test(KNOWN_FAILURES, check));
        }
        Ok(trials)
    }

    /// Runs the tests that the command line selects. The main function of the test target returns the
    /// exit code.
    #[must_use]
    pub fn main(&self) -> ExitCode {
        let arguments = Arguments::from_args();
        match self.trials() {
            Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
            Err(error) => {
                say(&format!("iamspec: {error:#}"));
                ExitCode::from(exit_code::USAGE)
            }
        }
    }

    fn trial(&self, script: Script, known: &Arc<KnownFailures>) -> Trial {
        let (tests, known) = (self.clone(), Arc::clone(known));
        Trial::ignorable_test(script.name.clone(), move || tests.test(script, &known))
    }

    /// Fails if nothing can be tested: otherwise every test of such an endpoint would be ignored.
    fn test_endpoint(&self, script: Script, known: &KnownFailures) -> Result<(), Failed> {
        match self.test(script, known)? {
            Completion::Ignored { reason } => {
                Err(Failed::from(format!("nothing can be tested: {}", reason.unwrap_or_default())))
            }
            Completion::Completed => Ok(()),
        }
    }

    fn test_random(&self, known: &KnownFailures) -> Result<Completion, Failed> {
        let mut client = (self.open)().map_err(|it| failed(&it))?;
        let mut run_as_drawn =
            |script| Suite::new(vec![script]).run(&mut client, &mut |_| (), &|| false);
        let result = run_random(self.random_scripts, known, self.threshold, &mut run_as_drawn)?;
        let script = match result {
            RandomResult::Conforms => return Ok(Completion::Completed),
            RandomResult::NotTested(reason) => return Ok(Completion::ignored_with(reason)),
            RandomResult::Fails(script) => script,
        };
        let report = run(vec![script.clone()], &mut client, known, self.threshold);
        let shortest = report.minimal_runs.first().map_or(&script, |it| &it.script);
        let (file, line) = self.saved(shortest);
        let text = match verdict(&report, (known, self.threshold), &self.reproduce(&file)) {
            Err(failed) => failed.message().unwrap_or_default().to_owned(),
            Ok(_) => "a random script failed, and did not when it ran again".to_owned(),
        };
        Err(Failed::from(format!("{text}\n{line}")))
    }

    /// The command that repeats a script.
    fn reproduce(&self, script: &str) -> String {
        let tier = self.threshold.tier.name();
        let tier = if self.is_run { format!("--tier {tier} ") } else { String::new() };
        format!("{} {tier}{script}", self.command)
    }

    /// Saves a script as a regression. Returns its name, and the lines that say so.
    fn saved(&self, script: &Script) -> (String, String) {
        let text = redact(&print::print(script));
        let unsaved = if self.is_run { "FILE" } else { RANDOM };
        let Some(folder) = &self.regressions else {
            let line = "The script; `with_regressions` saves it as a test:";
            return (unsaved.to_owned(), format!("{line}\n{text}"));
        };
        match save_script(folder, RANDOM, &text) {
            Ok(path) => {
                let path = path.display().to_string();
                let line = format!("The script is a test from now on: {path}");
                (path, line)
            }
            Err(error) => {
                (unsaved.to_owned(), format!("The script cannot be saved: {error:#}\n{text}"))
            }
        }
    }

    fn test(&self, script: Script, known: &KnownFailures) -> Result<Completion, Failed> {
        let reproduce = self.reproduce(&script.name);
        let mut client = (self.open)().map_err(|it| failed(&it))?;
        let report = run(vec![script], &mut client, known, self.threshold);
        verdict(&report, (known, self.threshold), &reproduce)
    }
}

fn failed(error: &anyhow::Error) -> Failed {
    Failed::from(shown(&format!("{error:#}")))
}

fn run(
    scripts: Vec<Script>,
    client: &mut HttpClient,
    known: &KnownFailures,
    threshold: Threshold,
) -> Report {
    let known_failures = known.clone();
    let minimization =
        Minimization { threshold, known_failures, of_scripts: true, ..Minimization::default() };
    let suite = Suite::new(scripts).with_minimization(minimization);
    suite.run(client, &mut |_| (), &|| false)
}

fn read_known_failures(file: &Path) -> Result<KnownFailures> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the known-failures file {}", file.display()))?;
    parsed(file, &text)
}

/// Fails if an entry of the known-failures file is stale, expired or unknown. Only a run of all scripts
/// can show that.
fn check_known_failures(
    open: &OpenClient,
    scripts: Vec<Script>,
    known: &KnownFailures,
) -> Result<(), Failed> {
    let mut client = open().map_err(|it| failed(&it))?;
    let report = Suite::new(scripts).run(&mut client, &mut |_| (), &|| false);
    if let Some(why) = &report.end_reason {
        return Err(Failed::from(format!("the run of all scripts ended early: {why}")));
    }
    let errors = known.errors(&RunContext {
        replays: &report.script_runs,
        findings: &minimal_findings(&report.script_runs, &report.minimal_runs, known),
        decisive: &decisive_rules(&report.script_runs),
        whole: true,
        today: &today(),
    });
    let errors: Vec<String> = errors.iter().map(|(_, it)| it.to_string()).collect();
    if errors.is_empty() { Ok(()) } else { Err(Failed::from(errors.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use http_body_util::Full;
    use iamspec_conformance::Mutant;
    use iamspec_conformance::reference::ReferenceOptions;
    use iamspec_harness::server::{Options, Server};

    use super::*;

    const SCRIPT: &str = "delete-user/alone/access-key";

    /// The tests of the reference endpoint with this mutant, and the server, which stops when it is
    /// dropped.
    fn tests_of(mutant: Option<&str>) -> (ScriptTests, Server) {
        let mutant = mutant.map(|it| Mutant::find(it).unwrap());
        let behavior = ReferenceOptions { mutant, ..ReferenceOptions::default() };
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(free, Options { behavior, ..Options::default() }).unwrap();
        let url = server.url();
        // Without a journal, so that the test writes no file.
        let open = move || HttpClient::new(&url, &run_id(), TIMEOUT);
        (ScriptTests::new(Arc::new(open), "again".to_owned()), server)
    }

    fn script(name: &str) -> Script {
        built_in_scripts().unwrap().into_iter().find(|it| it.name == name).unwrap()
    }

    /// The result of a test: `passed`, the reason why it is ignored, or the text of the failure.
    fn result(tests: &ScriptTests, name: &str, known: &KnownFailures) -> String {
        match tests.test(script(name), known) {
            Ok(Completion::Completed) => "passed".to_owned(),
            Ok(Completion::Ignored { reason }) => reason.unwrap(),
            Err(failed) => failed.message().unwrap().to_owned(),
        }
    }

    fn known(rule: &str) -> KnownFailures {
        let text = format!("[[known-failure]]\nrule = '{rule}'\nreason = 'a test'\n");
        KnownFailures::parse(&text).unwrap()
    }

    #[test]
    fn a_finding_fails_with_the_shortest_script() {
        let none = KnownFailures::default();
        let (tests, _server) = tests_of(None);
        assert_eq!(result(&tests, SCRIPT, &none), "passed");
        let (tests, _server) = tests_of(Some("forgets-access-key"));
        let text = result(&tests, "delete-user/cleared/access-key", &none);
        let start = "DeleteUser/holds-access-key  must, status";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("DeleteUser u0                    -> 200  DIVERGES\n"), "{text}");
        assert!(text.contains("again delete-user/cleared/access-key"), "{text}");
    }

    #[test]
    fn a_listed_failure_passes_until_it_is_fixed() {
        let listed = known("DeleteUser/holds-access-key");
        let all = || built_in_scripts().unwrap();
        let (tests, _server) = tests_of(Some("forgets-access-key"));
        assert_eq!(result(&tests, SCRIPT, &listed), "passed");
        assert!(check_known_failures(&*tests.open, all(), &listed).is_ok());
        let other = known("DeleteUser/holds-login-profile");
        assert!(result(&tests, SCRIPT, &other).contains("DIVERGES"));
        let (tests, _server) = tests_of(None);
        assert_eq!(result(&tests, SCRIPT, &listed), "passed");
        let failed = check_known_failures(&*tests.open, all(), &listed).unwrap_err();
        let stale = "stale known failure: DeleteUser/holds-access-key was tested and conforms; remove the entry";
        assert_eq!(failed.message(), Some(stale));
    }

    #[test]
    fn what_is_not_implemented_is_ignored_unless_no_iam_endpoint_is_there() {
        let refuses = |status, body: &'static str| {
            let response = move |_: Request<Bytes>| {
                let response = http::Response::builder().status(status);
                let response = response.header("content-type", "text/xml");
                std::future::ready(response.body(Full::<Bytes>::from(body)))
            };
            ScriptTests::of_service(tower::service_fn(response))
        };
        let none = KnownFailures::default();
        let error = "<ErrorResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'><Error><Type>Sender\
                     </Type><Code>InvalidAction</Code><Message>none</Message></Error><RequestId>0</RequestId>\
                     </ErrorResponse>";
        let text = result(&refuses(400, error), SCRIPT, &none);
        assert_eq!(text, "the endpoint does not implement CreateUser");
        let Completion::Ignored { reason } = refuses(400, error).test_random(&none).unwrap() else {
            panic!("the test passed");
        };
        assert!(reason.unwrap().starts_with("the endpoint does not implement"));
        let failed = refuses(400, error).test_endpoint(script(ENDPOINT.1), &none).unwrap_err();
        let text = failed.message().unwrap();
        assert!(
            text.starts_with("nothing can be tested: the endpoint does not implement"),
            "{text}"
        );
        let text = result(&refuses(501, "<html>not here</html>"), SCRIPT, &none);
        assert!(text.contains("expected"), "{text}");
    }

    #[test]
    fn random_calls_show_a_fault_with_the_shortest_script_which_becomes_a_test() {
        let none = KnownFailures::default();
        let (tests, _server) = tests_of(None);
        let result = |tests: &ScriptTests, known: &KnownFailures| match tests.test_random(known) {
            Ok(Completion::Completed) => "passed".to_owned(),
            Ok(Completion::Ignored { reason }) => format!("ignored: {reason:?}"),
            Err(failed) => failed.message().unwrap().to_owned(),
        };
        assert_eq!(result(&tests, &none), "passed");
        let folder = std::env::temp_dir().join(format!("iamspec-random-{}", std::process::id()));
        let (tests, _server) = tests_of(Some("forgets-access-key"));
        assert_eq!(result(&tests, &known("DeleteUser/holds-access-key")), "passed");
        let tests = tests.with_regressions(&folder);
        let text = result(&tests, &none);
        assert!(text.starts_with("DeleteUser/holds-access-key  must, status"), "{text}");
        assert!(text.contains("random.script"), "{text}");
        let saved = in_folder(&folder).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let [script] = &saved[..] else { panic!("{} scripts", saved.len()) };
        let calls: Vec<String> = script.operations().map(|it| print::operation(&it)).collect();
        assert_eq!(calls, ["CreateUser u0", "CreateAccessKey u0 key#0", "DeleteUser u0"]);
    }

    #[test]
    fn every_script_and_the_known_failures_are_listed() {
        let (tests, _server) = tests_of(None);
        let names = |tests: &ScriptTests| -> Vec<String> {
            let trials = tests.trials().unwrap();
            trials.iter().map(|it| it.name().to_owned()).collect()
        };
        let scripts: Vec<String> =
            built_in_scripts().unwrap().into_iter().map(|it| it.name).collect();
        let others = [ENDPOINT.0, RANDOM].map(str::to_owned);
        assert_eq!(names(&tests), [&scripts[..], &others].concat());
        assert_eq!(names(&tests.clone().with_random_scripts(0)).last(), others.first());
        let folder = std::env::temp_dir().join(format!("iamspec-trials-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("known-failures.toml");
        let with_file = tests.with_known_failures(&file);
        let error = |tests: &ScriptTests| format!("{:#}", tests.trials().unwrap_err());
        assert!(error(&with_file).starts_with("cannot read the known-failures file"));
        std::fs::write(&file, "").unwrap();
        assert_eq!(names(&with_file).last().map(String::as_str), Some(KNOWN_FAILURES));
        std::fs::write(&file, "[[known-failure]]\nrule = 'x'\nreason = 'y'\nsince = 'today'\n")
            .unwrap();
        assert!(error(&with_file).contains("invalid date"), "{}", error(&with_file));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
