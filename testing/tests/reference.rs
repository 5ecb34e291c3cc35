//! The reference endpoint as a service in this process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use iamspec_testing::ScriptTests;
use iamspec_testing::reference::{FaultPlan, Options, ReferenceService};
use libtest_mimic::Arguments;
use tower::ServiceExt as _;

/// The status of the response to a form, and its body.
async fn sent(service: &ReferenceService, form: &str) -> Result<(u16, String), String> {
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Full::new(Bytes::from(form.to_owned()))).unwrap();
    let response = service.clone().oneshot(request).await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

const CREATE: &str = "Action=CreateUser&Version=2010-05-08&UserName=alice";

#[tokio::test]
async fn clones_share_an_account_and_others_do_not() {
    let service = ReferenceService::default();
    let (status, body) = sent(&service, CREATE).await.unwrap();
    assert!(status == 200 && body.contains("<UserName>alice</UserName>"), "{body}");
    let (status, body) = sent(&service.clone(), CREATE).await.unwrap();
    assert!(status == 409 && body.contains("<Code>EntityAlreadyExists</Code>"), "{body}");
    assert_eq!(sent(&ReferenceService::default(), CREATE).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_closed_connection_is_an_error() {
    for fault in ["drop", "truncate"] {
        let faults = format!("[[fault]]\nsort = \"{fault}\"\nevery = 1\n");
        let faults = FaultPlan::parse(&faults).unwrap();
        let service = ReferenceService::new(Options { faults, ..Options::default() });
        let error = sent(&service, CREATE).await.unwrap_err();
        assert_eq!(error, "the connection was closed by an injected fault");
    }
}

/// Every script passes, with the random ones.
#[test]
fn the_suite_passes() {
    let tests = ScriptTests::of_service::<_, Full<Bytes>, _>(ReferenceService::default());
    let trials = tests.trials().unwrap();
    assert!(trials.len() > 200, "{}", trials.len());
    let quiet = Arguments { quiet: true, ..Arguments::default() };
    assert!(!libtest_mimic::run(&quiet, trials).has_failed());
}
