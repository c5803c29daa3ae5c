//! Errands: what somebody who is signed in has come for from the page of their account. They prove anew who they are,
//! and perhaps link an identity at an upstream.
//!
//! # Decision
//!
//! An errand is an interaction that leads to no application. So it is bound to its browser as all are, upstreams answer
//! it at the same callback, and whatever proves who somebody is in a sign-in proves it here. Besides it is bound to the
//! session that began it: once that has ended, or is somebody else's, it leads nowhere. An identity is linked in the
//! transaction that finds the session alive, so that whoever has just been signed out by its owner links nothing.

use rand::CryptoRng;

use super::begin::open;
use super::circumstances::Circumstances;
use super::facts::{Facts, SignedIn};
use super::local::{PASSWORD, SignInError, save};
use super::next::Step;
use super::upstream::{Outcome, UpstreamError, begin_session, record, refuse};
use super::{password_change, session};
use crate::clock::{Seconds, Timestamp};
use crate::directory::reconcile::{Refusal, Upstream};
use crate::directory::upstream::{self, AdoptionError};
use crate::federation::Assertion;
use crate::id::{ConnectionId, UserId};
use crate::protocol::authorization::AuthorizationRequest;
use crate::secret::Secret;
use crate::store::interactions::{Asserted, Authenticated, Errand, Interaction, Linking, Progress};
use crate::store::sessions::Session;
use crate::store::{Tx, interactions, passwords, sessions, upstream_identities};

/// How long a proof of who somebody is lets them change their account.
const FRESH: Seconds = Seconds::new(600);

/// How long it lets them go over to an upstream to link an identity, and come back.
const LONGEST_WAY: Seconds = Seconds::new(2400);

/// Whether who they are was proven lately enough for a change of the account.
pub fn is_fresh(session: &Session, now: Timestamp) -> bool {
    now.since(session.auth_time) <= FRESH
}

