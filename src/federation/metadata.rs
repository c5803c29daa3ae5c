//! What an OpenID Provider says of itself, and its keys; kept in memory for a while.
//!
//! # Decision
//!
//! The documents are fetched and compared with the configured issuer here and not by `discover_async`, which fetches
//! the keys each time and can't know an issuer that is a template, as the common endpoint of Entra ID has. Keys that
//! sign with an unknown `kid` are fetched anew, but at most once in [`SOONEST`], so that nobody can make us ask an
//! upstream without end.

use std::collections::HashMap;
use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, HttpRequest, ProviderMetadata, http};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::egress::Egress;
use super::error::{Check, FederationError};
use super::settings::is_tenant_id;
use crate::clock::{Seconds, Timestamp};

/// The metadata of a provider (OpenID Connect Discovery 1.0 §3), together with its keys.
pub(super) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Further metadata.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Further {
    /// Whether answers say from whom they come (RFC 9207 §3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Where somebody is signed out (OpenID Connect RP-Initiated Logout 1.0 §2.1). Not checked.
    pub end_session_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Further {}

/// For how long metadata are good.
const LIFETIME: Seconds = Seconds::new(3600);

/// How soon they are fetched again, whatever happens.
const SOONEST: Seconds = Seconds::new(60);

/// For how many providers they are kept.
const MOST: usize = 1000;

/// The metadata of the providers that were asked lately.
#[derive(Debug, Default)]
pub struct Providers {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    metadata: Arc<Metadata>,
    fetched_at: Timestamp,
}

impl Providers {
    /// The metadata of the provider whose documents begin at `base`, fetched when they are not known, or too old.
    ///
    /// # Errors
    ///
    /// [`FederationError::Unavailable`] when it does not answer; a failed [`Check::Metadata`] when its answer is of
    /// another issuer than `issuer`.
    pub(super) async fn find(
        &self,
        egress: &Egress,
        (base, issuer): (&str, &str),
        now: Timestamp,
    ) -> Result<Arc<Metadata>, FederationError> {
        self.younger_than(LIFETIME, egress, (base, issuer), now)
            .await
    }

    /// The same, fetched anew unless that was done a moment ago: for a signature by a key that nobody knows.
    pub(super) async fn renew(
        &self,
        egress: &Egress,
        (base, issuer): (&str, &str),
        now: Timestamp,
    ) -> Result<Arc<Metadata>, FederationError> {
        self.younger_than(SOONEST, egress, (base, issuer), now)
            .await
    }

    async fn younger_than(
        &self,
        age: Seconds,
        egress: &Egress,
        (base, issuer): (&str, &str),
        now: Timestamp,
    ) -> Result<Arc<Metadata>, FederationError> {
        let known = self.known.lock().await.get(base).cloned();
        if let Some(known) = known.filter(|known| known.fetched_at.plus(age) > now) {
            return Ok(known.metadata);
        }
        // Not under the lock: a slow provider delays its own users alone.
        let metadata = Arc::new(fetch(egress, base, issuer).await?);
        let mut known = self.known.lock().await;
        if known.len() >= MOST {
            let oldest = known.iter().min_by_key(|(_, known)| known.fetched_at);
            let oldest = oldest.map(|(base, _)| base.clone());
            oldest.map(|base| known.remove(&base));
        }
        let entry = Known {
            metadata: Arc::clone(&metadata),
            fetched_at: now,
        };
        known.insert(base.to_owned(), entry);
        Ok(metadata)
    }
}

async fn fetch(egress: &Egress, base: &str, issuer: &str) -> Result<Metadata, FederationError> {
    let metadata = document(egress, base, issuer).await?;
    let keys = keys(egress, &metadata).await?;
    Ok(metadata.set_jwks(keys))
}

/// The keys that metadata lead to.
pub(super) async fn keys(
    egress: &Egress,
    metadata: &Metadata,
) -> Result<CoreJsonWebKeySet, FederationError> {
    read(egress, metadata.jwks_uri().as_str()).await
}

/// Stands in an issuer for the id of a tenant that is known by its domain alone, whose metadata tell the id.
pub(super) const TENANT: &str = "{guid}";

/// Whether metadata are of the issuer that is expected.
fn is_issuer(expected: &str, said: &str) -> bool {
    let Some((before, after)) = expected.split_once(TENANT) else {
        return said == expected;
    };
    let tenant = said.strip_prefix(before);
    let tenant = tenant.and_then(|rest| rest.strip_suffix(after));
    tenant.is_some_and(is_tenant_id)
}

/// The metadata, without the keys.
pub(super) async fn document(
    egress: &Egress,
    base: &str,
    issuer: &str,
) -> Result<Metadata, FederationError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        base.trim_end_matches('/')
    );
    let metadata: Metadata = read(egress, &address).await?;
    let said = metadata.issuer().as_str();
    if !is_issuer(issuer, said) {
        let why = format!("{address} is of the issuer {said}, not of {issuer}");
        return Err(FederationError::unproven(Check::Metadata, why));
    }
    Ok(metadata)
}

/// A JSON document.
async fn read<T: DeserializeOwned>(egress: &Egress, address: &str) -> Result<T, FederationError> {
    let unavailable = |why: String| FederationError::Unavailable(format!("{address}: {why}"));
    let request: HttpRequest = http::Request::get(address)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| unavailable(error.to_string()))?;
    let response = egress.send(request).await;
    let response = response.map_err(|error| unavailable(error.to_string()))?;
    if response.status() != http::StatusCode::OK {
        return Err(unavailable(format!("answered {}", response.status())));
    }
    serde_json::from_slice(response.body()).map_err(|error| unavailable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_of_a_tenant_known_by_its_domain_names_its_id() {
        let expected = "https://login.example.test/{guid}/v2.0";
        for (said, is_it) in [
            (
                "https://login.example.test/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
                true,
            ),
            ("https://login.example.test/{tenantid}/v2.0", false),
            ("https://login.example.test/acme.test/v2.0", false),
            (
                "https://evil.example.test/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
                false,
            ),
            ("https://login.example.test/v2.0", false),
        ] {
            assert_eq!(is_issuer(expected, said), is_it, "{said}");
        }
        assert!(is_issuer("https://a.test", "https://a.test"));
        assert!(!is_issuer("https://a.test", "https://a.test/"));
    }
}
