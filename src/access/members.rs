//! Joining and leaving organizations, and what members are given there.

use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};
use crate::naming;
use crate::store::assignments::{PermissionAssignment, RoleAssignment, Source};
use crate::store::organizations::Organization;
use crate::store::types::Text;
use crate::store::{Tx, assignments, grants, memberships, organizations, roles};

/// Adds a user to an organization, with the default roles of the business and of the organization. Returns
/// false, and changes nothing, when they belong to it already.
pub async fn join(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    if !memberships::insert(tx, organization, user, now).await? {
        return Ok(false);
    }
    for role_id in list_default_roles(tx, organization).await? {
        let assignment = RoleAssignment {
            role_id,
            source: Text(Source::Default),
            expires_at: None,
            created_at: now,
        };
        assignments::insert_role(tx, organization, user, &assignment).await?;
    }
    let details = json!({ "organization": organization });
    audit::record(
        tx,
        actor,
        "membership.created",
        user.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(true)
}

/// The roles that whoever joins an organization is given: those of the organization, and those of the business.
pub async fn list_default_roles(
    tx: &mut Tx,
    organization: &OrganizationId,
) -> sqlx::Result<Vec<RoleId>> {
    let mut granted = organizations::list_default_roles(tx, organization).await?;
    let of_business = roles::list(tx).await?.into_iter();
    granted.extend(
        of_business
            .filter(|role| role.is_default)
            .map(|role| role.id),
    );
    Ok(granted)
}

/// Removes a user from an organization: what they had there is gone, and their tokens for it end. Returns
/// false when they did not belong to it.
pub async fn leave(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    if !memberships::remove(tx, organization, user).await? {
        return Ok(false);
    }
    grants::revoke_for_member(tx, organization, user, now).await?;
    let details = json!({ "organization": organization });
    audit::record(
        tx,
        actor,
        "membership.removed",
        user.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(true)
}

/// Why nothing was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user does not belong to the organization")]
pub struct NotAMember;

/// Gives a member a role, until `expires_at` or for good; one that they have already is held on these terms from
/// now on. Returns whether that changed anything.
pub async fn assign_role(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, user): (&OrganizationId, &UserId),
    (role, source, expires_at): (&RoleId, Source, Option<Timestamp>),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<bool, NotAMember>> {
    // Whoever removes the membership at the same time waits, or has done it.
    let membership = memberships::find_to_change(tx, organization, user).await?;
    if membership.is_none() {
        return Ok(Err(NotAMember));
    }
    let assignment = RoleAssignment {
        role_id: role.clone(),
        source: Text(source),
        expires_at,
        created_at: now,
    };
    let is_changed = assignments::put_role(tx, organization, user, &assignment).await?;
    if is_changed {
        let details = json!({ "organization": organization, "role": role, "source": source, "expires_at": expires_at });
        audit::record(tx, actor, "role.assigned", user.as_str(), details, now, rng).await?;
    }
    Ok(Ok(is_changed))
}

/// Gives a member a permission, until `expires_at` or for good; one that they have already is held on these terms
/// from now on. Returns whether that changed anything.
pub async fn assign_permission(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, user): (&OrganizationId, &UserId),
    (permission, source, expires_at): (&PermissionId, Source, Option<Timestamp>),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<bool, NotAMember>> {
    let membership = memberships::find_to_change(tx, organization, user).await?;
    if membership.is_none() {
        return Ok(Err(NotAMember));
    }
    let assignment = PermissionAssignment {
        permission_id: permission.clone(),
        source: Text(source),
        expires_at,
        created_at: now,
    };
    let is_changed = assignments::put_permission(tx, organization, user, &assignment).await?;
    if is_changed {
        let details = json!({
            "organization": organization,
            "permission": permission,
            "source": source,
            "expires_at": expires_at,
        });
        let subject = user.as_str();
        audit::record(tx, actor, "permission.assigned", subject, details, now, rng).await?;
    }
    Ok(Ok(is_changed))
}

/// Takes a role from a member. Returns false when they did not have it.
pub async fn take_role(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, user): (&OrganizationId, &UserId),
    role: &RoleId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let is_taken = assignments::remove_role(tx, organization, user, role).await?;
    if is_taken {
        let details = json!({ "organization": organization, "role": role });
        audit::record(tx, actor, "role.taken", user.as_str(), details, now, rng).await?;
    }
    Ok(is_taken)
}

/// Takes a direct permission from a member. Returns false when they did not have it.
pub async fn take_permission(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, user): (&OrganizationId, &UserId),
    permission: &PermissionId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let is_taken = assignments::remove_permission(tx, organization, user, permission).await?;
    if is_taken {
        let details = json!({ "organization": organization, "permission": permission });
        let (action, subject) = ("permission.taken", user.as_str());
        audit::record(tx, actor, action, subject, details, now, rng).await?;
    }
    Ok(is_taken)
}

