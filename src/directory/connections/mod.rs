//! Connections as they are managed: made, changed, removed, and offered by applications and to organizations.
//!
//! # Decision
//!
//! A connection may be incomplete: published clients make one first and set it up later. What is said of it must be
//! right; what is missing, [`probe`] tells.
//!
//! A change counts from the next sign-in on, but for one that the [`brake`] holds. Roles that groups have given stay
//! until their holder signs in again, and are then compared with what the groups give, as always; sessions go on. To
//! shut somebody out at once is to suspend them. A connection that is removed takes its identities with it, and the
//! roles that its groups gave.

pub mod brake;
mod check;
mod design;
pub mod options;
pub mod probe;
pub mod strategy;

use rand::CryptoRng;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{ClientId, ConnectionId, OrganizationId};
use crate::store::connections::{self, Connection, GroupRole};
use crate::store::{Tx, upstream_sessions};
use crate::vault::{Vault, VaultError};
use brake::Withdrawals;
use options::SecretChange;

pub use design::{design, options_of, redesign};

/// A connection with everything that is set of it.
#[derive(Debug, Clone, Serialize)]
pub struct Configured {
    /// The connection itself.
    #[serde(flatten)]
    pub connection: Connection,
    /// The domains whose addresses lead to it, sorted.
    pub domains: Vec<String>,
    /// The roles that groups give, sorted.
    pub group_roles: Vec<GroupRole>,
    /// The applications that offer it, sorted.
    pub clients: Vec<ClientId>,
    /// The organizations that may use it besides its owner, sorted.
    pub organizations: Vec<OrganizationId>,
}

/// Why a connection can't be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Addresses at that domain lead elsewhere.
    #[error("addresses at {0} lead to another connection: remove the domain there first")]
    DomainTaken(String),
    /// Something that was said of it.
    #[error("{field} {reason}")]
    Invalid {
        /// Of what.
        field: String,
        /// What to do.
        reason: String,
    },
    /// There is no such kind of connections.
    #[error("{0}")]
    Strategy(String),
    /// An application that is to offer it.
    #[error("there is no application {0}")]
    UnknownClient(ClientId),
    /// The organization whose it is to be, or that is to use it.
    #[error("there is no organization {0}")]
    UnknownOrganization(OrganizationId),
}

impl Refused {
    fn invalid(field: &str, reason: impl Into<String>) -> Self {
        let (field, reason) = (field.to_owned(), reason.into());
        Self::Invalid { field, reason }
    }

