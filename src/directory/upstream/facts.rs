//! What is known here of whom an assertion may be about.

use crate::directory::reconcile::{Address, Facts, Holder, Person, Upstream, stated_email};
use crate::federation::Assertion;
use crate::id::UserId;
use crate::store::identities::IdentityKind;
use crate::store::{
    Tx, attribute_sources, group_role_assignments, identities, memberships, organizations,
    upstream_identities, users,
};

/// Gathers what is known, for [`reconcile`](crate::directory::reconcile::reconcile).
pub async fn gather(
    tx: &mut Tx,
    assertion: &Assertion,
    upstream: &Upstream,
    linking: Option<&UserId>,
) -> sqlx::Result<Facts> {
    let connection = &upstream.connection;
    let mut facts = Facts {
        group_roles_given: group_role_assignments::count(tx, &connection.id).await?,
        ..Facts::default()
    };
    if let Some(organization) = &connection.organization_id {
        let found = organizations::find(tx, organization).await?;
        facts.organization_suspended = found.is_none_or(|found| found.suspended_at.is_some());
    }
    let (issuer, subject) = (&assertion.issuer, &assertion.subject);
    if let Some(known) = upstream_identities::find(tx, &connection.id, issuer, subject).await? {
        let person = person(tx, upstream, &known.user_id).await?;
        facts.known = person.map(|person| (known.id, person));
    }
    if let Some(user) = linking {
        facts.linking = person(tx, upstream, user).await?;
    }
    let Some(email) = stated_email(assertion, upstream) else {
        return Ok(facts);
    };
    let key = IdentityKind::Email.key(&email);
    if let Some(waiting) = upstream_identities::find_waiting(tx, &connection.id, &key).await? {
        let person = person(tx, upstream, &waiting.user_id).await?;
        facts.waiting = person.map(|person| (waiting.id, person));
    }
    if let Some(held) = identities::find_by_value(tx, IdentityKind::Email, &email).await? {
        let person = person(tx, upstream, &held.user_id).await?;
        facts.holder = person.map(|person| Holder {
            identity: held.id,
            is_verified: held.verified_at.is_some(),
            person,
        });
    }
    Ok(facts)
}

async fn person(tx: &mut Tx, upstream: &Upstream, user: &UserId) -> sqlx::Result<Option<Person>> {
    let Some(subject) = users::find_subject(tx, user).await? else {
        return Ok(None);
    };
    let memberships = memberships::list_for_user(tx, user).await?;
    let connection = &upstream.connection.id;
    Ok(Some(Person {
        email: subject.email.map(|value| Address {
            value,
            is_verified: subject.email_verified_at.is_some(),
        }),
        user: subject.user,
        sources: attribute_sources::list(tx, user).await?,
        memberships: memberships
            .into_iter()
            .map(|membership| membership.organization_id)
            .collect(),
        group_roles: group_role_assignments::list_for_user(tx, connection, user).await?,
    }))
}
