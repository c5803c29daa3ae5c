//! Rehearsals: what a sign-in would do, under the connection as it is or as it might be. Nobody is signed in.
//!
//! # Decision
//!
//! A rehearsal decides as a sign-in does, by the same functions: a connector's reading of claims, [`decide`], and what
//! carries a decision out. What has to be seen after the sign-in is carried out in a transaction that is rolled back, so
//! that what is foretold can't differ from what happens.

use rand::CryptoRng;
use serde_json::{Map, Value};

use super::carry_out::{carry_out, evidence_of};
use super::{AdoptionError, Decided, Outlook, decide, outlook};
use crate::access::Catalogue;
use crate::clock::Timestamp;
use crate::directory::connections::{self, Configured, ConnectionError, Said};
use crate::directory::reconcile::Upstream;
use crate::federation::{Assertion, FederationError, reading};
use crate::id::UserId;
use crate::store::Tx;
use crate::store::upstream_identities::Evidence;

/// What an upstream says, without being asked.
#[derive(Debug, Clone)]
pub enum Source {
    /// Claims that somebody has entered: nothing proves them.
    Entered(Map<String, Value>),
    /// What it stated once; the proof held then.
    Recorded(Assertion),
}

/// A sign-in that is rehearsed.
#[derive(Debug)]
pub struct Rehearsal {
    /// What is stated, or the check that would fail.
    pub stated: Result<Stated, FederationError>,
}

/// What is stated, and what would come of it.
#[derive(Debug)]
pub struct Stated {
    /// What is stated.
    pub assertion: Assertion,
    /// What would be decided.
    pub decided: Decided,
    /// Why the identity would be theirs, as it would be kept with it.
    pub evidence: Option<Evidence>,
    /// What would change of their roles and permissions.
    pub access: Vec<Outlook>,
}

/// The connection as it might be: changed as it is said, which is not stored.
///
/// # Errors
///
/// What would be refused when it is saved.
pub async fn imagine(
    tx: &mut Tx,
    before: &Configured,
    options: Option<Map<String, Value>>,
    now: Timestamp,
) -> Result<Upstream, ConnectionError> {
    let said = Said {
        options,
        ..Said::default()
    };
    let (after, _) = connections::redesign(tx, before, said, now).await?;
    Ok(Upstream {
        connection: after.connection,
        domains: after.domains,
        group_roles: after.group_roles,
    })
}

/// Rehearses a sign-in. Nothing is changed. What the brake would hold stays, unless `without_brake`.
pub async fn rehearse(
    tx: &mut Tx,
    catalogue: &Catalogue,
    upstream: &Upstream,
    (source, without_brake): (Source, bool),
    now: Timestamp,
) -> sqlx::Result<Rehearsal> {
    let settings = &upstream.connection.settings.0;
    let read = match source {
        Source::Entered(claims) => reading::entered(settings, claims),
        Source::Recorded(recorded) => reading::anew(settings, &recorded),
    };
    let stated = match read {
        Err(failed) => Err(failed),
        Ok(assertion) => {
            let decided = decide(tx, &assertion, upstream, None, None).await?;
            let (mut access, mut evidence) = (Vec::new(), None);
            if let Ok(reconciled) = &decided.outcome {
                access = outlook(tx, catalogue, reconciled, without_brake, now).await?;
                let rule = reconciled.who.rule();
                evidence = Some(evidence_of((&assertion, upstream), &decided.facts, rule));
            }
            Ok(Stated {
                assertion,
                decided,
                evidence,
                access,
            })
        }
    };
    Ok(Rehearsal { stated })
}

impl Rehearsal {
    /// Carries out what would be done, so that it can be looked at. The transaction is to be rolled back. Returns
    /// who is signed in; nobody, when that is refused.
    ///
    /// # Errors
    ///
    /// When somebody else is in the middle of the same sign-in, or the database fails.
    pub async fn perform(
        &self,
        tx: &mut Tx,
        upstream: &Upstream,
        now: Timestamp,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Option<UserId>, AdoptionError> {
        let Ok(stated) = &self.stated else {
            return Ok(None);
        };
        let Ok(reconciled) = &stated.decided.outcome else {
            return Ok(None);
        };
        let (assertion, facts) = (&stated.assertion, &stated.decided.facts);
        let (user, _) = carry_out(tx, assertion, upstream, facts, reconciled, now, rng).await?;
        Ok(Some(user))
    }
}
