//! Random calls at the reference endpoint, recorded by `iamspec record`: no audit accuses it, from either start, with
//! calls one after the other or at the same time, and without the beginning of the recording.
//!
//! `IAMSPEC_RECORDINGS=100` sets the number of recordings (default: 3, of one client
//! each).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use super::audited_facts::audit;
use super::record::Recording;
use super::reports::folder;
use super::server::between;

/// The calls of one client.
const CALLS: usize = 200;

/// The calls. `{…}` is one of some values.
const FORMS: [&str; 60] = [
    "Action=CreateUser&UserName={user}&Path={path}",
    "Action=CreateUser&UserName={user}&Tags.member.1.Key={tag}&Tags.member.1.Value=1",
    "Action=CreateUser&UserName={user}&PermissionsBoundary={policy}",
    "Action=DeleteUser&UserName={user}",
    "Action=DeleteUser&UserName={user}",
    "Action=GetUser&UserName={user}",
    "Action=UpdateUser&UserName={user}&NewUserName={user}",
    "Action=UpdateUser&UserName={user}&NewPath={path}",
    "Action=UpdateUser&UserName={user}&NewUserName={user}&NewPath={path}",
    "Action=ListUsers{page}",
    "Action=ListUsers&PathPrefix={path}",
    "Action=CreateAccessKey&UserName={user}",
    "Action=DeleteAccessKey&UserName={user}&AccessKeyId={key}",
    "Action=UpdateAccessKey&UserName={user}&AccessKeyId={key}&Status={status}",
    "Action=ListAccessKeys&UserName={user}{page}",
    "Action=GetAccessKeyLastUsed&AccessKeyId={key}",
    "Action=CreateServiceSpecificCredential&UserName={user}&ServiceName=codecommit.amazonaws.com",
    "Action=ListServiceSpecificCredentials&UserName={user}",
    "Action=ResetServiceSpecificCredential&UserName={user}&ServiceSpecificCredentialId={credential}",
    "Action=UpdateServiceSpecificCredential&UserName={user}&ServiceSpecificCredentialId={credential}&Status={status}",
    "Action=DeleteServiceSpecificCredential&UserName={user}&ServiceSpecificCredentialId={credential}",
    "Action=PutUserPolicy&UserName={user}&PolicyName={name}&PolicyDocument={document}",
    "Action=GetUserPolicy&UserName={user}&PolicyName={name}",
    "Action=DeleteUserPolicy&UserName={user}&PolicyName={name}",
    "Action=ListUserPolicies&UserName={user}{page}",
    "Action=CreateGroup&GroupName={group}&Path={path}",
    "Action=DeleteGroup&GroupName={group}",
    "Action=UpdateGroup&GroupName={group}&NewGroupName={group}",
    "Action=AddUserToGroup&GroupName={group}&UserName={user}",
    "Action=RemoveUserFromGroup&GroupName={group}&UserName={user}",
    "Action=GetGroup&GroupName={group}{page}",
    "Action=ListGroupsForUser&UserName={user}{page}",
    "Action=ListGroups{page}",
    "Action=PutGroupPolicy&GroupName={group}&PolicyName={name}&PolicyDocument={document}",
    "Action=DeleteGroupPolicy&GroupName={group}&PolicyName={name}",
    "Action=ListGroupPolicies&GroupName={group}",
    "Action=AttachGroupPolicy&GroupName={group}&PolicyArn={policy}",
    "Action=DetachGroupPolicy&GroupName={group}&PolicyArn={policy}",
    "Action=ListAttachedGroupPolicies&GroupName={group}",
    "Action=CreatePolicy&PolicyName={managed}&PolicyDocument={document}",
    "Action=DeletePolicy&PolicyArn={policy}",
    "Action=GetPolicy&PolicyArn={policy}",
    "Action=CreatePolicyVersion&PolicyArn={policy}&PolicyDocument={document}",
    "Action=CreatePolicyVersion&PolicyArn={policy}&PolicyDocument={document}&SetAsDefault=true",
    "Action=SetDefaultPolicyVersion&PolicyArn={policy}&VersionId={version}",
    "Action=DeletePolicyVersion&PolicyArn={policy}&VersionId={version}",
    "Action=ListPolicyVersions&PolicyArn={policy}",
    "Action=AttachUserPolicy&UserName={user}&PolicyArn={policy}",
    "Action=DetachUserPolicy&UserName={user}&PolicyArn={policy}",
    "Action=ListAttachedUserPolicies&UserName={user}{page}",
    "Action=ListEntitiesForPolicy&PolicyArn={policy}",
    "Action=ListPolicies&Scope=Local{page}",
    "Action=TagUser&UserName={user}&Tags.member.1.Key={tag}&Tags.member.1.Value={tag}",
    "Action=UntagUser&UserName={user}&TagKeys.member.1={tag}",
    "Action=ListUserTags&UserName={user}{page}",
    "Action=CreateLoginProfile&UserName={user}&Password=Abcdefg1!xyz",
    "Action=DeleteLoginProfile&UserName={user}",
    "Action=GetLoginProfile&UserName={user}",
    "Action=PutUserPermissionsBoundary&UserName={user}&PermissionsBoundary={policy}",
    "Action=GetAccountAuthorizationDetails",
];

