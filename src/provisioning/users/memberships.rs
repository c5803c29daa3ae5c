//! `organizations` of `[[users]]`: where somebody belongs, and what they have there.
//!
//! What is named is added. Memberships, roles and permissions that the document does not name are left
//! alone: people are invited, promoted and taken out by others than the operator.

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use crate::access::members;
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};
use crate::provisioning::change::{Fields, Subject};
use crate::provisioning::check;
use crate::provisioning::error::{ApplyError, Refusal};
use crate::provisioning::{organizations, permissions, roles};
use crate::store::assignments::{self, Source};
use crate::store::{Tx, memberships, organizations as stored};

/// A membership as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(deserialize_with = "organizations::code")]
    code: OrganizationId,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    #[serde(default)]
    permissions: Vec<Spanned<String>>,
}

/// A membership as the document wants it.
#[derive(Debug)]
pub(super) struct WantedMembership {
    code: OrganizationId,
    roles: Vec<String>,
    permissions: Vec<String>,
}

/// Reads the memberships of one user.
pub(super) fn check(written: &[Spanned<Written>]) -> Result<Vec<WantedMembership>, Refusal> {
    let mut wanted: Vec<WantedMembership> = Vec::new();
    for entry in written {
        let membership = entry.get_ref();
        if wanted.iter().any(|known| known.code == membership.code) {
            let reason = format!("names {} twice: remove one", membership.code);
            return Err(Refusal::at(entry.span(), reason).about("organizations"));
        }
        wanted.push(WantedMembership {
            code: membership.code.clone(),
            roles: check::distinct("roles", &membership.roles)?,
            permissions: check::distinct("permissions", &membership.permissions)?,
        });
    }
    Ok(wanted)
}

/// A membership, of which everything is known to be there.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) organization: OrganizationId,
    roles: Vec<(RoleId, String)>,
    permissions: Vec<(PermissionId, String)>,
}

/// Finds what the memberships of `subject` name, all of which must be there by now.
pub(super) async fn resolve(
    tx: &mut Tx,
    subject: Subject<'_>,
    wanted: &[WantedMembership],
) -> Result<Vec<Resolved>, ApplyError> {
    let mut resolved = Vec::new();
    for membership in wanted {
        let code = &membership.code;
        if stored::find(tx, code).await?.is_none() {
            let reason =
                format!("there is no organization {code}: describe it in [[organizations]]");
            return Err(ApplyError::refused(subject, reason));
        }
        let mut found = Resolved {
            organization: code.clone(),
            roles: Vec::new(),
            permissions: Vec::new(),
        };
        for key in &membership.roles {
            let role = roles::resolve(tx, subject, key).await?;
            found.roles.push((role.id, role.key));
        }
        for key in &membership.permissions {
            let permission = permissions::resolve(tx, subject, key).await?;
            found.permissions.push((permission.id, permission.key));
        }
        resolved.push(found);
    }
    Ok(resolved)
}

/// Adds what a user lacks of their memberships. Returns how these were, and how they are.
pub(super) async fn add(
    tx: &mut Tx,
    user: &UserId,
    wanted: &[Resolved],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(Fields, Fields), ApplyError> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for membership in wanted {
        before.extend(membership.held(tx, user).await?);
        membership.give(tx, user, now, rng).await?;
        after.extend(membership.held(tx, user).await?);
    }
    let fields = |told: Vec<String>| Fields::default().with_set("organizations", told);
    Ok((fields(before), fields(after)))
}

impl Resolved {
    /// What the user has of it already, in words; none, when they do not belong there.
    async fn held(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<Option<String>> {
        let organization = &self.organization;
        if memberships::find(tx, organization, user).await?.is_none() {
            return Ok(None);
        }
        let roles = assignments::list_given_roles(tx, organization, user).await?;
        let permissions = assignments::list_permissions(tx, organization, user).await?;
        // What ends some day is not what the document says.
        let lasting_roles = self.roles.iter().filter(|(id, _)| {
            let mut held = roles.iter();
            held.any(|held| held.role_id == *id && held.expires_at.is_none())
        });
        let lasting_permissions = self.permissions.iter().filter(|(id, _)| {
            let mut held = permissions.iter();
            held.any(|held| held.permission_id == *id && held.expires_at.is_none())
        });
        let mut keys: Vec<&str> = lasting_roles.map(|(_, key)| key.as_str()).collect();
        keys.extend(lasting_permissions.map(|(_, key)| key.as_str()));
        Ok(Some(if keys.is_empty() {
            organization.to_string()
        } else {
            format!("{organization} ({})", keys.join(" "))
        }))
    }

    async fn give(
        &self,
        tx: &mut Tx,
        user: &UserId,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), ApplyError> {
        let organization = &self.organization;
        let member = (organization, user);
        members::join(tx, Actor::Operator, organization, user, now, rng).await?;
        for (role, _) in &self.roles {
            let what = (role, Source::Operator, None);
            members::assign_role(tx, Actor::Operator, member, what, now, rng)
                .await?
                .map_err(|refused| ApplyError::refused(organization, refused.to_string()))?;
        }
        for (permission, _) in &self.permissions {
            let what = (permission, Source::Operator, None);
            members::assign_permission(tx, Actor::Operator, member, what, now, rng)
                .await?
                .map_err(|refused| ApplyError::refused(organization, refused.to_string()))?;
        }
        Ok(())
    }
}
