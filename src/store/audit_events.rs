//! The audit log: written in the transaction of the change that it tells of.

use sqlx::FromRow;

use super::Tx;
use super::types::Json;
use crate::clock::Timestamp;
use crate::id::AuditEventId;

/// Something that happened.
#[derive(Debug, Clone, FromRow)]
pub struct AuditEvent {
    /// Its name.
    pub id: AuditEventId,
    /// When.
    pub occurred_at: Timestamp,
    /// By whom: a user's or client's id, `anonymous`, `operator` or `system`.
    pub actor: String,
    /// What, e.g. `user.signed_in`.
    pub action: String,
    /// To whom or what: an id.
    pub subject: Option<String>,
    /// What else there is to know; never a secret.
    pub details: Json<serde_json::Value>,
}

/// Adds an event.
pub async fn insert(tx: &mut Tx, event: &AuditEvent) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO audit_events (id, occurred_at, actor, action, subject, details) VALUES ($1, $2, $3, $4, $5, $6)",
        (&event.id, event.occurred_at, &event.actor, &event.action, &event.subject, &event.details),
    )
    .await?;
    Ok(())
}

/// The events of one subject, oldest first; those of one second in no particular order.
pub async fn list_for_subject(tx: &mut Tx, subject: &str) -> sqlx::Result<Vec<AuditEvent>> {
    tx.all(
        "SELECT id, occurred_at, actor, action, subject, details
         FROM audit_events WHERE subject = $1 ORDER BY occurred_at, id",
        (subject,),
    )
    .await
}
