//! Signing in through an upstream: begun here, answered at a callback, adopted when the browser is back.
//!
//! # Decision
//!
//! The callback only records what was stated; the session is made at the interaction's own address. So the browser
//! proves itself in one place, whatever way the answer travelled, and nobody is signed in by opening an address that
//! somebody else has prepared.

use rand::CryptoRng;
use serde_json::{Value, json};
use url::Url;

use super::circumstances::Circumstances;
use super::upstream_proof::proof;
use super::{errand, invitation, session, upstream_logout};
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::directory::reconcile::{Refusal, Upstream, stated_email};
use crate::directory::upstream::{self, Adopted, AdoptionError};
use crate::federation::answer::Callback;
use crate::federation::wishes::Wishes;
use crate::federation::{Assertion, Check, Connector, FederationError, Outside, Stated};
use crate::id::{ConnectionId, InteractionId, UpstreamSignInId, UserId};
use crate::protocol::Issuer;
use crate::secret::Secret;
use crate::store::connections::Connection;
use crate::store::identities::IdentityKind;
use crate::store::interactions::{Asserted, Authenticated, Interaction, Setback};
use crate::store::invitations::Invitation;
use crate::store::types::Json;
use crate::store::upstream_attempts::{self, Attempt};
use crate::store::upstream_sign_ins::{self, UpstreamSignIn};
use crate::store::{Db, Tx, connections, interactions, upstream_identities};
use crate::vault::{Vault, VaultError};

/// The `amr` of somebody who signed in elsewhere.
pub const FEDERATED: &str = "fed";

/// Where answers of upstreams arrive. Those of an organization's own connection arrive below, at its id.
pub const CALLBACK: &str = "/login/callback";

/// The path at which the answers of a connection's upstream arrive.
///
/// The provider of an organization is run by somebody of whom the business knows little. It could lead whoever comes to
/// it on to another provider, with the parameters of an attempt of its own there: where that provider does not say who
/// it is (RFC 9207), its code would be brought to the wrong token endpoint, and from there into the other attempt. At
/// a redirect URI of its own it is no answer (mix-up, RFC 9700 §4.4).
pub fn callback_path(connection: &Connection) -> String {
    match connection.organization_id {
        Some(_) => format!("{CALLBACK}/{}", connection.id),
        None => CALLBACK.to_owned(),
    }
}

/// How long somebody may take at the upstream.
const ATTEMPT_LIFETIME: Seconds = Seconds::new(1800);

/// What it takes to speak to upstreams.
#[derive(Clone, Copy)]
pub struct Upstreams<'a> {
    /// What all connectors share.
    pub outside: &'a Outside,
    /// Opens our secrets there, and seals what answers are compared with.
    pub vault: &'a Vault,
    /// Who we are.
    pub issuer: &'a Issuer,
}

/// Why an upstream can't be asked, or its answer is of no use.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The interaction has changed meanwhile.
    #[error("the interaction has changed meanwhile")]
    Changed,
    /// What the upstream did, or the connection lacks.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// The database.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// There is no such connection, or no such attempt in this browser.
    #[error("there is no such connection or attempt")]
    Unknown,
    /// Our secret there can't be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl<'a> Upstreams<'a> {
    pub(super) fn connector(
        &self,
        connection: &'a Connection,
    ) -> Result<Connector<'a>, UpstreamError> {
        Ok(Connector {
            settings: &connection.settings.0,
            secret: self.secret(connection)?,
            redirect_uri: redirect_uri(self.issuer, connection),
            outside: self.outside,
        })
    }

    fn secret(&self, connection: &Connection) -> Result<Option<Secret>, UpstreamError> {
        let Some(sealed) = &connection.secret_jwe else {
            return Ok(None);
        };
        let opened = self.vault.open(sealed)?;
        let text = String::from_utf8_lossy(&opened).into_owned();
        Ok(Some(Secret::from(text)))
    }
}

/// Where the answers of a connection's upstream go, as it has to know.
pub fn redirect_uri(issuer: &Issuer, connection: &Connection) -> String {
    issuer.join(&callback_path(connection))
}

