//! What somebody may do in an organization, and why. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::catalogue::Catalogue;
use crate::clock::Timestamp;
use crate::id::{PermissionId, RoleId};
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
    let roles = roles.iter().filter(|given| counts(given.expires_at));
    let permissions = permissions.iter().filter(|given| counts(given.expires_at));
    combine(
        catalogue,
        roles.map(|given| &given.role_id),
        permissions.map(|given| &given.permission_id),
    )
}

/// What roles and direct permissions come to that all count.
pub fn combine<'a, 'b>(
    catalogue: &'a Catalogue,
    roles: impl IntoIterator<Item = &'b RoleId>,
    permissions: impl IntoIterator<Item = &'b PermissionId>,
) -> Access<'a> {
    let known = roles.into_iter().filter_map(|role| catalogue.role(role));
    let mut held: Vec<&Role> = known.map(|(role, _)| role).collect();
    held.sort_by(|one, other| one.key.cmp(&other.key));
    held.dedup_by(|one, other| one.id == other.id);
    let direct = permissions
        .into_iter()
        .filter_map(|permission| catalogue.permission(permission))
        .map(|permission| &permission.key);
    let of_roles = held
        .iter()
        .flat_map(|role| catalogue.keys_of_role(&role.id));
    let mut keys: Vec<&str> = direct.chain(of_roles).map(String::as_str).collect();
    // The keys of each role are sorted already, of which this sort makes use.
    keys.sort_unstable();
    keys.dedup();
    Access {
        roles: held,
        permissions: keys,
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

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Seconds;
    use crate::id::{PermissionId, RoleId};
    use crate::store::permissions::Permission;
    use crate::store::types::Text;

    pub(in crate::access) const NOW: Timestamp = Timestamp::from_unix(1000);

    /// Roles, direct permissions, keys of the roles that count, keys of the permissions.
    type Case = (
        Vec<RoleAssignment>,
        Vec<PermissionAssignment>,
        &'static [&'static str],
        &'static [&'static str],
    );

    pub(in crate::access) fn permission(key: &str) -> Permission {
        Permission {
            id: PermissionId::generate(&mut rand::rng()),
            key: key.to_owned(),
            name: key.to_owned(),
            description: String::new(),
            is_in_new_roles: false,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    pub(in crate::access) fn role(key: &str) -> Role {
        Role {
            id: RoleId::generate(&mut rand::rng()),
            key: key.to_owned(),
            name: key.to_owned(),
            description: String::new(),
            is_default: false,
            assignment_permission_id: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn has_role(role: &Role, expires_at: Option<Timestamp>) -> RoleAssignment {
        RoleAssignment {
            role_id: role.id.clone(),
            source: Text(Source::Person),
            expires_at,
            created_at: NOW,
        }
    }

    fn has_permission(
        permission: &Permission,
        expires_at: Option<Timestamp>,
    ) -> PermissionAssignment {
        PermissionAssignment {
            permission_id: permission.id.clone(),
            source: Text(Source::Api),
            expires_at,
            created_at: NOW,
        }
    }

    #[test]
    fn permissions_are_the_union_of_direct_ones_and_those_of_roles() {
        let (read, update, pay) = (permission("read"), permission("update"), permission("pay"));
        let (analyst, editor) = (role("analyst"), role("editor"));
        let pairs = [(&analyst, &read), (&editor, &read), (&editor, &update)];
        let pairs = pairs.map(|(role, permission)| (role.id.clone(), permission.id.clone()));
        let permissions = [read.clone(), update.clone(), pay.clone()];
        let catalogue = Catalogue::new(permissions, [analyst.clone(), editor.clone()], pairs);
        let gone = role("gone");
        let past = Some(NOW);
        let ahead = Some(NOW.plus(Seconds::new(1)));
        let cases: [Case; 6] = [
            (vec![], vec![], &[], &[]),
            (vec![], vec![has_permission(&pay, None)], &[], &["pay"]),
            (
                vec![has_role(&editor, None), has_role(&analyst, None)],
                vec![has_permission(&pay, None)],
                &["analyst", "editor"],
                &["pay", "read", "update"],
            ),
            (
                vec![has_role(&editor, past)],
                vec![has_permission(&read, ahead)],
                &[],
                &["read"],
            ),
            (
                vec![has_role(&editor, ahead)],
                vec![has_permission(&pay, past)],
                &["editor"],
                &["read", "update"],
            ),
            (vec![has_role(&gone, None)], vec![], &[], &[]),
        ];
        for (roles, direct, expected_roles, expected_permissions) in cases {
            let access = evaluate(&catalogue, &roles, &direct, NOW);
            let held: Vec<&str> = access.roles.iter().map(|role| role.key.as_str()).collect();
            assert_eq!(held, expected_roles);
            assert_eq!(access.permissions, expected_permissions);
        }
    }

    #[test]
    fn an_explanation_names_every_way_and_what_has_ended() {
        let read = permission("read");
        let analyst = role("analyst");
        let pairs = [(analyst.id.clone(), read.id.clone())];
        let catalogue = Catalogue::new([read.clone()], [analyst.clone()], pairs);
        let explained = explain(
            &catalogue,
            &[has_role(&analyst, Some(NOW))],
            &[has_permission(&read, None)],
            NOW,
        );
        let direct = Chain {
            via: Via::Direct,
            source: Source::Api,
            expires_at: None,
            counts: true,
        };
        let via = Via::Role {
            role: "analyst".to_owned(),
        };
        let by_role = Chain {
            via,
            source: Source::Person,
            expires_at: Some(NOW),
            counts: false,
        };
        let expected = Explanation {
            permission: "read".to_owned(),
            granted: true,
            chains: vec![direct, by_role],
        };
        assert_eq!(explained, [expected]);
    }

    proptest! {
        /// Whatever is assigned, in whatever order: what is evaluated is what is explained as granted.
        #[test]
        fn what_is_granted_is_explained_and_nothing_else(
            pairs in prop::collection::vec((0usize..4, 0usize..6), 0..20),
            roles in prop::collection::vec((0usize..4, prop::option::of(990i64..1010)), 0..6),
            direct in prop::collection::vec((0usize..6, prop::option::of(990i64..1010)), 0..6),
        ) {
            let permissions: Vec<Permission> = (0..6).map(|index| permission(&format!("p{index}"))).collect();
            let defined: Vec<Role> = (0..4).map(|index| role(&format!("r{index}"))).collect();
            let of = |(role, permission): (usize, usize)| (defined[role].id.clone(), permissions[permission].id.clone());
            let catalogue = Catalogue::new(permissions.clone(), defined.clone(), pairs.into_iter().map(of));
            let at = |expiry: Option<i64>| expiry.map(Timestamp::from_unix);
            let mut held: Vec<_> = roles.iter().map(|(index, expiry)| has_role(&defined[*index], at(*expiry))).collect();
            let mut given: Vec<_> =
                direct.iter().map(|(index, expiry)| has_permission(&permissions[*index], at(*expiry))).collect();
            let access = evaluate(&catalogue, &held, &given, NOW);
            let explained = explain(&catalogue, &held, &given, NOW);
            let granted: Vec<&str> =
                explained.iter().filter(|one| one.granted).map(|one| one.permission.as_str()).collect();
            prop_assert_eq!(&access.permissions, &granted);
            held.reverse();
            given.reverse();
            prop_assert_eq!(&evaluate(&catalogue, &held, &given, NOW).permissions, &access.permissions);
        }
    }
}
