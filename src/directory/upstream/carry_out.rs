//! Carries a reconciliation out, in the transaction of the sign-in.

use rand::CryptoRng;
use serde_json::json;

use super::{AdoptionError, Synced};
use crate::access::members;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::directory::accounts::{self, NewAccount};
use crate::directory::identities as operations;
use crate::directory::invitations;
use crate::directory::reconcile::{
    Change, Facts, Membership, Reconciliation, Refusal, Rule, Upstream, Who, stated_email,
};
use crate::federation::Assertion;
use crate::federation::mapping::Attribute;
use crate::id::{ConnectionId, IdentityId, SyncRecordId, UserId};
use crate::protocol::claims::StandardClaims;
use crate::store::attribute_sources::{AttributeSource, Source};
use crate::store::identities::{Identity, IdentityKind};
use crate::store::invitations::Invitation;
use crate::store::sync_records::SyncRecord;
use crate::store::types::{Json, Text};
use crate::store::upstream_identities::{Evidence, UpstreamIdentity};
use crate::store::users::User;
use crate::store::{
    Tx, attribute_sources, group_role_assignments, identities, sync_records, upstream_identities,
    users,
};

/// What every step needs to know.
struct At<'a> {
    assertion: &'a Assertion,
    upstream: &'a Upstream,
    decided: &'a Reconciliation,
    now: Timestamp,
}

