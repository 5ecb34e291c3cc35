//! Where requests go, and for which region they are signed.

use anyhow::{Context as _, Result, bail};
use reqwest::Url;

use crate::aws::config::Config;

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The endpoint of IAM.
    pub url: Url,
    /// The endpoint that says whose credentials these are.
    pub sts: Url,
    /// For which region requests are signed.
    pub region: String,
    /// Whether it is this machine.
    pub loopback: bool,
}

/// What a URL should look like.
const SUCH_AS: &str = "write one such as http://127.0.0.1:5000";

/// The partitions: what their regions begin with, the endpoint of IAM, the region for which it is signed,
/// and the endpoint of STS there. The first stands for every other region. IAM has one endpoint a
/// partition (E-018); the rest is what botocore's rules of endpoints say.
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
    /// A URL; `env` for what variables and the profile say, and AWS where they say nothing; `aws` for
    /// AWS.
    ///
    /// # Errors
    /// What is no URL.
    pub fn of(endpoint: &str, surroundings: &Config) -> Result<Self> {
        let region = region(surroundings);
        let own = match endpoint {
            "aws" => None,
            "env"
                if surroundings.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some("true") =>
            {
                None
            }
            "env" => configured(surroundings, "iam", "AWS_ENDPOINT_URL_IAM"),
            url => Some(url),
        };
        let Some(own) = own else { return of_partition(region) };
        let url = parse(own)?;
        if let Some(row) = PARTITIONS.iter().find(|it| url.host_str() == Some(it.1)) {
            return at(row);
        }
        // Emulators answer for every service at one address.
        let sts = surroundings
            .variable("AWS_ENDPOINT_URL_STS")
            .or_else(|| surroundings.service_setting("sts", "endpoint_url"));
        let sts = sts.map_or(Ok(url.clone()), parse)?;
        let region = region.unwrap_or("us-east-1").to_owned();
        let loopback = is_loopback(&url);
        Ok(Self { url, sts, region, loopback })
    }

    /// Whether a URL is that of AWS's own IAM.
    #[must_use]
    pub fn is_aws(url: &str) -> bool {
        let url = Url::parse(url).ok();
        url.is_some_and(|url| {
            url.scheme() == "https" && PARTITIONS.iter().any(|it| url.host_str() == Some(it.1))
        })
    }

    /// An endpoint of this machine.
    ///
    /// # Errors
    /// What is no URL, or of another machine.
    pub fn loopback(endpoint: &str) -> Result<Self> {
        let url = parse(endpoint)?;
        if !is_loopback(&url) {
            bail!("`{endpoint}` is not an address of this machine");
        }
        Ok(Self { sts: url.clone(), url, region: "us-east-1".to_owned(), loopback: true })
    }
}

/// The endpoint of a service as the user has set it.
fn configured<'a>(surroundings: &'a Config, service: &str, variable: &str) -> Option<&'a str> {
    surroundings
        .variable(variable)
        .or_else(|| surroundings.variable("AWS_ENDPOINT_URL"))
        .or_else(|| surroundings.service_setting(service, "endpoint_url"))
        .or_else(|| surroundings.setting("endpoint_url"))
}

fn region(surroundings: &Config) -> Option<&str> {
    surroundings
        .variable("AWS_REGION")
        .or_else(|| surroundings.variable("AWS_DEFAULT_REGION"))
        .or_else(|| surroundings.setting("region"))
}

fn of_partition(region: Option<&str>) -> Result<Destination> {
    let named = |it: &&(&str, &str, &str, &str)| region.is_some_and(|name| name.starts_with(it.0));
    let [first, ..] = &PARTITIONS;
    at(PARTITIONS.iter().rev().find(named).unwrap_or(first))
}

fn at((_, iam, region, sts): &(&str, &str, &str, &str)) -> Result<Destination> {
    let [url, sts] = [iam, sts].map(|host| parse(&format!("https://{host}/")));
    Ok(Destination { url: url?, sts: sts?, region: (*region).to_owned(), loopback: false })
}

fn parse(endpoint: &str) -> Result<Url> {
    let url =
        Url::parse(endpoint).with_context(|| format!("`{endpoint}` is not a URL; {SUCH_AS}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        bail!("`{endpoint}` is not an HTTP URL; {SUCH_AS}");
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
