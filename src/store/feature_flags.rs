//! Feature flags: switches and settings that applications read from tokens, defined once for the business.
//! What organizations and users have in place of the default is in [`super::feature_flag_values`].

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Tx;
use super::permissions::bump;
use super::types::{Json, Text};
use crate::clock::Timestamp;
use crate::id::FeatureFlagId;
use crate::words::words;

words! {
    /// What the values of a flag are.
    pub enum FlagKind {
        /// True or false.
        Bool = "bool",
        /// A whole number.
        Int = "int",
        /// A text.
        Str = "str",
    }
}

words! {
    /// How far down a flag may have another value than the level above, in that order.
    pub enum OverrideLevel {
        /// The environment.
        Environment = "env",
        /// The environment and organizations.
        Organization = "org",
        /// The environment, organizations and users.
        User = "usr",
    }
}

/// A value of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Str(String),
}

impl FlagValue {
    /// Of what kind it is.
    pub fn kind(&self) -> FlagKind {
        match self {
            Self::Bool(_) => FlagKind::Bool,
            Self::Int(_) => FlagKind::Int,
            Self::Str(_) => FlagKind::Str,
        }
    }
}

impl std::fmt::Display for FlagValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(formatter),
            Self::Int(value) => value.fmt(formatter),
            Self::Str(value) => formatter.write_str(value),
        }
    }
}

/// A feature flag.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct FeatureFlag {
    /// Its name here.
    pub id: FeatureFlagId,
    /// What tokens say.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// What its values are.
    pub kind: Text<FlagKind>,
    /// Who may have a value of their own.
    pub override_level: Text<OverrideLevel>,
    /// What holds when nothing else does.
    pub default_value: Json<FlagValue>,
    /// What holds in place of the default, unless an organization or user has another.
    pub environment_value: Option<Json<FlagValue>>,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The flag of that key.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> sqlx::Result<Option<FeatureFlag>> {
    tx.optional("SELECT * FROM feature_flags WHERE key = $1", (key,))
        .await
}

/// The flag of that key, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, key: &str) -> sqlx::Result<Option<FeatureFlag>> {
    tx.optional(
        "UPDATE feature_flags SET updated_at = updated_at WHERE key = $1 RETURNING *",
        (key,),
    )
    .await
}

/// All flags, by key.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<FeatureFlag>> {
    tx.all("SELECT * FROM feature_flags ORDER BY key", ()).await
}

/// Defines a flag, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, flag: &FeatureFlag) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO feature_flags (id, key, name, description, kind, override_level, default_value, environment_value,
            created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, description = excluded.description, kind = excluded.kind,
            override_level = excluded.override_level, default_value = excluded.default_value,
            environment_value = excluded.environment_value, updated_at = excluded.updated_at",
        (
            &flag.id,
            &flag.key,
            &flag.name,
            &flag.description,
            &flag.kind,
            &flag.override_level,
            &flag.default_value,
            &flag.environment_value,
            flag.created_at,
            flag.updated_at,
        ),
    )
    .await?;
    bump(tx).await
}

/// Removes a flag with all its values. Returns false when there is none.
pub async fn remove(tx: &mut Tx, id: &FeatureFlagId) -> sqlx::Result<bool> {
    let removed = tx
        .execute("DELETE FROM feature_flags WHERE id = $1", (id,))
        .await?;
    bump(tx).await?;
    Ok(removed == 1)
}
