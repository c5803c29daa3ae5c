//! The catalogue: all roles and permissions of the business, its properties and feature flags, in memory.
//!
//! # Decision
//!
//! Every token needs the catalogue, and it changes rarely. A copy is good as long as the count of changes is
//! the one it was read at; the count is asked for once a second at the most, on every node. So a
//! token costs two short reads of the member's own assignments, however many roles there are.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::evaluate;
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};
use crate::protocol::Scope;
use crate::store::feature_flags::FeatureFlag;
use crate::store::permissions::Permission;
use crate::store::properties::Property;
use crate::store::role_scopes::GrantedScope;
use crate::store::roles::Role;
use crate::store::{Tx, assignments, feature_flags, permissions, properties, role_scopes, roles};

/// All that is defined once for the business, at one time.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The feature flags, by key, with the values of the environment.
    pub flags: Vec<FeatureFlag>,
    /// The properties, by key.
    pub properties: Vec<Property>,
    permissions: HashMap<PermissionId, Permission>,
    roles: HashMap<RoleId, Defined>,
}

/// A role with everything that it gives.
#[derive(Debug, Clone)]
struct Defined {
    role: Role,
    permissions: Vec<PermissionId>,
    /// The keys of its permissions, sorted.
    keys: Vec<String>,
    scopes: Vec<RoleScope>,
}

/// A scope that a role grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleScope {
    /// The identifier of the API that it is of.
    pub audience: String,
    /// The scope.
    pub scope: Scope,
}

impl Catalogue {
    /// A catalogue of these roles, permissions, and pairs of both.
    pub fn new(
        permissions: impl IntoIterator<Item = Permission>,
        roles: impl IntoIterator<Item = Role>,
        pairs: impl IntoIterator<Item = (RoleId, PermissionId)>,
    ) -> Self {
        let defined = |role: Role| Defined {
            role,
            permissions: Vec::new(),
            keys: Vec::new(),
            scopes: Vec::new(),
        };
        let mut roles: HashMap<RoleId, Defined> = roles
            .into_iter()
            .map(|role| (role.id.clone(), defined(role)))
            .collect();
        for (role, permission) in pairs {
            if let Some(defined) = roles.get_mut(&role) {
                defined.permissions.push(permission);
            }
        }
        let permissions: HashMap<PermissionId, Permission> = permissions
            .into_iter()
            .map(|permission| (permission.id.clone(), permission))
            .collect();
        for defined in roles.values_mut() {
            let granted = defined.permissions.iter();
            let granted = granted.filter_map(|id| permissions.get(id));
            defined.keys = granted.map(|permission| permission.key.clone()).collect();
            defined.keys.sort_unstable();
        }
        Self {
            permissions,
            roles,
            ..Self::default()
        }
    }

    /// The same catalogue, in which roles grant these scopes.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = GrantedScope>) -> Self {
        for granted in scopes {
            if let Some(defined) = self.roles.get_mut(&granted.role_id)
                && let Some(scope) = Scope::parse(&granted.name)
            {
                let audience = granted.audience;
                defined.scopes.push(RoleScope { audience, scope });
            }
        }
        self
    }

    /// Reads the catalogue.
    pub async fn load(tx: &mut Tx) -> sqlx::Result<Self> {
        let permissions = permissions::list(tx).await?;
        let roles = roles::list(tx).await?;
        let pairs = roles::list_all_permissions(tx).await?;
        let scopes = role_scopes::list_all(tx).await?;
        Ok(Self {
            flags: feature_flags::list(tx).await?,
            properties: properties::list(tx).await?,
            ..Self::new(permissions, roles, pairs).with_scopes(scopes)
        })
    }

    /// The permission of that id.
    pub fn permission(&self, id: &PermissionId) -> Option<&Permission> {
        self.permissions.get(id)
    }

    /// The permission of that key.
    pub fn permission_by_key(&self, key: &str) -> Option<&Permission> {
        self.permissions
            .values()
            .find(|permission| permission.key == key)
    }

    /// The role of that key.
    pub fn role_by_key(&self, key: &str) -> Option<&Role> {
        let mut roles = self.roles.values().map(|defined| &defined.role);
        roles.find(|role| role.key == key)
    }

    /// All roles, in no order, each with its permissions.
    pub fn roles(&self) -> impl Iterator<Item = (&Role, &[PermissionId])> {
        self.roles
            .values()
            .map(|defined| (&defined.role, defined.permissions.as_slice()))
    }

    /// The role of that id, and its permissions.
    pub fn role(&self, id: &RoleId) -> Option<(&Role, &[PermissionId])> {
        self.roles
            .get(id)
            .map(|defined| (&defined.role, defined.permissions.as_slice()))
    }

    /// The scopes that the role of that id grants.
    pub fn scopes(&self, id: &RoleId) -> &[RoleScope] {
        self.roles
            .get(id)
            .map_or(&[], |defined| defined.scopes.as_slice())
    }

    /// The keys of the permissions of a role, sorted: looked up once, for all the tokens that show them.
    pub fn keys_of_role(&self, id: &RoleId) -> &[String] {
        self.roles
            .get(id)
            .map_or(&[], |defined| defined.keys.as_slice())
    }
}

/// The copy in memory.
#[derive(Debug, Default)]
pub struct Catalogues {
    copy: RwLock<Option<Copy>>,
}

#[derive(Debug, Clone)]
struct Copy {
    checked_at: Timestamp,
    version: i64,
    catalogue: Arc<Catalogue>,
}

impl Catalogues {
    /// The catalogue as it was at `now`.
    pub async fn current(&self, tx: &mut Tx, now: Timestamp) -> sqlx::Result<Arc<Catalogue>> {
        match self.copy() {
            Some(copy) if copy.checked_at == now => Ok(copy.catalogue),
            _ => self.latest(tx, now).await,
        }
    }

    /// The catalogue as it is stored, for those who have changed it a moment ago and look. The copy is for all, so
    /// that `tx` must have changed nothing of it.
    pub async fn latest(&self, tx: &mut Tx, now: Timestamp) -> sqlx::Result<Arc<Catalogue>> {
        // The count is read first: a change in between makes the copy look older than it is, never younger.
        let version = roles::catalogue_version(tx).await?;
        let catalogue = match self.copy() {
            Some(copy) if copy.version == version => copy.catalogue,
            _ => Arc::new(Catalogue::load(tx).await?),
        };
        let copy = Copy {
            checked_at: now,
            version,
            catalogue: Arc::clone(&catalogue),
        };
        *self.copy.write().unwrap_or_else(PoisonError::into_inner) = Some(copy);
        Ok(catalogue)
    }

    fn copy(&self) -> Option<Copy> {
        self.copy
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The roles that a user holds in an organization now.
pub async fn held_roles(
    tx: &mut Tx,
    catalogues: &Catalogues,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<Vec<RoleId>> {
    let assigned = assignments::list_roles(tx, organization, user).await?;
    let catalogue = catalogues.current(tx, now).await?;
    let access = evaluate(&catalogue, &assigned, &[], now);
    Ok(access
        .roles
        .into_iter()
        .map(|role| role.id.clone())
        .collect())
}
