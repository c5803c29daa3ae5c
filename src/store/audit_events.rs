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

/// Which events; an absent part says nothing of them.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// By whom.
    pub actor: Option<&'a str>,
    /// What; all that begins so, if it ends in a dot.
    pub action: Option<&'a str>,
    /// To whom or what.
    pub subject: Option<&'a str>,
    /// From when on.
    pub from: Timestamp,
    /// Before when.
    pub to: Timestamp,
}

/// The columns, and what every list of events holds to: placeholders 1 to 6 are those of [`list`].
macro_rules! page {
    ($leading:literal) => {
        concat!(
            "SELECT id, occurred_at, actor, action, subject, details FROM audit_events WHERE ",
            $leading,
            " AND (CAST($1 AS TEXT) IS NULL OR subject = $1)
              AND (CAST($2 AS TEXT) IS NULL OR actor = $2)
              AND (CAST($3 AS TEXT) IS NULL OR action = $3 OR (SUBSTR($3, LENGTH($3), 1) = '.'
                   AND SUBSTR(action, 1, LENGTH($3)) = $3))
              AND occurred_at >= $4 AND (occurred_at, id) < ($5, $6)
              ORDER BY occurred_at DESC, id DESC LIMIT $7"
        )
    };
}

/// The events of a filter that come before `(instant, id)`, youngest first, at most `limit`.
///
/// What is likely to leave the fewest goes first, so that its index is used; the rest sorts out what is left.
pub async fn list(
    tx: &mut Tx,
    filter: Filter<'_>,
    (before, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<AuditEvent>> {
    let is_exact = |action: &str| !action.ends_with('.');
    let sql = match filter {
        Filter {
            subject: Some(_), ..
        } => page!("subject = $1"),
        Filter { actor: Some(_), .. } => page!("actor = $2"),
        Filter {
            action: Some(action),
            ..
        } if is_exact(action) => page!("action = $3"),
        _ => page!("TRUE"),
    };
    // Ids are not empty: nothing of the instant `to` itself is before it.
    let (before, id) = if filter.to <= before {
        (filter.to, "")
    } else {
        (before, id)
    };
    let parameters = (
        filter.subject,
        filter.actor,
        filter.action,
        filter.from,
        before,
        id,
        limit,
    );
    tx.all(sql, parameters).await
}

/// Forgets the details of what happened to a subject, who is gone: that it happened, when and by whom stays.
pub async fn forget_details(tx: &mut Tx, subject: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE audit_events SET details = '{}' WHERE subject = $1",
        (subject,),
    )
    .await?;
    Ok(())
}

/// Names the subject of events by its id, where it was an address.
pub async fn rename_subject(tx: &mut Tx, address: &str, id: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE audit_events SET subject = $2 WHERE subject = $1",
        (address, id),
    )
    .await?;
    Ok(())
}

/// The events of one subject, oldest first.
pub async fn list_for_subject(tx: &mut Tx, subject: &str) -> sqlx::Result<Vec<AuditEvent>> {
    tx.all(
        "SELECT id, occurred_at, actor, action, subject, details
         FROM audit_events WHERE subject = $1 ORDER BY occurred_at, id",
        (subject,),
    )
    .await
}
