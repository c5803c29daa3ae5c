//! Connections: the upstream identity providers that people can sign in through.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::types::{Json, Text};
use crate::clock::Timestamp;
use crate::federation::mapping::Mapping;
use crate::federation::settings::{Kind, Settings, Sync};
use crate::id::{ClientId, ConnectionId, OrganizationId, RoleId, UserId};

/// A configured upstream.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, FromRow, Serialize)]
pub struct Connection {
    /// Its name in addresses and tokens.
    pub id: ConnectionId,
    /// What kind of upstream it is: as its settings say.
    pub kind: Text<Kind>,
    /// What the business calls it.
    pub name: String,
    /// What its button says.
    pub display_name: String,
    /// The organization whose it is; everybody's when none.
    pub organization_id: Option<OrganizationId>,
    /// How the upstream is spoken to.
    pub settings: Json<Settings>,
    /// Our secret there, encrypted.
    #[serde(skip)]
    pub secret_jwe: Option<String>,
    /// Which claim gives which attribute.
    pub mapping: Json<Mapping>,
    /// Whether profiles are brought up to date.
    pub sync: Text<Sync>,
    /// Whether whoever is unknown gets an account.
    pub creates_users: bool,
    /// Whether a proven address links to the account that has proven it here.
    pub trusts_emails: bool,
    /// Whether tokens say how they proved there who they are.
    pub trusts_authentication: bool,
    /// Whether whoever signs in joins the organization whose it is.
    pub joins_organization: bool,
    /// Whether its button is shown also when it has domains that lead to it.
    pub shows_button: bool,
    /// Whether it can be used.
    pub is_enabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A role that a group of the upstream gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow, Serialize)]
pub struct GroupRole {
    /// The group, as the upstream names it.
    pub group_name: String,
    /// In which organization.
    pub organization_id: OrganizationId,
    /// The role.
    pub role_id: RoleId,
}

/// The connection of that id.
pub async fn find(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Option<Connection>> {
    tx.optional("SELECT * FROM connections WHERE id = $1", (id,))
        .await
}

/// The connection of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Option<Connection>> {
    tx.optional(
        "UPDATE connections SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The connections whose id follows `after`, in the order of their ids, at most `limit`.
pub async fn list_after(tx: &mut Tx, after: &str, limit: i64) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT * FROM connections WHERE id > $1 ORDER BY id LIMIT $2",
        (after, limit),
    )
    .await
}

/// The connections whose id precedes `before`, from there backwards, at most `limit`.
pub async fn list_before(tx: &mut Tx, before: &str, limit: i64) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT * FROM connections WHERE id < $1 ORDER BY id DESC LIMIT $2",
        (before, limit),
    )
    .await
}

/// The connection that addresses at this domain lead to, whether it is enabled or not.
pub async fn find_for_domain(tx: &mut Tx, domain: &str) -> sqlx::Result<Option<Connection>> {
    tx.optional(
        "SELECT connections.* FROM connections
         JOIN connection_domains ON connection_domains.connection_id = connections.id
         WHERE connection_domains.domain = $1",
        (domain,),
    )
    .await
}

/// A connection, as pages offer it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Offered {
    /// Its name.
    pub id: ConnectionId,
    /// What its button says.
    pub display_name: String,
    /// Whether there is a button.
    pub has_button: bool,
}

impl From<Connection> for Offered {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            display_name: connection.display_name,
            has_button: true,
        }
    }
}

/// The enabled connections that a client offers: those of the organization, where one is named, and everybody's,
/// as the client enables them; by what their buttons say.
///
/// An organization's own are offered by every client; those of other organizations by none, unless it may use them.
/// However many connections there are, each part reads a range of an index: the order of the first join is given, as
/// a client may offer those of ten thousand organizations.
pub async fn list_offered(
    tx: &mut Tx,
    client: &ClientId,
    organization: Option<&OrganizationId>,
) -> sqlx::Result<Vec<Offered>> {
    tx.all(
        "SELECT id, display_name, shows_button OR NOT EXISTS (SELECT 1 FROM connection_domains
                WHERE connection_domains.connection_id = connections.id) AS has_button
         FROM connections
         WHERE is_enabled AND id IN (
            SELECT shared.id FROM connections AS shared CROSS JOIN client_connections
                WHERE shared.organization_id IS NULL AND client_connections.client_id = $1
                AND client_connections.connection_id = shared.id
            UNION SELECT connection_id FROM organization_connections WHERE organization_id = $2
            UNION SELECT id FROM connections WHERE organization_id = $2)
         ORDER BY display_name, id",
        (client, organization),
    )
    .await
}

