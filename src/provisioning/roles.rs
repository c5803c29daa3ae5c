//! `[[roles]]`: sets of permissions, defined once for the business.
//!
//! A role is known by its key, which a document can't rename: another key is another role, and nobody has
//! it yet. It holds the permissions that its entry names, and no others but those marked `in_new_roles`:
//! a new role is given these, and keeps them as long as they are so marked, whether named or not.

use std::collections::BTreeSet;

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::error::{ApplyError, Refusal};
use super::{check, permissions, record};
use crate::clock::Timestamp;
use crate::id::{PermissionId, RoleId};
use crate::store::Tx;
use crate::store::permissions::{self as stored, Permission};
use crate::store::roles::{self, Role};

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: Spanned<String>,
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    permissions: Vec<Spanned<String>>,
    assignment_permission: Option<String>,
    #[serde(default)]
    remove: bool,
}

/// What a document wants of the role of a key.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) key: String,
    /// How it shall be; none, when it shall be gone.
    role: Option<WantedRole>,
}

/// A role as the document wants it.
#[derive(Debug)]
struct WantedRole {
    name: String,
    description: String,
    is_default: bool,
    permissions: Vec<String>,
    assignment_permission: Option<String>,
}

impl Written {
    pub(super) fn check(&self) -> Result<Desired, Refusal> {
        self.read()
            .map_err(|refusal| refusal.about(Subject(Noun::Role, self.key.get_ref())))
    }

    fn read(&self) -> Result<Desired, Refusal> {
        let key = check::read("key", &self.key, check::key)?;
        if self.remove {
            return Ok(Desired { key, role: None });
        }
        let role = WantedRole {
            name: check::required_name(self.name.as_ref(), self.key.span())?,
            description: check::optional_description(self.description.as_ref())?,
            is_default: self.is_default,
            permissions: check::distinct("permissions", &self.permissions)?,
            assignment_permission: self.assignment_permission.clone(),
        };
        Ok(Desired {
            key,
            role: Some(role),
        })
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let found = roles::find_by_key(tx, &desired.key).await?;
    let Some(wanted) = &desired.role else {
        return Ok(remove(tx, &desired.key, found, now, rng).await?);
    };
    let defined = stored::list(tx).await?;
    let held = match &found {
        Some(role) => Some(roles::list_permissions(tx, &role.id).await?),
        None => None,
    };
    let permissions = permissions_of(tx, desired, wanted, &defined, held.as_deref()).await?;
    let role = record_of(tx, desired, wanted, found.as_ref(), now, rng).await?;
    let held = held.unwrap_or_default();
    let before = found.as_ref().map(|role| fields(role, &held, &defined));
    let change = Change::between(
        Noun::Role,
        &desired.key,
        before.as_ref(),
        &fields(&role, &permissions, &defined),
    );
    if !change.is_unchanged() {
        roles::upsert(tx, &role).await?;
        replace_permissions(tx, &role.id, &held, &permissions).await?;
        record(tx, &change, role.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

async fn remove(
    tx: &mut Tx,
    key: &str,
    found: Option<Role>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let change = Change::removal(Noun::Role, key, found.is_some());
    if let Some(role) = found {
        roles::remove(tx, &role.id).await?;
        record(tx, &change, role.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

/// The permissions that the role shall have: those named, and those that new roles get. `held` are those
/// it has, if it is there.
async fn permissions_of(
    tx: &mut Tx,
    desired: &Desired,
    wanted: &WantedRole,
    defined: &[Permission],
    held: Option<&[PermissionId]>,
) -> Result<Vec<PermissionId>, ApplyError> {
    let is_given = |permission: &&Permission| {
        permission.is_in_new_roles && held.is_none_or(|held| held.contains(&permission.id))
    };
    let given = defined.iter().filter(is_given);
    let mut ids: BTreeSet<PermissionId> = given.map(|permission| permission.id.clone()).collect();
    for key in &wanted.permissions {
        let subject = Subject(Noun::Role, &desired.key);
        ids.insert(permissions::resolve(tx, subject, key).await?.id);
    }
    Ok(ids.into_iter().collect())
}

/// The role's record, to be stored in place of `found`.
async fn record_of(
    tx: &mut Tx,
    desired: &Desired,
    wanted: &WantedRole,
    found: Option<&Role>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Role, ApplyError> {
    let subject = Subject(Noun::Role, &desired.key);
    let assignment_permission_id = match &wanted.assignment_permission {
        Some(key) => Some(permissions::resolve(tx, subject, key).await?.id),
        None => None,
    };
    Ok(Role {
        id: found.map_or_else(|| RoleId::generate(rng), |role| role.id.clone()),
        key: desired.key.clone(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        is_default: wanted.is_default,
        assignment_permission_id,
        created_at: found.map_or(now, |role| role.created_at),
        updated_at: now,
    })
}

async fn replace_permissions(
    tx: &mut Tx,
    role: &RoleId,
    held: &[PermissionId],
    wanted: &[PermissionId],
) -> sqlx::Result<()> {
    let without = |from: &[PermissionId], others: &[PermissionId]| -> Vec<PermissionId> {
        let apart = from.iter().filter(|id| !others.contains(id));
        apart.cloned().collect()
    };
    let (add, remove) = (without(wanted, held), without(held, wanted));
    roles::change_permissions(tx, role, &add, &remove).await?;
    Ok(())
}

/// The role of a key that `subject` names, which must be defined by now.
pub(super) async fn resolve(
    tx: &mut Tx,
    subject: Subject<'_>,
    key: &str,
) -> Result<Role, ApplyError> {
    roles::find_by_key(tx, key).await?.ok_or_else(|| {
        let reason = format!("there is no role {key}: describe it in [[roles]]");
        ApplyError::refused(subject, reason)
    })
}

fn fields(role: &Role, held: &[PermissionId], defined: &[Permission]) -> Fields {
    let keys_of = |ids: &[PermissionId]| -> Vec<String> {
        let held = defined.iter().filter(|known| ids.contains(&known.id));
        held.map(|permission| permission.key.clone()).collect()
    };
    let needed = role.assignment_permission_id.as_slice();
    Fields::default()
        .with("name", &role.name)
        .with_optional(
            "description",
            Some(&role.description).filter(|text| !text.is_empty()),
        )
        .with("is_default", role.is_default)
        .with_set("permissions", keys_of(held))
        .with_set("assignment_permission", keys_of(needed))
}
