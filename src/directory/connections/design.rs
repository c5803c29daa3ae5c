//! From what is said of a connection to what is to be stored. Reads what it refers to, and stores nothing.

use super::options::{self, GroupRoleOption, Options, SecretChange};
use super::{Configured, ConnectionError, Refused, Said, check, strategy};
use crate::clock::Timestamp;
use crate::federation::settings::Settings;
use crate::id::{ClientId, ConnectionId, OrganizationId, RoleId};
use crate::naming;
use crate::store::connections::{Connection, GroupRole};
use crate::store::types::{Json, Text};
use crate::store::{Tx, clients, organizations, roles};

/// A new connection as it is to be stored. Nothing is.
///
/// # Errors
///
/// When something that is said of it can't be.
pub async fn design(
    tx: &mut Tx,
    id: ConnectionId,
    strategy: &str,
    said: Said,
    now: Timestamp,
) -> Result<(Configured, SecretChange), ConnectionError> {
    let (kind, usual) = strategy::parse(strategy)?;
    let settings = check::settings(kind, &usual)?;
    let fresh = Connection {
        id,
        kind: Text(kind),
        name: String::new(),
        display_name: String::new(),
        organization_id: None,
        mapping: Json(strategy::usual_mapping(&settings)),
        settings: Json(settings),
        secret_jwe: None,
        sync: Text(usual.sync),
        creates_users: usual.is_create_missing_user,
        trusts_emails: usual.is_trusted,
        trusts_authentication: usual.is_authentication_trusted,
        joins_organization: usual.is_auto_join_organization_enabled,
        shows_button: usual.is_force_show_sso_button,
        is_enabled: usual.is_enabled,
        created_at: now,
        updated_at: now,
    };
    let fresh = Configured {
        connection: fresh,
        domains: Vec::new(),
        group_roles: Vec::new(),
        clients: Vec::new(),
        organizations: Vec::new(),
    };
    let said = Said {
        display_name: said.display_name.or_else(|| said.name.clone()),
        name: Some(said.name.unwrap_or_default()),
        // What is usual for a strategy stays, unless something else is said.
        replaces_options: false,
        ..said
    };
    redesign(tx, &fresh, said, now).await
}

/// A connection as it is to be stored, changed as it is said. Nothing is stored.
///
/// # Errors
///
/// When something that is said of it can't be.
pub async fn redesign(
    tx: &mut Tx,
    before: &Configured,
    said: Said,
    now: Timestamp,
) -> Result<(Configured, SecretChange), ConnectionError> {
    let mut after = before.clone();
    let connection = &mut after.connection;
    connection.updated_at = now;
    for (field, text, target) in [
        ("name", said.name, &mut connection.name),
        (
            "display_name",
            said.display_name,
            &mut connection.display_name,
        ),
    ] {
        if let Some(text) = text {
            let name = naming::name(&text);
            *target = name.map_err(|reason| Refused::invalid(field, reason))?;
        }
    }
    if let Some(organization) = said.organization {
        connection.organization_id = organization;
    }
    check_organizations(tx, &after.connection.organization_id).await?;
    if let Some(mut chosen) = said.clients {
        sort(&mut chosen);
        check_clients(tx, &chosen).await?;
        after.clients = chosen;
    }
    if let Some(mut chosen) = said.organizations {
        sort(&mut chosen);
        check_organizations(tx, &chosen).await?;
        after.organizations = chosen;
    }
    let former = options_of(tx, before).await?;
    let base = if said.replaces_options {
        Options::default()
    } else {
        former
    };
    let (options, secret) = options::read(said.options.unwrap_or_default(), &base)?;
    apply_options(tx, &options, &mut after).await?;
    let place = |it: &Configured| secret_goes_to(&it.connection.settings.0).to_owned();
    let keeps_secret = secret == SecretChange::Keep && before.connection.secret_jwe.is_some();
    if keeps_secret && place(before) != place(&after) {
        let reason = "must be said anew together with where it goes: nobody else is to learn it";
        return Err(Refused::option("client_secret", reason).into());
    }
    Ok((after, secret))
}

/// What decides to whom our secret is sent.
fn secret_goes_to(settings: &Settings) -> &str {
    match settings {
        Settings::EntraId(settings) => settings.authority.as_deref().unwrap_or_default(),
        Settings::Google(settings) => settings.issuer.as_deref().unwrap_or_default(),
        Settings::OAuth2(settings) => &settings.token_endpoint,
        Settings::Oidc(settings) => &settings.issuer,
    }
}

