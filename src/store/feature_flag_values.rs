//! What organizations and users have in place of the default value of a feature flag.

use std::collections::HashMap;

use super::Tx;
use super::feature_flags::{FeatureFlag, FlagValue};
use super::types::Json;
use crate::id::{FeatureFlagId, OrganizationId, UserId};

/// Who has values of flags.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// An organization.
    Organization(&'a OrganizationId),
    /// A user.
    User(&'a UserId),
}

impl<'a> Holder<'a> {
    /// Its id.
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Organization(id) => id.as_str(),
            Self::User(id) => id.as_str(),
        }
    }
}

/// The values that `holder` has, by flag.
pub async fn list(
    tx: &mut Tx,
    holder: Holder<'_>,
) -> sqlx::Result<HashMap<FeatureFlagId, FlagValue>> {
    let sql = match holder {
        Holder::Organization(_) => {
            "SELECT flag_id, value FROM organization_feature_flags WHERE organization_id = $1"
        }
        Holder::User(_) => "SELECT flag_id, value FROM user_feature_flags WHERE user_id = $1",
    };
    let rows: Vec<(FeatureFlagId, Json<FlagValue>)> = tx.all(sql, (holder.as_str(),)).await?;
    Ok(rows.into_iter().map(|(id, value)| (id, value.0)).collect())
}

/// How many organizations and users have a value of a flag.
pub async fn count(tx: &mut Tx, flag: &FeatureFlag) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT (SELECT COUNT(*) FROM organization_feature_flags WHERE flag_id = $1)
                + (SELECT COUNT(*) FROM user_feature_flags WHERE flag_id = $1)",
            (&flag.id,),
        )
        .await?;
    Ok(count)
}

/// Gives `holder` a value of a flag.
pub async fn set(
    tx: &mut Tx,
    holder: Holder<'_>,
    flag: &FeatureFlag,
    value: &Json<FlagValue>,
) -> sqlx::Result<()> {
    let sql = match holder {
        Holder::Organization(_) => {
            "INSERT INTO organization_feature_flags (organization_id, flag_id, value) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, flag_id) DO UPDATE SET value = excluded.value"
        }
        Holder::User(_) => {
            "INSERT INTO user_feature_flags (user_id, flag_id, value) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, flag_id) DO UPDATE SET value = excluded.value"
        }
    };
    tx.execute(sql, (holder.as_str(), &flag.id, value)).await?;
    Ok(())
}

/// Takes the value of a flag back from `holder`.
pub async fn remove(tx: &mut Tx, holder: Holder<'_>, flag: &FeatureFlag) -> sqlx::Result<()> {
    let sql = match holder {
        Holder::Organization(_) => {
            "DELETE FROM organization_feature_flags WHERE organization_id = $1 AND flag_id = $2"
        }
        Holder::User(_) => "DELETE FROM user_feature_flags WHERE user_id = $1 AND flag_id = $2",
    };
    tx.execute(sql, (holder.as_str(), &flag.id)).await?;
    Ok(())
}
