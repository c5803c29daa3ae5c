//! Signing out, here because of an upstream (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8), and at an upstream
//! because of us (OpenID Connect RP-Initiated Logout 1.0).
//!
//! # Decision
//!
//! What an upstream can end is what came from it: sessions whose user last proved who they are through that very
//! connection, as the subject and in the session that it names. A connection that is switched off can still end them,
//! for they go on.
//!
//! Whoever can reach us may send a logout token, and each costs a signature and perhaps a request to the upstream. So
//! they are counted, for each connection by where they come from.

use std::time::Duration;

use rand::CryptoRng;
use serde_json::json;
use tokio::time::timeout;
use url::Url;

use super::session::{self, Visitor};
use super::throttle::{self, Throttled};
use super::upstream::{UpstreamError, Upstreams};
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::config::Throttle;
use crate::directory::reconcile::Upstream;
use crate::federation::end_session::Leaving;
use crate::federation::logout_token::LoggedOut;
use crate::federation::settings::Kind;
use crate::federation::{Assertion, FederationError, Stated};
use crate::id::{ClientId, ConnectionId, SessionId};
use crate::secret::Secret;
use crate::store::connections::Connection;
use crate::store::interactions::Asserted;
use crate::store::sessions::Session;
use crate::store::upstream_logouts::UpstreamLogout;
use crate::store::upstream_sessions::{Named, UpstreamSession};
use crate::store::{
    Db, Tx, connections, sessions, upstream_logout_tokens, upstream_logouts, upstream_sessions,
};
use crate::vault::{Vault, VaultError};

/// Logout tokens for one connection from one place.
const LIMIT: Throttle = Throttle {
    attempts: 600,
    window: Seconds::new(60),
};

/// Where logout tokens for a connection arrive; none, where its kind of upstream has none.
pub fn address(kind: Kind, connection: &ConnectionId) -> Option<String> {
    (kind != Kind::OAuth2).then(|| format!("/login/backchannel-logout/{connection}"))
}

/// Where browsers are led back to that have signed out at an upstream.
pub const CALLBACK: &str = "/logout/callback";

/// How long somebody may take there.
const LIFETIME: Seconds = Seconds::new(1800);

/// How long somebody who signs out waits for the upstream's metadata.
const PATIENCE: Duration = Duration::from_secs(3);

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
    asserted: &Asserted,
) -> sqlx::Result<()> {
    let assertion = &asserted.assertion;
    let Some(subject) = subject(&upstream.connection, assertion) else {
        return Ok(());
    };
    let known = UpstreamSession {
        session_id: session.clone(),
        connection_id: upstream.connection.id.clone(),
        issuer: assertion.issuer.clone(),
        subject,
        sid: claim(assertion, "sid"),
        id_token_jwe: asserted.id_token_jwe.clone(),
    };
    upstream_sessions::put(tx, &known).await
}

fn claim(assertion: &Assertion, name: &str) -> Option<String> {
    assertion.claims.get(name)?.as_str().map(str::to_owned)
}

/// Whom an ID Token is about, as it says it. Entra ID's people have another key, which no logout token names.
fn subject(connection: &Connection, assertion: &Assertion) -> Option<String> {
    let has_id_tokens = connection.kind.0 != Kind::OAuth2;
    claim(assertion, "sub").filter(|_| has_id_tokens)
}

/// Encrypts the ID Token of an answer, where signing out goes on to its upstream.
pub(super) fn seal(
    vault: &Vault,
    connection: &Connection,
    stated: &Stated,
) -> Result<Option<String>, VaultError> {
    let is_kept = connection.settings.0.client().ends_session;
    let subject = subject(connection, &stated.assertion);
    let (Some(token), Some(subject), true) = (&stated.id_token, subject, is_kept) else {
        return Ok(None);
    };
    let purpose = purpose(&connection.id, &stated.assertion.issuer, &subject);
    vault
        .seal_for(&purpose, token.expose().as_bytes())
        .map(Some)
}

