//! The audit log: what happened, to whom, by whom.
//!
//! Every operation that changes something records it here, in the same transaction, so that neither
//! can be without the other. Details never hold a secret.

use rand::CryptoRng;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::id::{AuditEventId, ClientId, UserId};
use crate::store::audit_events::AuditEvent;
use crate::store::types::Json;
use crate::store::{Tx, audit_events};
use crate::words::words;

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
    /// As events name it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Client(client) => client.as_str(),
            Self::Operator => "operator",
            Self::System => "system",
            Self::User(user) => user.as_str(),
        }
    }
}

words! {
    /// What kind of actor it was.
    pub enum ActorType {
        /// Somebody who has not proven who they are.
        Anonymous = "anonymous",
        /// A client, for itself.
        Client = "client",
        /// Whoever may run commands on the server.
        Operator = "operator",
        /// The server, by itself.
        System = "system",
        /// A user.
        User = "user",
    }
}

impl ActorType {
    /// The kind of an actor as an event names it.
    pub fn of(actor: &str) -> Self {
        match actor {
            "anonymous" => Self::Anonymous,
            "operator" => Self::Operator,
            "system" => Self::System,
            id if UserId::parse(id).is_some() => Self::User,
            _ => Self::Client,
        }
    }
}

/// The details of a change: each member that differs, as it was and as it is. Pure.
///
/// A record that is new was nothing before, and one that is removed is nothing after: then `None`.
pub fn difference<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Value {
    let members = |record: Option<&T>| match record.map(serde_json::to_value) {
        Some(Ok(Value::Object(members))) => members,
        _ => Map::new(),
    };
    let (mut before, mut after) = (members(before), members(after));
    let is_alike = |name: &String, value: &Value| after.get(name) == Some(value);
    let alike: Vec<String> = before
        .iter()
        .filter(|(name, value)| is_alike(name, value) || *name == "updated_at")
        .map(|(name, _)| name.clone())
        .collect();
    for name in alike {
        before.remove(&name);
        after.remove(&name);
    }
    json!({ "before": before, "after": after })
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
        id: AuditEventId::following(now, rng),
        occurred_at: now,
        actor: actor.as_str().to_owned(),
        action: action.to_owned(),
        subject: Some(subject.to_owned()),
        details: Json(details),
    };
    audit_events::insert(tx, &event).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_recognised_by_its_name() {
        let (user, client) = (
            UserId::generate(&mut rand::rng()),
            ClientId::generate(&mut rand::rng()),
        );
        for (actor, expected) in [
            (Actor::Anonymous, ActorType::Anonymous),
            (Actor::Client(&client), ActorType::Client),
            (Actor::Operator, ActorType::Operator),
            (Actor::System, ActorType::System),
            (Actor::User(&user), ActorType::User),
        ] {
            assert_eq!(ActorType::of(actor.as_str()), expected, "{actor:?}");
        }
    }

    #[test]
    fn a_difference_names_what_was_and_what_is() {
        let before = json!({ "id": "1", "name": "Old", "gone": true, "updated_at": 1 });
        let after = json!({ "id": "1", "name": "New", "updated_at": 2 });
        assert_eq!(
            difference(Some(&before), Some(&after)),
            json!({ "before": { "name": "Old", "gone": true }, "after": { "name": "New" } })
        );
        assert_eq!(
            difference(None, Some(&after)),
            json!({ "before": {}, "after": { "id": "1", "name": "New", "updated_at": 2 } })
        );
    }
}
