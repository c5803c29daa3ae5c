//! Organizations: the customers of the business, in each of which people have their own roles.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use crate::clock::{Seconds, Timestamp};
use crate::id::{OrganizationId, RoleId, UserId};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Organization {
    /// Its code, which never changes.
    pub id: OrganizationId,
    /// The name shown to people.
    pub name: String,
    /// A short name for addresses.
    pub handle: Option<String>,
    /// What the business calls it elsewhere.
    pub external_id: Option<String>,
    /// Whether those belong to it who belong nowhere else.
    pub is_default: bool,
    /// Whether whoever asks for it may join.
    pub is_auto_membership: bool,
    /// Whether whoever has a proven address at one of its domains may join.
    pub admits_domains: bool,
    /// What holds for sessions that sign in to it.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub session_policy: SessionPolicy,
    /// Since when nobody may sign in to it.
    pub suspended_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an organization decides about the sessions that sign in to it. What is set counts only where it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow, Serialize)]
pub struct SessionPolicy {
    /// Whether it decides if a session outlives the browser.
    pub decides_persistence: bool,
    /// Whether a session outlives the browser.
    pub persists_sessions: bool,
    /// Whether it decides for how long the proof of who somebody is will do.
    pub decides_session_lifetime: bool,
    /// For how long it will do.
    pub session_lifetime_seconds: Option<Seconds>,
}

impl SessionPolicy {
    /// Whether a session outlives the browser, if the organization decides it.
    pub fn persistence(&self) -> Option<bool> {
        self.decides_persistence.then_some(self.persists_sessions)
    }

    /// For how long the proof of who somebody is will do, if the organization decides it.
    pub fn lifetime(&self) -> Option<Seconds> {
        self.session_lifetime_seconds
            .filter(|_| self.decides_session_lifetime)
    }
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            decides_persistence: false,
            persists_sessions: true,
            decides_session_lifetime: false,
            session_lifetime_seconds: None,
        }
    }
}

/// The organization of that code.
pub async fn find(tx: &mut Tx, id: &OrganizationId) -> sqlx::Result<Option<Organization>> {
    tx.optional("SELECT * FROM organizations WHERE id = $1", (id,))
        .await
}

/// The organization of that code, which nobody else changes until this transaction ends.
pub async fn find_to_change(
    tx: &mut Tx,
    id: &OrganizationId,
) -> sqlx::Result<Option<Organization>> {
    tx.optional(
        "UPDATE organizations SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The organization of that handle.
pub async fn find_by_handle(tx: &mut Tx, handle: &str) -> sqlx::Result<Option<Organization>> {
    tx.optional("SELECT * FROM organizations WHERE handle = $1", (handle,))
        .await
}

/// The organization that the business calls so elsewhere.
pub async fn find_by_external_id(
    tx: &mut Tx,
    external_id: &str,
) -> sqlx::Result<Option<Organization>> {
    tx.optional(
        "SELECT * FROM organizations WHERE external_id = $1",
        (external_id,),
    )
    .await
}

/// The default organization.
pub async fn find_default(tx: &mut Tx) -> sqlx::Result<Option<Organization>> {
    tx.optional("SELECT * FROM organizations WHERE is_default", ())
        .await
}

/// Takes the flag from the default organization, and returns it as it is then.
pub async fn clear_default(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Option<Organization>> {
    tx.optional(
        "UPDATE organizations SET is_default = FALSE, updated_at = $1 WHERE is_default RETURNING *",
        (now,),
    )
    .await
}

/// At most `limit` organizations by name, after the name and id given.
pub async fn list_after(
    tx: &mut Tx,
    (name, id): (&str, &str),
    limit: i64,
) -> sqlx::Result<Vec<Organization>> {
    tx.all(
        "SELECT id, name, handle, external_id, is_default, is_auto_membership, admits_domains, decides_persistence,
            persists_sessions, decides_session_lifetime, session_lifetime_seconds, suspended_at, created_at, updated_at
         FROM organizations WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3",
        (name, id, limit),
    )
    .await
}

/// At most `limit` organizations from the end of the alphabet, before the name and id given.
pub async fn list_before(
    tx: &mut Tx,
    (name, id): (&str, &str),
    limit: i64,
) -> sqlx::Result<Vec<Organization>> {
    tx.all(
        "SELECT id, name, handle, external_id, is_default, is_auto_membership, admits_domains, decides_persistence,
            persists_sessions, decides_session_lifetime, session_lifetime_seconds, suspended_at, created_at, updated_at
         FROM organizations WHERE (name, id) < ($1, $2) ORDER BY name DESC, id DESC LIMIT $3",
        (name, id, limit),
    )
    .await
}

/// All organizations, by name.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Organization>> {
    tx.all("SELECT * FROM organizations ORDER BY name, id", ())
        .await
}

/// The organizations that a user belongs to, suspended ones included, by name.
pub async fn list_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Organization>> {
    // Without their branding, which nobody asks for here, and which would be read at every exchange of tokens.
    tx.all(
        "SELECT organizations.id, name, handle, external_id, is_default, is_auto_membership, admits_domains,
            decides_persistence, persists_sessions, decides_session_lifetime, session_lifetime_seconds, suspended_at,
            created_at, updated_at
         FROM organizations
         JOIN memberships ON memberships.organization_id = organizations.id
         WHERE memberships.user_id = $1
         ORDER BY organizations.name, organizations.id",
        (user,),
    )
    .await
}

/// An organization, less what tokens never show.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Shown {
    /// Its code.
    pub id: OrganizationId,
    /// The name shown to people.
    pub name: String,
    /// What the business calls it elsewhere.
    pub external_id: Option<String>,
    /// Whether it wants sessions to end with the browser.
    pub sessions_end_with_browser: bool,
    /// Since when nobody may sign in to it.
    pub suspended_at: Option<Timestamp>,
}

/// An organization by name, as tokens show it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Named {
    /// Its code.
    pub id: OrganizationId,
    /// The name shown to people.
    pub name: String,
}

