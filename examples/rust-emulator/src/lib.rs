//! A small emulator of IAM with two faults: `DeleteUser` ignores access keys, and `ListAccessKeys` writes `<item>`
//! instead of `<member>`.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::util::BoxCloneService;

type Form = HashMap<String, String>;
/// Each user as XML and the ids of its access keys, by the name in lower case.
type Account = BTreeMap<String, (String, Vec<String>)>;
type Refusal = (u16, &'static str, String);

static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
const NS: &str = "xmlns='https://iam.amazonaws.com/doc/2010-05-08/'";
const ID: &str = "<RequestId>0aae9b4c-23d4-4d1f-a3b1-0c1f2e3d4c5b</RequestId>";
const DATE: &str = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// An endpoint with an empty account. Its clones share the account.
pub fn emulator() -> BoxCloneService<Request<Bytes>, Response<Full<Bytes>>, Infallible> {
    let account = Arc::new(Mutex::new(Account::new()));
    BoxCloneService::new(tower::service_fn(move |request: Request<Bytes>| {
        let mut form: Form = form_urlencoded::parse(request.body()).into_owned().collect();
        let signature = request.headers()["authorization"].to_str().unwrap();
        let mut account = account.lock().unwrap();
        if !form.contains_key("UserName") {
            // The caller: the user whose key signs.
            let signs = |keys: &[String]| keys.iter().any(|id| signature.contains(id.as_str()));
            let caller = account.iter().find(|(_, (_, keys))| signs(keys));
            form.extend(caller.map(|(name, _)| ("UserName".to_owned(), name.clone())));
        }
        let action = &form["Action"];
        let (status, body) = match respond(&mut account, action, &form) {
            Ok(result) => {
                let rest = format!("<ResponseMetadata>{ID}</ResponseMetadata>");
                (200, format!("<{action}Response {NS}>{result}{rest}</{action}Response>"))
            }
            Err((status, code, text)) => {
                let error =
                    format!("<Type>Sender</Type><Code>{code}</Code><Message>{text}</Message>");
                (status, format!("<ErrorResponse {NS}><Error>{error}</Error>{ID}</ErrorResponse>"))
            }
        };
        let response = Response::builder().status(status).header("content-type", "text/xml");
        std::future::ready(Ok(response.body(Full::from(body)).unwrap()))
    }))
}

fn respond(account: &mut Account, action: &str, form: &Form) -> Result<String, Refusal> {
    let text = |member: &str| form.get(member).cloned().unwrap_or_default();
    let (name, path) = (text("UserName"), form.get("Path").map_or("/", String::as_str));
    let path = path.replace('&', "&amp;").replace('<', "&lt;");
    let key = name.to_lowercase();
    let shown = |id: &str| format!("<AccessKeyId>{id}</AccessKeyId><Status>Active</Status>");
    let missing = || (404, "NoSuchEntity", format!("The user with name {name} cannot be found."));
    let user = format!("<UserName>{name}</UserName>");
    match action {
        "CreateUser" if name.len() > 64 => {
            Err((400, "ValidationError", "UserName is too long".to_owned()))
        }
        "CreateUser" if text("Path").len() > 512 => {
            Err((400, "ValidationError", "Path is too long".to_owned()))
        }
        "CreateUser" if account.contains_key(&key) => {
            Err((409, "EntityAlreadyExists", format!("User with name {name} already exists.")))
        }
        "CreateUser" => {
            let id = format!("<UserId>AIDA{:017}</UserId>", NEXT_ID.fetch_add(1, Ordering::Relaxed));
            let arn = format!("<Arn>arn:aws:iam::123456789012:user{path}{name}</Arn>");
            let tag = ["Key", "Value"].map(|it| text(&format!("Tags.member.1.{it}")));
            let [name, value] = tag.map(|it| it.replace('&', "&amp;").replace('<', "&lt;"));
            let tag = format!("<member><Key>{name}</Key><Value>{value}</Value></member>");
            let tags = if name.is_empty() { String::new() } else { format!("<Tags>{tag}</Tags>") };
            let user = format!("<User><Path>{path}</Path>{user}{id}{arn}{DATE}{tags}</User>");
            account.insert(key, (user.clone(), Vec::new()));
            Ok(format!("<CreateUserResult>{user}</CreateUserResult>"))
        }
        "GetUser" => {
            let (user, _) = account.get(&key).ok_or_else(missing)?;
            Ok(format!("<GetUserResult>{user}</GetUserResult>"))
        }
        // The first fault.
        "DeleteUser" => account.remove(&key).map(|_| String::new()).ok_or_else(missing),
        "CreateAccessKey" if account.get(&key).is_some_and(|(_, keys)| keys.len() == 2) => {
            Err((409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2".to_owned()))
        }
        "CreateAccessKey" => {
            let (_, keys) = account.get_mut(&key).ok_or_else(missing)?;
            let number = NEXT_ID.fetch_add(1, Ordering::Relaxed);
            keys.push(format!("AKIA{number:016}"));
            let id = shown(&keys[keys.len() - 1]);
            let secret = format!("<SecretAccessKey>{SECRET}</SecretAccessKey>");
            let key = format!("<AccessKey>{user}{id}{secret}{DATE}</AccessKey>");
            Ok(format!("<CreateAccessKeyResult>{key}</CreateAccessKeyResult>"))
        }
        "ListAccessKeys" => {
            let (_, keys) = account.get(&key).ok_or_else(missing)?;
            // The second fault.
            let items: String =
                keys.iter().map(|id| format!("<item>{user}{}{DATE}</item>", shown(id))).collect();
            let list = format!(
                "<AccessKeyMetadata>{items}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            );
            Ok(format!("<ListAccessKeysResult>{list}</ListAccessKeysResult>"))
        }
        _ => Err((400, "InvalidAction", format!("Could not find operation {action}"))),
    }
}
