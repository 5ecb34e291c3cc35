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

use crate::server::auth::{
    RequestedService, SignatureError, SignedRequest, claimed_key, verified_key,
};
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

    /// The verified key must be the claimed one.
    fn verify(&self) -> Result<(), SignatureError> {
        let Self { uri, headers, body, now } = self;
        let request = SignedRequest { method: &Method::POST, uri, headers, body };
        let secret = |id: &str| (id == "AKIA").then(|| Secret::new("right".to_owned()));
        let verified = verified_key(&request, RequestedService::Iam, *now, secret)?;
        assert_eq!(claimed_key(&request), Ok(Some(verified.clone())));
        assert_eq!(verified, "AKIA");
        Ok(())
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
        Err(SignatureError::Incomplete("Authorization"))
    );
    assert_eq!(
        authorization(|it| it.split(", Signature=").next().unwrap().to_owned()),
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
    let at = |written: &str| {
        valid().verify_edited(|request| {
            request.headers.insert("x-amz-date", HeaderValue::from_str(written).unwrap());
            let day = format!("/{}/", written.get(..8).unwrap_or("20231114"));
            let old = request.headers.get("authorization").unwrap().to_str().unwrap();
            let new = HeaderValue::from_str(&old.replace("/20231114/", &day));
            request.headers.insert("authorization", new.unwrap());
        })
    };
    for written in ["99991231T235959Z", "00000101T235959Z", "19691231T235959Z", "19000101T000000Z"]
    {
        let refused = at(written);
        assert!(matches!(refused, Err(SignatureError::Date(_))), "{written}: {refused:?}");
    }
    // No dates: leap seconds, days that do not exist, a year of five digits, signs, other forms.
    for written in [
        "20231114T235960Z",
        "20161231T235960Z",
        "20230229T000000Z",
        "20231314T000000Z",
        "20231100T000000Z",
        "20231114T240000Z",
        "20231114T006000Z",
        "100000101T000000Z",
        "-0010101T000000Z",
        "+2023111T000000Z",
        "20231114T221320",
        "20231114 221320Z",
        "2023-11-14T22:13:20Z",
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "TZ",
        "Z",
        "",
    ] {
        let refused = at(written);
        let is_refused =
            matches!(refused, Err(SignatureError::Incomplete(_) | SignatureError::Scope(_)));
        assert!(is_refused, "{written}: {refused:?}");
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

/// Each of these names a second signer, `BOB`, next to the right signature of `AKIA`.
#[test]
fn a_request_that_states_its_signature_twice_is_refused() {
    let bob = "BOB/20231114/us-east-1/iam/aws4_request";
    let authorization = |edit: &dyn Fn(&str) -> String| {
        valid().verify_edited(|request| {
            let old = request.headers.get("authorization").unwrap().to_str().unwrap().to_owned();
            request.headers.insert("authorization", HeaderValue::from_str(&edit(&old)).unwrap());
        })
    };
    let unknown_part = Err(SignatureError::Incomplete("Authorization"));
    for part in [&format!("xCredential={bob}"), &format!("credential={bob}"), "x=y", "x", ""] {
        let first = |it: &str| it.replace(" Credential=", &format!(" {part}, Credential="));
        assert_eq!(authorization(&first), unknown_part, "{part}");
        assert_eq!(authorization(&|it: &str| format!("{it}, {part}")), unknown_part, "{part}");
    }
    for (name, value) in [("Credential", bob), ("SignedHeaders", "host"), ("Signature", "00")] {
        let repeated = Err(SignatureError::Ambiguous(name));
        let again = |it: &str| format!("{it}, {name}={value}");
        assert_eq!(authorization(&again), repeated, "{name}");
        let first = |it: &str| it.replace(" Credential=", &format!(" {name}={value}, Credential="));
        assert_eq!(authorization(&first), repeated, "{name}");
    }
    let no_space = |it: &str| it.replace("SHA256 ", "SHA256");
    assert_eq!(authorization(&no_space), Err(SignatureError::Incomplete("AWS4-HMAC-SHA256")));
    for name in ["authorization", "x-amz-date"] {
        let twice = valid().verify_edited(|request| {
            let value = request.headers.get(name).unwrap().clone();
            request.headers.append(name, value);
        });
        assert_eq!(twice, Err(SignatureError::Ambiguous(name)));
    }
}

#[test]
fn a_query_that_states_its_signature_twice_is_refused() {
    let location = SignatureLocation::QueryParams;
    let members = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ];
    for name in members {
        for written in [name, &name.replace('-', "%2D")] {
            let more = format!("{written}=BOB%2F20231114%2Fus-east-1%2Fiam%2Faws4_request");
            for in_front in [true, false] {
                let twice = signed_by(Signer { location, ..Signer::default() });
                let twice = twice.verify_edited(|request| {
                    let query = request.uri.query().unwrap();
                    let query = if in_front {
                        format!("{more}&{query}")
                    } else {
                        format!("{query}&{more}")
                    };
                    request.uri = format!("/?{query}").parse().unwrap();
                });
                assert_eq!(twice, Err(SignatureError::Ambiguous(name)), "{more}");
            }
            // A member of a query signature next to a signature in the header.
            let both = valid().verify_edited(|request| {
                request.uri = format!("/?{more}").parse().unwrap();
            });
            assert_eq!(both, Err(SignatureError::Ambiguous("signature")), "{more}");
        }
    }
}

/// Without verification, the same parser reads the caller.
#[test]
fn an_unverified_caller_is_read_from_one_place_only() {
    let key = |authorization: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
        let uri = Uri::from_static("/");
        let request =
            SignedRequest { method: &Method::POST, uri: &uri, headers: &headers, body: &[] };
        claimed_key(&request)
    };
    let scope = "20231114/us-east-1/iam/aws4_request";
    let alice = format!("AWS4-HMAC-SHA256 Credential=ALICE/{scope}");
    assert_eq!(key(&alice), Ok(Some("ALICE".to_owned())));
    assert!(key(&format!("{alice}, Credential=BOB/{scope}")).is_err());
    assert!(key(&format!("AWS4-HMAC-SHA256 xCredential=BOB/x, Credential=ALICE/{scope}")).is_err());
    assert!(key("Basic QUxJQ0U6").is_err());
    assert!(key(&format!("AWS4-HMAC-SHA256 Credential=/{scope}")).is_err());
}
