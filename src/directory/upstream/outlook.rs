//! What a decision means for somebody's roles and permissions, organization by organization.

use std::collections::BTreeSet;

use crate::access::{Access, Catalogue, evaluate, members};
use crate::clock::Timestamp;
use crate::directory::reconcile::Reconciliation;
use crate::id::{OrganizationId, RoleId};
use crate::store::assignments::{self, RoleAssignment, Source};
use crate::store::group_role_assignments::GroupRoleAssignment;
use crate::store::types::Text;
use crate::store::{Tx, memberships};

/// What changes of somebody's access in one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// In which organization.
    pub organization: OrganizationId,
    /// Roles that they have then and not now.
    pub roles_gained: Vec<RoleId>,
    /// Roles that they have now and not then, from anywhere.
    pub roles_lost: Vec<RoleId>,
    /// The keys of permissions that they have then and not now.
    pub permissions_gained: Vec<String>,
    /// The keys of permissions that they have now and not then.
    pub permissions_lost: Vec<String>,
}

impl Outlook {
    fn between(organization: &OrganizationId, before: &Access<'_>, then: &Access<'_>) -> Self {
        let ids = |access: &Access<'_>| -> BTreeSet<RoleId> {
            access.roles.iter().map(|role| role.id.clone()).collect()
        };
        let keys = |access: &Access<'_>| -> BTreeSet<String> {
            access.permissions.iter().map(ToString::to_string).collect()
        };
        let (roles_gained, roles_lost) = differences(&ids(before), &ids(then));
        let (permissions_gained, permissions_lost) = differences(&keys(before), &keys(then));
        Self {
            organization: organization.clone(),
            roles_gained,
            roles_lost,
            permissions_gained,
            permissions_lost,
        }
    }
}

/// What changes of somebody's access where a decision changes something of it. What the brake holds stays, unless
/// `without_brake`: then it counts as withdrawn.
pub async fn outlook(
    tx: &mut Tx,
    catalogue: &Catalogue,
    decided: &Reconciliation,
    without_brake: bool,
    now: Timestamp,
) -> sqlx::Result<Vec<Outlook>> {
    let membership = &decided.membership;
    let held = membership.held.iter().filter(|_| without_brake);
    let gone: Vec<&GroupRoleAssignment> = membership.withdrawn.iter().chain(held).collect();
    let places = membership.granted.iter().chain(gone.iter().copied());
    let places = places.map(|given| &given.organization_id);
    let places: BTreeSet<&OrganizationId> = places.chain(&membership.joins).collect();
    let mut found = Vec::new();
    for organization in places {
        let (mut roles, mut direct) = (Vec::new(), Vec::new());
        // Who is given a role is a member, or joins.
        let mut is_new_there = true;
        if let Some(user) = decided.who.user() {
            is_new_there = memberships::find(tx, organization, user).await?.is_none();
            roles = assignments::list_roles(tx, organization, user).await?;
            direct = assignments::list_permissions(tx, organization, user).await?;
        }
        let mut after = roles.clone();
        for given in gone.iter().filter(|it| it.organization_id == *organization) {
            take_one(&mut after, &given.role_id);
        }
        let granted = membership.granted.iter();
        let granted = granted.filter(|it| it.organization_id == *organization);
        after.extend(granted.map(|given| assignment(&given.role_id, Source::Group, now)));
        if is_new_there {
            let usual = members::list_default_roles(tx, organization).await?;
            after.extend(
                usual
                    .iter()
                    .map(|role| assignment(role, Source::Default, now)),
            );
        }
        let before = evaluate(catalogue, &roles, &direct, now);
        let then = evaluate(catalogue, &after, &direct, now);
        found.push(Outlook::between(organization, &before, &then));
    }
    Ok(found)
}

fn assignment(role: &RoleId, source: Source, now: Timestamp) -> RoleAssignment {
    RoleAssignment {
        role_id: role.clone(),
        source: Text(source),
        expires_at: None,
        created_at: now,
    }
}

/// Takes away what one group gives: another may give the same role.
fn take_one(roles: &mut Vec<RoleAssignment>, role: &RoleId) {
    let place = roles
        .iter()
        .position(|held| held.source.0 == Source::Group && held.role_id == *role);
    if let Some(place) = place {
        roles.remove(place);
    }
}

/// What is only then, and what is only before.
fn differences<T: Ord + Clone>(before: &BTreeSet<T>, then: &BTreeSet<T>) -> (Vec<T>, Vec<T>) {
    (
        then.difference(before).cloned().collect(),
        before.difference(then).cloned().collect(),
    )
}