/// The enabled connections through which a user has signed in, by what their buttons say.
pub async fn list_of_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT * FROM connections WHERE is_enabled AND id IN (
            SELECT connection_id FROM upstream_identities WHERE user_id = $1 AND subject IS NOT NULL)
         ORDER BY display_name, id",
        (user,),
    )
    .await
}

/// The enabled connections through which a user may sign in besides, if there is an identity of theirs: everybody's
/// that an application offers, and those of the organizations that they belong to; by what their buttons say.
pub async fn list_linkable(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT * FROM connections WHERE is_enabled AND id IN (
            SELECT connection_id FROM organization_connections
                JOIN memberships ON memberships.organization_id = organization_connections.organization_id
                WHERE memberships.user_id = $1
            UNION SELECT connections.id FROM connections
                JOIN memberships ON memberships.organization_id = connections.organization_id
                WHERE memberships.user_id = $1
            UNION SELECT shared.id FROM connections AS shared CROSS JOIN client_connections
                JOIN clients ON clients.id = client_connections.client_id
                WHERE shared.organization_id IS NULL AND client_connections.connection_id = shared.id
                AND clients.disabled_at IS NULL)
         ORDER BY display_name, id",
        (user,),
    )
    .await
}

/// The enabled connection that addresses at this domain lead to, if a client offers it: one that an organization
/// owns is offered by all.
pub async fn find_by_domain(
    tx: &mut Tx,
    domain: &str,
    client: &ClientId,
) -> sqlx::Result<Option<ConnectionId>> {
    let row: Option<(ConnectionId,)> = tx
        .optional(
            "SELECT connections.id FROM connections
             JOIN connection_domains ON connection_domains.connection_id = connections.id
             WHERE connection_domains.domain = $1 AND connections.is_enabled
                AND (connections.organization_id IS NOT NULL OR EXISTS (SELECT 1 FROM client_connections AS offered
                    WHERE offered.connection_id = connections.id AND offered.client_id = $2))",
            (domain, client),
        )
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Adds a connection.
pub async fn insert(tx: &mut Tx, connection: &Connection) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO connections (id, kind, name, display_name, organization_id, settings, secret_jwe, mapping, sync,
            creates_users, trusts_emails, joins_organization, shows_button, is_enabled, created_at, updated_at,
            trusts_authentication)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        (
            &connection.id,
            &connection.kind,
            &connection.name,
            &connection.display_name,
            &connection.organization_id,
            &connection.settings,
            &connection.secret_jwe,
            &connection.mapping,
            &connection.sync,
            connection.creates_users,
            connection.trusts_emails,
            connection.joins_organization,
            connection.shows_button,
            connection.is_enabled,
            connection.created_at,
            connection.updated_at,
            connection.trusts_authentication,
        ),
    )
    .await?;
    Ok(())
}

/// Writes the whole record of an existing connection, but for its kind.
pub async fn update(tx: &mut Tx, connection: &Connection) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE connections SET name = $2, display_name = $3, organization_id = $4, settings = $5, secret_jwe = $6,
            mapping = $7, sync = $8, creates_users = $9, trusts_emails = $10, joins_organization = $11,
            shows_button = $12, is_enabled = $13, updated_at = $14, trusts_authentication = $15
         WHERE id = $1",
        (
            &connection.id,
            &connection.name,
            &connection.display_name,
            &connection.organization_id,
            &connection.settings,
            &connection.secret_jwe,
            &connection.mapping,
            &connection.sync,
            connection.creates_users,
            connection.trusts_emails,
            connection.joins_organization,
            connection.shows_button,
            connection.is_enabled,
            connection.updated_at,
            connection.trusts_authentication,
        ),
    )
    .await?;
    Ok(())
}

/// Removes a connection, and every identity that came through it. Returns false when there was none.
pub async fn remove(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<bool> {
    let removed = tx
        .execute("DELETE FROM connections WHERE id = $1", (id,))
        .await?;
    Ok(removed == 1)
}

/// How many identities came through a connection.
pub async fn count_identities(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM upstream_identities WHERE connection_id = $1",
            (id,),
        )
        .await?;
    Ok(count)
}

/// How many users sign in through a connection and in no other way: by no other connection, by no mail address that a
/// code could be sent to, and by no name with a password.
pub async fn count_stranded(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(DISTINCT user_id) FROM upstream_identities AS theirs
             WHERE connection_id = $1
                AND NOT EXISTS (SELECT 1 FROM upstream_identities AS other
                    WHERE other.user_id = theirs.user_id AND other.connection_id <> $1)
                AND NOT EXISTS (SELECT 1 FROM identities
                    WHERE identities.user_id = theirs.user_id AND set_aside_at IS NULL
                        AND (kind = 'email' OR EXISTS (SELECT 1 FROM passwords
                            WHERE passwords.user_id = theirs.user_id)))",
            (id,),
        )
        .await?;
    Ok(count)
}

