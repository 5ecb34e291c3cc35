//! The endpoint of requests, and the region that they are signed for.

use anyhow::{Context as _, Result, bail};
use reqwest::Url;

use crate::aws::config::Config;

/// The endpoints and the signing region of requests.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The endpoint of IAM.
    pub url: Url,
    /// The endpoint of STS, which identifies the caller.
    pub sts: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the endpoint is on this machine.
    pub loopback: bool,
}

/// The hint in errors about URLs.
const URL_HINT: &str = "write one such as http://127.0.0.1:5000";

/// The partitions: the prefix of their regions, the IAM endpoint, its signing region, and the STS
/// endpoint. The first row is for all other regions. IAM has one endpoint per partition (E-018);
/// the rest is from the endpoint rules of botocore.
const PARTITIONS: [(&str, &str, &str, &str); 8] = [
    ("", "iam.amazonaws.com", "us-east-1", "sts.us-east-1.amazonaws.com"),
    ("cn-", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ("us-gov-", "iam.us-gov.amazonaws.com", "us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ("us-iso-", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
    (
        "us-isob-",
        "iam.us-isob-east-1.sc2s.sgov.gov",
        "us-isob-east-1",
        "sts.us-isob-east-1.sc2s.sgov.gov",
    ),
    (
        "eu-isoe-",
        "iam.eu-isoe-west-1.cloud.adc-e.uk",
        "eu-isoe-west-1",
        "sts.eu-isoe-west-1.cloud.adc-e.uk",
    ),
    (
        "us-isof-",
        "iam.us-isof-south-1.csp.hci.ic.gov",
        "us-isof-south-1",
        "sts.us-isof-south-1.csp.hci.ic.gov",
    ),
    (
        "eusc-",
        "iam.eusc-de-east-1.amazonaws.eu",
        "eusc-de-east-1",
        "sts.eusc-de-east-1.amazonaws.eu",
    ),
];

impl Destination {
    /// The destination of an endpoint option: a URL; `aws`; or `env` for the endpoint of the
    /// variables and the profile, or AWS if they have none.
    ///
    /// # Errors
    /// The endpoint is not a URL.
    pub fn from_option(endpoint: &str, config: &Config) -> Result<Self> {
        let region = region(config);
        let custom = match endpoint {
            "aws" => None,
            "env" if config.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some("true") => None,
            "env" => configured(config, "iam", "AWS_ENDPOINT_URL_IAM"),
            url => Some(url),
        };
        let Some(custom) = custom else { return of_partition(region) };
        let url = parse(custom)?;
        if let Some(row) = PARTITIONS.iter().find(|it| url.host_str() == Some(it.1)) {
            return at(row);
        }
        // Emulators serve all services at one address.
        let sts = config
            .variable("AWS_ENDPOINT_URL_STS")
            .or_else(|| config.service_setting("sts", "endpoint_url"));
        let sts = sts.map_or(Ok(url.clone()), parse)?;
        let region = region.unwrap_or("us-east-1").to_owned();
        let loopback = is_loopback(&url);
        Ok(Self { url, sts, region, loopback })
    }

    /// Whether a URL is an IAM endpoint of AWS.
    #[must_use]
    pub fn is_aws(url: &str) -> bool {
        let url = Url::parse(url).ok();
        url.is_some_and(|url| {
            url.scheme() == "https" && PARTITIONS.iter().any(|it| url.host_str() == Some(it.1))
        })
    }

    /// An endpoint on this machine.
    ///
    /// # Errors
    /// The endpoint is not a URL, or is on another machine.
    pub fn loopback(endpoint: &str) -> Result<Self> {
        let url = parse(endpoint)?;
        if !is_loopback(&url) {
            bail!("`{endpoint}` is not an address of this machine");
        }
        Ok(Self { sts: url.clone(), url, region: "us-east-1".to_owned(), loopback: true })
    }
}

/// The endpoint of a service in the variables or the profile.
fn configured<'a>(config: &'a Config, service: &str, variable: &str) -> Option<&'a str> {
    config
        .variable(variable)
        .or_else(|| config.variable("AWS_ENDPOINT_URL"))
        .or_else(|| config.service_setting(service, "endpoint_url"))
        .or_else(|| config.setting("endpoint_url"))
}

fn region(config: &Config) -> Option<&str> {
    config
        .variable("AWS_REGION")
        .or_else(|| config.variable("AWS_DEFAULT_REGION"))
        .or_else(|| config.setting("region"))
}

fn of_partition(region: Option<&str>) -> Result<Destination> {
    let has_region =
        |it: &&(&str, &str, &str, &str)| region.is_some_and(|name| name.starts_with(it.0));
    let [first, ..] = &PARTITIONS;
    at(PARTITIONS.iter().rev().find(has_region).unwrap_or(first))
}

fn at((_, iam, region, sts): &(&str, &str, &str, &str)) -> Result<Destination> {
    let [url, sts] = [iam, sts].map(|host| parse(&format!("https://{host}/")));
    Ok(Destination { url: url?, sts: sts?, region: (*region).to_owned(), loopback: false })
}

fn parse(endpoint: &str) -> Result<Url> {
    let url =
        Url::parse(endpoint).with_context(|| format!("`{endpoint}` is not a URL; {URL_HINT}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        bail!("`{endpoint}` is not an HTTP URL; {URL_HINT}");
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        None => false,
    }
}
