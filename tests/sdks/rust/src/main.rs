//! Drives the AWS SDK for Rust: the protocol is in harness/drivers.md. Nothing here repairs what the SDK
//! does.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use aws_sdk_iam::{Client, Config, operation, types};
use aws_sdk_iam::client::Waiters as _;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_iam::primitives::{Blob, DateTime, DateTimeFormat};
use serde_json::{Map, Value, json};

include!(env!("CALLS"));

/// A result as JSON; nothing where it holds nothing.
trait Plain {
    fn plain(&self) -> Option<Value>;
}

impl<T: Plain> Plain for Option<T> {
    fn plain(&self) -> Option<Value> {
        self.as_ref().and_then(Plain::plain)
    }
}

impl<T: Plain> Plain for Vec<T> {
    fn plain(&self) -> Option<Value> {
        Some(self.iter().filter_map(Plain::plain).collect())
    }
}

impl<K: AsRef<str>, T: Plain> Plain for HashMap<K, T> {
    fn plain(&self) -> Option<Value> {
        let held = self.iter().filter_map(|(key, it)| Some((key.as_ref().to_owned(), it.plain()?)));
        Some(Value::Object(held.collect()))
    }
}

impl Plain for String {
    fn plain(&self) -> Option<Value> {
        Some(self.as_str().into())
    }
}

impl Plain for bool {
    fn plain(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Plain for i32 {
    fn plain(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Plain for DateTime {
    fn plain(&self) -> Option<Value> {
        self.fmt(DateTimeFormat::DateTime).ok().map(Value::from)
    }
}

impl Plain for Blob {
    fn plain(&self) -> Option<Value> {
        Some(aws_smithy_types::base64::encode(self.as_ref()).into())
    }
}

fn members<const N: usize>(held: [(&str, Option<Value>); N]) -> Option<Value> {
    let held = held.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
    Some(Value::Object(held.collect()))
}

/// A member of a call from JSON; nothing where it is of another type.
trait Given: Sized {
    fn given(it: &Value) -> Option<Self>;
}

impl<T: Given> Given for Vec<T> {
    fn given(it: &Value) -> Option<Self> {
        it.as_array()?.iter().map(T::given).collect()
    }
}

impl Given for String {
    fn given(it: &Value) -> Option<Self> {
        it.as_str().map(Self::from)
    }
}

impl Given for bool {
    fn given(it: &Value) -> Option<Self> {
        it.as_bool()
    }
}

impl Given for i32 {
    fn given(it: &Value) -> Option<Self> {
        it.as_i64()?.try_into().ok()
    }
}

impl Given for types::Tag {
    fn given(it: &Value) -> Option<Self> {
        let member = |name| it.get(name).and_then(String::given);
        Self::builder().set_key(member("Key")).set_value(member("Value")).build().ok()
    }
}

/// What a call is given.
struct Members(Map<String, Value>);

impl Members {
    fn take<T: Given>(&mut self, name: &str) -> Result<Option<T>, Value> {
        let Some(it) = self.0.remove(name) else { return Ok(None) };
        let other = || unsupported(format!("the SDK cannot be given {name}: {it}"));
        T::given(&it).map(Some).ok_or_else(other)
    }

    fn end(&self) -> Result<(), Value> {
        let other = |name| Err(unsupported(format!("the SDK has no member {name} here")));
        self.0.keys().next().map_or(Ok(()), other)
    }
}

fn unsupported(reason: String) -> Value {
    json!({"unsupported": {"reason": reason}})
}

/// What came of a call.
fn answered<T: Plain, E>(result: Result<T, SdkError<E, HttpResponse>>) -> Result<Value, Value>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let error = match result {
        Ok(it) => return Ok(json!({"ok": {"result": it.plain()}})),
        Err(it) => it,
    };
    let kind = match &error {
        SdkError::ServiceError(it) => {
            let refused = it.err();
            // The name of the variant.
            let shown = format!("{refused:?}");
            let name = shown.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default();
            return Err(json!({"aws_error": {
                "http_status": it.raw().status().as_u16(),
                "code": refused.code().unwrap_or_default(),
                "message": refused.message(),
                "exception": name,
            }}));
        }
        SdkError::ConstructionFailure(_) => "validation",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(it) if it.is_timeout() => "timeout",
        SdkError::DispatchFailure(_) => "transport",
        _ => "parse",
    };
    let status = error.raw_response().map(|it| it.status().as_u16());
    let mut failure = failed(kind, &DisplayErrorContext(error).to_string());
    failure["sdk_error"]["http_status"] = json!(status);
    Err(failure)
}

/// Takes the lists of a page to those of the pages before.
fn join(all: &mut Map<String, Value>, page: &Value) {
    let members = page["ok"]["result"].as_object().into_iter().flatten();
    for (name, items) in members.filter_map(|(name, it)| Some((name, it.as_array()?))) {
        let list = all.entry(name.as_str()).or_insert_with(|| json!([]));
        list.as_array_mut().into_iter().for_each(|it| it.extend(items.iter().cloned()));
    }
}

async fn wait(client: &Client, mut given: Members, limit: Duration) -> Result<Value, Value> {
    let waiter = client.wait_until_user_exists().set_user_name(given.take("UserName")?);
    match Box::pin(waiter.wait(limit)).await {
        Ok(_) => Ok(json!({"ok": {"result": {}}})),
        Err(error) => Err(failed("timeout", &DisplayErrorContext(error).to_string())),
    }
}

fn failed(kind: &str, detail: &str) -> Value {
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({"sdk_error": {"kind": kind, "detail": detail}})
}

fn client(asked: &Value) -> Client {
    let text = |name: &str| asked[name].as_str().map(String::from);
    let may = |name: &str| text(name).unwrap_or_default();
    let credentials = Credentials::new(
        may("access_key_id"),
        may("secret_access_key"),
        text("session_token"),
        None,
        "iamspec",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(may("endpoint"))
        .region(Region::new(may("region")))
        .credentials_provider(credentials)
        .build();
    Client::from_conf(config)
}

async fn outcome(client: Client, asked: Value) -> Value {
    let op = asked["op"].as_str().unwrap_or_default();
    let given = Members(asked["params"].as_object().cloned().unwrap_or_default());
    let limit = Duration::from_millis(asked["deadline_ms"].as_u64().unwrap_or_default());
    let made = async {
        match asked["through"].as_str() {
            Some("waiter") => wait(&client, given, limit).await,
            through => call(&client, op, given, through.is_some()).await,
        }
    };
    match tokio::time::timeout(limit, made).await {
        Ok(Ok(it) | Err(it)) => it,
        Err(late) => failed("timeout", &late.to_string()),
    }
}

fn say(message: &Value) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{message}")
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut sender = None;
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        match asked["type"].as_str() {
            Some("hello") => {
                say(&json!({"type": "hello", "protocol": 1, "driver": "iamspec-rust",
                "sdk": "aws-sdk-iam", "version": aws_sdk_iam::meta::PKG_VERSION,
                "language": env!("RUST_VERSION"), "ops": [], "through": ["paginator", "waiter"]}))?
            }
            Some("session") => {
                sender = Some(runtime.block_on(async { client(&asked) }));
                say(&json!({"type": "session"}))?;
            }
            Some("call") => {
                let Some(with) = sender.clone() else {
                    return Err("a call before a session".into());
                };
                runtime.spawn(async move {
                    let seq = asked["seq"].clone();
                    let outcome = outcome(with, asked).await;
                    _ = say(&json!({"type": "answer", "seq": seq, "outcome": outcome}));
                });
            }
            Some("stop") => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}
