//! The address that stands in every token as `iss`.

use std::fmt;

use url::{Host, Url};

/// An issuer identifier (OpenID Connect Discovery 1.0 §3), never with a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Reads an `https` address without query, fragment or trailing slash; `http` only for loopback.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |reason: &str| Err(format!("\"{text}\" {reason}"));
        let Ok(url) = Url::parse(text) else {
            return refuse("is not an address such as https://id.example.com");
        };
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return refuse("must begin with https://; http:// is for localhost only");
        }
        if url.query().is_some() || url.fragment().is_some() || text.ends_with('/') {
            return refuse("must end after the host or path: no trailing slash, query or fragment");
        }
        if url.as_str().trim_end_matches('/') != text || !url.username().is_empty() {
            return refuse(
                "must be written in its normal form: lower case, no user, no default port",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The address as it was configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
