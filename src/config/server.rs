//! `[server]`: who we are, where we listen, and what a connection or a request may cost.

use std::net::SocketAddr;

use url::Url;

use super::error::ConfigError;
use super::network::Network;
use super::section::Section;
use crate::clock::Seconds;
use crate::protocol::{Issuer, Params};

/// Listening, and what a connection or request may cost.
#[derive(Debug, Clone)]
pub struct Server {
    /// The `iss` of every token, and the base of every address we hand out.
    pub issuer: Issuer,
    /// The domain on which browser applications see that they can refresh.
    pub browser_app_domain: Option<String>,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// The header in which those proxies name the client.
    pub forwarding_header: ForwardingHeader,
    /// Connections served at once.
    pub max_connections: usize,
    /// For the head of a connection's first request.
    pub header_timeout: Seconds,
    /// For the rest between two requests.
    pub keep_alive: Seconds,
    /// For a request as a whole.
    pub request_timeout: Seconds,
    /// The largest body of a request.
    pub body_limit_bytes: usize,
    /// Whether browsers are told to come by https alone (RFC 6797); without effect over http.
    pub strict_transport_security: bool,
    /// For requests in flight when the server stops.
    pub shutdown_grace: Seconds,
}

/// The header in which a proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// RFC 7239.
    Forwarded,
    /// The older custom.
    XForwardedFor,
}

/// A longer form would be read and then refused.
const LONGEST_BODY: i64 = 64 * 1024;
const _: () = assert!(LONGEST_BODY.unsigned_abs() == Params::MAX_BYTES as u64);

impl Server {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let issuer = section.text("issuer", issuer)?;
        let shared = section.optional("browser_app_domain", |text| {
            Ok::<_, String>(text.to_owned())
        })?;
        section.require(
            shared.as_deref().is_none_or(|domain| may_share(&issuer, domain)),
            &["issuer", "browser_app_domain"],
            "must be a domain above the issuer's host, with at least two names, such as example.com for \
             id.example.com",
        )?;
        Ok(Self {
            issuer,
            browser_app_domain: shared,
            listen: section.text("listen", |text| {
                text.parse().map_err(|_| {
                    format!("\"{text}\" is not an address with a port, such as 127.0.0.1:8080")
                })
            })?,
            trusted_proxies: section.list("trusted_proxies", str::parse)?,
            forwarding_header: section.text("forwarding_header", |text| match text {
                "forwarded" => Ok(ForwardingHeader::Forwarded),
                "x-forwarded-for" => Ok(ForwardingHeader::XForwardedFor),
                _ => Err("must be \"x-forwarded-for\" or \"forwarded\""),
            })?,
            max_connections: section.integer("max_connections", 1..=1_000_000)?,
            header_timeout: section.seconds("header_timeout_seconds", 1..=600)?,
            keep_alive: section.seconds("keep_alive_seconds", 1..=3600)?,
            request_timeout: section.seconds("request_timeout_seconds", 1..=600)?,
            body_limit_bytes: section.integer("body_limit_bytes", 1024..=LONGEST_BODY)?,
            strict_transport_security: section.flag("strict_transport_security"),
            shutdown_grace: section.seconds("shutdown_grace_seconds", 0..=600)?,
        })
    }
}

/// Whether cookies for `domain` can be set from the issuer's host, and for more than that host.
///
/// # Decision
///
/// There is no list of public suffixes here, since it would be out of date before this server is. A domain of one
/// name is refused; `co.uk` is not, but every browser refuses cookies for it. What is set there is no secret.
fn may_share(issuer: &Issuer, domain: &str) -> bool {
    let host = Url::parse(issuer.as_str()).ok();
    let host = host.as_ref().and_then(Url::domain);
    let is_above = host
        .and_then(|host| host.strip_suffix(domain))
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    is_above && domain.contains('.') && domain.split('.').all(|name| !name.is_empty())
}

/// An issuer at which our routes are found: they stand at the root.
fn issuer(text: &str) -> Result<Issuer, String> {
    let issuer = Issuer::parse(text)?;
    if issuer.path().is_empty() {
        return Ok(issuer);
    }
    Err(format!(
        "must have no path, as this server answers at the root of its host: write {}",
        issuer.origin()
    ))
}
