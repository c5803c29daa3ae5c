//! Sessions: begun, found again, renewed, ended.
//!
//! A session's cookie gets a new value at every authentication. Its `sid` stays when the same person
//! proves again who they are, so that what clients hold of the session still ends with it.

use std::net::IpAddr;

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::facts::SignedIn;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::config::Sessions;
use crate::id::{ConnectionId, SessionId, UserId};
use crate::secret::Secret;
use crate::store::sessions::Session;
use crate::store::{Tx, grants, sessions, users};

/// The browser at the other end, as far as it can be known.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Its address.
    pub address: Option<IpAddr>,
    /// The part of the address that one visitor can hardly change; what throttling counts.
    pub network: Option<IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
}

impl Visitor {
    /// The network as text.
    pub(super) fn network(&self) -> String {
        self.network
            .map_or_else(|| "unknown".to_owned(), |network| network.to_string())
    }
}

/// The session that a cookie stands for, with its user, if both are in good standing.
pub async fn find(
    tx: &mut Tx,
    cookie: Option<&Secret>,
    lifetimes: &Sessions,
    now: Timestamp,
) -> sqlx::Result<Option<SignedIn>> {
    let Some(cookie) = cookie else {
        return Ok(None);
    };
    let Some(session) = sessions::find_by_token(tx, &cookie.hash()).await? else {
        return Ok(None);
    };
    if !is_alive(&session, lifetimes, now) {
        return Ok(None);
    }
    let user = users::find(tx, &session.user_id).await?;
    Ok(user
        .filter(|user| user.suspended_at.is_none())
        .map(|user| SignedIn { session, user }))
}

fn is_alive(session: &Session, lifetimes: &Sessions, now: Timestamp) -> bool {
    session.ended_at.is_none()
        && session.expires_at > now
        && session.last_seen_at.plus(lifetimes.idle) > now
}

/// How somebody proved who they are.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    /// By what: `amr` values (RFC 8176), space-delimited.
    pub(super) methods: String,
    /// Through which connection; none when they did so here.
    pub(super) connection: Option<&'a ConnectionId>,
    /// When, if its upstream says so.
    pub(super) auth_time: Option<Timestamp>,
    /// The authentication context class, if its upstream is trusted to say so.
    pub(super) acr: Option<String>,
}

impl Proof<'_> {
    /// They proved it here and now.
    pub(super) fn here(methods: &str) -> Self {
        Self {
            methods: methods.to_owned(),
            connection: None,
            auth_time: None,
            acr: None,
        }
    }
}

/// Signs `user` in. Returns the session and the value of its cookie.
///
/// The session that the browser has is renewed when it is the same user's, and ended when it isn't.
pub(super) async fn begin(
    tx: &mut Tx,
    user: &UserId,
    proof: Proof<'_>,
    at: &Circumstances<'_>,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<(Session, Secret)> {
    let now = at.now;
    let cookie = Secret::generate(rng);
    let session = Session {
        id: SessionId::generate(rng),
        user_id: user.clone(),
        token_hash: cookie.hash(),
        auth_time: now,
        organization_id: None,
        methods: proof.methods,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(at.lifetimes.absolute),
        ended_at: None,
        ip_address: at.visitor.address.map(|address| address.to_string()),
        user_agent: at.visitor.user_agent.clone(),
        connection_id: proof.connection.cloned(),
        upstream_auth_time: proof.auth_time,
        upstream_acr: proof.acr,
    };
    let session = store(tx, session, at).await?;
    let (methods, connection) = (&session.methods, proof.connection);
    let details = json!({ "session": session.id, "methods": methods, "connection": connection });
    audit::record(
        tx,
        Actor::User(user),
        "user.signed_in",
        user.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok((session, cookie))
}

/// Stores a session that begins: in place of the browser's present one when that is the same user's and has
/// not ended meanwhile, else as a new one, and any other user's ends.
async fn store(tx: &mut Tx, session: Session, at: &Circumstances<'_>) -> sqlx::Result<Session> {
    if let Some(present) = at.present {
        if present.user_id == session.user_id {
            let renewed = Session {
                id: present.id.clone(),
                created_at: present.created_at,
                ..session.clone()
            };
            if sessions::renew(tx, &renewed).await? {
                return Ok(renewed);
            }
        } else {
            end(tx, present, at.now).await?;
        }
    }
    sessions::insert(tx, &session).await?;
    Ok(session)
}

/// Gives a session another cookie, as a change of privilege asks for. Returns its value; none when the session has
/// ended meanwhile.
pub(super) async fn renew_cookie(
    tx: &mut Tx,
    session: &Session,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Option<Secret>> {
    let cookie = Secret::generate(rng);
    let renewed = Session {
        token_hash: cookie.hash(),
        ..session.clone()
    };
    Ok(sessions::renew(tx, &renewed).await?.then_some(cookie))
}

/// Ends a session, and with it what clients were granted in it.
pub async fn end(tx: &mut Tx, session: &Session, now: Timestamp) -> sqlx::Result<()> {
    sessions::end(tx, &session.id, now).await?;
    grants::revoke_for_session(tx, &session.id, now).await?;
    Ok(())
}

/// Ends a session because its upstream signed its user out there. What clients were granted for when the End-User is
/// absent stays (OpenID Connect Back-Channel Logout 1.0 §2.7), if they have it already. Returns false when the session
/// had ended before.
pub(super) async fn end_from_outside(
    tx: &mut Tx,
    session: &SessionId,
    now: Timestamp,
) -> sqlx::Result<bool> {
    if !sessions::end(tx, session, now).await? {
        return Ok(false);
    }
    for grant in grants::list_of_session(tx, session).await? {
        if grant.has_code || !grant.scopes.0.wants_refresh_token() {
            grants::revoke(tx, &grant.id, now).await?;
        }
    }
    Ok(true)
}

/// Ends all sessions of a user, and what clients were granted in them.
pub async fn end_all(tx: &mut Tx, user: &UserId, now: Timestamp) -> sqlx::Result<()> {
    sessions::end_for_user(tx, user, None, now).await?;
    grants::revoke_for_user(tx, user, None, now).await?;
    Ok(())
}