/// Begins a sign-in through a connection. Returns the address to send the browser to.
///
/// # Errors
///
/// When the connection is not there or not set up, or its upstream does not answer.
pub async fn begin(
    at: &Circumstances<'_>,
    upstreams: Upstreams<'_>,
    interaction: &Interaction,
    connection: &ConnectionId,
    (browser, wishes): (&Secret, &Wishes),
    rng: &mut (impl CryptoRng + Send),
) -> Result<Url, UpstreamError> {
    let mut tx = at.db.read().await?;
    let found = connections::find(&mut tx, connection).await?;
    drop(tx);
    let found = found.filter(|found| found.is_enabled);
    let found = found.ok_or(UpstreamError::Unknown)?;
    let state = Secret::generate(rng);
    let connector = upstreams.connector(&found)?;
    let (address, expected) = connector.begin(&state, wishes, at.now).await?;
    let expected = serde_json::to_vec(&expected).unwrap_or_default();
    let attempt = Attempt {
        state_hash: state.hash(),
        interaction_id: interaction.id.clone(),
        connection_id: connection.clone(),
        browser_hash: browser.hash(),
        sealed: upstreams.vault.seal(&expected)?,
        created_at: at.now,
        expires_at: at.now.plus(ATTEMPT_LIFETIME),
    };
    let mut tx = at.db.write().await?;
    upstream_attempts::insert(&mut tx, &attempt).await?;
    tx.commit().await?;
    Ok(address)
}

