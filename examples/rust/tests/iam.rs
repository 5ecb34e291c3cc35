//! Tests code that uses the AWS SDK for Rust against the reference endpoint, in this process and without a
//! socket. Each test has an account of its own.

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use iamspec_testing::reference::ReferenceService;
use tower_service::Service;

#[derive(Clone, Debug, Default)]
struct Reference(ReferenceService);

impl HttpConnector for Reference {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut service = self.0.clone();
        HttpConnectorFuture::new(async move {
            let failed =
                |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::io(error);
            let request = request.try_into_http1x().map_err(|error| failed(error.into()))?;
            let response = service.call(request).await.map_err(failed)?;
            let response = response.map(SdkBody::from_body_1_x);
            response.try_into().map_err(|error| failed(Box::new(error)))
        })
    }
}

fn client() -> Client {
    let reference = Reference::default();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url("http://iam.test")
        .credentials_provider(Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "secret",
            None,
            None,
            "test",
        ))
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(reference.clone())))
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn a_user_with_keys_is_deleted() {
    let iam = client();
    iam.create_user().user_name("alice").send().await.unwrap();
    iam.create_access_key().user_name("alice").send().await.unwrap();
    // AWS refuses to delete a user that holds a key.
    let error = iam.delete_user().user_name("alice").send().await.unwrap_err();
    assert_eq!(error.code(), Some("DeleteConflict"));
    iam_example::delete_user(&iam, "alice").await.unwrap();
    let error = iam.get_user().user_name("alice").send().await.unwrap_err();
    assert_eq!(error.code(), Some("NoSuchEntity"));
}