/// The values of the placeholders.
const VALUES: [(&str, &[&str]); 11] = [
    ("{user}", &["alice", "bob", "Carol", "ALICE"]),
    ("{group}", &["devs", "ops", "Devs"]),
    ("{managed}", &["m1", "m2", "M1"]),
    ("{policy}", &["arn:aws:iam::123456789012:policy/m1", "arn:aws:iam::123456789012:policy/m2"]),
    ("{name}", &["p", "q", "P"]),
    ("{tag}", &["k", "K", "z"]),
    ("{path}", &["/", "/a/", "/a/b/"]),
    ("{page}", &["", "", "&MaxItems=1", "&MaxItems=2"]),
    ("{status}", &["Active", "Inactive"]),
    ("{version}", &["v1", "v2", "v3"]),
    ("{document}", &[DOCUMENT, OTHER_DOCUMENT]),
];

const DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
const OTHER_DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22ec2%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";

/// A client that makes random calls.
struct Caller {
    stream: TcpStream,
    state: u64,
    keys: Vec<String>,
    credentials: Vec<String>,
}

impl Caller {
    fn new(url: &str, seed: u64) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, state: seed * 2 + 1, keys: Vec::new(), credentials: Vec::new() }
    }

    /// A number below `end` (xorshift64*).
    fn number(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % end
    }

    fn form(&mut self) -> String {
        let mut form = FORMS[self.number(FORMS.len())].to_owned();
        for (name, values) in VALUES {
            while form.contains(name) {
                form = form.replacen(name, values[self.number(values.len())], 1);
            }
        }
        for (name, known) in
            [("{key}", &self.keys.clone()), ("{credential}", &self.credentials.clone())]
        {
            if form.contains(name) {
                let unknown = "AKIAIOSFODNN7EXAMPLX".to_owned();
                let value = known.get(self.number(known.len() + 1)).unwrap_or(&unknown);
                form = form.replace(name, value);
            }
        }
        form
    }

    fn call(&mut self) {
        let form = format!("{}&Version=2010-05-08", self.form());
        let length = form.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let response = response(&mut self.stream);
        let id = |name: &str| {
            let (_, rest) = response.split_once(&format!("<{name}>"))?;
            Some(rest.split('<').next()?.to_owned())
        };
        if form.contains("Action=CreateAccessKey&") {
            self.keys.extend(id("AccessKeyId"));
        }
        if form.contains("Action=CreateServiceSpecificCredential&") {
            self.credentials.extend(id("ServiceSpecificCredentialId"));
        }
    }
}

/// Reads one response.
fn response(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.extend(byte);
    }
    let head = String::from_utf8_lossy(&text).to_lowercase();
    let mut body = vec![0; between(&head, "content-length: ", "\r\n").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Records the calls of some clients at the same time.
fn recorded(file: &Path, seed: u64, clients: u64) -> Value {
    let served = super::Served::with(&[]);
    let recording = Recording::of(&served.url, file.to_owned());
    std::thread::scope(|scope| {
        for client in 0..clients {
            let mut caller = Caller::new(&recording.url, seed * 16 + client);
            scope.spawn(move || (0..CALLS).for_each(|_| caller.call()));
        }
    });
    serde_json::from_str(&recording.end().0).unwrap()
}

/// Asserts that nothing in a file is impossible, in any way to audit it. Returns the share of judged events.
fn assert_possible(file: &Path, starts: &[&str], what: &str) -> f64 {
    let mut share: f64 = 1.0;
    for start in starts {
        for options in [["--level", "must", "--lag", "15s"], ["--level", "info", "--lag", "0s"]] {
            let options = [&["--tier", "text", "--start", start][..], &options].concat();
            let (code, printed) = audit(file, &options);
            assert!(matches!(code, 0 | 4), "{what}, {options:?}: {printed}");
            let count =
                |before, after| -> f64 { between(&printed, before, after).parse().unwrap() };
            share = share.min(count("events: ", " possible") / count("file, ", " events").max(1.0));
        }
    }
    share
}

#[test]
fn random_calls_at_the_reference_endpoint_are_possible() {
    let wanted = std::env::var("IAMSPEC_RECORDINGS").ok();
    let count = wanted.as_ref().map_or(3, |it| it.parse().unwrap());
    let folder = folder("audit-random");
    for seed in 0..count {
        let file = folder.join("recorded.har");
        // The order of calls at the same time differs in each run.
        let clients = if wanted.is_some() { 1 + seed % 3 } else { 1 };
        let mut har = recorded(&file, seed, clients);
        let what = format!("seed {seed}, {clients} clients");
        let share = assert_possible(&file, &["unknown", "empty"], &what);
        assert!(clients > 1 || share > 0.75, "{what}: {share} judged");
        let entries = har["log"]["entries"].as_array_mut().unwrap();
        entries.drain(..entries.len() / 3);
        std::fs::write(&file, har.to_string()).unwrap();
        assert_possible(&file, &["unknown"], &format!("{what}, without the beginning"));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
