//! The audit log: what happened, to whom, by whom.
//!
//! Every operation that changes something records it here, in the same transaction, so that neither
//! can be without the other. Details never hold a secret.

use rand::CryptoRng;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::{AuditEventId, ClientId, UserId};
use crate::store::audit_events::AuditEvent;
use crate::store::types::Json;
use crate::store::{Tx, audit_events};

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    /// Somebody who has not proven who they are.
    Anonymous,
    /// A client, for itself.
    Client(&'a ClientId),
    /// Whoever may run commands on the server.
    Operator,
    /// The server, by itself.
    System,
    /// A user.
    User(&'a UserId),
}

impl Actor<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Client(client) => client.as_str(),
            Self::Operator => "operator",
            Self::System => "system",
            Self::User(user) => user.as_str(),
        }
    }
}

/// Records that `actor` did `action` (such as `user.signed_in`) to `subject`.
pub async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    action: &str,
    subject: &str,
    details: Value,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let event = AuditEvent {
        id: AuditEventId::generate(rng),
        occurred_at: now,
        actor: actor.as_str().to_owned(),
        action: action.to_owned(),
        subject: Some(subject.to_owned()),
        details: Json(details),
    };
    audit_events::insert(tx, &event).await
}
