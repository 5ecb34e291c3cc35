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

/// Whose an endpoint is. IAM and STS must be of the same party: STS says whose account it is that
/// the IAM requests go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    /// This machine.
    Loopback,
    /// AWS, in this partition.
    Aws(&'static PartitionEndpoints),
    /// Anybody else.
    Other,
}

/// A partition: the prefix of its regions, the IAM endpoint, its signing region, the STS endpoint.
type PartitionEndpoints = (&'static str, &'static str, &'static str, &'static str);

/// The hint in errors about URLs.
const URL_HINT: &str = "write one such as http://127.0.0.1:5000";

/// The partitions: the prefix of their regions, the IAM endpoint, its signing region, and the STS
/// endpoint. The first row is for all other regions. IAM has one endpoint per partition (E-018);
/// the rest is from the endpoint rules of botocore.
const PARTITIONS: [PartitionEndpoints; 8] = [
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

/// The domains of AWS, each with the prefix of the regions of its partition, from the endpoint rules
/// of botocore: the domain of the partition, and the one of its dual-stack endpoints. The first two
/// are shared with `us-gov`.
const DOMAINS: [(&str, &str); 14] = [
    ("amazonaws.com", ""),
    ("api.aws", ""),
    ("amazonaws.com.cn", "cn-"),
    ("api.amazonwebservices.com.cn", "cn-"),
    ("c2s.ic.gov", "us-iso-"),
    ("api.aws.ic.gov", "us-iso-"),
    ("sc2s.sgov.gov", "us-isob-"),
    ("api.aws.scloud", "us-isob-"),
    ("cloud.adc-e.uk", "eu-isoe-"),
    ("api.cloud-aws.adc-e.uk", "eu-isoe-"),
    ("csp.hci.ic.gov", "us-isof-"),
    ("api.aws.hci.ic.gov", "us-isof-"),
    ("amazonaws.eu", "eusc-"),
    ("api.amazonwebservices.eu", "eusc-"),
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
        let sts = config
            .variable("AWS_ENDPOINT_URL_STS")
            .or_else(|| config.service_setting("sts", "endpoint_url"));
        let sts = sts.map(parse).transpose()?;
        let party = party(&url);
        if let Party::Aws(row) = party {
            return at_aws(url, sts, row);
        }
        // Emulators serve all services at one address.
        let sts = sts.unwrap_or_else(|| url.clone());
        if self::party(&sts) != party {
            bail!(
                "the IAM endpoint {} and the STS endpoint {} are not of the same party, so STS does \
                 not say whose account the IAM requests change; unset AWS_ENDPOINT_URL_STS",
                shown(&url),
                shown(&sts)
            );
        }
        let region = region.unwrap_or("us-east-1").to_owned();
        let loopback = party == Party::Loopback;
        Ok(Self { url, sts, region, loopback })
    }

    /// Checks a URL that is not used by this process.
    ///
    /// # Errors
    /// It is not a URL, or has a user, a password, a query or a fragment.
    pub fn check(endpoint: &str) -> Result<()> {
        parse(endpoint).map(|_| ())
    }

    /// Whether a URL is an IAM endpoint of AWS.
    #[must_use]
    pub fn is_aws(url: &str) -> bool {
        let url = Url::parse(url).ok();
        url.is_some_and(|url| {
            url.scheme() == "https" && PARTITIONS.iter().any(|it| host(&url) == it.1)
        })
    }

    /// An endpoint on this machine.
    ///
    /// # Errors
    /// The endpoint is not a URL, or is on another machine.
    pub fn loopback(endpoint: &str) -> Result<Self> {
        let url = parse(endpoint)?;
        if party(&url) != Party::Loopback {
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
    let has_region = |it: &&PartitionEndpoints| region.is_some_and(|name| name.starts_with(it.0));
    let [first, ..] = &PARTITIONS;
    at(PARTITIONS.iter().rev().find(has_region).unwrap_or(first))
}

fn at((_, iam, region, sts): &PartitionEndpoints) -> Result<Destination> {
    let [url, sts] = [iam, sts].map(|host| parse(&format!("https://{host}/")));
    Ok(Destination { url: url?, sts: sts?, region: (*region).to_owned(), loopback: false })
}

/// A URL of AWS. STS is asked at AWS's own endpoint, or at one of AWS in the same partition, such as
/// an endpoint of a VPC.
fn at_aws(url: Url, sts: Option<Url>, row: &'static PartitionEndpoints) -> Result<Destination> {
    let own = at(row)?;
    let is_public = host(&url) == row.1 && url.port().is_none();
    if !is_public && url.scheme() != "https" {
        bail!("{} is of AWS, which serves IAM over https only; write https://", shown(&url));
    }
    let sts = sts.filter(|it| it.scheme() == "https" && party(it) == Party::Aws(row));
    let url = if is_public { own.url.clone() } else { url };
    // The public endpoint and no other STS is what AWS's tools use.
    let sts = if is_public { own.sts.clone() } else { sts.unwrap_or_else(|| own.sts.clone()) };
    Ok(Destination { url, sts, ..own })
}

fn parse(endpoint: &str) -> Result<Url> {
    // The text of an invalid URL may contain a password too.
    let url = Url::parse(endpoint)
        .ok()
        .with_context(|| format!("{} is not a URL; {URL_HINT}", quoted(endpoint)))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        bail!("{} is not an HTTP URL; {URL_HINT}", quoted(endpoint));
    }
    if !url.username().is_empty() || url.password().is_some() || authority(endpoint).contains('@') {
        bail!(
            "the endpoint URL has a user or a password, which would be written into reports; \
             remove it: credentials come from the environment or the AWS profile"
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        bail!("the endpoint URL has a query or a fragment; expected host, port and path only");
    }
    Ok(url)
}

/// The part of a URL between the slashes.
fn authority(endpoint: &str) -> &str {
    let rest = endpoint.split_once(':').map_or(endpoint, |(_, rest)| rest);
    rest.trim_start_matches(['/', '\\']).split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

/// A text that is no URL, unless it may contain a password.
fn quoted(endpoint: &str) -> String {
    if endpoint.contains(['@', '?', '#']) {
        return "the endpoint".to_owned();
    }
    format!("`{}`", endpoint.chars().take(QUOTED_MAX).collect::<String>())
}

/// The longest part of a wrong URL in an error.
const QUOTED_MAX: usize = 200;

fn shown(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// The host of a URL without the dot of the root. The parser of URLs has written it in lower case.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_end_matches('.')
}

fn party(url: &Url) -> Party {
    let host = host(url);
    let of = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|it| it.is_empty() || it.ends_with('.'))
    };
    if let Some(row) = PARTITIONS.iter().find(|it| host == it.1) {
        return Party::Aws(row);
    }
    // The longest domain that fits: `amazonaws.com.cn` is no part of `amazonaws.com`.
    let domain = DOMAINS.iter().filter(|(domain, _)| of(domain)).max_by_key(|it| it.0.len());
    let Some((_, prefix)) = domain else {
        return if is_loopback(url) { Party::Loopback } else { Party::Other };
    };
    let prefix = if prefix.is_empty() && host.contains("us-gov") { "us-gov-" } else { prefix };
    PARTITIONS.iter().find(|it| it.0 == prefix).map_or(Party::Other, Party::Aws)
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