/// What an ID Token is kept for: whose it is, through which connection.
fn purpose(connection: &ConnectionId, issuer: &str, subject: &str) -> String {
    json!(["id_token", connection, issuer, subject]).to_string()
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
    let mut tx = db.read().await?;
    let found = connections::find(&mut tx, connection).await?;
    drop(tx);
    let found = found.filter(|found| found.kind.0 != Kind::OAuth2);
    let Some(found) = found else {
        return Ok(Err(Refused::Unknown));
    };
    let mut tx = db.write().await?;
    let subject = format!("logout token {connection} {}", visitor.network());
    let counted = throttle::count(&mut tx, &subject, LIMIT, now).await?;
    tx.commit().await?;
    if let Err(throttled) = counted {
        return Ok(Err(Refused::TooMany(throttled)));
    }
    let connector = upstreams.connector(&found)?;
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

/// What is to become of a browser that is sent on.
#[derive(Debug, Clone, Copy)]
pub struct Onward<'a> {
    /// The secret by which we know it again.
    pub browser: &'a Secret,
    /// The client that wanted it signed out.
    pub client: Option<&'a ClientId>,
    /// Where it goes in the end, registered by a client; our own page when none.
    pub destination: Option<&'a str>,
}

/// Gives the address at which a browser signs out at the upstream that its session came through, where the connection
/// says so. The session has ended already: whether the browser ever comes back does not matter.
///
/// # Errors
///
/// When the upstream has no such address, or does not tell it in time.
pub async fn lead_on(
    (db, upstreams): (&Db, Upstreams<'_>),
    session: &Session,
    onward: Onward<'_>,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Url>, UpstreamError> {
    let Some(connection) = &session.connection_id else {
        return Ok(None);
    };
    let mut tx = db.read().await?;
    let found = connections::find(&mut tx, connection).await?;
    let known = upstream_sessions::find(&mut tx, &session.id, connection).await?;
    drop(tx);
    let goes_on = |found: &Connection| found.is_enabled && found.settings.0.client().ends_session;
    let (Some(found), Some(known)) = (found.filter(goes_on), known) else {
        return Ok(None);
    };
    let id_token = id_token(upstreams.vault, &known);
    let state = Secret::generate(rng);
    let back = upstreams.issuer.join(CALLBACK);
    let leaving = Leaving {
        issuer: &known.issuer,
        id_token: id_token.as_ref(),
        back: &back,
        state: &state,
    };
    let connector = upstreams.connector(&found)?;
    let address = timeout(PATIENCE, connector.end_session(leaving, now));
    let late = |_| FederationError::Unavailable("it took too long".to_owned());
    let address = address.await.map_err(late)??;
    let mut tx = db.write().await?;
    upstream_sessions::drop_id_token(&mut tx, &session.id).await?;
    if address.is_some() {
        let logout = UpstreamLogout {
            state_hash: state.hash(),
            connection_id: connection.clone(),
            browser_hash: onward.browser.hash(),
            client_id: onward.client.cloned(),
            destination: onward.destination.map(str::to_owned),
            expires_at: now.plus(LIFETIME),
        };
        upstream_logouts::insert(&mut tx, &logout).await?;
    }
    tx.commit().await?;
    Ok(address)
}

/// The ID Token that was kept. One that can't be read any more is a hint less.
fn id_token(vault: &Vault, known: &UpstreamSession) -> Option<Secret> {
    let purpose = purpose(&known.connection_id, &known.issuer, &known.subject);
    let opened = vault.open_for(&purpose, known.id_token_jwe.as_deref()?);
    match opened {
        Ok(token) => String::from_utf8(token).ok().map(Secret::from),
        Err(error) => {
            tracing::warn!(%error, "the ID Token of a session can't be read; its user signs out there without");
            None
        }
    }
}

/// Takes a browser back from the upstream, once, if this is the one that was sent there. Returns what was noted of it.
pub async fn back(
    db: &Db,
    (state, browser): (&Secret, &Secret),
    now: Timestamp,
) -> sqlx::Result<Option<UpstreamLogout>> {
    let mut tx = db.write().await?;
    let taken = upstream_logouts::take(&mut tx, &state.hash(), &browser.hash(), now).await?;
    tx.commit().await?;
    Ok(taken)
}
