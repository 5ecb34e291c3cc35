//! Refuses requests that web pages of other sites cause.
//!
//! A page of any origin can make a browser send a form to this machine, and a name that resolves to
//! this machine lets it read the response (DNS rebinding). The server therefore accepts only
//! requests that are addressed to it and that come from this machine, as far as the head of the
//! request shows. The check runs before the body is read.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Uri};
use reqwest::Url;

use crate::server::reply::Reply;

/// The methods that the Query API uses (E-018).
const METHODS: [Method; 2] = [Method::GET, Method::POST];

/// The values of `Sec-Fetch-Site` that do not name another site.
const OWN_SITES: [&str; 3] = ["none", "same-origin", "same-site"];

/// The hosts that requests may be addressed to, and that a page that sends a request may come from.
#[derive(Clone, Debug)]
pub(super) struct TrustedHosts {
    listening: IpAddr,
    /// More names, in lower case.
    names: Vec<String>,
}

impl TrustedHosts {
    /// The loopback hosts, the listening address, and these names.
    pub(super) fn new(listening: IpAddr, names: &[String]) -> Self {
        Self { listening, names: names.iter().map(|name| bare_name(name)).collect() }
    }

    /// The reply to a request that is refused for its head; `None` if it is accepted.
    pub(super) fn refuse(&self, head: &Parts) -> Option<Reply> {
        let foreign = |what: &str, next: &str| {
            let message =
                format!("{what}, and this server accepts requests from this machine only; {next}");
            Some(Reply::refusal(403, "ForeignRequest", &message))
        };
        if !self.is_addressed_here(&head.uri, &head.headers) {
            return foreign(
                "the request is addressed to another host",
                "use the URL that `iamspec` has printed, or add `--allow-host NAME`",
            );
        }
        let from_page = "send the request without a browser";
        for name in [header::ORIGIN, header::REFERER] {
            let is_trusted = |value: &header::HeaderValue| {
                value.to_str().is_ok_and(|url| self.is_trusted_page(url))
            };
            if !head.headers.get_all(&name).iter().all(is_trusted) {
                return foreign(&format!("the header `{name}` names another origin"), from_page);
            }
        }
        let is_own = |value: &header::HeaderValue| OWN_SITES.iter().any(|own| *value == *own);
        if !head.headers.get_all("sec-fetch-site").iter().all(is_own) {
            return foreign("the header `sec-fetch-site` names another site", from_page);
        }
        if !METHODS.contains(&head.method) {
            return Some(Reply::method_not_allowed("GET, POST"));
        }
        None
    }

    /// Returns true if the target and the `Host` header name this server. A request of HTTP/1.0
    /// may have neither.
    fn is_addressed_here(&self, target: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next();
        let host_is_here = host.is_none_or(|host| {
            let authority = host.to_str().ok().and_then(|it| it.parse().ok());
            authority.is_some_and(|it| self.is_here(&it))
        });
        let target_is_here = target.authority().is_none_or(|it| self.is_here(it));
        hosts.next().is_none() && host_is_here && target_is_here
    }

    fn is_here(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
        // All addresses of the machine are listening. No name can be rebound to a literal address.
        let any_address = self.listening.is_unspecified() && address_of(&url).is_some();
        any_address || self.is_trusted(&url)
    }

    /// Returns true if a page of this URL may send requests. `null` is the origin of a page that
    /// hides its own.
    fn is_trusted_page(&self, url: &str) -> bool {
        let url = Url::parse(url).ok();
        url.is_some_and(|url| ["http", "https"].contains(&url.scheme()) && self.is_trusted(&url))
    }

    fn is_trusted(&self, url: &Url) -> bool {
        if let Some(address) = address_of(url) {
            return address.is_loopback()
                || address == self.listening
                || self.names.contains(&address.to_string());
        }
        let name = bare_name(url.host_str().unwrap_or_default());
        name == "localhost" || self.names.contains(&name)
    }
}

