//! What somebody may do in an organization, and why. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::catalogue::Catalogue;
use crate::clock::Timestamp;
use crate::store::assignments::{PermissionAssignment, RoleAssignment, Source};
use crate::store::roles::Role;

/// What somebody may do in one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access<'a> {
    /// The roles that count, by key.
    pub roles: Vec<&'a Role>,
    /// The keys of the permissions, sorted, each once.
    pub permissions: Vec<&'a str>,
}

/// Evaluates assignments: direct permissions and those of roles, less what has expired.
pub fn evaluate<'a>(
    catalogue: &'a Catalogue,
    roles: &[RoleAssignment],
    permissions: &[PermissionAssignment],
    now: Timestamp,
) -> Access<'a> {
    let counts = |expires_at: Option<Timestamp>| expires_at.is_none_or(|at| at > now);
    let mut held: Vec<(&Role, &[_])> = roles
        .iter()
        .filter(|assignment| counts(assignment.expires_at))
        .filter_map(|assignment| catalogue.role(&assignment.role_id))
        .collect();
    held.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
    let direct = permissions
        .iter()
        .filter(|assignment| counts(assignment.expires_at));
    let ids = direct
        .map(|assignment| &assignment.permission_id)
        .chain(held.iter().flat_map(|(_, granted)| *granted));
    let keys: BTreeSet<&str> = ids
        .filter_map(|id| catalogue.permission(id))
        .map(|permission| permission.key.as_str())
        .collect();
    Access {
        roles: held.into_iter().map(|(role, _)| role).collect(),
        permissions: keys.into_iter().collect(),
    }
}

/// By what way a permission comes to somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "via", rename_all = "snake_case")]
pub enum Via {
    /// Assigned by itself.
    Direct,
    /// By a role.
    Role {
        /// The key of the role.
        role: String,
    },
}

/// One way by which a permission comes, or would come, to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// By what.
    #[serde(flatten)]
    pub via: Via,
    /// Who or what assigned it.
    pub source: Source,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Whether it still counts.
    pub counts: bool,
}

/// Why somebody has a permission, or has it no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The key of the permission.
    pub permission: String,
    /// Whether they have it.
    pub granted: bool,
    /// Every way by which it comes, or came.
    pub chains: Vec<Chain>,
}

/// Explains every permission that the assignments name, the expired ones too, by key.
pub fn explain(
    catalogue: &Catalogue,
    roles: &[RoleAssignment],
    permissions: &[PermissionAssignment],
    now: Timestamp,
) -> Vec<Explanation> {
    let chain = |via, source, expires_at: Option<Timestamp>| Chain {
        via,
        source,
        expires_at,
        counts: expires_at.is_none_or(|at| at > now),
    };
    let mut chains: BTreeMap<&str, Vec<Chain>> = BTreeMap::new();
    for assignment in permissions {
        if let Some(permission) = catalogue.permission(&assignment.permission_id) {
            let way = chain(Via::Direct, assignment.source.0, assignment.expires_at);
            chains.entry(&permission.key).or_default().push(way);
        }
    }
    for assignment in roles {
        let Some((role, granted)) = catalogue.role(&assignment.role_id) else {
            continue;
        };
        for permission in granted.iter().filter_map(|id| catalogue.permission(id)) {
            let via = Via::Role {
                role: role.key.clone(),
            };
            let way = chain(via, assignment.source.0, assignment.expires_at);
            chains.entry(&permission.key).or_default().push(way);
        }
    }
    let explanation = |(permission, mut chains): (&str, Vec<Chain>)| {
        chains.sort_by(|one, other| one.via.cmp(&other.via));
        let granted = chains.iter().any(|chain| chain.counts);
        Explanation {
            permission: permission.to_owned(),
            granted,
            chains,
        }
    };
    chains.into_iter().map(explanation).collect()
}
