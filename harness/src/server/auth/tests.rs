//! Requests signed by AWS's own library: accepted unchanged, refused after any change.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use time::OffsetDateTime;

use crate::server::auth::{SignatureError, SignedRequest, verify};
use crate::server::store::Secret;

const NOW: u64 = 1_700_000_000;

/// A signed request that a test can change.
struct Request {
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    now: OffsetDateTime,
}

#[derive(Clone, Copy)]
struct Signer {
    region: &'static str,
    secret: &'static str,
    location: SignatureLocation,
    url: &'static str,
}

impl Default for Signer {
    fn default() -> Self {
        let location = SignatureLocation::Headers;
        Self { region: "us-east-1", secret: "right", location, url: "http://localhost:1/" }
    }
}

impl Request {
    fn signed(signer: &Signer) -> Self {
        let identity = Credentials::new("AKIA", signer.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = signer.location;
        settings.expires_in =
            (signer.location == SignatureLocation::QueryParams).then(|| Duration::from_mins(1));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(signer.region)
            .name("iam")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = b"Action=ListUsers&Version=2010-05-08".to_vec();
        let headers_to_sign = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-example", "a  b"),
        ];
        let signable = SignableBody::Bytes(&body);
        let request =
            SignableRequest::new("POST", signer.url, headers_to_sign.into_iter(), signable)
                .unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut headers = HeaderMap::new();
        let host = [("host", "localhost:1")];
        for (name, value) in headers_to_sign.into_iter().chain(host).chain(instructions.headers()) {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let mut plain = hyper::http::Request::builder().uri(signer.url).body(()).unwrap();
        instructions.apply_to_request_http1x(&mut plain);
        let uri = plain.uri().path_and_query().unwrap().as_str().parse().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).unwrap();
        Self { uri, headers, body, now }
    }

    fn verify(&self) -> Result<(), SignatureError> {
        let Self { uri, headers, body, now } = self;
        let request = SignedRequest { method: &Method::POST, uri, headers, body };
        let secret = |id: &str| (id == "AKIA").then(|| Secret::new("right".to_owned()));
        verify(&request, *now, secret)
    }

    fn verify_edited(mut self, edit: impl FnOnce(&mut Self)) -> Result<(), SignatureError> {
        edit(&mut self);
        self.verify()
    }
}

fn signed_by(signer: Signer) -> Request {
    Request::signed(&signer)
}

fn valid() -> Request {
    signed_by(Signer::default())
}

#[test]
fn a_request_signed_with_the_right_secret_is_accepted() {
    assert_eq!(valid().verify(), Ok(()));
    let url = "http://localhost:1/a%20b/?z=1&a=%2F+x&a=&A=~";
    assert_eq!(signed_by(Signer { url, ..Signer::default() }).verify(), Ok(()));
    let location = SignatureLocation::QueryParams;
    assert_eq!(signed_by(Signer { location, url, ..Signer::default() }).verify(), Ok(()));
}

#[test]
fn a_request_changed_after_signing_is_refused() {
    let set = |request: &mut Request, name: &'static str, value: &'static str| {
        request.headers.insert(name, HeaderValue::from_static(value));
    };
    assert_eq!(
        signed_by(Signer { secret: "wrong", ..Signer::default() }).verify(),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        valid().verify_edited(|request| request.body.push(b'&')),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        valid().verify_edited(|request| request.uri = "/?a=b".parse().unwrap()),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        valid().verify_edited(|request| request.uri = "/a".parse().unwrap()),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        valid().verify_edited(|request| set(request, "host", "elsewhere")),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(valid().verify_edited(|request| set(request, "x-amz-example", " a b ")), Ok(()));
    assert_eq!(
        valid().verify_edited(|request| set(request, "x-amz-example", "ab")),
        Err(SignatureError::Mismatch)
    );
    let unsigned = Err(SignatureError::Header("x-amz-other".to_owned()));
    assert_eq!(valid().verify_edited(|request| set(request, "x-amz-other", "a")), unsigned);
    assert_eq!(valid().verify_edited(|request| set(request, "accept", "a")), Ok(()));
}

#[test]
fn a_malformed_signature_is_refused() {
    let authorization = |edit: fn(&str) -> String| {
        valid().verify_edited(|request| {
            let old = request.headers.get("authorization").unwrap().to_str().unwrap().to_owned();
            request.headers.insert("authorization", HeaderValue::from_str(&edit(&old)).unwrap());
        })
    };
    assert_eq!(authorization(str::to_owned), Ok(()));
    assert_eq!(authorization(|it| it.replace("AKIA", "AKIB")), Err(SignatureError::UnknownKey));
    assert_eq!(
        authorization(|it| it.replace("host;", "")),
        Err(SignatureError::Header("host".into()))
    );
    assert_eq!(
        authorization(|it| it.replace("Signature=", "S=")),
        Err(SignatureError::Incomplete("Signature"))
    );
    assert_eq!(
        authorization(|it| it.split("Signature=").next().unwrap().to_owned() + "Signature=00"),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        authorization(|_| "Basic eA==".into()),
        Err(SignatureError::Incomplete("AWS4-HMAC-SHA256"))
    );
    let without =
        |name: &'static str| valid().verify_edited(|request| _ = request.headers.remove(name));
    assert_eq!(without("authorization"), Err(SignatureError::Unsigned));
    assert_eq!(without("x-amz-date"), Err(SignatureError::Incomplete("X-Amz-Date")));
}

#[test]
fn a_signature_is_valid_for_its_lifetime_and_its_region() {
    let elsewhere = signed_by(Signer { region: "eu-west-1", ..Signer::default() }).verify();
    let Err(SignatureError::Scope(text)) = elsewhere else { panic!("{elsewhere:?}") };
    assert!(text.contains("us-east-1, not eu-west-1"), "{text}");
    let after = |seconds, location| {
        let request = signed_by(Signer { location, ..Signer::default() });
        request.verify_edited(|request| request.now += time::Duration::seconds(seconds))
    };
    let (headers, query) = (SignatureLocation::Headers, SignatureLocation::QueryParams);
    for (seconds, location) in [(900, headers), (-900, headers), (60, query)] {
        assert_eq!(after(seconds, location), Ok(()), "{seconds}");
    }
    for (seconds, location) in [(901, headers), (-901, headers), (61, query)] {
        assert!(matches!(after(seconds, location), Err(SignatureError::Date(_))), "{seconds}");
    }
}

#[test]
fn a_date_at_either_end_of_the_calendar_is_refused_without_overflow() {
    for day in ["99991231", "00000101"] {
        let refused = valid().verify_edited(|request| {
            let date = HeaderValue::from_str(&format!("{day}T235959Z")).unwrap();
            request.headers.insert("x-amz-date", date);
            let old = request.headers.get("authorization").unwrap().to_str().unwrap();
            let new = HeaderValue::from_str(&old.replace("/20231114/", &format!("/{day}/")));
            request.headers.insert("authorization", new.unwrap());
        });
        assert!(matches!(refused, Err(SignatureError::Date(_))), "{day}: {refused:?}");
    }
    // A clock at either end of the calendar.
    for now in [time::Date::MAX, time::Date::MIN] {
        let refused = valid().verify_edited(|request| {
            request.now = now.with_time(time::Time::MIDNIGHT).assume_utc();
        });
        assert!(matches!(refused, Err(SignatureError::Date(_))), "{now}: {refused:?}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    assert_eq!(format!("{:?}", Secret::new("hidden".to_owned())), "Secret(..)");
}
