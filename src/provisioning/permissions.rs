//! `[[permissions]]`: what may be done, defined once for the business.
//!
//! A permission is known by its key. A document can't rename one: another key is another permission, and
//! who had the former does not have the new one. A permission that is removed is taken from every role and
//! from everybody who has it.

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::error::{ApplyError, Refusal};
use super::{check, record};
use crate::clock::Timestamp;
use crate::id::PermissionId;
use crate::store::Tx;
use crate::store::permissions::{self, Permission};

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: Spanned<String>,
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    #[serde(default)]
    in_new_roles: bool,
    #[serde(default)]
    remove: bool,
}

/// What a document wants of the permission of a key.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) key: String,
    /// How it shall be; none, when it shall be gone.
    permission: Option<WantedPermission>,
}

/// A permission as the document wants it.
#[derive(Debug)]
struct WantedPermission {
    name: String,
    description: String,
    is_in_new_roles: bool,
}

impl Written {
    pub(super) fn check(&self) -> Result<Desired, Refusal> {
        self.read()
            .map_err(|refusal| refusal.about(Subject(Noun::Permission, self.key.get_ref())))
    }

    fn read(&self) -> Result<Desired, Refusal> {
        let key = check::read("key", &self.key, check::key)?;
        if self.remove {
            return Ok(Desired {
                key,
                permission: None,
            });
        }
        let permission = WantedPermission {
            name: check::required_name(self.name.as_ref(), self.key.span())?,
            description: check::optional_description(self.description.as_ref())?,
            is_in_new_roles: self.in_new_roles,
        };
        Ok(Desired {
            key,
            permission: Some(permission),
        })
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let found = permissions::find_by_key(tx, &desired.key).await?;
    let Some(wanted) = &desired.permission else {
        return remove(tx, &desired.key, found, now, rng).await;
    };
    let (id, created_at) = match &found {
        Some(present) => (present.id.clone(), present.created_at),
        None => (PermissionId::generate(rng), now),
    };
    let permission = Permission {
        id,
        key: desired.key.clone(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        is_in_new_roles: wanted.is_in_new_roles,
        created_at,
        updated_at: now,
    };
    let change = Change::between(
        Noun::Permission,
        &desired.key,
        found.as_ref().map(fields).as_ref(),
        &fields(&permission),
    );
    if !change.is_unchanged() {
        permissions::upsert(tx, &permission).await?;
        record(tx, &change, permission.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

async fn remove(
    tx: &mut Tx,
    key: &str,
    found: Option<Permission>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let change = Change::removal(Noun::Permission, key, found.is_some());
    if let Some(permission) = found {
        permissions::remove(tx, &permission.id).await?;
        record(tx, &change, permission.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

/// The permission of a key that `subject` names, which must be defined by now.
pub(super) async fn resolve(
    tx: &mut Tx,
    subject: Subject<'_>,
    key: &str,
) -> Result<Permission, ApplyError> {
    permissions::find_by_key(tx, key).await?.ok_or_else(|| {
        ApplyError::refused(
            subject,
            format!("there is no permission {key}: describe it in [[permissions]]"),
        )
    })
}

fn fields(permission: &Permission) -> Fields {
    Fields::default()
        .with("name", &permission.name)
        .with_optional(
            "description",
            Some(&permission.description).filter(|text| !text.is_empty()),
        )
        .with("in_new_roles", permission.is_in_new_roles)
}
