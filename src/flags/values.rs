//! Values of flags, for the environment, organizations and users. Tokens say them from the next one on.

use std::collections::HashMap;

use rand::CryptoRng;
use serde_json::json;

use super::{Refused, check_value, effective, parse_value};
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{OrganizationId, UserId};
use crate::store::feature_flag_values::Holder;
use crate::store::feature_flags::{FeatureFlag, FlagValue, OverrideLevel};
use crate::store::types::Json;
use crate::store::{Tx, feature_flag_values, feature_flags};

/// A value as it was given: a text spells a value of whatever type the flag has.
fn read(flag: &FeatureFlag, given: FlagValue) -> Result<FlagValue, Refused> {
    let value = match given {
        FlagValue::Str(text) => parse_value(flag.kind.0, &text),
        other => check_value(flag.kind.0, other),
    };
    value.map_err(|reason| Refused::NoValue {
        key: flag.key.clone(),
        reason,
    })
}

/// The flag of that key, and the value for it, if it may be overridden at that level.
async fn find(
    tx: &mut Tx,
    key: &str,
    level: OverrideLevel,
    given: FlagValue,
) -> sqlx::Result<Result<(FeatureFlag, FlagValue), Refused>> {
    // Held until the end, so that the type of the flag is still the same when the value is stored.
    let Some(flag) = feature_flags::find_to_change(tx, key).await? else {
        return Ok(Err(Refused::Unknown(key.to_owned())));
    };
    if flag.override_level.0 < level {
        let key = flag.key;
        return Ok(Err(Refused::NotAllowed { key, level }));
    }
    Ok(read(&flag, given).map(|value| (flag, value)))
}

/// Gives the environment a value of a flag, in place of its default.
pub async fn set_for_environment(
    tx: &mut Tx,
    actor: Actor<'_>,
    key: &str,
    given: FlagValue,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    let (before, value) = match find(tx, key, OverrideLevel::Environment, given).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    change_environment(tx, actor, &before, Some(value), now, rng).await?;
    Ok(Ok(()))
}

/// Takes the environment's value of a flag back: the default holds again.
pub async fn clear_for_environment(
    tx: &mut Tx,
    actor: Actor<'_>,
    flag: &FeatureFlag,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    change_environment(tx, actor, flag, None, now, rng).await
}

async fn change_environment(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &FeatureFlag,
    value: Option<FlagValue>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let after = FeatureFlag {
        environment_value: value.map(Json),
        updated_at: now,
        ..before.clone()
    };
    if after.environment_value == before.environment_value {
        return Ok(());
    }
    feature_flags::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    let id = before.id.as_str();
    audit::record(tx, actor, "feature_flag.updated", id, details, now, rng).await
}

/// Gives an organization a value of a flag. The organization must exist.
pub async fn set_for_organization(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &OrganizationId,
    (key, given): (&str, FlagValue),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    let holder = Holder::Organization(organization);
    match find(tx, key, OverrideLevel::Organization, given).await? {
        Ok((flag, value)) => store(tx, actor, holder, &flag, Some(value), now, rng)
            .await
            .map(Ok),
        Err(refused) => Ok(Err(refused)),
    }
}

/// Gives a user a value of a flag, in whatever organization they are. The user must exist.
pub async fn set_for_user(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    (key, given): (&str, FlagValue),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    let holder = Holder::User(user);
    match find(tx, key, OverrideLevel::User, given).await? {
        Ok((flag, value)) => store(tx, actor, holder, &flag, Some(value), now, rng)
            .await
            .map(Ok),
        Err(refused) => Ok(Err(refused)),
    }
}

/// Takes the value of a flag back from an organization or user.
pub async fn clear(
    tx: &mut Tx,
    actor: Actor<'_>,
    holder: Holder<'_>,
    flag: &FeatureFlag,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    store(tx, actor, holder, flag, None, now, rng).await
}

async fn store(
    tx: &mut Tx,
    actor: Actor<'_>,
    holder: Holder<'_>,
    flag: &FeatureFlag,
    value: Option<FlagValue>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let before = feature_flag_values::list(tx, holder)
        .await?
        .remove(&flag.id);
    if before == value {
        return Ok(());
    }
    let details = json!({ "before": { &flag.key: before }, "after": { &flag.key: value } });
    match value {
        Some(value) => feature_flag_values::set(tx, holder, flag, &Json(value)).await?,
        None => feature_flag_values::remove(tx, holder, flag).await?,
    }
    let action = match holder {
        Holder::Organization(_) => "organization.feature_flags_changed",
        Holder::User(_) => "user.feature_flags_changed",
    };
    audit::record(tx, actor, action, holder.as_str(), details, now, rng).await
}

/// Every flag with the value that holds for a user in an organization, either of which may be absent.
///
/// Values of organizations and users are asked for only when a flag may have any.
pub async fn list_effective(
    tx: &mut Tx,
    flags: &[FeatureFlag],
    organization: Option<&OrganizationId>,
    user: Option<&UserId>,
) -> sqlx::Result<Vec<(FeatureFlag, FlagValue)>> {
    let reaches = |level| flags.iter().any(|flag| flag.override_level.0 >= level);
    let of_organization = match organization {
        Some(id) if reaches(OverrideLevel::Organization) => {
            feature_flag_values::list(tx, Holder::Organization(id)).await?
        }
        _ => HashMap::new(),
    };
    let of_user = match user {
        Some(id) if reaches(OverrideLevel::User) => {
            feature_flag_values::list(tx, Holder::User(id)).await?
        }
        _ => HashMap::new(),
    };
    let with_value = |flag: &FeatureFlag| {
        let (organization, user) = (of_organization.get(&flag.id), of_user.get(&flag.id));
        (flag.clone(), effective(flag, organization, user).clone())
    };
    Ok(flags.iter().map(with_value).collect())
}
