//! Provenance: where each attribute of a profile comes from.

use sqlx::FromRow;

use super::Tx;
use super::types::Text;
use crate::clock::Timestamp;
use crate::federation::mapping::Attribute;
use crate::id::{ConnectionId, UserId};
use crate::words::words;

words! {
    /// Who wrote an attribute.
    pub enum Source {
        /// An administrator, or a document that was applied.
        Administrator = "administrator",
        /// A machine, through the management API.
        Api = "api",
        /// An upstream, at a sign-in.
        Connection = "connection",
        /// An import.
        Import = "import",
        /// The user.
        User = "user",
    }
}

/// Where an attribute comes from.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AttributeSource {
    /// The attribute.
    pub attribute: Text<Attribute>,
    /// Who wrote it.
    pub source: Text<Source>,
    /// Through which connection.
    pub connection_id: Option<ConnectionId>,
    /// From which claim.
    pub claim: Option<String>,
    /// What it was before.
    pub previous: Option<String>,
    /// When it was written.
    pub written_at: Timestamp,
}

/// The sources of a user's attributes.
pub async fn list(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<AttributeSource>> {
    tx.all(
        "SELECT attribute, source, connection_id, claim, previous, written_at FROM attribute_sources
         WHERE user_id = $1 ORDER BY attribute",
        (user,),
    )
    .await
}

/// Records where an attribute of a user comes from now.
pub async fn put(tx: &mut Tx, user: &UserId, source: &AttributeSource) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO attribute_sources (user_id, attribute, source, connection_id, claim, previous, written_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (user_id, attribute) DO UPDATE SET source = excluded.source,
            connection_id = excluded.connection_id, claim = excluded.claim, previous = excluded.previous,
            written_at = excluded.written_at",
        (
            user,
            &source.attribute,
            &source.source,
            &source.connection_id,
            &source.claim,
            &source.previous,
            source.written_at,
        ),
    )
    .await?;
    Ok(())
}