/// Carries out what was decided. Returns who it is, and by which identity.
pub(super) async fn carry_out(
    tx: &mut Tx,
    assertion: &Assertion,
    upstream: &Upstream,
    facts: &Facts,
    decided: &Reconciliation,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(UserId, IdentityId), AdoptionError> {
    let at = At {
        assertion,
        upstream,
        decided,
        now,
    };
    if let Some((identity, _)) = &decided.displaced
        // It may have been proven in this moment.
        && !operations::give_way(tx, identity, now, rng).await?
    {
        return Err(AdoptionError::Outrun);
    }
    let (user, identity) = match &decided.who {
        Who::Bound(identity, user) => {
            let key = (assertion.issuer.as_str(), assertion.subject.as_str());
            if !upstream_identities::bind(tx, identity, key, &Json(evidence(&at, facts))).await? {
                return Err(AdoptionError::Outrun);
            }
            (user.clone(), identity.clone())
        }
        Who::Created => {
            let user = create(tx, &at, facts.invited.as_ref(), rng).await?;
            let identity = link(tx, &at, facts, &user, rng).await?;
            (user, identity)
        }
        Who::Known(identity, user) => (user.clone(), identity.clone()),
        Who::Linked(user, _) => (user.clone(), link(tx, &at, facts, user, rng).await?),
    };
    if !matches!(decided.who, Who::Created) {
        change_profile(tx, &at, &user, rng).await?;
    }
    if decided.takes_over {
        identities::set_aside(tx, &user, now).await?;
    }
    record_sources(tx, &at, &user).await?;
    change_membership(tx, &at, &user, &decided.membership, rng).await?;
    record(tx, &at, &user, &identity, rng).await?;
    Ok((user, identity))
}

fn evidence(at: &At<'_>, facts: &Facts) -> Evidence {
    evidence_of((at.assertion, at.upstream), facts, at.decided.who.rule())
}

/// Why an identity is theirs, as it is kept with it.
pub(super) fn evidence_of(
    (assertion, upstream): (&Assertion, &Upstream),
    facts: &Facts,
    rule: Rule,
) -> Evidence {
    let linking = facts.linking.as_ref();
    // Of all rules, this one stands on the address.
    let is_proven = rule == Rule::VerifiedEmail;
    let stated = is_proven.then(|| stated_email(assertion, upstream));
    Evidence {
        rule: rule.as_str().to_owned(),
        verified_email: stated.flatten(),
        actor: linking.map(|person| person.user.id.to_string()),
    }
}

/// Creates an account. Who is invited joins that organization instead of the default one; the connection's own
/// besides.
async fn create(
    tx: &mut Tx,
    at: &At<'_>,
    invited: Option<&Invitation>,
    rng: &mut impl CryptoRng,
) -> Result<UserId, AdoptionError> {
    let invited = invited.filter(|_| at.decided.is_invited);
    let home = at.decided.membership.joins.as_ref();
    let home = home.or(invited.map(|invitation| &invitation.organization_id));
    let mut new = NewAccount {
        organization: home.cloned(),
        ..NewAccount::default()
    };
    for change in &at.decided.changes {
        let value = change.after.clone();
        match change.attribute {
            Attribute::Email => {
                new.email = value;
                new.email_verified = change.is_verified == Some(true);
            }
            Attribute::FamilyName => new.family_name = value,
            Attribute::GivenName => new.given_name = value,
            Attribute::Picture => new.picture = value,
            further => set_claim(&mut new.attributes, further, value),
        }
    }
    let Ok(user) = accounts::create(tx, Actor::Anonymous, new, at.now, rng).await? else {
        return Err(AdoptionError::Outrun);
    };
    if let Some(invitation) = invited
        && !invitations::accept(tx, invitation, &user.id, at.now, rng).await?
    {
        // The mapping left the address out, by which they were invited.
        return Err(Refusal::NoAccount.into());
    }
    Ok(user.id)
}

async fn link(
    tx: &mut Tx,
    at: &At<'_>,
    facts: &Facts,
    user: &UserId,
    rng: &mut impl CryptoRng,
) -> Result<IdentityId, AdoptionError> {
    let identity = UpstreamIdentity {
        id: IdentityId::generate(rng),
        user_id: user.clone(),
        connection_id: at.upstream.connection.id.clone(),
        issuer: Some(at.assertion.issuer.clone()),
        subject: Some(at.assertion.subject.clone()),
        email_key: stated_email(at.assertion, at.upstream)
            .map(|email| IdentityKind::Email.key(&email)),
        evidence: Json(evidence(at, facts)),
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: at.now,
    };
    if !upstream_identities::insert(tx, &identity).await? {
        return Err(AdoptionError::Outrun);
    }
    let details = json!({
        "identity": identity.id,
        "before": {},
        "after": { "connection": identity.connection_id, "issuer": identity.issuer, "subject": identity.subject,
            "evidence": identity.evidence.0 },
    });
    let (action, actor) = ("identity.created", Actor::User(user));
    audit::record(tx, actor, action, user.as_str(), details, at.now, rng).await?;
    Ok(identity.id)
}

/// Writes what changes of the profile of somebody who was here before.
async fn change_profile(
    tx: &mut Tx,
    at: &At<'_>,
    user: &UserId,
    rng: &mut impl CryptoRng,
) -> Result<(), AdoptionError> {
    if at.decided.changes.is_empty() {
        return Ok(());
    }
    let Some(found) = users::find_to_change(tx, user).await? else {
        return Err(AdoptionError::Outrun);
    };
    let mut changed = found.clone();
    for change in &at.decided.changes {
        match change.attribute {
            Attribute::Email => change_email(tx, at, user, change, rng).await?,
            Attribute::FamilyName => changed.family_name.clone_from(&change.after),
            Attribute::GivenName => changed.given_name.clone_from(&change.after),
            Attribute::Picture => changed.picture.clone_from(&change.after),
            further => set_claim(&mut changed.attributes.0, further, change.after.clone()),
        }
    }
    users::update(
        tx,
        &User {
            updated_at: at.now,
            ..changed
        },
    )
    .await?;
    Ok(())
}

/// Makes an address the one that tokens show. One that came through the connection before is replaced by it; one
/// that somebody entered here stays beside it.
async fn change_email(
    tx: &mut Tx,
    at: &At<'_>,
    user: &UserId,
    change: &Change,
    rng: &mut impl CryptoRng,
) -> Result<(), AdoptionError> {
    let Some(value) = &change.after else {
        return Ok(());
    };
    let kind = IdentityKind::Email;
    let is_verified = change.is_verified == Some(true);
    let mine = identities::list_for_user(tx, user).await?;
    let present = mine
        .iter()
        .find(|one| one.kind.0 == kind && kind.key(&one.value) == kind.key(value));
    if let Some(present) = present {
        if is_verified {
            identities::mark_verified(tx, &present.id, at.now).await?;
        }
        operations::make_primary(tx, Actor::User(user), present, at.now, rng).await?;
        return Ok(());
    }
    let identity = Identity {
        id: IdentityId::generate(rng),
        user_id: user.clone(),
        kind: Text(kind),
        value: value.clone(),
        verified_at: is_verified.then_some(at.now),
        is_primary: false,
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: at.now,
        set_aside_at: None,
    };
    if !identities::insert(tx, &identity).await? {
        return Err(AdoptionError::Outrun);
    }
    let former = mine
        .into_iter()
        .find(|one| one.kind.0 == kind && one.is_primary);
    let came_so = came_through(tx, user, &at.upstream.connection.id).await?;
    operations::make_primary(tx, Actor::User(user), &identity, at.now, rng).await?;
    if let Some(former) = former.filter(|_| came_so) {
        // It has just ceased to be the primary one, and leaves no place to be taken.
        let former = Identity {
            is_primary: false,
            ..former
        };
        let removed = operations::remove(tx, Actor::User(user), &former, true, at.now, rng).await?;
        debug_assert!(removed.is_ok(), "it was insisted upon");
    }
    Ok(())
}

/// Whether the address that tokens show came through that connection.
async fn came_through(tx: &mut Tx, user: &UserId, connection: &ConnectionId) -> sqlx::Result<bool> {
    let sources = attribute_sources::list(tx, user).await?;
    Ok(sources.iter().any(|source| {
        source.attribute.0 == Attribute::Email && source.connection_id.as_ref() == Some(connection)
    }))
}

fn set_claim(claims: &mut StandardClaims, attribute: Attribute, value: Option<String>) {
    match attribute {
        Attribute::Birthdate => claims.birthdate = value,
        Attribute::Gender => claims.gender = value,
        Attribute::Locale => claims.locale = value,
        Attribute::MiddleName => claims.middle_name = value,
        Attribute::Nickname => claims.nickname = value,
        Attribute::PreferredUsername => claims.preferred_username = value,
        Attribute::Profile => claims.profile = value,
        Attribute::Website => claims.website = value,
        Attribute::Zoneinfo => claims.zoneinfo = value,
        // These have a place of their own.
        Attribute::Email | Attribute::FamilyName | Attribute::GivenName | Attribute::Picture => {}
    }
}

async fn record_sources(tx: &mut Tx, at: &At<'_>, user: &UserId) -> Result<(), AdoptionError> {
    // An address that only gains its proof is still whose it was.
    let written = at.decided.changes.iter();
    for change in written.filter(|change| change.before != change.after) {
        let source = AttributeSource {
            attribute: Text(change.attribute),
            source: Text(Source::Connection),
            connection_id: Some(at.upstream.connection.id.clone()),
            claim: Some(change.claim.clone()),
            previous: change.before.clone(),
            written_at: at.now,
        };
        attribute_sources::put(tx, user, &source).await?;
    }
    Ok(())
}

async fn change_membership(
    tx: &mut Tx,
    at: &At<'_>,
    user: &UserId,
    membership: &Membership,
    rng: &mut impl CryptoRng,
) -> Result<(), AdoptionError> {
    let actor = Actor::User(user);
    if let Some(organization) = &membership.joins {
        members::join(tx, actor, organization, user, at.now, rng).await?;
    }
    let connection = &at.upstream.connection.id;
    for given in &membership.granted {
        group_role_assignments::insert(tx, connection, user, given, at.now).await?;
    }
    for given in &membership.withdrawn {
        group_role_assignments::remove(tx, connection, user, given).await?;
    }
    Ok(())
}

/// Records what changed and why, for the user and for administrators. What somebody should look at is recorded even
/// when nothing changed; not at each sign-in, but when it is another thing than the last record says.
async fn record(
    tx: &mut Tx,
    at: &At<'_>,
    user: &UserId,
    identity: &IdentityId,
    rng: &mut impl CryptoRng,
) -> Result<(), AdoptionError> {
    let synced = Synced::by(identity, at.decided);
    let connection = &at.upstream.connection.id;
    let needs_attention = at.decided.needs_attention();
    if at.decided.is_unchanged()
        && (!needs_attention || is_known(tx, user, connection, &synced).await?)
    {
        return Ok(());
    }
    let told = json!(synced);
    let details = json!({ "connection": at.upstream.connection.id, "sync": told });
    let (actor, action) = (Actor::User(user), "user.synced");
    audit::record(tx, actor, action, user.as_str(), details, at.now, rng).await?;
    if !synced.held.is_empty() {
        let details = json!({ "user": user, "held": synced.held });
        let (action, subject) = ("connection.withdrawals_held", connection.as_str());
        audit::record(tx, actor, action, subject, details, at.now, rng).await?;
    }
    let record = SyncRecord {
        id: SyncRecordId::generate(rng),
        user_id: user.clone(),
        connection_id: Some(at.upstream.connection.id.clone()),
        occurred_at: at.now,
        record: Json(told),
        needs_attention,
    };
    sync_records::insert(tx, &record).await?;
    Ok(())
}

/// Whether the last record of the user says already what somebody should look at.
async fn is_known(
    tx: &mut Tx,
    user: &UserId,
    connection: &ConnectionId,
    synced: &Synced,
) -> sqlx::Result<bool> {
    let latest = sync_records::find_latest(tx, user, connection).await?;
    let latest = latest.and_then(|record| Synced::read(&record).ok());
    Ok(latest.is_some_and(|latest| latest.contradicts_alike(synced)))
}
