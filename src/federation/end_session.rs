//! Signing out at an OpenID Provider (OpenID Connect RP-Initiated Logout 1.0 §2).

use url::{Host, Url};

use super::answer::is_named;
use super::connector::Connector;
use super::error::{Check, FederationError};
use crate::clock::Timestamp;
use crate::secret::Secret;

/// The longest ID Token that goes along. Bytes: it stands in an address, which servers cut off at some length.
const LONGEST_HINT: usize = 4096;

/// Who is to be signed out there.
#[derive(Debug, Clone, Copy)]
pub struct Leaving<'a> {
    /// Who issued the ID Token that they signed in with.
    pub issuer: &'a str,
    /// That token, if it was kept.
    pub id_token: Option<&'a Secret>,
    /// Where the provider leads the browser then.
    pub back: &'a str,
    /// What it brings back.
    pub state: &'a Secret,
}

impl Connector<'_> {
    /// Gives the address that signs somebody out at the provider; none, when it has none.
    ///
    /// # Errors
    ///
    /// When the provider does not say of itself what is needed, or is another one than the ID Token's.
    pub async fn end_session(
        &self,
        leaving: Leaving<'_>,
        now: Timestamp,
    ) -> Result<Option<Url>, FederationError> {
        let provider = self.openid_provider()?;
        let (egress, key) = (self.egress()?, provider.metadata_key());
        let metadata = self.outside.providers.find(&egress, key, now).await?;
        let failed = |why: &str| Err(FederationError::unproven(Check::Metadata, why));
        if !is_named(metadata.issuer().as_str(), leaving.issuer) {
            return failed("they signed in at another provider than the connection has now");
        }
        let discovered = &metadata.additional_metadata().end_session_endpoint;
        let configured = &provider.client.end_session_endpoint;
        let Some(endpoint) = configured.as_ref().or(discovered.as_ref()) else {
            return Ok(None);
        };
        let Some(mut address) = Url::parse(endpoint).ok().filter(is_fit_for_browsers) else {
            return failed("the end_session_endpoint is no https address");
        };
        let mut parameters = address.query_pairs_mut();
        let hint = leaving.id_token.map(Secret::expose);
        if let Some(hint) = hint.filter(|hint| hint.len() <= LONGEST_HINT) {
            parameters.append_pair("id_token_hint", hint);
        }
        parameters
            .append_pair("client_id", &provider.client.client_id)
            .append_pair("post_logout_redirect_uri", leaving.back)
            .append_pair("state", leaving.state.expose());
        drop(parameters);
        Ok(Some(address))
    }
}

/// Whether browsers may be sent there: an upstream wrote it down.
fn is_fit_for_browsers(address: &Url) -> bool {
    let is_local = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    address.scheme() == "https" || (address.scheme() == "http" && is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_web_addresses_alone() {
        for (address, expected) in [
            ("https://accounts.example.test/logout?x=1", true),
            ("http://127.0.0.1:9000/logout", true),
            ("http://localhost/logout", true),
            ("http://accounts.example.test/logout", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(is_fit_for_browsers(&url), expected, "{address}");
        }
    }
}
