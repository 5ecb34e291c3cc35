//! The endpoint of requests, and the region that they are signed for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, Result, bail};
use reqwest::Url;

use crate::aws::config::Config;
use crate::aws::emulator::Instance;

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
    /// Whether the endpoint is of AWS.
    pub aws: bool,
    /// The addresses of the host names that are on this machine. They are looked up once, so that a
    /// name that changes its address cannot lead requests elsewhere.
    pub addresses: Vec<(String, Vec<SocketAddr>)>,
    /// The running AWS Emulator, if the endpoint option names it.
    pub emulator: Option<Instance>,
}

/// Looks up the addresses of a host name and a port. An unknown name has none.
pub type Lookup<'a> = &'a dyn Fn(&str, u16) -> Vec<SocketAddr>;

/// Looks a name up as every program of this machine does.
fn look_up(name: &str, port: u16) -> Vec<SocketAddr> {
    (name, port).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
}

/// The party that runs an endpoint. IAM and STS must belong to the same party: STS says whose
/// account it is that the IAM requests go to.
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

/// The error of `--endpoint env` without such an endpoint.
const NOT_CONFIGURED: &str = "no endpoint is set for --endpoint env: set AWS_ENDPOINT_URL_IAM, \
    AWS_ENDPOINT_URL or endpoint_url of the profile, or write `--endpoint aws` for AWS";

impl Destination {
    /// The destination of an endpoint option: a URL; `aws`; `env` for the endpoint of the variables
    /// and the profile; or `emulator[:PORT]` for a running AWS Emulator.
    ///
    /// # Errors
    /// The endpoint is not a URL, `env` finds none, or no emulator runs.
    pub fn from_option(endpoint: &str, config: &Config) -> Result<Self> {
        Self::looked_up(endpoint, config, &look_up)
    }

    /// The same with another way to look up host names.
    ///
    /// # Errors
    /// The endpoint is not a URL, or no emulator runs.
    pub fn looked_up(endpoint: &str, config: &Config, look_up: Lookup<'_>) -> Result<Self> {
        if let Some(port) = Instance::port_of(endpoint)? {
            return of_emulator(Instance::read(port, config)?, look_up);
        }
        let custom = match endpoint {
            "aws" => None,
            "env" if ignores_endpoints(config) => None,
            "env" => {
                Some(configured(config, "iam", "AWS_ENDPOINT_URL_IAM").context(NOT_CONFIGURED)?)
            }
            url => Some(url),
        };
        match custom {
            Some(custom) => at_url(parse(custom)?, config, look_up),
            None => of_partition(region(config)),
        }
    }

    /// The URL of the endpoint without the slash at its end.
    #[must_use]
    pub fn shown_url(&self) -> String {
        shown(&self.url).to_owned()
    }

    /// Whether the endpoint has the host and the port of one of these URLs.
    pub fn is_one_of<'a>(&self, urls: impl IntoIterator<Item = &'a str>) -> bool {
        urls.into_iter().filter_map(|it| Url::parse(it).ok()).any(|it| {
            let is_here = self.loopback && is_loopback(&it);
            it.port_or_known_default() == self.url.port_or_known_default()
                && (host(&it) == host(&self.url) || is_here)
        })
    }

    /// A URL of this destination for a program that looks up names itself. A name of this machine is
    /// replaced by its address, unless a certificate must show the name.
    pub(crate) fn pinned_url(&self) -> Url {
        let mut url = self.url.clone();
        let pinned = self.addresses.iter().find(|(name, _)| Some(&**name) == url.host_str());
        let address = pinned.and_then(|(_, addresses)| addresses.first()).map(SocketAddr::ip);
        if let Some(address) = address.filter(|_| url.scheme() == "http") {
            // A URL with a host takes an address in its place.
            _ = url.set_ip_host(address);
        }
        url
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
        let mut addresses = Vec::new();
        if located(&url, &look_up, &mut addresses) != Party::Loopback {
            bail!("`{endpoint}` is not an address of this machine");
        }
        let region = "us-east-1".to_owned();
        let sts = url.clone();
        Ok(Self { url, sts, region, loopback: true, aws: false, addresses, emulator: None })
    }
}

