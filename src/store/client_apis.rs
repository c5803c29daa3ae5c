//! Which clients may call an API, and what of it each may have; [`super::clients`] tells it by client.

use sqlx::FromRow;

use super::Tx;
use super::types::Text;
use crate::id::{ApiId, ClientId};
use crate::protocol::client::ApplicationKind;
use crate::protocol::scope::Scopes;

/// A client that may call an API.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ApiClient {
    /// The client.
    pub id: ClientId,
    /// The name shown to people.
    pub name: String,
    /// What it is.
    pub kind: Text<ApplicationKind>,
    /// Which scopes of the API it may have.
    pub scopes: Text<Scopes>,
}

/// The clients that may call an API, by name.
pub async fn list(tx: &mut Tx, api: &ApiId) -> sqlx::Result<Vec<ApiClient>> {
    tx.all(
        "SELECT clients.id, clients.name, clients.kind, client_apis.scopes
         FROM client_apis JOIN clients ON clients.id = client_apis.client_id
         WHERE client_apis.api_id = $1 ORDER BY clients.name, clients.id",
        (api,),
    )
    .await
}

/// The scopes of an API that a client may have; none when it may not call the API.
pub async fn find_scopes(
    tx: &mut Tx,
    api: &ApiId,
    client: &ClientId,
) -> sqlx::Result<Option<Scopes>> {
    let row: Option<(Text<Scopes>,)> = tx
        .optional(
            "SELECT scopes FROM client_apis WHERE api_id = $1 AND client_id = $2",
            (api, client),
        )
        .await?;
    Ok(row.map(|(scopes,)| scopes.0))
}

/// Lets a client call an API, with none of its scopes yet. Returns false when it may already.
pub async fn insert(tx: &mut Tx, api: &ApiId, client: &ClientId) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO client_apis (client_id, api_id, scopes) VALUES ($1, $2, '')
             ON CONFLICT (client_id, api_id) DO NOTHING",
            (client, api),
        )
        .await?;
    Ok(added == 1)
}

/// Lets a client that may call an API have these scopes of it and no others.
pub async fn replace_scopes(
    tx: &mut Tx,
    api: &ApiId,
    client: &ClientId,
    scopes: &Scopes,
) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE client_apis SET scopes = $3 WHERE api_id = $1 AND client_id = $2",
        (api, client, Text(scopes.clone())),
    )
    .await?;
    Ok(())
}

/// Lets a client call an API no more. Returns false when it could not.
pub async fn remove(tx: &mut Tx, api: &ApiId, client: &ClientId) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM client_apis WHERE api_id = $1 AND client_id = $2",
            (api, client),
        )
        .await?;
    Ok(removed == 1)
}