    fn option(name: &str, reason: impl Into<String>) -> Self {
        Self::invalid(&format!("options.{name}"), reason)
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// It can't be so.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// Our secret there can't be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What is said of a connection. What is absent stays; of a new one, it has its default.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// What the business calls it.
    pub name: Option<String>,
    /// What its button says; as it is called, by default.
    pub display_name: Option<String>,
    /// Whose it is; everybody's, when none.
    pub organization: Option<Option<OrganizationId>>,
    /// The applications that offer it.
    pub clients: Option<Vec<ClientId>>,
    /// The organizations that may use it besides.
    pub organizations: Option<Vec<OrganizationId>>,
    /// How it works, as it is written.
    pub options: Option<Map<String, Value>>,
    /// Whether options that are left out have their defaults, and do not stay. The secret stays all the same.
    pub replaces_options: bool,
    /// How many roles that groups give may be withdrawn, however large a share of them that is.
    pub confirmed_withdrawals: Option<i64>,
}

/// The connection of that id, with everything that is set of it.
pub async fn find(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Option<Configured>> {
    match connections::find(tx, id).await? {
        Some(connection) => load(tx, connection).await.map(Some),
        None => Ok(None),
    }
}

/// The same, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Option<Configured>> {
    match connections::find_to_change(tx, id).await? {
        Some(connection) => load(tx, connection).await.map(Some),
        None => Ok(None),
    }
}

async fn load(tx: &mut Tx, connection: Connection) -> sqlx::Result<Configured> {
    let id = &connection.id;
    Ok(Configured {
        domains: connections::list_domains(tx, id).await?,
        group_roles: connections::list_group_roles(tx, id).await?,
        clients: connections::list_clients(tx, id).await?,
        organizations: connections::list_organizations(tx, id).await?,
        connection,
    })
}

/// Makes a connection of a strategy, under a new id.
///
/// # Errors
///
/// When something that is said of it can't be.
pub async fn create(
    tx: &mut Tx,
    (actor, vault): (Actor<'_>, &Vault),
    strategy: &str,
    said: Said,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Configured, ConnectionError> {
    let id = ConnectionId::generate(rng);
    let (after, secret) = design(tx, id, strategy, said, now).await?;
    let stored = store(tx, vault, None, after, secret).await?;
    let details = audit::difference(None, Some(&stored.0));
    record(tx, actor, "created", &stored.0, details, now, rng).await?;
    Ok(stored.0)
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is held: it would withdraw much at once, and nobody has confirmed that. Only that is recorded.
    Held(Withdrawals),
    /// It is stored.
    Stored,
}

/// Changes a connection, which was found to be changed. Its kind stays.
///
/// # Errors
///
/// When something that is said of it can't be.
pub async fn change(
    tx: &mut Tx,
    (actor, vault): (Actor<'_>, &Vault),
    before: &Configured,
    said: Said,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Changed, ConnectionError> {
    let confirmed = said.confirmed_withdrawals;
    let (after, secret) = redesign(tx, before, said, now).await?;
    let withdrawals = brake::withdrawals(tx, before, &after).await?;
    if withdrawals.is_held(confirmed) {
        let details = serde_json::json!({ "withdrawals": withdrawals });
        record(tx, actor, "change_held", before, details, now, rng).await?;
        return Ok(Changed::Held(withdrawals));
    }
    let (after, has_new_secret) = store(tx, vault, Some(before), after, secret).await?;
    let mut details = audit::difference(Some(before), Some(&after));
    if has_new_secret {
        details["secret"] = "changed".into();
    }
    if withdrawals.withdrawn > 0 {
        details["withdrawals"] = serde_json::json!(withdrawals);
    }
    if has_new_secret || details["before"] != details["after"] {
        record(tx, actor, "updated", &after, details, now, rng).await?;
    }
    Ok(Changed::Stored)
}

/// What a removal took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// How many identities.
    pub identities: i64,
    /// How many users have no other way to sign in left.
    pub stranded: i64,
}

/// Removes a connection, its identities, and the roles that its groups gave.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    connection: &Configured,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Removal> {
    let id = &connection.connection.id;
    let removal = Removal {
        identities: connections::count_identities(tx, id).await?,
        stranded: connections::count_stranded(tx, id).await?,
    };
    connections::remove(tx, id).await?;
    let mut details = audit::difference(Some(connection), None);
    details["removed"] = serde_json::to_value(removal).unwrap_or_default();
    record(tx, actor, "removed", connection, details, now, rng).await?;
    Ok(removal)
}

/// Lets an application offer a connection. It may do so already.
pub async fn offer(
    tx: &mut Tx,
    actor: Actor<'_>,
    (client, connection): (&ClientId, &Configured),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if connections::insert_client(tx, &connection.connection.id, client).await? {
        let details = serde_json::json!({ "before": {}, "after": { "client": client } });
        record(tx, actor, "updated", connection, details, now, rng).await?;
    }
    Ok(())
}

/// Lets an application offer a connection no more. Returns false when it did not.
pub async fn offer_no_more(
    tx: &mut Tx,
    actor: Actor<'_>,
    (client, connection): (&ClientId, &Configured),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let did = connections::remove_client(tx, &connection.connection.id, client).await?;
    if did {
        let details = serde_json::json!({ "before": { "client": client }, "after": {} });
        record(tx, actor, "updated", connection, details, now, rng).await?;
    }
    Ok(did)
}

/// Lets an organization use a connection. It may do so already, as the owner does.
pub async fn allow(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, connection): (&OrganizationId, &Configured),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let id = &connection.connection.id;
    let is_owner = connection.connection.organization_id.as_ref() == Some(organization);
    if !is_owner && connections::insert_organization(tx, id, organization).await? {
        let details =
            serde_json::json!({ "before": {}, "after": { "organization": organization } });
        record(tx, actor, "updated", connection, details, now, rng).await?;
    }
    Ok(())
}

/// Lets an organization use a connection no more. Returns false when it could not.
pub async fn disallow(
    tx: &mut Tx,
    actor: Actor<'_>,
    (organization, connection): (&OrganizationId, &Configured),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let id = &connection.connection.id;
    let could = connections::remove_organization(tx, id, organization).await?;
    if could {
        let details =
            serde_json::json!({ "before": { "organization": organization }, "after": {} });
        record(tx, actor, "updated", connection, details, now, rng).await?;
    }
    Ok(could)
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    what: &str,
    connection: &Configured,
    details: Value,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let action = format!("connection.{what}");
    let id = connection.connection.id.as_str();
    audit::record(tx, actor, &action, id, details, now, rng).await
}

/// Whether our secret there becomes another one.
pub fn changes_secret(
    vault: &Vault,
    before: Option<&Configured>,
    secret: &SecretChange,
) -> Result<bool, VaultError> {
    let former = before.and_then(|before| before.connection.secret_jwe.as_deref());
    Ok(match (secret, former) {
        (SecretChange::Keep, _) | (SecretChange::Clear, None) => false,
        (SecretChange::Clear, Some(_)) | (SecretChange::Set(_), None) => true,
        (SecretChange::Set(secret), Some(former)) => {
            vault.open(former)? != secret.expose().as_bytes()
        }
    })
}

/// Stores a connection in place of what it was. Returns it as it is stored, and whether it has another secret.
///
/// # Errors
///
/// [`Refused::DomainTaken`] when addresses at one of its domains lead elsewhere.
pub async fn store(
    tx: &mut Tx,
    vault: &Vault,
    before: Option<&Configured>,
    mut after: Configured,
    secret: SecretChange,
) -> Result<(Configured, bool), ConnectionError> {
    let has_new_secret = changes_secret(vault, before, &secret)?;
    let former = before.and_then(|before| before.connection.secret_jwe.clone());
    after.connection.secret_jwe = match secret {
        SecretChange::Clear => None,
        SecretChange::Set(secret) if has_new_secret => {
            Some(vault.seal(secret.expose().as_bytes())?)
        }
        SecretChange::Keep | SecretChange::Set(_) => former,
    };
    let id = &after.connection.id;
    if before.is_some() {
        connections::update(tx, &after.connection).await?;
    } else {
        connections::insert(tx, &after.connection).await?;
    }
    if !after.connection.settings.0.client().ends_session {
        upstream_sessions::drop_id_tokens(tx, id).await?;
    }
    connections::remove_domains(tx, id).await?;
    for domain in &after.domains {
        if !connections::insert_domain(tx, id, domain).await? {
            return Err(Refused::DomainTaken(domain.clone()).into());
        }
    }
    connections::remove_group_roles(tx, id).await?;
    for given in &after.group_roles {
        connections::insert_group_role(tx, id, given).await?;
    }
    let none = (Vec::new(), Vec::new());
    let (clients, organizations) = before.map_or((&none.0, &none.1), |before| {
        (&before.clients, &before.organizations)
    });
    for client in clients.iter().filter(|it| !after.clients.contains(it)) {
        connections::remove_client(tx, id, client).await?;
    }
    for client in &after.clients {
        connections::insert_client(tx, id, client).await?;
    }
    for organization in organizations
        .iter()
        .filter(|it| !after.organizations.contains(it))
    {
        connections::remove_organization(tx, id, organization).await?;
    }
    for organization in &after.organizations {
        connections::insert_organization(tx, id, organization).await?;
    }
    Ok((after, has_new_secret))
}
