//! The issuer identifier (OpenID Connect Discovery 1.0 §4.3, RFC 8414 §2).
//!
//! It is compared byte for byte by everyone who holds a token of ours, so it has one spelling.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::client::redirect_uri::is_loopback;

/// Where this server is and what it signs as, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    /// Reads an issuer from the configuration.
    ///
    /// # Errors
    ///
    /// A sentence for whoever configures the server.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("must use https; http is for loopback addresses only".into()),
            _ => return Err("must be an https URL".into()),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must have neither query nor fragment".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password".into());
        }
        // Also refuses what `Url` would silently rewrite: capitals, default ports, dot segments.
        let canonical = url.as_str().trim_end_matches('/');
        if text == canonical {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("must be written as {canonical}"))
        }
    }

    /// Gives it as it stands in every token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the address of a path below it, which begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it is reached by https, so that cookies can demand it.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Gives scheme, host and port, as in an `Origin` header (RFC 6454 §6.1).
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        self.0[host..]
            .find('/')
            .map_or(&self.0, |path| &self.0[..host + path])
    }

    /// Gives the path, empty or beginning with a slash.
    pub fn path(&self) -> &str {
        &self.0[self.origin().len()..]
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Issuer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_without_query_fragment_or_trailing_slash() {
        for (text, accepted) in [
            ("https://id.example.test", true),
            ("https://id.example.test:8443", true),
            ("https://id.example.test/tenant", true),
            ("http://localhost:4455", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:4455", true),
            ("http://id.example.test", false),
            ("http://localhost.example.test", false),
            ("https://id.example.test/", false),
            ("https://id.example.test/tenant/", false),
            ("https://ID.example.test", false),
            ("https://id.example.test:443", false),
            ("https://id.example.test/a/../b", false),
            ("https://id.example.test?x", false),
            ("https://id.example.test#x", false),
            ("https://ada@id.example.test", false),
            ("https:id.example.test", false),
            ("ftp://id.example.test", false),
            ("id.example.test", false),
            ("", false),
        ] {
            assert_eq!(Issuer::parse(text).is_ok(), accepted, "{text}");
        }
        let refused = Issuer::parse("https://ID.example.test:443/").unwrap_err();
        assert_eq!(refused, "must be written as https://id.example.test");
    }

    #[test]
    fn parts() {
        for (text, origin, path) in [
            ("https://id.example.test", "https://id.example.test", ""),
            (
                "https://id.example.test/a/b",
                "https://id.example.test",
                "/a/b",
            ),
            ("http://localhost:4455", "http://localhost:4455", ""),
        ] {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!((issuer.origin(), issuer.path()), (origin, path));
            assert_eq!(issuer.join("/logout"), format!("{text}/logout"));
        }
    }
}
