//! Interactions: sign-ins in progress.
//!
//! Only what can't be found out again is stored: the request as it was validated, and what the
//! End-User has done about it. Whether they are signed in, which page comes next and what they may
//! have are asked of the facts each time (`interaction::next`).

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Tx;
use super::types::Json;
use crate::clock::Timestamp;
use crate::federation::Assertion;
use crate::id::{ClientId, ConnectionId, InteractionId, OrganizationId, SessionId, UserId};
use crate::passwords::PasswordHash;
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::scope::Scopes;
use crate::secret::SecretHash;

/// One sign-in, from authorization request to response.
#[derive(Debug, Clone, FromRow)]
pub struct Interaction {
    /// Its name, which stands in the address of its pages.
    pub id: InteractionId,
    /// The client that asked.
    pub client_id: ClientId,
    /// The browser it belongs to, once one has opened it.
    pub browser_hash: Option<SecretHash>,
    /// What the client asked for.
    pub request: Json<AuthorizationRequest>,
    /// What the End-User has done.
    pub progress: Json<Progress>,
    /// Counts the changes to `progress`.
    pub version: i64,
    /// When the client asked.
    pub created_at: Timestamp,
    /// Until when it can be finished.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub finished_at: Option<Timestamp>,
}

/// What the End-User has done so far.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one thing whether it was done"
)]
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The door they stand at.
    pub screen: Screen,
    /// The address or name they gave.
    pub identifier: Option<String>,
    /// The account they are about to create.
    pub registration: Option<Registration>,
    /// Whose password they are about to replace.
    pub reset_proof: Option<ResetProof>,
    /// The address that was sent a code to replace its password.
    pub reset_sent_to: Option<String>,
    /// That they proved who they are during this interaction.
    pub authenticated: Option<Authenticated>,
    /// Who confirmed to go on with the account they are signed in with (`prompt=select_account`).
    pub account_confirmed: Option<UserId>,
    /// That they want another account than the one they are signed in with.
    pub other_account_wanted: bool,
    /// That the sign-in leads to no application: a link of ours began it, and it ends at our own page.
    pub ends_here: bool,
    /// That they go on without the invitation that the request names.
    pub invitation_declined: bool,
    /// The organization they chose, or created.
    pub organization: Option<OrganizationId>,
    /// What they said when asked for consent.
    pub consent: Option<Consent>,
    /// What an upstream has stated, until it is adopted.
    pub asserted: Option<Asserted>,
    /// Why the upstream that they chose did not sign them in.
    pub setback: Option<Setback>,
    /// What they have come for from the page of their account, where that began it.
    pub errand: Option<Errand>,
    /// That they turned back.
    pub cancelled: bool,
}

/// What somebody who is signed in has come for, from the page of their account: to prove anew who they are, and perhaps
/// to link an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Who.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// Whether they have proven it.
    pub is_confirmed: bool,
    /// The connection whose identity is to be linked.
    pub links: Option<Linking>,
    /// The page of ours that it leads to.
    pub returns_to: String,
}

impl Errand {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.is_confirmed && self.links.as_ref().is_none_or(|linking| linking.is_done)
    }
}

/// An identity that is to be linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linking {
    /// Through which connection.
    pub connection: ConnectionId,
    /// Whether it was.
    pub is_done: bool,
}

/// What an upstream has stated, its proof checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asserted {
    /// Through which connection.
    pub connection: ConnectionId,
    /// What it states.
    pub assertion: Assertion,
    /// The ID Token that states it, encrypted, where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_jwe: Option<String>,
}

/// Why an upstream did not sign somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    /// Which connection.
    pub connection: ConnectionId,
    /// What its button says.
    pub name: String,
    /// What failed, in a word.
    pub outcome: String,
    /// What an administrator finds it by.
    pub reference: String,
}

/// Which of the doors into an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Replace a forgotten password.
    ForgotPassword,
    /// Create an account.
    Register,
    /// Sign in to an account.
    #[default]
    SignIn,
}

/// An account about to be created. It exists once its address is proven.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Registration {
    /// The address, as it was typed.
    pub email: String,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// The password, once chosen.
    pub password_hash: Option<PasswordHash>,
}

/// A proof that an account is theirs, which a new password may stand on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResetProof {
    /// The address whose code was entered, or the identifier whose temporary password was.
    pub identifier: String,
    /// The password that is to be replaced, and no other: once its owner has chosen one, the proof is void.
    pub replaces: Option<PasswordHash>,
}

/// A proof of who somebody is, given during this interaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Authenticated {
    /// The session it began.
    pub session_id: SessionId,
}

/// The End-User's answer on the consent page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// These scopes may be given.
    Allowed {
        /// Who says so.
        user: UserId,
        /// What may be given.
        scopes: Scopes,
    },
    /// Nothing may be given.
    Denied,
}

/// The interaction of that id.
pub async fn find(tx: &mut Tx, id: &InteractionId) -> sqlx::Result<Option<Interaction>> {
    tx.optional(
        "SELECT id, client_id, browser_hash, request, progress, version, created_at, expires_at, finished_at
         FROM interactions WHERE id = $1",
        (id,),
    )
    .await
}

/// Stores a new interaction.
pub async fn insert(tx: &mut Tx, interaction: &Interaction) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO interactions
            (id, client_id, browser_hash, request, progress, version, created_at, expires_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        (
            &interaction.id,
            &interaction.client_id,
            &interaction.browser_hash,
            &interaction.request,
            &interaction.progress,
            interaction.version,
            interaction.created_at,
            interaction.expires_at,
            interaction.finished_at,
        ),
    )
    .await?;
    Ok(())
}

/// Ties an interaction to the browser that opened it first. Returns whether this was the first.
pub async fn bind(tx: &mut Tx, id: &InteractionId, browser: &SecretHash) -> sqlx::Result<bool> {
    let bound = tx
        .execute(
            "UPDATE interactions SET browser_hash = $2 WHERE id = $1 AND browser_hash IS NULL",
            (id, browser),
        )
        .await?;
    Ok(bound == 1)
}

/// Stores the progress of an open interaction, unless it has changed since it was read.
///
/// Returns whether it was stored.
pub async fn update(tx: &mut Tx, interaction: &Interaction) -> sqlx::Result<bool> {
    let stored = tx
        .execute(
            "UPDATE interactions SET progress = $3, version = version + 1
             WHERE id = $1 AND version = $2 AND finished_at IS NULL",
            (&interaction.id, interaction.version, &interaction.progress),
        )
        .await?;
    Ok(stored == 1)
}

/// Closes an interaction. Returns false when it was closed before.
pub async fn finish(tx: &mut Tx, id: &InteractionId, now: Timestamp) -> sqlx::Result<bool> {
    let finished = tx
        .execute(
            "UPDATE interactions SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL",
            (id, now),
        )
        .await?;
    Ok(finished == 1)
}

/// Forgets what was entered in interactions that can't be finished any more, at most a thousand: names, addresses,
/// hashes of passwords. What remains leads back to the application. Returns how many those were.
pub async fn forget_progress(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE interactions SET progress = '{}' WHERE id IN (
            SELECT id FROM interactions WHERE expires_at <= $1 AND progress <> '{}' LIMIT 1000)",
        (now,),
    )
    .await
}

/// Removes interactions that expired before `before`, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM interactions WHERE expires_at <= $1
            AND id IN (SELECT id FROM interactions WHERE expires_at <= $1 LIMIT 1000)",
        (before,),
    )
    .await
}
