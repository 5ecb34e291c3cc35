//! Recordings of placebo: a folder of files such as `iam.CreateUser_1.json`, each with one response.
//!
//! A file has the name of the action and the parsed response, and nothing of the request. The
//! numbers order the calls of one action, and nothing orders calls of different actions. Therefore
//! each response is judged alone.

use serde_json::{Map, Value};

use crate::audit_log::formats::cloudtrail::element;
use crate::audit_log::record::{RecordedCall, RecordedResponse, response_of};
use crate::wire::xml_read::Element;

/// The service and the operation in the name of a file.
fn operation(file: &str) -> Option<(&str, &str)> {
    let name = file.strip_suffix(".gz").unwrap_or(file).strip_suffix(".json")?;
    let (service, call) = name.rsplit_once('.')?;
    let (action, number) = call.rsplit_once('_')?;
    let service = service.rsplit('.').next().unwrap_or(service);
    number.parse::<u32>().ok().map(|_| (service, action))
}

/// Whether the file is a recorded response.
pub(crate) fn is_recording(file: &str, document: &Map<String, Value>) -> bool {
    ["status_code", "data"].iter().all(|it| document.contains_key(*it)) && operation(file).is_some()
}

/// The call, if it is one of IAM.
pub(crate) fn call(file: &str, document: &Map<String, Value>) -> Option<RecordedCall> {
    let (_, action) = operation(file).filter(|(service, _)| *service == "iam")?;
    let data = document.get("data")?.as_object()?;
    let metadata = data.get("ResponseMetadata");
    let id = metadata.and_then(|it| it.get("RequestId")?.as_str()).unwrap_or_default();
    let status = document.get("status_code").and_then(Value::as_u64);
    let status = status.and_then(|it| u16::try_from(it).ok());
    let response = if data.contains_key("Error") {
        let root = Element { name: "ErrorResponse".to_owned(), ..result(data) };
        response_of(action, status, &root)
    } else {
        match status {
            Some(200..300) => RecordedResponse::Success(Some(result(data))),
            _ => RecordedResponse::Lost,
        }
    };
    // Values that a response repeats from its request are not compared.
    let path = match &response {
        RecordedResponse::Success(Some(result)) => {
            result.children.iter().find_map(|it| it.text_of("Path"))
        }
        _ => None,
    };
    let path = path.map(|it| ("Path".to_owned(), it.to_owned()));
    Some(RecordedCall {
        id: id.to_owned(),
        account: file.to_owned(),
        action: action.to_owned(),
        members: path.into_iter().collect(),
        response,
        has_wire_format: true,
        lacks_request: true,
        ..RecordedCall::default()
    })
}

/// The members of the response, without those about it.
fn result(data: &Map<String, Value>) -> Element {
    let members = data.iter().filter(|(name, _)| *name != "ResponseMetadata");
    let members = members.map(|(name, value)| (name.clone(), with_dates(value))).collect();
    element("", &Value::Object(members))
}

/// The value with each date in the form that responses have. Its fraction is not kept: the library
/// has parsed it.
fn with_dates(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(with_dates).collect(),
        Value::Object(members) if members.contains_key("__class__") => {
            let part = |name: &str| members.get(name).and_then(Value::as_u64).unwrap_or_default();
            let [year, month, day] = ["year", "month", "day"].map(part);
            let [hour, minute, second] = ["hour", "minute", "second"].map(part);
            let (date, time) = (
                format!("{year:04}-{month:02}-{day:02}"),
                format!("{hour:02}:{minute:02}:{second:02}"),
            );
            Value::from(format!("{date}T{time}Z"))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, it)| (name.clone(), with_dates(it)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn the_name_of_a_file_has_the_service_and_the_operation() {
        for (file, expected) in [
            ("iam.CreateUser_1.json", Some(("iam", "CreateUser"))),
            ("test_delete.iam.DeleteUser_12.json", Some(("iam", "DeleteUser"))),
            ("s3.ListBuckets_1.json", Some(("s3", "ListBuckets"))),
            ("iam.CreateUser.json", None),
            ("events.json", None),
        ] {
            assert_eq!(operation(file), expected, "{file}");
        }
    }
}
