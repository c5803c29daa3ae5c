//! The management API among the registered APIs: it is always there, with the scopes that this version knows.

use rand::CryptoRng;

use super::scopes;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{ApiId, ApiScopeId};
use crate::protocol::Issuer;
use crate::store::Tx;
use crate::store::apis::{self, Api, ApiScope};

/// Its identifier in `aud`.
pub fn audience(issuer: &Issuer) -> String {
    issuer.join("/api")
}

/// Registers the management API when it is missing, and defines what scopes of it are.
pub async fn ensure_api(
    tx: &mut Tx,
    issuer: &Issuer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Api> {
    let audience = audience(issuer);
    let api = match apis::find_by_audience(tx, &audience).await? {
        Some(api) => api,
        None => insert(tx, audience, now, rng).await?,
    };
    let defined = apis::list_scopes(tx, &api.id).await?;
    for (word, description) in scopes::ALL {
        let is_there = |scope: &ApiScope| scope.name == *word && scope.description == *description;
        if !defined.iter().any(is_there) {
            let scope = ApiScope {
                id: ApiScopeId::generate(rng),
                name: (*word).to_owned(),
                description: (*description).to_owned(),
            };
            apis::upsert_scope(tx, &api.id, &scope).await?;
        }
    }
    Ok(api)
}

async fn insert(
    tx: &mut Tx,
    audience: String,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Api> {
    let api = Api {
        id: ApiId::generate(rng),
        name: "Vestibule management API".to_owned(),
        audience,
        is_management: true,
        created_at: now,
    };
    apis::upsert(tx, &api).await?;
    let details = audit::difference(None, Some(&api));
    audit::record(
        tx,
        Actor::System,
        "api.created",
        api.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(api)
}
