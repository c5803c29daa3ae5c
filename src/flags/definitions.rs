//! Flags defined, changed and removed; once for the business.

use rand::CryptoRng;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::FeatureFlagId;
use crate::store::feature_flags::{FeatureFlag, FlagKind, FlagValue, OverrideLevel};
use crate::store::types::{Json, Text};
use crate::store::{Tx, feature_flag_values, feature_flags};

/// What a flag is, but for its id, key, values elsewhere and times. The texts are checked by
/// [`crate::naming`], the value by [`super::check_value`].
#[derive(Debug, Clone)]
pub struct Definition {
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// What its values are.
    pub kind: FlagKind,
    /// Who may have a value of their own.
    pub override_level: OverrideLevel,
    /// What holds when nothing else does.
    pub default_value: FlagValue,
}

/// Why a flag or a value of it was not stored; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another flag has the key.
    #[error("the key {0} is taken")]
    KeyTaken(String),
    /// The value is none of the flag's.
    #[error("the value of {key} {reason}")]
    NoValue {
        /// The key of the flag.
        key: String,
        /// What a value must be.
        reason: String,
    },
    /// The flag may not have another value at that level.
    #[error(
        "{key} may not be overridden at the level {level}: change its allow_override_level first"
    )]
    NotAllowed {
        /// The key of the flag.
        key: String,
        /// The level.
        level: OverrideLevel,
    },
    /// The type can't change, since there are values of the present one.
    #[error(
        "{0} environments, organizations and users have values of the present type: take them back first, or define another flag"
    )]
    HasValues(i64),
    /// There is no such flag.
    #[error("there is no feature flag of the key {0}")]
    Unknown(String),
}

/// Defines a flag.
pub async fn define(
    tx: &mut Tx,
    actor: Actor<'_>,
    key: String,
    new: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<FeatureFlag, Refused>> {
    if feature_flags::find_by_key(tx, &key).await?.is_some() {
        return Ok(Err(Refused::KeyTaken(key)));
    }
    let flag = FeatureFlag {
        id: FeatureFlagId::generate(rng),
        key,
        name: new.name,
        description: new.description,
        kind: Text(new.kind),
        override_level: Text(new.override_level),
        default_value: Json(new.default_value),
        environment_value: None,
        created_at: now,
        updated_at: now,
    };
    feature_flags::upsert(tx, &flag).await?;
    let details = audit::difference(None, Some(&flag));
    let id = flag.id.as_str();
    audit::record(tx, actor, "feature_flag.created", id, details, now, rng).await?;
    Ok(Ok(flag))
}

/// Changes what a flag is; its key stays. Tokens say so from the next one on.
///
/// Its type changes only while nobody has a value of it: values of another type would say nothing any more.
pub async fn redefine(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &FeatureFlag,
    definition: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    if definition.kind != before.kind.0 {
        let here = i64::from(before.environment_value.is_some());
        let count = feature_flag_values::count(tx, before).await? + here;
        if count > 0 {
            return Ok(Err(Refused::HasValues(count)));
        }
    }
    let after = FeatureFlag {
        name: definition.name,
        description: definition.description,
        kind: Text(definition.kind),
        override_level: Text(definition.override_level),
        default_value: Json(definition.default_value),
        updated_at: now,
        ..before.clone()
    };
    feature_flags::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    let id = before.id.as_str();
    audit::record(tx, actor, "feature_flag.updated", id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Removes a flag with every value of it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    flag: &FeatureFlag,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    feature_flags::remove(tx, &flag.id).await?;
    let details = audit::difference(Some(flag), None);
    let id = flag.id.as_str();
    audit::record(tx, actor, "feature_flag.removed", id, details, now, rng).await
}
