//! Our secrets at upstreams, encrypted.

use super::Tx;
use crate::id::ConnectionId;

/// Our secrets at all upstreams, encrypted.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<(ConnectionId, String)>> {
    tx.all(
        "SELECT id, secret_jwe FROM connections WHERE secret_jwe IS NOT NULL",
        (),
    )
    .await
}

/// Replaces the encrypted form of our secret at an upstream.
pub async fn replace(tx: &mut Tx, id: &ConnectionId, secret_jwe: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE connections SET secret_jwe = $2 WHERE id = $1",
        (id, secret_jwe),
    )
    .await?;
    Ok(())
}