/// The domains whose addresses lead to a connection, sorted.
pub async fn list_domains(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .all(
            "SELECT domain FROM connection_domains WHERE connection_id = $1 ORDER BY domain",
            (id,),
        )
        .await?;
    Ok(rows.into_iter().map(|(domain,)| domain).collect())
}

/// Lets addresses at a domain lead to a connection. Returns false when they lead to one already.
pub async fn insert_domain(tx: &mut Tx, id: &ConnectionId, domain: &str) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO connection_domains (domain, connection_id) VALUES ($1, $2)
             ON CONFLICT (domain) DO NOTHING",
            (domain, id),
        )
        .await?;
    Ok(added == 1)
}

/// Takes all domains from a connection.
pub async fn remove_domains(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM connection_domains WHERE connection_id = $1",
        (id,),
    )
    .await?;
    Ok(())
}

/// The roles that groups give, by group.
pub async fn list_group_roles(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Vec<GroupRole>> {
    tx.all(
        "SELECT group_name, organization_id, role_id FROM connection_group_roles
         WHERE connection_id = $1 ORDER BY group_name, organization_id, role_id",
        (id,),
    )
    .await
}

/// Lets a group give a role.
pub async fn insert_group_role(
    tx: &mut Tx,
    id: &ConnectionId,
    group_role: &GroupRole,
) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO connection_group_roles (connection_id, group_name, organization_id, role_id)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        (
            id,
            &group_role.group_name,
            &group_role.organization_id,
            &group_role.role_id,
        ),
    )
    .await?;
    Ok(())
}

/// Lets groups of a connection give no role any more.
pub async fn remove_group_roles(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM connection_group_roles WHERE connection_id = $1",
        (id,),
    )
    .await?;
    Ok(())
}

/// The clients that offer a connection.
pub async fn list_clients(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Vec<ClientId>> {
    let rows: Vec<(ClientId,)> = tx
        .all(
            "SELECT client_id FROM client_connections WHERE connection_id = $1 ORDER BY client_id",
            (id,),
        )
        .await?;
    Ok(rows.into_iter().map(|(client,)| client).collect())
}

/// Lets a client offer a connection. Returns false when it does already.
pub async fn insert_client(
    tx: &mut Tx,
    id: &ConnectionId,
    client: &ClientId,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO client_connections (client_id, connection_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            (client, id),
        )
        .await?;
    Ok(added == 1)
}

/// Lets a client offer a connection no more. Returns false when it did not.
pub async fn remove_client(
    tx: &mut Tx,
    id: &ConnectionId,
    client: &ClientId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM client_connections WHERE client_id = $1 AND connection_id = $2",
            (client, id),
        )
        .await?;
    Ok(removed == 1)
}

/// The connections that a client offers, by id, and all that everybody can use.
pub async fn list_for_client(tx: &mut Tx, client: &ClientId) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT connections.* FROM connections
         JOIN client_connections ON client_connections.connection_id = connections.id
         WHERE client_connections.client_id = $1 ORDER BY connections.id",
        (client,),
    )
    .await
}

/// The connections that lead into an organization: its own, and those that it may use; by id.
pub async fn list_for_organization(
    tx: &mut Tx,
    organization: &OrganizationId,
) -> sqlx::Result<Vec<Connection>> {
    tx.all(
        "SELECT * FROM connections
         WHERE organization_id = $1 OR EXISTS (SELECT 1 FROM organization_connections AS allowed
            WHERE allowed.connection_id = connections.id AND allowed.organization_id = $1)
         ORDER BY id",
        (organization,),
    )
    .await
}

/// The organizations that may use a connection besides its owner.
pub async fn list_organizations(
    tx: &mut Tx,
    id: &ConnectionId,
) -> sqlx::Result<Vec<OrganizationId>> {
    let rows: Vec<(OrganizationId,)> = tx
        .all(
            "SELECT organization_id FROM organization_connections
             WHERE connection_id = $1 ORDER BY organization_id",
            (id,),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(organization,)| organization)
        .collect())
}

/// Lets an organization use a connection. Returns false when it does already.
pub async fn insert_organization(
    tx: &mut Tx,
    id: &ConnectionId,
    organization: &OrganizationId,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO organization_connections (organization_id, connection_id) VALUES ($1, $2)
             ON CONFLICT DO NOTHING",
            (organization, id),
        )
        .await?;
    Ok(added == 1)
}

/// Lets an organization use a connection no more. Returns false when it did not.
pub async fn remove_organization(
    tx: &mut Tx,
    id: &ConnectionId,
    organization: &OrganizationId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM organization_connections WHERE organization_id = $1 AND connection_id = $2",
            (organization, id),
        )
        .await?;
    Ok(removed == 1)
}
