//! APIs that clients call (RFC 8707), their scopes, and which client has which of them.
//!
//! What is taken from a client its tokens give no more: at the next refresh, and at introspection within a second.
//! The management API is ours: it can't be removed, and its scopes are those that this version knows.

use rand::CryptoRng;
use serde_json::{Value, json};

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{ApiId, ApiScopeId};
use crate::protocol::client::ApplicationKind;
use crate::protocol::scope::{Scope, Scopes};
use crate::store::apis::{self, Api, ApiScope};
use crate::store::clients::Client;
use crate::store::{Tx, client_apis};

/// The longest audience. Bytes.
const LONGEST_AUDIENCE: usize = 2048;

/// The longest name of a scope. Bytes.
const LONGEST_SCOPE: usize = 100;

/// How many scopes an API may have.
const MOST_SCOPES: usize = 1000;

/// Why an API, or who may call it, can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiRefusal {
    /// Another API has that audience.
    #[error("another API has that audience")]
    AudienceTaken,
    /// The management API is ours.
    #[error("the management API and its scopes are the server's own: they can't be changed")]
    ManagementApi,
    /// Only machines call the management API.
    #[error("only machines call the management API: this application signs people in")]
    MachinesOnly,
    /// The client may not call the API.
    #[error("the application may not call the API: connect it first")]
    NotConnected,
    /// The API has a scope of that name.
    #[error("the API has a scope of that key already")]
    ScopeTaken,
    /// The API has so many.
    #[error("an API has at most {MOST_SCOPES} scopes")]
    TooManyScopes,
}

/// An audience. Requests name several in a list separated by spaces. Pure.
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_audience(audience: &str) -> Result<String, String> {
    let is_readable = audience.bytes().all(|byte| byte.is_ascii_graphic());
    if audience.is_empty() || audience.len() > LONGEST_AUDIENCE || !is_readable {
        return Err(format!(
            "must have 1 to {LONGEST_AUDIENCE} ASCII characters and no space, such as https://api.example.test"
        ));
    }
    Ok(audience.to_owned())
}

/// The name of a scope (RFC 6749 §3.3). Pure.
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_scope(name: &str) -> Result<String, String> {
    Scope::parse(name)
        .filter(|_| name.len() <= LONGEST_SCOPE)
        .map(|_| name.to_owned())
        .ok_or_else(|| {
            format!(
                "must have 1 to {LONGEST_SCOPE} ASCII characters, no space, quote or backslash, such as read:orders"
            )
        })
}

/// Registers an API.
pub async fn register(
    tx: &mut Tx,
    actor: Actor<'_>,
    (name, audience): (String, String),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Api, ApiRefusal>> {
    if apis::find_by_audience(tx, &audience).await?.is_some() {
        return Ok(Err(ApiRefusal::AudienceTaken));
    }
    let api = Api {
        id: ApiId::generate(rng),
        name,
        audience,
        is_management: false,
        created_at: now,
    };
    apis::upsert(tx, &api).await?;
    let details = audit::difference(None, Some(&api));
    audit::record(tx, actor, "api.created", api.id.as_str(), details, now, rng).await?;
    Ok(Ok(api))
}

/// Removes an API; no client may call it any more.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    api: &Api,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), ApiRefusal>> {
    if api.is_management {
        return Ok(Err(ApiRefusal::ManagementApi));
    }
    apis::remove(tx, &api.id).await?;
    let details = audit::difference(Some(api), None);
    audit::record(tx, actor, "api.removed", api.id.as_str(), details, now, rng).await?;
    Ok(Ok(()))
}