/// Begins an errand of whoever is signed in: to link an identity at a connection, or only to prove who they are.
/// `returns_to` is the page of ours that it leads to.
pub async fn begin(
    tx: &mut Tx,
    request: AuthorizationRequest,
    signed_in: &SignedIn,
    (links, returns_to): (Option<ConnectionId>, String),
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Interaction> {
    let errand = Errand {
        user_id: signed_in.user.id.clone(),
        session_id: signed_in.session.id.clone(),
        is_confirmed: is_fresh(&signed_in.session, now),
        links: links.map(|connection| Linking {
            connection,
            is_done: false,
        }),
        returns_to,
    };
    let progress = Progress {
        ends_here: true,
        errand: Some(errand),
        ..Progress::default()
    };
    open(tx, request, progress, lifetime, now, rng).await
}

/// What comes next in an errand. Pure.
pub(super) fn next(errand: &Errand, progress: &Progress, facts: &Facts) -> Step {
    let is_theirs = facts
        .signed_in
        .as_ref()
        .is_some_and(|now| is_of(errand, &now.session));
    if !is_theirs || progress.cancelled {
        return Step::Finish(None);
    }
    if !errand.is_confirmed {
        return Step::Confirm;
    }
    match &errand.links {
        Some(linking) if linking.is_done => Step::Finish(None),
        Some(_) if progress.setback.is_some() => Step::NotLinked,
        Some(linking) => Step::Connect(linking.connection.clone()),
        None => Step::Finish(None),
    }
}

fn is_of(errand: &Errand, session: &Session) -> bool {
    session.id == errand.session_id && session.user_id == errand.user_id
}

/// Proves by the password who is signed in. Returns the value of the session's new cookie.
///
/// # Errors
///
/// [`SignInError::Wrong`] when it is another password, [`SignInError::Throttled`] after too many of these,
/// [`SignInError::Changed`] when interaction, session or password have changed meanwhile.
pub async fn confirm(
    interaction: &mut Interaction,
    signed_in: &SignedIn,
    password: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Secret, SignInError> {
    let action = "user.confirmation_failed";
    let stored = password_change::prove(signed_in, password, action, at, rng).await?;
    let user = &signed_in.user.id;
    let mut tx = at.db.write().await?;
    // Checking took its time. Whoever changed the password meanwhile has locked the former one out.
    if !passwords::rehash(&mut tx, user, &stored, &stored).await? {
        return Err(SignInError::Changed);
    }
    password_change::forgive(&mut tx, user, at).await?;
    let (session, cookie) =
        session::begin(&mut tx, user, session::Proof::here(PASSWORD), at, rng).await?;
    let progress = &mut interaction.progress.0;
    let errand = progress.errand.as_mut().ok_or(SignInError::Changed)?;
    if session.id != errand.session_id {
        // It has ended meanwhile.
        return Err(SignInError::Changed);
    }
    errand.is_confirmed = true;
    progress.setback = None;
    progress.authenticated = Some(Authenticated {
        session_id: session.id,
    });
    save(&mut tx, interaction).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Takes what an upstream has stated: as the proof of who they are, or, once they have given that, as the identity that
/// is linked. Returns the value of the session's new cookie, when it was a proof.
///
/// # Errors
///
/// [`UpstreamError::Changed`] when the interaction has changed meanwhile.
pub(super) async fn adopt(
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    (errand, asserted): (Errand, Asserted),
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, UpstreamError> {
    let mut tx = at.db.write().await?;
    let present = at.present.filter(|present| is_of(&errand, present));
    let Some(present) = present else {
        // What was stated is forgotten, and the errand leads nowhere.
        return store(tx, interaction).await;
    };
    // The session stays alive until this transaction ends.
    if !sessions::touch(&mut tx, &present.id, at.now).await? {
        return store(tx, interaction).await;
    }
    let found = upstream::find(&mut tx, &asserted.connection).await?;
    let found = found.ok_or(UpstreamError::Unknown)?;
    if !errand.is_confirmed {
        return confirm_by(tx, at, interaction, &found, &asserted, rng).await;
    }
    if at.now.since(present.auth_time) > LONGEST_WAY {
        if let Some(errand) = &mut interaction.progress.0.errand {
            errand.is_confirmed = false;
        }
        return store(tx, interaction).await;
    }
    let mut links = errand.links.iter();
    if !links.any(|linking| linking.connection == asserted.connection && !linking.is_done) {
        // It was to prove what is proven already.
        return store(tx, interaction).await;
    }
    let user = &errand.user_id;
    let stated = (&found, &asserted.assertion);
    link(tx, at, interaction, user, stated, rng).await
}

/// Links the identity that was stated to the account of whoever asked for it.
async fn link(
    mut tx: Tx,
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    user: &UserId,
    (found, assertion): (&Upstream, &Assertion),
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, UpstreamError> {
    let linking = Some(user);
    let linked = upstream::adopt(&mut tx, assertion, found, linking, None, at.now, rng).await;
    match linked {
        Ok(_) => {
            if let Some(Errand {
                links: Some(linking),
                ..
            }) = &mut interaction.progress.0.errand
            {
                linking.is_done = true;
            }
            interaction.progress.0.setback = None;
            let outcome = Outcome {
                word: "linked",
                why: None,
                user: Some(user),
                assertion: Some(assertion),
            };
            record(&mut tx, &found.connection, outcome, at.now, rng).await?;
            store(tx, interaction).await
        }
        // Somebody else has taken the identity in this very moment.
        Err(AdoptionError::Outrun) => {
            drop(tx);
            turn_down(
                at,
                interaction,
                found,
                assertion,
                Refusal::IdentityTaken,
                rng,
            )
            .await
        }
        Err(AdoptionError::Refused(refusal)) => {
            drop(tx);
            turn_down(at, interaction, found, assertion, refusal, rng).await
        }
        Err(AdoptionError::Sql(error)) => Err(error.into()),
    }
}

/// Proves who is signed in by an identity that is known to be theirs.
async fn confirm_by(
    mut tx: Tx,
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    found: &Upstream,
    asserted: &Asserted,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, UpstreamError> {
    let assertion = &asserted.assertion;
    let (connection, now) = (&found.connection.id, at.now);
    let (issuer, subject) = (&assertion.issuer, &assertion.subject);
    let known = upstream_identities::find(&mut tx, connection, issuer, subject).await?;
    let user = at.present.map(|present| &present.user_id);
    if known.is_none() || known.as_ref().map(|known| &known.user_id) != user {
        drop(tx);
        return turn_down(
            at,
            interaction,
            found,
            assertion,
            Refusal::AnotherPerson,
            rng,
        )
        .await;
    }
    let adopted = upstream::adopt(&mut tx, assertion, found, None, None, now, rng).await;
    match adopted {
        Ok(adopted) => {
            if let Some(errand) = &mut interaction.progress.0.errand {
                errand.is_confirmed = true;
            }
            let cookie =
                begin_session(&mut tx, at, interaction, found, asserted, &adopted, rng).await?;
            tx.commit().await?;
            Ok(Some(cookie))
        }
        Err(AdoptionError::Outrun) => Err(UpstreamError::Changed),
        Err(AdoptionError::Refused(refusal)) => {
            drop(tx);
            turn_down(at, interaction, found, assertion, refusal, rng).await
        }
        Err(AdoptionError::Sql(error)) => Err(error.into()),
    }
}

async fn turn_down(
    at: &Circumstances<'_>,
    interaction: &mut Interaction,
    found: &Upstream,
    assertion: &Assertion,
    refusal: Refusal,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, UpstreamError> {
    refuse(at, interaction, found, assertion, refusal, rng).await?;
    Ok(None)
}

async fn store(mut tx: Tx, interaction: &Interaction) -> Result<Option<Secret>, UpstreamError> {
    if !interactions::update(&mut tx, interaction).await? {
        return Err(UpstreamError::Changed);
    }
    tx.commit().await?;
    Ok(None)
}