/// What a member is to have, all of it; what is not named stays as it is. By ids.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The roles.
    pub roles: Option<Vec<RoleId>>,
    /// The direct permissions.
    pub permissions: Option<Vec<PermissionId>>,
}

/// Gives a member what they are to have, and takes the rest; what they have now stays on its terms. Returns
/// whether that changed anything.
pub async fn assign_exactly(
    tx: &mut Tx,
    actor: Actor<'_>,
    member: (&OrganizationId, &UserId),
    wanted: &Wanted,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> sqlx::Result<Result<bool, NotAMember>> {
    let (organization, user) = member;
    let mut has_changed = false;
    if let Some(wanted) = &wanted.roles {
        let mut kept = Vec::new();
        for held in assignments::list_given_roles(tx, organization, user).await? {
            if !wanted.contains(&held.role_id) {
                has_changed |= take_role(tx, actor, member, &held.role_id, now, rng).await?;
            } else if held.expires_at.is_none_or(|at| at > now) {
                kept.push(held.role_id);
            }
        }
        for role in wanted.iter().filter(|role| !kept.contains(role)) {
            let what = (role, Source::Api, None);
            match assign_role(tx, actor, member, what, now, rng).await? {
                Ok(is_new) => has_changed |= is_new,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }
    if let Some(wanted) = &wanted.permissions {
        let mut kept = Vec::new();
        for held in assignments::list_permissions(tx, organization, user).await? {
            let id = held.permission_id;
            if !wanted.contains(&id) {
                has_changed |= take_permission(tx, actor, member, &id, now, rng).await?;
            } else if held.expires_at.is_none_or(|at| at > now) {
                kept.push(id);
            }
        }
        for permission in wanted.iter().filter(|id| !kept.contains(id)) {
            let what = (permission, Source::Api, None);
            match assign_permission(tx, actor, member, what, now, rng).await? {
                Ok(is_new) => has_changed |= is_new,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }
    Ok(Ok(has_changed))
}

/// The organization of that code, and whether it admits whoever has this proven address.
pub async fn find_admitting(
    tx: &mut Tx,
    code: &OrganizationId,
    proven_email: Option<&str>,
) -> sqlx::Result<Option<(Organization, bool)>> {
    let Some(organization) = organizations::find(tx, code).await? else {
        return Ok(None);
    };
    let domains = organizations::list_domains(tx, code).await?;
    let is_admitted = admits(&organization, &domains, proven_email);
    Ok(Some((organization, is_admitted)))
}

/// Whether an organization lets somebody join who asks to: everybody, or those with a proven address at
/// one of its domains, where these count. Pure.
fn admits(organization: &Organization, domains: &[String], proven_email: Option<&str>) -> bool {
    let domain = proven_email
        .and_then(|email| email.rsplit_once('@'))
        .and_then(|(_, domain)| naming::domain(domain).ok())
        .filter(|_| organization.admits_domains);
    organization.suspended_at.is_none()
        && (organization.is_auto_membership
            || domain.is_some_and(|domain| domains.contains(&domain)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::organizations::SessionPolicy;

    #[test]
    fn an_organization_admits_by_its_policy_or_by_a_proven_domain() {
        let at = Timestamp::from_unix(0);
        let organization = |is_auto_membership, suspended, admits_domains| Organization {
            id: OrganizationId::parse("org_00000000001").unwrap(),
            name: "Acme".to_owned(),
            handle: None,
            external_id: None,
            is_default: false,
            is_auto_membership,
            admits_domains,
            session_policy: SessionPolicy::default(),
            suspended_at: if suspended { Some(at) } else { None },
            created_at: at,
            updated_at: at,
        };
        let domains = ["acme.test".to_owned()];
        // everybody may join, suspended, proven address, admitted
        for (auto, suspended, email, expected) in [
            (true, false, None, true),
            (true, true, None, false),
            (false, false, None, false),
            (false, false, Some("ada@acme.test"), true),
            (false, false, Some("ada@ACME.test"), true),
            (false, false, Some("ada@evil-acme.test"), false),
            (false, false, Some("ada@acme.test.evil.test"), false),
            (false, true, Some("ada@acme.test"), false),
        ] {
            let admitted = admits(&organization(auto, suspended, true), &domains, email);
            assert_eq!(admitted, expected, "{auto} {suspended} {email:?}");
        }
        let email = Some("ada@acme.test");
        assert!(!admits(&organization(false, false, false), &domains, email));
        assert!(admits(&organization(true, false, false), &domains, email));
    }
}
