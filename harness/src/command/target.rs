//! Whom a command asks: an endpoint of the user's, or the embedded one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;

use crate::cli::Target;
use crate::client::Http;
use crate::server::{Options, Server};

/// Somebody who can be asked.
pub(super) struct Open {
    /// What the first line calls it.
    pub(super) name: String,
    pub(super) http: Http,
    /// Ends with it.
    _server: Option<Server>,
}

impl Open {
    pub(super) fn of(target: &Target) -> Result<Self> {
        let server = embedded(target)?;
        let url = server
            .as_ref()
            .map_or_else(|| target.endpoint.clone().unwrap_or_default(), Server::url);
        let http = Http::new(&url, &run_id(), Duration::from_secs(target.timeout))?;
        let name = match (&target.endpoint, &target.mutant) {
            (Some(url), _) => url.clone(),
            (None, Some(mutant)) => {
                format!("the embedded reference endpoint ({url}), mutant {mutant}")
            }
            (None, None) => format!("the embedded reference endpoint ({url})"),
        };
        Ok(Self { name, http, _server: server })
    }
}

fn embedded(target: &Target) -> Result<Option<Server>> {
    if target.endpoint.is_some() {
        return Ok(None);
    }
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let behaviour = super::behaviour(target.may.unwrap_or_default(), target.mutant.as_deref())?;
    Server::start(free, Options { behaviour, ..Options::default() }).map(Some)
}

/// Tells this run from others.
fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}
