//! Members: the users of one organization, with what lists show of them.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{OrganizationId, UserId};

/// A user in an organization, as lists show them.
#[derive(Debug, Clone, FromRow)]
pub struct Member {
    /// The user.
    pub user_id: UserId,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// The primary mail address.
    pub email: Option<String>,
    /// Since when they may not sign in.
    pub suspended_at: Option<Timestamp>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When they last signed in to the organization.
    pub last_sign_in_at: Option<Timestamp>,
    /// What the list is sorted by.
    pub position: String,
}

/// By what members are sorted, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By mail address; without one first.
    Email,
    /// By mail address, backwards.
    EmailDescending,
    /// By id.
    Id,
    /// By id, backwards.
    IdDescending,
    /// By name, the family's last.
    Name,
    /// By name, backwards.
    NameDescending,
}

/// What members must have to be listed: keys of roles and of permissions, all of them, with commas around
/// each, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    roles: Keys,
    permissions: Keys,
}

#[derive(Debug, Clone, Default)]
struct Keys {
    /// `,one,,other,`
    text: String,
    count: i64,
}

impl Holding {
    /// Those who have all these roles and, directly or by a role, all these permissions.
    pub fn new<'a>(
        roles: impl Iterator<Item = &'a str>,
        permissions: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            roles: Keys::new(roles),
            permissions: Keys::new(permissions),
        }
    }
}

impl Keys {
    fn new<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let mut distinct: Vec<&str> = keys.collect();
        distinct.sort_unstable();
        distinct.dedup();
        Self {
            count: i64::try_from(distinct.len()).unwrap_or(i64::MAX),
            text: distinct.iter().flat_map(|key| [",", key, ","]).collect(),
        }
    }
}

/// The statement for one order. A list is found in a text by what replacing its entry changes: neither
/// engine has a function for that which the other knows, and `LIKE` has wildcards.
macro_rules! page {
    ($position:literal, $beyond:literal, $direction:literal) => {
        concat!(
            "SELECT * FROM (
                SELECT memberships.user_id, users.given_name, users.family_name, users.picture, users.suspended_at,
                    memberships.joined_at, memberships.last_sign_in_at, email.value AS email, ",
            $position,
            " AS position
                FROM memberships
                JOIN users ON users.id = memberships.user_id
                LEFT JOIN identities AS email
                    ON email.user_id = users.id AND email.kind = 'email' AND email.is_primary
                WHERE memberships.organization_id = $1
                    AND ($2 = 0 OR $2 = (
                        SELECT COUNT(DISTINCT roles.id) FROM held_roles
                        JOIN roles ON roles.id = held_roles.role_id
                        WHERE held_roles.organization_id = $1
                            AND held_roles.user_id = memberships.user_id
                            AND (held_roles.expires_at IS NULL OR held_roles.expires_at > $6)
                            AND REPLACE($3, ',' || roles.key || ',', '') <> $3))
                    AND ($4 = 0 OR $4 = (
                        SELECT COUNT(*) FROM permissions
                        WHERE REPLACE($5, ',' || permissions.key || ',', '') <> $5
                            AND (EXISTS (
                                SELECT 1 FROM permission_assignments AS direct
                                WHERE direct.organization_id = $1 AND direct.user_id = memberships.user_id
                                    AND direct.permission_id = permissions.id
                                    AND (direct.expires_at IS NULL OR direct.expires_at > $6))
                            OR EXISTS (
                                SELECT 1 FROM held_roles AS held
                                JOIN role_permissions ON role_permissions.role_id = held.role_id
                                WHERE held.organization_id = $1 AND held.user_id = memberships.user_id
                                    AND role_permissions.permission_id = permissions.id
                                    AND (held.expires_at IS NULL OR held.expires_at > $6)))))
             ) AS members
             WHERE position ",
            $beyond,
            " $7 OR (position = $7 AND user_id ",
            $beyond,
            " $8)
             ORDER BY position ",
            $direction,
            ", user_id ",
            $direction,
            " LIMIT $9"
        )
    };
}

/// The members of an organization who hold all of `holding` at `now`, in order, from the one after `after` on.
pub async fn list(
    tx: &mut Tx,
    organization: &OrganizationId,
    holding: &Holding,
    order: Order,
    after: (&str, &str),
    limit: i64,
    now: Timestamp,
) -> sqlx::Result<Vec<Member>> {
    let statement = match order {
        Order::Email => page!("COALESCE(email.value_key, '')", ">", "ASC"),
        Order::EmailDescending => page!("COALESCE(email.value_key, '')", "<", "DESC"),
        Order::Id => page!("memberships.user_id", ">", "ASC"),
        Order::IdDescending => page!("memberships.user_id", "<", "DESC"),
        Order::Name => page!(
            "(COALESCE(users.given_name, '') || ' ' || COALESCE(users.family_name, ''))",
            ">",
            "ASC"
        ),
        Order::NameDescending => page!(
            "(COALESCE(users.given_name, '') || ' ' || COALESCE(users.family_name, ''))",
            "<",
            "DESC"
        ),
    };
    let (position, user) = after;
    tx.all(
        statement,
        (
            organization,
            holding.roles.count,
            &holding.roles.text,
            holding.permissions.count,
            &holding.permissions.text,
            now,
            position,
            user,
            limit,
        ),
    )
    .await
}
