//! Replays: what the recorded sign-ins of the last days would do under a connection as it might be. Nobody is signed in,
//! and nothing is changed.
//!
//! # Decision
//!
//! Of each person, the latest sign-in counts: it is the best guess of what their next one will say. It is compared with
//! how they are now, not with what it did then, so that the sum says what is going to change. What the brake would hold
//! counts as withdrawn, and is counted by itself besides: whoever looks wants to know what the mapping means.
//!
//! The work is bounded, by people and by records. What was left out is told.

use std::collections::{BTreeMap, HashSet};

use super::Outlook;
use super::rehearsal::{Rehearsal, Source, rehearse};
use crate::access::Catalogue;
use crate::clock::Timestamp;
use crate::directory::reconcile::{Reconciliation, Upstream, Who};
use crate::federation::mapping::Attribute;
use crate::id::{OrganizationId, RoleId, UserId};
use crate::store::Tx;
use crate::store::upstream_sign_ins::{self, UpstreamSignIn};

/// How many people are looked at.
pub const MOST_PEOPLE: usize = 500;

/// How many records are read to find them.
pub const MOST_RECORDS: usize = 5000;

/// How many are read at once.
const AT_ONCE: usize = 500;

/// How many people are named for each role and permission.
const MOST_NAMED: usize = 10;

/// The word of a sign-in that was one.
const SIGNED_IN: &str = "signed_in";

/// What the recorded sign-ins would do.
#[derive(Debug)]
pub struct Replay {
    /// How many records were read.
    pub records: usize,
    /// Whether those are all of the time that was asked for.
    pub is_complete: bool,
    /// Each person, whoever came last first.
    pub people: Vec<Replayed>,
}

/// What the latest sign-in of somebody would do.
#[derive(Debug)]
pub struct Replayed {
    /// What was recorded.
    pub sign_in: UpstreamSignIn,
    /// What would come of it.
    pub rehearsal: Rehearsal,
}

impl Replayed {
    /// What was decided, if somebody would be signed in.
    pub fn reconciled(&self) -> Option<&Reconciliation> {
        let stated = self.rehearsal.stated.as_ref().ok()?;
        stated.decided.outcome.as_ref().ok()
    }

    /// What would change of their roles and permissions.
    pub fn access(&self) -> &[Outlook] {
        let stated = self.rehearsal.stated.as_ref();
        stated.map_or(&[], |stated| stated.access.as_slice())
    }

    /// Why nobody would be signed in: in a word, and in words.
    pub fn refusal(&self) -> Option<(&'static str, String)> {
        match &self.rehearsal.stated {
            Err(failed) => Some((failed.word(), failed.to_string())),
            Ok(stated) => {
                let refusal = stated.decided.outcome.as_ref().err()?;
                Some((refusal.word(), refusal.to_string()))
            }
        }
    }

    /// Whose account it is: as it would be found, or as it was then.
    pub fn user(&self) -> Option<&UserId> {
        let found = self.reconciled().and_then(|it| it.who.user());
        found.or(self.sign_in.user_id.as_ref())
    }

    /// Whether they were signed in then.
    pub fn was_signed_in(&self) -> bool {
        self.sign_in.outcome == SIGNED_IN
    }

    /// Whether something would change for them, or somebody should look at it.
    pub fn has_effect(&self) -> bool {
        let Some(decided) = self.reconciled() else {
            return self.was_signed_in();
        };
        !decided.is_unchanged() || decided.needs_attention()
    }
}