/// The organizations that a user belongs to, suspended ones included, by code.
pub async fn list_named_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Named>> {
    tx.all(
        "SELECT organizations.id, organizations.name
         FROM organizations JOIN memberships ON memberships.organization_id = organizations.id
         WHERE memberships.user_id = $1 ORDER BY organizations.id",
        (user,),
    )
    .await
}

/// Adds an organization, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, organization: &Organization) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO organizations (id, name, handle, external_id, is_default, is_auto_membership, admits_domains,
            decides_persistence, persists_sessions, decides_session_lifetime, session_lifetime_seconds, suspended_at,
            created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, handle = excluded.handle, external_id = excluded.external_id,
            is_default = excluded.is_default, is_auto_membership = excluded.is_auto_membership,
            admits_domains = excluded.admits_domains, decides_persistence = excluded.decides_persistence,
            persists_sessions = excluded.persists_sessions,
            decides_session_lifetime = excluded.decides_session_lifetime,
            session_lifetime_seconds = excluded.session_lifetime_seconds,
            suspended_at = excluded.suspended_at, updated_at = excluded.updated_at",
        (
            &organization.id,
            &organization.name,
            &organization.handle,
            &organization.external_id,
            organization.is_default,
            organization.is_auto_membership,
            organization.admits_domains,
            organization.session_policy.decides_persistence,
            organization.session_policy.persists_sessions,
            organization.session_policy.decides_session_lifetime,
            organization.session_policy.session_lifetime_seconds,
            organization.suspended_at,
            organization.created_at,
            organization.updated_at,
        ),
    )
    .await?;
    Ok(())
}

/// Removes an organization with its memberships. Returns false when there is none of that code, or it is the
/// default one.
pub async fn remove(tx: &mut Tx, id: &OrganizationId) -> sqlx::Result<bool> {
    Ok(tx
        .execute(
            "DELETE FROM organizations WHERE id = $1 AND NOT is_default",
            (id,),
        )
        .await?
        == 1)
}

/// The domains whose people may join, in the order of the alphabet.
pub async fn list_domains(tx: &mut Tx, id: &OrganizationId) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .all(
            "SELECT domain FROM organization_domains WHERE organization_id = $1 ORDER BY domain",
            (id,),
        )
        .await?;
    Ok(rows.into_iter().map(|(domain,)| domain).collect())
}

/// Lets the people of these domains join, and of no others.
pub async fn replace_domains(
    tx: &mut Tx,
    id: &OrganizationId,
    domains: &[String],
) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM organization_domains WHERE organization_id = $1",
        (id,),
    )
    .await?;
    for domain in domains {
        tx.execute(
            "INSERT INTO organization_domains (organization_id, domain) VALUES ($1, $2)",
            (id, domain),
        )
        .await?;
    }
    Ok(())
}

/// The roles that new members get here, besides the default roles of all organizations.
pub async fn list_default_roles(tx: &mut Tx, id: &OrganizationId) -> sqlx::Result<Vec<RoleId>> {
    let rows: Vec<(RoleId,)> = tx
        .all("SELECT role_id FROM organization_default_roles WHERE organization_id = $1 ORDER BY role_id", (id,))
        .await?;
    Ok(rows.into_iter().map(|(role,)| role).collect())
}

/// Gives new members these roles here, and no others.
pub async fn replace_default_roles(
    tx: &mut Tx,
    id: &OrganizationId,
    roles: &[RoleId],
) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM organization_default_roles WHERE organization_id = $1",
        (id,),
    )
    .await?;
    for role in roles {
        tx.execute(
            "INSERT INTO organization_default_roles (organization_id, role_id) VALUES ($1, $2)",
            (id, role),
        )
        .await?;
    }
    Ok(())
}
