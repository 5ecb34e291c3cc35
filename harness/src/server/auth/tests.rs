//! Requests that AWS's own library signs, and what becomes of them when anything is changed.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use time::OffsetDateTime;

use crate::server::auth::{Refused, Secret, SignedRequest, check};

const NOW: u64 = 1_700_000_000;

/// A signed request that can be changed.
struct Request {
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    now: OffsetDateTime,
}

#[derive(Clone, Copy)]
struct By {
    region: &'static str,
    secret: &'static str,
    location: SignatureLocation,
    url: &'static str,
}

impl Default for By {
    fn default() -> Self {
        let location = SignatureLocation::Headers;
        Self { region: "us-east-1", secret: "right", location, url: "http://localhost:1/" }
    }
}

impl Request {
    fn signed(by: &By) -> Self {
        let identity = Credentials::new("AKIA", by.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = by.location;
        settings.expires_in =
            (by.location == SignatureLocation::QueryParams).then(|| Duration::from_mins(1));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(by.region)
            .name("iam")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = b"Action=ListUsers&Version=2010-05-08".to_vec();
        let given = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-thing", "a  b"),
        ];
        let signable = SignableBody::Bytes(&body);
        let request = SignableRequest::new("POST", by.url, given.into_iter(), signable).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut headers = HeaderMap::new();
        let own = [("host", "localhost:1")];
        for (name, value) in given.into_iter().chain(own).chain(instructions.headers()) {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let mut plain = hyper::http::Request::builder().uri(by.url).body(()).unwrap();
        instructions.apply_to_request_http1x(&mut plain);
        let uri = plain.uri().path_and_query().unwrap().as_str().parse().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).unwrap();
        Self { uri, headers, body, now }
    }

    fn checked(&self) -> Result<(), Refused> {
        let Self { uri, headers, body, now } = self;
        let request = SignedRequest { method: &Method::POST, uri, headers, body };
        let known = |id: &str| (id == "AKIA").then(|| Secret::new("right".to_owned()));
        check(&request, *now, known)
    }

    fn edited(mut self, edit: impl FnOnce(&mut Self)) -> Result<(), Refused> {
        edit(&mut self);
        self.checked()
    }
}

fn with(by: By) -> Request {
    Request::signed(&by)
}

fn good() -> Request {
    with(By::default())
}

#[test]
fn what_is_signed_with_the_right_secret_is_let_in() {
    assert_eq!(good().checked(), Ok(()));
    let url = "http://localhost:1/a%20b/?z=1&a=%2F+x&a=&A=~";
    assert_eq!(with(By { url, ..By::default() }).checked(), Ok(()));
    let location = SignatureLocation::QueryParams;
    assert_eq!(with(By { location, url, ..By::default() }).checked(), Ok(()));
}

#[test]
fn what_is_changed_on_its_way_is_not() {
    let put = |request: &mut Request, name: &'static str, value: &'static str| {
        request.headers.insert(name, HeaderValue::from_static(value));
    };
    assert_eq!(with(By { secret: "wrong", ..By::default() }).checked(), Err(Refused::Differs));
    assert_eq!(good().edited(|it| it.body.push(b'&')), Err(Refused::Differs));
    assert_eq!(good().edited(|it| it.uri = "/?a=b".parse().unwrap()), Err(Refused::Differs));
    assert_eq!(good().edited(|it| it.uri = "/a".parse().unwrap()), Err(Refused::Differs));
    assert_eq!(good().edited(|it| put(it, "host", "elsewhere")), Err(Refused::Differs));
    assert_eq!(good().edited(|it| put(it, "x-amz-thing", " a b ")), Ok(()));
    assert_eq!(good().edited(|it| put(it, "x-amz-thing", "ab")), Err(Refused::Differs));
    let unsigned = Err(Refused::Header("x-amz-other".to_owned()));
    assert_eq!(good().edited(|it| put(it, "x-amz-other", "a")), unsigned);
    assert_eq!(good().edited(|it| put(it, "accept", "a")), Ok(()));
}

#[test]
fn a_signature_that_is_not_one_is_refused() {
    let authorization = |edit: fn(&str) -> String| {
        good().edited(|it| {
            let old = it.headers.get("authorization").unwrap().to_str().unwrap().to_owned();
            it.headers.insert("authorization", HeaderValue::from_str(&edit(&old)).unwrap());
        })
    };
    assert_eq!(authorization(str::to_owned), Ok(()));
    assert_eq!(authorization(|it| it.replace("AKIA", "AKIB")), Err(Refused::UnknownKey));
    assert_eq!(authorization(|it| it.replace("host;", "")), Err(Refused::Header("host".into())));
    assert_eq!(
        authorization(|it| it.replace("Signature=", "S=")),
        Err(Refused::Incomplete("Signature"))
    );
    assert_eq!(
        authorization(|it| it.split("Signature=").next().unwrap().to_owned() + "Signature=00"),
        Err(Refused::Differs)
    );
    assert_eq!(
        authorization(|_| "Basic eA==".into()),
        Err(Refused::Incomplete("AWS4-HMAC-SHA256"))
    );
    let without = |name: &'static str| good().edited(|it| _ = it.headers.remove(name));
    assert_eq!(without("authorization"), Err(Refused::Unsigned));
    assert_eq!(without("x-amz-date"), Err(Refused::Incomplete("X-Amz-Date")));
}

#[test]
fn a_signature_holds_for_its_time_and_its_region() {
    let elsewhere = with(By { region: "eu-west-1", ..By::default() }).checked();
    let Err(Refused::Scope(text)) = elsewhere else { panic!("{elsewhere:?}") };
    assert!(text.contains("us-east-1, not eu-west-1"), "{text}");
    let after = |seconds, location| {
        let request = with(By { location, ..By::default() });
        request.edited(|it| it.now += time::Duration::seconds(seconds))
    };
    let (headers, query) = (SignatureLocation::Headers, SignatureLocation::QueryParams);
    for (seconds, location) in [(900, headers), (-900, headers), (60, query)] {
        assert_eq!(after(seconds, location), Ok(()), "{seconds}");
    }
    for (seconds, location) in [(901, headers), (-901, headers), (61, query)] {
        assert!(matches!(after(seconds, location), Err(Refused::Date(_))), "{seconds}");
    }
}

#[test]
fn a_date_at_either_end_of_the_calendar_is_refused_and_not_added_to() {
    for day in ["99991231", "00000101"] {
        let refused = good().edited(|it| {
            let date = HeaderValue::from_str(&format!("{day}T235959Z")).unwrap();
            it.headers.insert("x-amz-date", date);
            let old = it.headers.get("authorization").unwrap().to_str().unwrap();
            let new = HeaderValue::from_str(&old.replace("/20231114/", &format!("/{day}/")));
            it.headers.insert("authorization", new.unwrap());
        });
        assert!(matches!(refused, Err(Refused::Date(_))), "{day}: {refused:?}");
    }
    // A clock at the end of the calendar, as well.
    for now in [time::Date::MAX, time::Date::MIN] {
        let refused = good().edited(|it| it.now = now.with_time(time::Time::MIDNIGHT).assume_utc());
        assert!(matches!(refused, Err(Refused::Date(_))), "{now}: {refused:?}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    assert_eq!(format!("{:?}", Secret::new("hidden".to_owned())), "Secret(..)");
}