/// Whether the user wants the endpoints in variables and profiles to be ignored.
pub(crate) fn ignores_endpoints(config: &Config) -> bool {
    let ignores = config.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    ignores.is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

/// The destination of a URL.
fn at_url(url: Url, config: &Config, look_up: Lookup<'_>) -> Result<Destination> {
    let sts = config
        .variable("AWS_ENDPOINT_URL_STS")
        .or_else(|| config.service_setting("sts", "endpoint_url"))
        .filter(|_| !ignores_endpoints(config));
    let sts = sts.map(parse).transpose()?;
    let mut addresses = Vec::new();
    let mut party_of = |url: &Url| located(url, look_up, &mut addresses);
    let party = party_of(&url);
    if let Party::Aws(row) = party {
        return at_aws(url, sts, row);
    }
    // Emulators serve all services at one address.
    let sts = sts.unwrap_or_else(|| url.clone());
    if party_of(&sts) != party {
        bail!(
            "the IAM endpoint {} and the STS endpoint {} are not of the same party, so STS does \
             not say whose account the IAM requests change; unset AWS_ENDPOINT_URL_STS",
            shown(&url),
            shown(&sts)
        );
    }
    let region = region(config).unwrap_or("us-east-1").to_owned();
    let loopback = party == Party::Loopback;
    Ok(Destination { url, sts, region, loopback, aws: false, addresses, emulator: None })
}

/// The destination of a running AWS Emulator.
fn of_emulator(instance: Instance, look_up: Lookup<'_>) -> Result<Destination> {
    let url = instance.url();
    let destination = at_url(parse(&url)?, &instance.config, look_up)?;
    if !destination.loopback {
        bail!(
            "the config file of the emulator at port {} names {url}, which is not on this machine; \
             to test that endpoint, name its URL",
            instance.port
        );
    }
    Ok(Destination { emulator: Some(instance), ..destination })
}

/// The party of a URL. The addresses of a name of this machine are added to `addresses`.
fn located(
    url: &Url,
    look_up: Lookup<'_>,
    addresses: &mut Vec<(String, Vec<SocketAddr>)>,
) -> Party {
    match party(url) {
        Party::Aws(row) => Party::Aws(row),
        Party::Loopback => {
            addresses.extend(local_name(url, look_up));
            Party::Loopback
        }
        Party::Other => match local(url, look_up) {
            Some(found) => {
                addresses.push(found);
                Party::Loopback
            }
            None => Party::Other,
        },
    }
}

/// The name of a URL with its addresses, if it has some and all of them are on this machine.
fn local(url: &Url, look_up: Lookup<'_>) -> Option<(String, Vec<SocketAddr>)> {
    let name = url.domain()?;
    let found = look_up(host(url), url.port_or_known_default()?);
    let is_here = |it: &SocketAddr| it.ip().to_canonical().is_loopback();
    (!found.is_empty() && found.iter().all(is_here)).then(|| (name.to_owned(), found))
}

/// The addresses of `localhost`, which is this machine whatever its name is said to be.
fn local_name(url: &Url, look_up: Lookup<'_>) -> Option<(String, Vec<SocketAddr>)> {
    let name = url.domain()?;
    local(url, look_up).or_else(|| {
        let port = url.port_or_known_default()?;
        let own = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        Some((name.to_owned(), own.map(|it| SocketAddr::new(it, port)).to_vec()))
    })
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
    let (url, sts, region) = (url?, sts?, (*region).to_owned());
    let (addresses, emulator) = (Vec::new(), None);
    Ok(Destination { url, sts, region, loopback: false, aws: true, addresses, emulator })
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
    // The longest matching domain: `amazonaws.com.cn` is not part of `amazonaws.com`.
    let domain = DOMAINS.iter().filter(|(domain, _)| of(domain)).max_by_key(|it| it.0.len());
    let Some((_, prefix)) = domain else {
        return if is_loopback(url) { Party::Loopback } else { Party::Other };
    };
    let prefix = if prefix.is_empty() && host.contains("us-gov") { "us-gov-" } else { prefix };
    PARTITIONS.iter().find(|it| it.0 == prefix).map_or(Party::Other, Party::Aws)
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "localhost.") => true,
        Some(host) => {
            let address = host.trim_matches(['[', ']']).parse();
            address.is_ok_and(|it: IpAddr| it.to_canonical().is_loopback())
        }
        None => false,
    }
}
