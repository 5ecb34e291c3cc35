//! A driver for the AWS SDK for Rust. The protocol is in docs/guide/drivers.md. The driver does not change the
//! behavior of the SDK.

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

/// Converts a result to JSON, or to `None` if it is empty.
trait ToJson {
    fn to_json(&self) -> Option<Value>;
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Option<Value> {
        self.as_ref().and_then(ToJson::to_json)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.iter().filter_map(ToJson::to_json).collect())
    }
}

impl<K: AsRef<str>, T: ToJson> ToJson for HashMap<K, T> {
    fn to_json(&self) -> Option<Value> {
        let values =
            self.iter().filter_map(|(key, it)| Some((key.as_ref().to_owned(), it.to_json()?)));
        Some(Value::Object(values.collect()))
    }
}

impl ToJson for String {
    fn to_json(&self) -> Option<Value> {
        Some(self.as_str().into())
    }
}

impl ToJson for bool {
    fn to_json(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl ToJson for i32 {
    fn to_json(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl ToJson for DateTime {
    fn to_json(&self) -> Option<Value> {
        self.fmt(DateTimeFormat::DateTime).ok().map(Value::from)
    }
}

impl ToJson for Blob {
    fn to_json(&self) -> Option<Value> {
        Some(aws_smithy_types::base64::encode(self.as_ref()).into())
    }
}

fn members<const N: usize>(values: [(&str, Option<Value>); N]) -> Option<Value> {
    let values = values.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
    Some(Value::Object(values.collect()))
}

/// Converts JSON to a parameter, or to `None` if the type differs.
trait FromJson: Sized {
    fn from_json(it: &Value) -> Option<Self>;
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(it: &Value) -> Option<Self> {
        it.as_array()?.iter().map(T::from_json).collect()
    }
}

impl FromJson for String {
    fn from_json(it: &Value) -> Option<Self> {
        it.as_str().map(Self::from)
    }
}

impl FromJson for bool {
    fn from_json(it: &Value) -> Option<Self> {
        it.as_bool()
    }
}

impl FromJson for i32 {
    fn from_json(it: &Value) -> Option<Self> {
        it.as_i64()?.try_into().ok()
    }
}

impl FromJson for types::Tag {
    fn from_json(it: &Value) -> Option<Self> {
        let member = |name| it.get(name).and_then(String::from_json);
        Self::builder().set_key(member("Key")).set_value(member("Value")).build().ok()
    }
}

/// The parameters of a request.
struct Parameters(Map<String, Value>);

impl Parameters {
    fn take<T: FromJson>(&mut self, name: &str) -> Result<Option<T>, Value> {
        let Some(it) = self.0.remove(name) else { return Ok(None) };
        let other = || unsupported(format!("the SDK does not accept {name}: {it}"));
        T::from_json(&it).map(Some).ok_or_else(other)
    }

    fn end(&self) -> Result<(), Value> {
        let other =
            |name| Err(unsupported(format!("the operation of the SDK has no member {name}")));
        self.0.keys().next().map_or(Ok(()), other)
    }
}

fn unsupported(reason: String) -> Value {
    json!({"unsupported": {"reason": reason}})
}

/// The outcome of a request.
fn response<T: ToJson, E>(result: Result<T, SdkError<E, HttpResponse>>) -> Result<Value, Value>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let error = match result {
        Ok(it) => return Ok(json!({"ok": {"result": it.to_json()}})),
        Err(it) => it,
    };
    let kind = match &error {
        SdkError::ServiceError(it) => {
            let refused = it.err();
            // The name of the variant, without its content.
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

/// Appends the lists of a page to those of the earlier pages.
fn join(all: &mut Map<String, Value>, page: &Value) {
    let members = page["ok"]["result"].as_object().into_iter().flatten();
    for (name, items) in members.filter_map(|(name, it)| Some((name, it.as_array()?))) {
        let list = all.entry(name.as_str()).or_insert_with(|| json!([]));
        list.as_array_mut().into_iter().for_each(|it| it.extend(items.iter().cloned()));
    }
}

async fn wait(
    client: &Client,
    mut parameters: Parameters,
    limit: Duration,
) -> Result<Value, Value> {
    let waiter = client.wait_until_user_exists().set_user_name(parameters.take("UserName")?);
    match Box::pin(waiter.wait(limit)).await {
        Ok(_) => Ok(json!({"ok": {"result": {}}})),
        Err(error) => Err(failed("timeout", &DisplayErrorContext(error).to_string())),
    }
}

fn failed(kind: &str, detail: &str) -> Value {
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({"sdk_error": {"kind": kind, "detail": detail}})
}

fn client(message: &Value) -> Client {
    let text = |name: &str| message[name].as_str().map(String::from);
    let text_or_empty = |name: &str| text(name).unwrap_or_default();
    let credentials = Credentials::new(
        text_or_empty("access_key_id"),
        text_or_empty("secret_access_key"),
        text("session_token"),
        None,
        "iamspec",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(text_or_empty("endpoint"))
        .region(Region::new(text_or_empty("region")))
        .credentials_provider(credentials)
        .build();
    Client::from_conf(config)
}

async fn outcome(client: Client, message: Value) -> Value {
    let op = message["op"].as_str().unwrap_or_default();
    let parameters = Parameters(message["params"].as_object().cloned().unwrap_or_default());
    let limit = Duration::from_millis(message["deadline_ms"].as_u64().unwrap_or_default());
    let result = async {
        match message["through"].as_str() {
            Some("waiter") => wait(&client, parameters, limit).await,
            through => call(&client, op, parameters, through.is_some()).await,
        }
    };
    match tokio::time::timeout(limit, result).await {
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
        let message: Value = serde_json::from_str(&line?)?;
        match message["type"].as_str() {
            Some("hello") => {
                say(&json!({"type": "hello", "protocol": 1, "driver": "iamspec-rust",
                "sdk": "aws-sdk-iam", "version": aws_sdk_iam::meta::PKG_VERSION,
                "language": env!("RUST_VERSION"), "ops": [], "through": ["paginator", "waiter"]}))?
            }
            Some("session") => {
                sender = Some(runtime.block_on(async { client(&message) }));
                say(&json!({"type": "session"}))?;
            }
            Some("call") => {
                let Some(client) = sender.clone() else {
                    return Err("expected a session message before the first call".into());
                };
                runtime.spawn(async move {
                    let seq = message["seq"].clone();
                    let outcome = outcome(client, message).await;
                    _ = say(&json!({"type": "answer", "seq": seq, "outcome": outcome}));
                });
            }
            Some("stop") => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}
