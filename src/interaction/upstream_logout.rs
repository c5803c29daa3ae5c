//! Signing out, where it began at an upstream (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8).
//!
//! # Decision
//!
//! What an upstream can end is what came from it: sessions whose user last proved who they are through that very
//! connection, as the subject and in the session that it names. A connection that is switched off can still end them,
//! for they go on.
//!
//! Whoever can reach us may send a logout token, and each costs a signature and perhaps a request to the upstream. So
//! they are counted, for each connection by where they come from.

use rand::CryptoRng;
use serde_json::json;

use super::session::{self, Visitor};
use super::throttle::{self, Throttled};
use super::upstream::{UpstreamError, Upstreams};
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::config::Throttle;
use crate::directory::reconcile::Upstream;
use crate::directory::upstream;
use crate::federation::logout_token::LoggedOut;
use crate::federation::settings::Kind;
use crate::federation::{Assertion, FederationError};
use crate::id::{ConnectionId, SessionId};
use crate::secret::Secret;
use crate::store::upstream_sessions::{Named, UpstreamSession};
use crate::store::{Db, Tx, sessions, upstream_logout_tokens, upstream_sessions};

/// Logout tokens for one connection from one place.
const LIMIT: Throttle = Throttle {
    attempts: 600,
    window: Seconds::new(60),
};

/// Where logout tokens for a connection arrive; none, where its kind of upstream has none.
pub fn address(kind: Kind, connection: &ConnectionId) -> Option<String> {
    (kind != Kind::OAuth2).then(|| format!("/login/backchannel-logout/{connection}"))
}

/// Why a logout token ends nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It holds no proof.
    #[error("{0}")]
    Invalid(String),
    /// Too many came from there.
    #[error(transparent)]
    TooMany(Throttled),
    /// There is no such connection, or none whose upstream sends any.
    #[error("there is no such connection")]
    Unknown,
}

/// Keeps what a session knows of its upstream.
pub(super) async fn remember(
    tx: &mut Tx,
    session: &SessionId,
    upstream: &Upstream,
    assertion: &Assertion,
) -> sqlx::Result<()> {
    let claim = |name: &str| assertion.claims.get(name)?.as_str().map(str::to_owned);
    // Entra ID's people have another key than `sub`, which logout tokens do not name.
    let Some(subject) = claim("sub").filter(|_| upstream.connection.kind.0 != Kind::OAuth2) else {
        return Ok(());
    };
    let known = UpstreamSession {
        session_id: session.clone(),
        connection_id: upstream.connection.id.clone(),
        issuer: assertion.issuer.clone(),
        subject,
        sid: claim("sid"),
        id_token_jwe: None,
    };
    upstream_sessions::put(tx, &known).await
}

/// Takes a logout token, and ends the sessions that it names. Returns how many those were, or why none did.
///
/// # Errors
///
/// When the database or our own secrets fail.
pub async fn receive(
    (db, upstreams): (&Db, Upstreams<'_>),
    connection: &ConnectionId,
    token: &Secret,
    visitor: &Visitor,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Result<usize, Refused>, UpstreamError> {
    let mut tx = db.write().await?;
    let found = upstream::find(&mut tx, connection).await?;
    let found = found.filter(|found| found.connection.kind.0 != Kind::OAuth2);
    let Some(upstream) = found else {
        return Ok(Err(Refused::Unknown));
    };
    let subject = format!("logout token {connection} {}", visitor.network());
    let counted = throttle::count(&mut tx, &subject, LIMIT, now).await?;
    tx.commit().await?;
    if let Err(throttled) = counted {
        return Ok(Err(Refused::TooMany(throttled)));
    }
    let connector = upstreams.connector(&upstream)?;
    let proven = connector.logged_out(token, now).await;
    let mut tx = db.write().await?;
    let ended = match proven {
        Ok(proven) => end(&mut tx, connection, &proven, now, rng).await?,
        Err(error) => Err(error),
    };
    let ended = match ended {
        Ok(ended) => Ok(ended),
        Err(error) => {
            let why = error.to_string();
            let (action, actor) = ("connection.logout_refused", Actor::Anonymous);
            let details = json!({ "outcome": error.word(), "why": why });
            audit::record(
                &mut tx,
                actor,
                action,
                connection.as_str(),
                details,
                now,
                rng,
            )
            .await?;
            Err(Refused::Invalid(why))
        }
    };
    tx.commit().await?;
    Ok(ended)
}

/// Uses a logout token, once.
async fn end(
    tx: &mut Tx,
    connection: &ConnectionId,
    proven: &LoggedOut,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<usize, FederationError>> {
    let (jti, expires_at) = (&proven.jti, proven.expires_at);
    if !upstream_logout_tokens::insert(tx, connection, jti, expires_at).await? {
        return Ok(Err(proven.used_before()));
    }
    let named = Named {
        issuer: &proven.issuer,
        subject: proven.subject.as_deref(),
        sid: proven.sid.as_deref(),
    };
    let mut ended = 0;
    for id in upstream_sessions::list_named(tx, connection, named).await? {
        let Some(session) = sessions::find(tx, &id).await? else {
            continue;
        };
        if session::end_from_outside(tx, &id, now).await? {
            let user = session.user_id.as_str();
            let details = json!({ "session": id, "everywhere": false, "connection": connection });
            let action = "user.signed_out";
            audit::record(tx, Actor::System, action, user, details, now, rng).await?;
            ended += 1;
        }
    }
    Ok(Ok(ended))
}
