//! What sessions know of the upstreams that they came through.

use sqlx::FromRow;

use super::Tx;
use crate::id::{ConnectionId, SessionId};

/// What a session knows of its upstream.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct UpstreamSession {
    /// Our session.
    pub session_id: SessionId,
    /// The connection that it came through.
    pub connection_id: ConnectionId,
    /// Who issued the ID Token.
    pub issuer: String,
    /// Whom it was about, as it says it.
    pub subject: String,
    /// The upstream's own session, where it was named.
    pub sid: Option<String>,
    /// The ID Token, encrypted, where signing out there needs it.
    pub id_token_jwe: Option<String>,
}

/// Keeps what a session knows of its upstream, in place of what it knew before.
pub async fn put(tx: &mut Tx, known: &UpstreamSession) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO upstream_sessions (session_id, connection_id, issuer, subject, sid, id_token_jwe)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (session_id) DO UPDATE SET connection_id = excluded.connection_id, issuer = excluded.issuer,
            subject = excluded.subject, sid = excluded.sid, id_token_jwe = excluded.id_token_jwe",
        (
            &known.session_id,
            &known.connection_id,
            &known.issuer,
            &known.subject,
            &known.sid,
            &known.id_token_jwe,
        ),
    )
    .await?;
    Ok(())
}

/// What a session knows of the upstream that it came through last, and still comes through.
pub async fn find(
    tx: &mut Tx,
    session: &SessionId,
    connection: &ConnectionId,
) -> sqlx::Result<Option<UpstreamSession>> {
    tx.optional(
        "SELECT * FROM upstream_sessions WHERE session_id = $1 AND connection_id = $2",
        (session, connection),
    )
    .await
}

/// Drops the ID Token of a session.
pub async fn drop_id_token(tx: &mut Tx, session: &SessionId) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE upstream_sessions SET id_token_jwe = NULL WHERE session_id = $1",
        (session,),
    )
    .await?;
    Ok(())
}

/// Drops the ID Tokens of all sessions that came through a connection.
pub async fn drop_id_tokens(tx: &mut Tx, connection: &ConnectionId) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE upstream_sessions SET id_token_jwe = NULL WHERE connection_id = $1 AND id_token_jwe IS NOT NULL",
        (connection,),
    )
    .await?;
    Ok(())
}

/// Whom an upstream signs out: a subject, one session of it, or a session alone.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Who says so.
    pub issuer: &'a str,
    /// Whom it concerns.
    pub subject: Option<&'a str>,
    /// Which session.
    pub sid: Option<&'a str>,
}

/// The sessions that an upstream names and that still are of its connection and have not ended.
///
/// Where a subject and a session are named, those of the subject whose ID Token named no session are among them: they
/// may be the one that is meant.
pub async fn list_named(
    tx: &mut Tx,
    connection: &ConnectionId,
    named: Named<'_>,
) -> sqlx::Result<Vec<SessionId>> {
    let (by_subject, by_sid) = (
        "SELECT sessions.id FROM upstream_sessions AS known JOIN sessions ON sessions.id = known.session_id
         WHERE known.connection_id = $1 AND known.issuer = $2 AND known.subject = $3
            AND (CAST($4 AS TEXT) IS NULL OR known.sid IS NULL OR known.sid = $4)
            AND sessions.connection_id = $1 AND sessions.ended_at IS NULL
         ORDER BY sessions.id",
        "SELECT sessions.id FROM upstream_sessions AS known JOIN sessions ON sessions.id = known.session_id
         WHERE known.connection_id = $1 AND known.issuer = $2 AND known.sid = $3
            AND sessions.connection_id = $1 AND sessions.ended_at IS NULL
         ORDER BY sessions.id",
    );
    let rows: Vec<(SessionId,)> = match (named.subject, named.sid) {
        (Some(subject), sid) => {
            tx.all(by_subject, (connection, named.issuer, subject, sid))
                .await?
        }
        (None, Some(sid)) => tx.all(by_sid, (connection, named.issuer, sid)).await?,
        (None, None) => Vec::new(),
    };
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