/// Records that an upstream could not be asked. The page that follows says so.
pub async fn set_back(
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    connection: &ConnectionId,
    error: &FederationError,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(), UpstreamError> {
    let mut tx = at.db.write().await?;
    let found = connections::find(&mut tx, connection).await?;
    let connection = found.ok_or(UpstreamError::Unknown)?;
    let (outcome, why) = (error.word(), error.to_string());
    let failed = Outcome::failed(outcome, &why);
    let id = record(&mut tx, &connection, failed, at.now, rng).await?;
    interaction.progress.0.setback = Some(setback(&connection, outcome, &id));
    if !interactions::update(&mut tx, interaction).await? {
        return Err(UpstreamError::Changed);
    }
    tx.commit().await?;
    Ok(())
}

/// Takes the answer of an upstream, which arrived at `path`, checks it, and records what it states. Returns the
/// interaction to go on with.
///
/// # Errors
///
/// [`UpstreamError::Unknown`] when this browser has not asked for it, or it was answered before. A proof that does
/// not hold is no error here: the interaction says so.
pub async fn receive(
    (db, upstreams): (&Db, Upstreams<'_>),
    (state, browser): (&Secret, &Secret),
    (path, callback): (&str, Callback),
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> Result<InteractionId, UpstreamError> {
    let mut tx = db.write().await?;
    let taken = upstream_attempts::take(&mut tx, &state.hash(), &browser.hash()).await?;
    tx.commit().await?;
    let attempt = taken.ok_or(UpstreamError::Unknown)?;
    let mut tx = db.read().await?;
    let found = connections::find(&mut tx, &attempt.connection_id).await?;
    drop(tx);
    let connection = found.ok_or(UpstreamError::Unknown)?;
    let proven = if attempt.expires_at <= now {
        let why = "it took too long at the upstream";
        Err(FederationError::Declined(why.to_owned()))
    } else if path != callback_path(&connection) {
        let why = "the answer arrived at the redirect URI of another connection";
        Err(FederationError::unproven(Check::ResponseIssuer, why))
    } else {
        prove(upstreams, &connection, &attempt, callback, now).await?
    };
    let mut tx = db.write().await?;
    let Some(mut interaction) = interactions::find(&mut tx, &attempt.interaction_id).await? else {
        return Err(UpstreamError::Unknown);
    };
    let progress = &mut interaction.progress.0;
    match proven {
        Ok(stated) => {
            progress.setback = None;
            progress.asserted = Some(Asserted {
                id_token_jwe: upstream_logout::seal(upstreams.vault, &connection, &stated)?,
                connection: attempt.connection_id,
                assertion: stated.assertion,
            });
        }
        Err(error) => {
            let (outcome, why) = (error.word(), error.to_string());
            let failed = Outcome::failed(outcome, &why);
            let id = record(&mut tx, &connection, failed, now, rng).await?;
            progress.asserted = None;
            progress.setback = Some(setback(&connection, outcome, &id));
        }
    }
    if !interactions::update(&mut tx, &interaction).await? {
        return Err(UpstreamError::Changed);
    }
    tx.commit().await?;
    Ok(interaction.id)
}

/// Puts the answer before the connector.
async fn prove(
    upstreams: Upstreams<'_>,
    connection: &Connection,
    attempt: &Attempt,
    callback: Callback,
    now: Timestamp,
) -> Result<Result<Stated, FederationError>, UpstreamError> {
    let opened = upstreams.vault.open(&attempt.sealed)?;
    let Ok(expected) = serde_json::from_slice(&opened) else {
        return Err(UpstreamError::Unknown);
    };
    let connector = upstreams.connector(connection)?;
    Ok(connector.complete(callback, expected, now).await)
}

/// Signs in whom the recorded assertion is about, or records why not. Returns the value of the session's cookie.
///
/// # Errors
///
/// [`UpstreamError::Changed`] when the interaction has changed meanwhile.
pub async fn adopt(
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, UpstreamError> {
    let Some(asserted) = interaction.progress.0.asserted.take() else {
        return Ok(None);
    };
    if let Some(errand) = interaction.progress.0.errand.clone() {
        return Box::pin(errand::adopt(at, interaction, (errand, asserted), rng)).await;
    }
    // Two first sign-ins at once: the slower one finds what the other one made.
    for _ in 0..2 {
        let mut tx = at.db.write().await?;
        let Some(found) = upstream::find(&mut tx, &asserted.connection).await? else {
            return Err(UpstreamError::Unknown);
        };
        let assertion = &asserted.assertion;
        let invited = invited(&mut tx, interaction, (assertion, &found), at.now).await?;
        let adopted = upstream::adopt(&mut tx, assertion, &found, None, invited, at.now, rng).await;
        match adopted {
            Ok(adopted) => {
                let cookie =
                    begin_session(&mut tx, at, interaction, &found, &asserted, &adopted, rng)
                        .await?;
                tx.commit().await?;
                warn_of_held(&found, &adopted);
                return Ok(Some(cookie));
            }
            Err(AdoptionError::Outrun) => {}
            Err(AdoptionError::Refused(refusal)) => {
                drop(tx);
                refuse(at, interaction, &found, assertion, refusal, rng).await?;
                return Ok(None);
            }
            Err(AdoptionError::Sql(error)) => return Err(error.into()),
        }
    }
    Err(UpstreamError::Changed)
}

/// Says in the log, too, that somebody should look: an administrator may read that first.
fn warn_of_held(upstream: &Upstream, adopted: &Adopted) {
    let held = adopted.reconciliation.membership.held.len();
    if held > 0 {
        let (connection, user) = (&upstream.connection.id, &adopted.user);
        tracing::warn!(%connection, %user, held, "roles stay that groups give no more: so many at once are likely to be a mistake");
    }
}

/// The invitation that the request names, if it is for the address that is stated.
async fn invited(
    tx: &mut Tx,
    interaction: &Interaction,
    (assertion, upstream): (&Assertion, &Upstream),
    now: Timestamp,
) -> sqlx::Result<Option<Invitation>> {
    let Some(email) = stated_email(assertion, upstream) else {
        return Ok(None);
    };
    let key = IdentityKind::Email.key(&email);
    invitation::for_new_account(tx, interaction, &key, now).await
}

pub(super) async fn begin_session(
    tx: &mut Tx,
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    upstream: &Upstream,
    asserted: &Asserted,
    adopted: &Adopted,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Secret, UpstreamError> {
    let assertion = &asserted.assertion;
    let email = stated_email(assertion, upstream);
    let email = email.map(|email| IdentityKind::Email.key(&email));
    let identity = &adopted.identity;
    if !upstream_identities::record_sign_in(tx, identity, email.as_deref(), at.now).await? {
        return Err(UpstreamError::Changed);
    }
    let user = &adopted.user;
    let max_age = interaction.request.0.max_age;
    let proof = proof(assertion, &upstream.connection, max_age, at.now);
    let (session, cookie) = session::begin(tx, user, proof, at, rng).await?;
    let signed_in = Outcome {
        word: "signed_in",
        why: None,
        user: Some(user),
        assertion: Some(assertion),
    };
    record(tx, &upstream.connection, signed_in, at.now, rng).await?;
    upstream_logout::remember(tx, &session.id, upstream, asserted).await?;
    let progress = &mut interaction.progress.0;
    progress.authenticated = Some(Authenticated {
        session_id: session.id,
    });
    progress.registration = None;
    progress.setback = None;
    if let Some(organization) = &adopted.reconciliation.membership.leads_to {
        progress.organization = Some(organization.clone());
    }
    if interactions::update(tx, interaction).await? {
        Ok(cookie)
    } else {
        Err(UpstreamError::Changed)
    }
}

/// Records why nobody is signed in. The page that follows says so.
pub(super) async fn refuse(
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    upstream: &Upstream,
    assertion: &Assertion,
    refusal: Refusal,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(), UpstreamError> {
    let mut tx = at.db.write().await?;
    let word = refusal.word();
    let why = refusal.to_string();
    let refused = Outcome {
        assertion: Some(assertion),
        ..Outcome::failed(word, &why)
    };
    let id = record(&mut tx, &upstream.connection, refused, at.now, rng).await?;
    interaction.progress.0.setback = Some(setback(&upstream.connection, word, &id));
    if !interactions::update(&mut tx, interaction).await? {
        return Err(UpstreamError::Changed);
    }
    tx.commit().await?;
    Ok(())
}

fn setback(connection: &Connection, outcome: &str, reference: &UpstreamSignInId) -> Setback {
    Setback {
        connection: connection.id.clone(),
        name: connection.display_name.clone(),
        outcome: outcome.to_owned(),
        reference: reference.to_string(),
    }
}

/// What became of an answer.
pub(super) struct Outcome<'a> {
    /// `signed_in`, `linked`, or what failed, in a word.
    pub(super) word: &'a str,
    /// The same in words, when it failed.
    pub(super) why: Option<&'a str>,
    /// Whom it is about, when it held.
    pub(super) user: Option<&'a UserId>,
    /// What was stated, when its proof held.
    pub(super) assertion: Option<&'a Assertion>,
}

impl<'a> Outcome<'a> {
    fn failed(word: &'a str, why: &'a str) -> Self {
        Self {
            word,
            why: Some(why),
            user: None,
            assertion: None,
        }
    }
}

/// Records an answer, for administrators. What failed is an audit event too.
pub(super) async fn record(
    tx: &mut Tx,
    connection: &Connection,
    outcome: Outcome<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<UpstreamSignInId> {
    let connection = &connection.id;
    let (word, why) = (outcome.word, outcome.why);
    let id = UpstreamSignInId::generate(rng);
    let sign_in = UpstreamSignIn {
        id: id.clone(),
        connection_id: connection.clone(),
        user_id: outcome.user.cloned(),
        occurred_at: now,
        outcome: word.to_owned(),
        assertion: outcome
            .assertion
            .map(|assertion| Json(assertion.redacted())),
        checks: Json(why.map_or(Value::Null, |why| json!({ "failed": word, "why": why }))),
    };
    upstream_sign_ins::insert(tx, &sign_in).await?;
    if why.is_some() {
        let details = json!({ "reference": id, "outcome": word, "why": why });
        let action = "connection.sign_in_failed";
        audit::record(
            tx,
            Actor::Anonymous,
            action,
            connection.as_str(),
            details,
            now,
            rng,
        )
        .await?;
    }
    Ok(id)
}
