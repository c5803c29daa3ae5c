//! Provenance: what a profile says, and who wrote it last. Whoever writes an attribute records it here, in the same
//! transaction, so that a sign-in through an upstream can honour what was edited.

use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::federation::mapping::Attribute;
use crate::id::UserId;
use crate::store::attribute_sources::{AttributeSource, Source};
use crate::store::identities::{Identity, IdentityKind};
use crate::store::types::Text;
use crate::store::users::User;
use crate::store::{Tx, attribute_sources};

/// Who writes, as the source of what is written. Nothing that the server does by itself is an edit. Pure.
pub fn source_of(actor: Actor<'_>) -> Option<Source> {
    match actor {
        Actor::Anonymous | Actor::User(_) => Some(Source::User),
        Actor::Client(_) => Some(Source::Api),
        Actor::Operator => Some(Source::Administrator),
        Actor::System => None,
    }
}

/// What an attribute of a profile is. The mail address is the one that tokens show. Pure.
pub fn value(user: &User, email: Option<&str>, attribute: Attribute) -> Option<String> {
    let further = &user.attributes.0;
    match attribute {
        Attribute::Birthdate => further.birthdate.clone(),
        Attribute::Email => email.map(str::to_owned),
        Attribute::FamilyName => user.family_name.clone(),
        Attribute::Gender => further.gender.clone(),
        Attribute::GivenName => user.given_name.clone(),
        Attribute::Locale => further.locale.clone(),
        Attribute::MiddleName => further.middle_name.clone(),
        Attribute::Nickname => further.nickname.clone(),
        Attribute::Picture => user.picture.clone(),
        Attribute::PreferredUsername => further.preferred_username.clone(),
        Attribute::Profile => further.profile.clone(),
        Attribute::Website => further.website.clone(),
        Attribute::Zoneinfo => further.zoneinfo.clone(),
    }
}

/// Records who wrote the attributes that differ, but for the mail address. A user who is new was nothing before.
pub async fn record_profile(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: Option<&User>,
    after: &User,
    now: Timestamp,
) -> sqlx::Result<()> {
    for attribute in Attribute::ALL {
        let of = |user: &User| value(user, None, *attribute);
        let change = (before.and_then(of), of(after));
        record(tx, actor, &after.id, *attribute, change, now).await?;
    }
    Ok(())
}

/// Records who wrote the mail address that tokens show, if it differs.
pub async fn record_email(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    (before, after): (Option<&Identity>, Option<&Identity>),
    now: Timestamp,
) -> sqlx::Result<()> {
    let text = |identity: Option<&Identity>| {
        let email = identity.filter(|identity| identity.kind.0 == IdentityKind::Email);
        email.map(|email| email.value.clone())
    };
    let change = (text(before), text(after));
    record(tx, actor, user, Attribute::Email, change, now).await
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    attribute: Attribute,
    (before, after): (Option<String>, Option<String>),
    now: Timestamp,
) -> sqlx::Result<()> {
    let Some(source) = source_of(actor).filter(|_| before != after) else {
        return Ok(());
    };
    let written = AttributeSource {
        attribute: Text(attribute),
        source: Text(source),
        connection_id: None,
        claim: None,
        previous: before,
        written_at: now,
    };
    attribute_sources::put(tx, user, &written).await
}