/// What options say of a connection, as it is to be stored.
async fn apply_options(
    tx: &mut Tx,
    options: &Options,
    after: &mut Configured,
) -> Result<(), ConnectionError> {
    let kind = after.connection.kind.0;
    let settings = check::settings(kind, options)?;
    after.domains = check::domains("home_realm_domains", &options.home_realm_domains)?;
    let connection = &mut after.connection;
    connection.mapping = Json(check::mapping(&settings, &options.mapping)?);
    connection.settings = Json(settings);
    connection.sync = Text(options.sync);
    connection.creates_users = options.is_create_missing_user;
    connection.trusts_emails = options.is_trusted;
    connection.trusts_authentication = options.is_authentication_trusted;
    connection.joins_organization = options.is_auto_join_organization_enabled;
    connection.shows_button = options.is_force_show_sso_button;
    connection.is_enabled = options.is_enabled;
    if connection.joins_organization && connection.organization_id.is_none() {
        let reason = "needs an organization to join: say organization_code";
        return Err(Refused::option("is_auto_join_organization_enabled", reason).into());
    }
    let owner = connection.organization_id.clone();
    after.group_roles = group_roles(tx, owner.as_ref(), &options.group_roles).await?;
    Ok(())
}

/// The roles that groups give, as they are stored. A connection of an organization gives none in another one.
async fn group_roles(
    tx: &mut Tx,
    owner: Option<&OrganizationId>,
    written: &[GroupRoleOption],
) -> Result<Vec<GroupRole>, ConnectionError> {
    let refused = |reason: String| Refused::option("group_roles", reason);
    check::at_most("group_roles", written.len())?;
    let mut found = Vec::new();
    for entry in written {
        let group = naming::external_id(&entry.group);
        let group = group.map_err(|reason| refused(format!("names a group that {reason}")))?;
        let organization = match (&entry.organization_code, owner) {
            (Some(code), owner) => {
                let code = OrganizationId::parse(code)
                    .filter(|code| owner.is_none_or(|owner| owner == code));
                let why = || {
                    refused(format!(
                        "names an organization for the group {group} that does not exist, or is not the connection's own"
                    ))
                };
                code.ok_or_else(why)?
            }
            (None, Some(owner)) => owner.clone(),
            (None, None) => {
                let why =
                    format!("must say in which organization_code the group {group} gives a role");
                return Err(refused(why).into());
            }
        };
        if organizations::find(tx, &organization).await?.is_none() {
            let why = format!("names the organization {organization}, which does not exist");
            return Err(refused(why).into());
        }
        let role = match RoleId::parse(&entry.role) {
            Some(id) => roles::find(tx, &id).await?,
            None => roles::find_by_key(tx, &entry.role).await?,
        };
        let why = || {
            refused(format!(
                "names the role {:?}, which does not exist",
                entry.role
            ))
        };
        found.push(GroupRole {
            group_name: group,
            organization_id: organization,
            role_id: role.ok_or_else(why)?.id,
        });
    }
    sort(&mut found);
    Ok(found)
}

/// How a connection works, in the words in which it is written; without the secret.
pub async fn options_of(tx: &mut Tx, configured: &Configured) -> sqlx::Result<Options> {
    let mut group_roles = Vec::new();
    for given in &configured.group_roles {
        let role = roles::find(tx, &given.role_id).await?;
        group_roles.extend(role.map(|role| GroupRoleOption {
            group: given.group_name.clone(),
            organization_code: Some(given.organization_id.to_string()),
            role: role.key,
        }));
    }
    let mut options = Options::of(&configured.connection);
    options.home_realm_domains.clone_from(&configured.domains);
    options.group_roles = group_roles;
    Ok(options)
}

fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

async fn check_clients(tx: &mut Tx, chosen: &[ClientId]) -> Result<(), ConnectionError> {
    for client in chosen {
        if clients::find(tx, client).await?.is_none() {
            return Err(Refused::UnknownClient(client.clone()).into());
        }
    }
    Ok(())
}

async fn check_organizations(
    tx: &mut Tx,
    chosen: impl IntoIterator<Item = &OrganizationId>,
) -> Result<(), ConnectionError> {
    for organization in chosen {
        if organizations::find(tx, organization).await?.is_none() {
            return Err(Refused::UnknownOrganization(organization.clone()).into());
        }
    }
    Ok(())
}