/// Replays the sign-ins through a connection since `since`.
pub async fn replay(
    tx: &mut Tx,
    catalogue: &Catalogue,
    upstream: &Upstream,
    since: Timestamp,
    now: Timestamp,
) -> sqlx::Result<Replay> {
    let mut replay = Replay {
        records: 0,
        is_complete: false,
        people: Vec::new(),
    };
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut before = (Timestamp::from_unix(i64::MAX), String::new());
    let connection = &upstream.connection.id;
    loop {
        let limit = AT_ONCE.min(MOST_RECORDS - replay.records);
        let place = (before.0, before.1.as_str());
        let rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let page = upstream_sign_ins::list_proven(tx, connection, since, place, rows).await?;
        let is_last = page.len() < limit;
        for mut sign_in in page {
            before = (sign_in.occurred_at, sign_in.id.as_str().to_owned());
            let Some(recorded) = sign_in.assertion.take() else {
                continue;
            };
            let recorded = recorded.0;
            let key = (recorded.issuer.clone(), recorded.subject.clone());
            if seen.contains(&key) {
                replay.records += 1;
                continue;
            }
            if replay.people.len() == MOST_PEOPLE {
                return Ok(replay);
            }
            replay.records += 1;
            seen.insert(key);
            let source = (Source::Recorded(recorded), true);
            let rehearsal = rehearse(tx, catalogue, upstream, source, now).await?;
            replay.people.push(Replayed { sign_in, rehearsal });
        }
        if is_last {
            replay.is_complete = true;
            return Ok(replay);
        }
        if replay.records >= MOST_RECORDS {
            return Ok(replay);
        }
    }
}

/// How many people gain and lose something, and some of them by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    /// How many gain it.
    pub gained: usize,
    /// The first of them; who has no account yet has no name.
    pub gained_by: Vec<UserId>,
    /// How many lose it.
    pub lost: usize,
    /// The first of them.
    pub lost_by: Vec<UserId>,
}

impl Balance {
    fn count(&mut self, user: Option<&UserId>, gains: bool) {
        let (count, named) = if gains {
            (&mut self.gained, &mut self.gained_by)
        } else {
            (&mut self.lost, &mut self.lost_by)
        };
        *count += 1;
        named.extend(user.filter(|_| *count <= MOST_NAMED).cloned());
    }
}

/// What becomes of an attribute, in how many profiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// In how many it would be written.
    pub written: usize,
    /// In how many the two sides contradict each other.
    pub conflicts: usize,
}

/// The sum of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// Who were signed in, and would not be any more.
    pub refused: usize,
    /// Who were not signed in, and would be.
    pub admitted: usize,
    /// Who would get an account.
    pub created: usize,
    /// Of whom the brake would hold what groups give no more.
    pub held: usize,
    /// Who would join an organization, by organization.
    pub joining: BTreeMap<OrganizationId, usize>,
    /// Who gains and loses each role.
    pub roles: BTreeMap<(OrganizationId, RoleId), Balance>,
    /// Who gains and loses each permission, by key.
    pub permissions: BTreeMap<(OrganizationId, String), Balance>,
    /// What becomes of each attribute.
    pub attributes: BTreeMap<Attribute, Written>,
}

impl Replay {
    /// Adds everything up. Pure.
    pub fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for person in &self.people {
            let Some(decided) = person.reconciled() else {
                sum.refused += usize::from(person.was_signed_in());
                continue;
            };
            sum.admitted += usize::from(!person.was_signed_in());
            sum.created += usize::from(decided.who == Who::Created);
            sum.held += usize::from(!decided.membership.held.is_empty());
            if let Some(organization) = &decided.membership.joins {
                *sum.joining.entry(organization.clone()).or_default() += 1;
            }
            for change in &decided.changes {
                sum.attributes.entry(change.attribute).or_default().written += 1;
            }
            for kept in decided.kept.iter().filter(|kept| kept.why.is_conflict()) {
                sum.attributes.entry(kept.attribute).or_default().conflicts += 1;
            }
            let user = decided.who.user();
            for outlook in person.access() {
                sum.count(outlook, user);
            }
        }
        sum
    }
}

impl Sum {
    fn count(&mut self, outlook: &Outlook, user: Option<&UserId>) {
        let place = &outlook.organization;
        for (roles, gains) in [(&outlook.roles_gained, true), (&outlook.roles_lost, false)] {
            for role in roles {
                let key = (place.clone(), role.clone());
                self.roles.entry(key).or_default().count(user, gains);
            }
        }
        for (keys, gains) in [
            (&outlook.permissions_gained, true),
            (&outlook.permissions_lost, false),
        ] {
            for permission in keys {
                let key = (place.clone(), permission.clone());
                self.permissions.entry(key).or_default().count(user, gains);
            }
        }
    }
}