/// Defines a scope of an API. No client has it yet.
pub async fn define_scope(
    tx: &mut Tx,
    actor: Actor<'_>,
    api: &Api,
    (name, description): (String, String),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<ApiScope, ApiRefusal>> {
    if api.is_management {
        return Ok(Err(ApiRefusal::ManagementApi));
    }
    let defined = apis::list_scopes(tx, &api.id).await?;
    if defined.iter().any(|scope| scope.name == name) {
        return Ok(Err(ApiRefusal::ScopeTaken));
    }
    if defined.len() >= MOST_SCOPES {
        return Ok(Err(ApiRefusal::TooManyScopes));
    }
    let scope = ApiScope {
        id: ApiScopeId::generate(rng),
        name,
        description,
    };
    apis::upsert_scope(tx, &api.id, &scope).await?;
    let details = audit::difference(None, Some(&scope));
    audit::record(
        tx,
        actor,
        "api.scope_added",
        api.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(scope))
}

/// Says anew what a scope allows.
pub async fn describe_scope(
    tx: &mut Tx,
    actor: Actor<'_>,
    (api, before): (&Api, &ApiScope),
    description: String,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), ApiRefusal>> {
    if api.is_management {
        return Ok(Err(ApiRefusal::ManagementApi));
    }
    if before.description == description {
        return Ok(Ok(()));
    }
    let after = ApiScope {
        description,
        ..before.clone()
    };
    apis::upsert_scope(tx, &api.id, &after).await?;
    let mut details = audit::difference(Some(before), Some(&after));
    details["scope"] = json!(before.name);
    audit::record(
        tx,
        actor,
        "api.scope_updated",
        api.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(()))
}

/// Removes a scope, from the API and from every client that had it.
pub async fn remove_scope(
    tx: &mut Tx,
    actor: Actor<'_>,
    (api, scope): (&Api, &ApiScope),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), ApiRefusal>> {
    if api.is_management {
        return Ok(Err(ApiRefusal::ManagementApi));
    }
    apis::remove_scope(tx, &scope.id).await?;
    narrow(tx, &api.id).await?;
    let details = audit::difference(Some(scope), None);
    audit::record(
        tx,
        actor,
        "api.scope_removed",
        api.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(()))
}

/// Takes scopes that an API no longer has away from the clients that had them.
pub async fn narrow(tx: &mut Tx, api: &ApiId) -> sqlx::Result<()> {
    let defined = apis::list_scopes(tx, api).await?;
    let remaining: Scopes = defined
        .iter()
        .filter_map(|scope| Scope::parse(&scope.name))
        .collect();
    for client in client_apis::list(tx, api).await? {
        let has = client.scopes.0;
        if !has.is_subset(&remaining) {
            let left = has.intersection(&remaining);
            client_apis::replace_scopes(tx, api, &client.id, &left).await?;
        }
    }
    Ok(())
}

/// Lets a client call an API, with none of its scopes yet. Returns false when it may already.
pub async fn connect(
    tx: &mut Tx,
    actor: Actor<'_>,
    (api, client): (&Api, &Client),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<bool, ApiRefusal>> {
    if api.is_management && client.kind.0 != ApplicationKind::Machine {
        return Ok(Err(ApiRefusal::MachinesOnly));
    }
    let is_new = client_apis::insert(tx, &api.id, &client.id).await?;
    if is_new {
        record(
            tx,
            actor,
            client,
            "application.api_added",
            about(api, None),
            now,
            rng,
        )
        .await?;
    }
    Ok(Ok(is_new))
}

/// Lets a client call an API no more. Returns false when it could not.
pub async fn disconnect(
    tx: &mut Tx,
    actor: Actor<'_>,
    (api, client): (&Api, &Client),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let is_gone = client_apis::remove(tx, &api.id, &client.id).await?;
    if is_gone {
        record(
            tx,
            actor,
            client,
            "application.api_removed",
            about(api, None),
            now,
            rng,
        )
        .await?;
    }
    Ok(is_gone)
}

/// Lets a client that may call an API have a scope of it, or have it no more.
pub async fn allow_scope(
    tx: &mut Tx,
    actor: Actor<'_>,
    (api, client, scope): (&Api, &Client, &ApiScope),
    is_allowed: bool,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), ApiRefusal>> {
    let Some(before) = client_apis::find_scopes(tx, &api.id, &client.id).await? else {
        return Ok(Err(ApiRefusal::NotConnected));
    };
    if before.contains(&scope.name) == is_allowed {
        return Ok(Ok(()));
    }
    let mut after = before.filter(|name| name != scope.name);
    if let Some(scope) = Scope::parse(&scope.name).filter(|_| is_allowed) {
        after.insert(scope);
    }
    client_apis::replace_scopes(tx, &api.id, &client.id, &after).await?;
    let event = if is_allowed {
        "application.api_scope_added"
    } else {
        "application.api_scope_removed"
    };
    record(tx, actor, client, event, about(api, Some(scope)), now, rng).await?;
    Ok(Ok(()))
}

fn about(api: &Api, scope: Option<&ApiScope>) -> Value {
    let scope = scope.map(|scope| &scope.name);
    json!({ "api": api.id, "audience": api.audience, "scope": scope })
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    event: &str,
    details: Value,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    audit::record(tx, actor, event, client.id.as_str(), details, now, rng).await
}