/// A host name in lower case, without the dot at the end and without the brackets of IPv6.
fn bare_name(name: &str) -> String {
    let name = name.trim_matches(['[', ']']);
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The address in the host of a URL, if the host is not a name. The parser of URLs has already
/// brought other spellings, such as `0x7f.1`, into the usual one.
fn address_of(url: &Url) -> Option<IpAddr> {
    let address: IpAddr = url.host_str()?.trim_matches(['[', ']']).parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const HERE: &str = "127.0.0.1";

    /// The status of the refusal of a request with these headers; `None` if it is accepted.
    fn status(listening: &str, names: &[&str], headers: &[(&str, &str)]) -> Option<u16> {
        request_status(listening, names, "POST", "/", headers)
    }

    fn request_status(
        listening: &str,
        names: &[&str],
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Option<u16> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let hosts = TrustedHosts::new(listening.parse().unwrap(), &names);
        hosts.refuse(&head).map(|reply| reply.status)
    }

    #[test]
    fn a_request_is_addressed_to_a_loopback_host_or_to_the_listening_address() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:4580",
            "127.8.9.10:1",
            "localhost",
            "LocalHost:4580",
            "localhost.:4580",
            "[::1]",
            "[::1]:4580",
            "[0:0:0:0:0:0:0:1]:4580",
            "[::ffff:127.0.0.1]:4580",
        ] {
            assert_eq!(status(HERE, &[], &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:4580",
            "127.0.0.1.evil.example",
            "localhost.evil.example:4580",
            "evil.localhost",
            "iam.amazonaws.com",
            "sts.amazonaws.com",
            "10.0.0.7:4580",
            "0.0.0.0:4580",
            "[::]:4580",
            "[fe80::1]:4580",
            "user@127.0.0.1:4580",
            "127.0.0.1@evil.example",
            "evil.example#127.0.0.1",
            "evil.example/127.0.0.1",
            "127.0.0.1, evil.example",
            "null",
            "",
        ] {
            assert_eq!(status(HERE, &[], &[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(status(HERE, &[], &[]), None);
        let twice = [("host", "127.0.0.1"), ("host", "127.0.0.1")];
        assert_eq!(status(HERE, &[], &twice), Some(403));
    }

    #[test]
    fn a_server_for_other_machines_accepts_its_addresses_and_the_names_it_is_given() {
        let host = |listening, names: &[&str], host| status(listening, names, &[("host", host)]);
        assert_eq!(host("10.0.0.7", &[], "10.0.0.7:4580"), None);
        assert_eq!(host("10.0.0.7", &[], "10.0.0.8:4580"), Some(403));
        for listening in ["0.0.0.0", "::"] {
            assert_eq!(host(listening, &[], "0.0.0.0:4580"), None);
            assert_eq!(host(listening, &[], "10.0.0.8:4580"), None);
            assert_eq!(host(listening, &[], "[fe80::1]:4580"), None);
            assert_eq!(host(listening, &[], "iam:4580"), Some(403));
            assert_eq!(host(listening, &["IAM"], "iam:4580"), None);
            let page = [("host", "10.0.0.8:4580"), ("origin", "http://10.0.0.8")];
            assert_eq!(status(listening, &[], &page), Some(403));
        }
        assert_eq!(host(HERE, &["0.0.0.0", "[::1]", "iam.test."], "0.0.0.0:4580"), None);
        assert_eq!(host(HERE, &["0.0.0.0", "[::1]", "iam.test."], "iam.test:1"), None);
    }

    #[test]
    fn the_target_of_a_request_counts_like_its_host() {
        let target = |target| request_status(HERE, &[], "POST", target, &[("host", HERE)]);
        assert_eq!(target("http://127.0.0.1:4580/"), None);
        assert_eq!(target("http://evil.example/"), Some(403));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        for url in [
            "http://localhost:3000",
            "http://127.0.0.1:4580",
            "https://127.1.2.3",
            "http://[::1]:8080",
        ] {
            for (name, value) in [("origin", url.to_owned()), ("referer", format!("{url}/a?b#c"))] {
                let headers = [("host", HERE), (name, value.as_str())];
                assert_eq!(status(HERE, &[], &headers), None, "{name}: {value}");
            }
        }
        for url in [
            "null",
            "",
            "about:blank",
            "file://",
            "http://evil.example",
            "https://evil.example:4580/127.0.0.1",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example/",
            "http://evil.localhost",
            "ftp://127.0.0.1",
            "chrome-extension://localhost",
            "127.0.0.1:4580",
            "localhost",
            "http://127.0.0.1:4580 http://evil.example",
            "http://10.0.0.7",
        ] {
            for name in ["origin", "referer"] {
                let headers = [("host", HERE), (name, url)];
                assert_eq!(status(HERE, &[], &headers), Some(403), "{name}: {url}");
                let second = [("host", HERE), (name, "http://localhost"), (name, url)];
                assert_eq!(status(HERE, &[], &second), Some(403), "second {name}: {url}");
            }
        }
    }

    /// A page can hide its origin and its address, but not this header.
    #[test]
    fn a_request_across_sites_is_refused_even_without_an_origin() {
        for (site, refusal) in [
            ("cross-site", Some(403)),
            ("Cross-Site", Some(403)),
            ("", Some(403)),
            ("same-site", None),
            ("same-origin", None),
            ("none", None),
        ] {
            let headers = [("host", HERE), ("sec-fetch-site", site)];
            let found = request_status(HERE, &[], "GET", "/?Action=ListUsers", &headers);
            assert_eq!(found, refusal, "{site}");
        }
    }

    #[test]
    fn only_get_and_post_are_carried_out() {
        for (method, refusal) in [
            ("GET", None),
            ("POST", None),
            ("HEAD", Some(405)),
            ("PUT", Some(405)),
            ("PATCH", Some(405)),
            ("DELETE", Some(405)),
            ("OPTIONS", Some(405)),
            ("TRACE", Some(405)),
            ("post", Some(405)),
            ("BREW", Some(405)),
        ] {
            let headers = [("host", HERE)];
            assert_eq!(request_status(HERE, &[], method, "/", &headers), refusal, "{method}");
        }
        // The origin is checked first: a preflight of a foreign page learns nothing.
        let foreign = [("host", HERE), ("origin", "http://evil.example")];
        assert_eq!(request_status(HERE, &[], "OPTIONS", "/", &foreign), Some(403));
    }
}
