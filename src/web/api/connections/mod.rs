//! `/connections`: the providers elsewhere that people sign in through.
//!
//! # Decision
//!
//! Strategies, options and the wrapped entries of lists are those that published clients know. What these have no word
//! for has one of ours. The secret is never shown; everything else is, by the route of the one connection.

pub mod dry_run;
pub mod offers;
mod refusals;
pub mod rehearsed;
pub mod replay;
pub mod test;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done, Instant};
use super::applications;
use super::caller::{May, no_organization};
use super::cursors::Cursors;
use super::error::{ApiError, Errors};
use super::extract::{Body, Edit, Path, Query, at_most};
use crate::access::scopes::{
    CreateConnections, DeleteConnections, ReadConnections, UpdateConnections,
};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::connections::options::Options;
use crate::directory::connections::{self, Changed, Configured, Said, options_of, strategy};
use crate::directory::people::Start;
use crate::id::{ClientId, ConnectionId, OrganizationId};
use crate::interaction::upstream::redirect_uri;
use crate::interaction::upstream_logout;
use crate::naming;
use crate::store::Tx;
use crate::store::connections::{self as stored, Connection};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update, replace, remove))
        .routes(routes!(test::test))
        .routes(routes!(dry_run::dry_run))
        .routes(routes!(replay::replay))
        .merge(offers::routes())
}

/// A connection in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionEntry)]
pub struct Entry {
    #[schema(value_type = String, pattern = "^conn_[0-9a-f]{32}$")]
    id: ConnectionId,
    name: String,
    /// What its button says.
    display_name: String,
    /// `oidc`, `oauth2`, or a provider: `oauth2:google`, `oauth2:azure_ad`, `oauth2:github`.
    strategy: &'static str,
}

impl From<Connection> for Entry {
    fn from(connection: Connection) -> Self {
        Self {
            strategy: strategy::name(&connection.settings.0),
            id: connection.id,
            name: connection.name,
            display_name: connection.display_name,
        }
    }
}

/// A connection in a list, in an envelope of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WrappedConnection)]
pub struct Wrapped {
    /// Always `OK`.
    code: &'static str,
    message: &'static str,
    connection: Entry,
}

/// A page of connections.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connections)]
pub struct Page {
    connections: Vec<Wrapped>,
    /// Whether more follow, in the direction of reading.
    has_more: bool,
}

impl Page {
    fn of(connections: Vec<Connection>, has_more: bool) -> Self {
        let wrapped = |connection: Connection| Wrapped {
            code: "OK",
            message: "Success",
            connection: connection.into(),
        };
        Self {
            connections: connections.into_iter().map(wrapped).collect(),
            has_more,
        }
    }
}

/// Which connections.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfDomain {
    /// The one that mail addresses at this domain lead to.
    home_realm_domain: Option<String>,
}

/// Lists the connections, in the order of their ids.
#[utoipa::path(
    get, path = "/connections", tag = "Connections",
    operation_id = "listConnections",
    security(("management" = ["read:connections"])),
    params(Cursors, OfDomain),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadConnections>,
    State(site): State<Site>,
    Query(cursors): Query<Cursors>,
    Query(wanted): Query<OfDomain>,
) -> Result<Answer<Page>, ApiError> {
    let stretch = cursors.check(ConnectionId::parse)?;
    let domain = wanted.home_realm_domain.filter(|domain| !domain.is_empty());
    let mut tx = site.app.db.read().await?;
    if let Some(domain) = domain {
        let domain = naming::domain(&domain);
        let domain = domain.map_err(|reason| ApiError::field("home_realm_domain", reason))?;
        let found = stored::find_for_domain(&mut tx, &domain).await?;
        let (page, has_more) = stretch.select_by_id(found.into_iter().collect(), |it| &it.id);
        return Ok(Answer::of(Page::of(page, has_more)));
    }
    let limit = stretch.limit();
    let rows = match &stretch.start {
        Start::Beginning => stored::list_after(&mut tx, "", limit).await?,
        Start::After(entry) => stored::list_after(&mut tx, entry.as_str(), limit).await?,
        Start::Before(entry) => stored::list_before(&mut tx, entry.as_str(), limit).await?,
    };
    let (page, has_more) = stretch.cut(rows);
    Ok(Answer::of(Page::of(page, has_more)))
}

/// A connection to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewConnection {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What its button says; its name when left out.
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
    /// `oidc` for any OpenID Provider, `oauth2` for a provider without ID Tokens, `oauth2:google`, `oauth2:azure_ad`
    /// or `oauth2:github`.
    strategy: String,
    /// The client ids of the applications that offer it.
    #[schema(max_items = 100)]
    enabled_applications: Option<Vec<String>>,
    /// The organization whose it is; everybody's when left out.
    organization_code: Option<String>,
    #[schema(value_type = Option<NewConnectionOptions>)]
    options: Option<Map<String, Value>>,
}

/// How a connection is to work; what is left out stays, or has its default. Members that are not named here are
/// passed over.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it is a description: the options are read by their names"
)]
struct NewConnectionOptions {
    /// Our secret there. It is never shown; null removes it. When it is left out, it stays, unless the place that
    /// it is sent to changes.
    #[schema(max_length = 4096)]
    client_secret: Option<String>,
    /// A domain of the one tenant whose people may sign in, or its id: says the same as `tenants`.
    entra_id_domain: Option<String>,
    /// Lets people of all tenants sign in.
    is_use_common_endpoint: Option<bool>,
    /// Says the same as `sync`: `on` or `off`.
    is_sync_user_profile_on_login: Option<bool>,
    #[schema(inline)]
    #[serde(flatten)]
    options: Options,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedConnection {
    connection: Reference,
}

/// A connection by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionReference)]
pub struct Reference {
    #[schema(value_type = String, pattern = "^conn_[0-9a-f]{32}$")]
    id: ConnectionId,
}

/// Makes a connection. It may be incomplete, and set up later.
#[utoipa::path(
    post, path = "/connections", tag = "Connections",
    operation_id = "createConnection",
    security(("management" = ["create:connections"])),
    request_body = NewConnection,
    responses((status = 201, body = Answer<CreatedConnection>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewConnection>,
) -> Result<Created<CreatedConnection>, ApiError> {
    let said = Said {
        name: Some(new.name),
        display_name: new.display_name,
        organization: match new.organization_code.as_deref() {
            None | Some("") => None,
            Some(code) => Some(Some(organization(code)?)),
        },
        clients: new
            .enabled_applications
            .as_deref()
            .map(clients)
            .transpose()?,
        options: new.options,
        ..Said::default()
    };
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let by = (may.actor(), site.app.keys.vault());
    let made = connections::create(&mut tx, by, &new.strategy, said, now, &mut rng).await?;
    tx.commit().await?;
    let connection = Reference {
        id: made.connection.id,
    };
    Ok(Answer::saying("Connection created", CreatedConnection { connection }).created())
}

fn organization(code: &str) -> Result<OrganizationId, ApiError> {
    OrganizationId::parse(code).ok_or_else(no_organization)
}

fn clients(ids: &[String]) -> Result<Vec<ClientId>, ApiError> {
    at_most(100, "enabled_applications", ids)?;
    let parsed = ids.iter().map(|id| ClientId::parse(id));
    parsed
        .collect::<Option<_>>()
        .ok_or_else(applications::unknown)
}

/// A connection with all that is set of it, but for the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub struct Shown {
    #[serde(flatten)]
    entry: Entry,
    /// Where the provider sends logout tokens, to be registered there (OpenID Connect Back-Channel Logout 1.0); null
    /// for `oauth2`, which has none.
    #[schema(format = "uri")]
    backchannel_logout_uri: Option<String>,
    /// The organization whose it is; everybody's when null.
    organization_code: Option<String>,
    /// The client ids of the applications that offer it.
    #[schema(value_type = Vec<String>)]
    enabled_applications: Vec<ClientId>,
    /// Where the provider leads browsers back that have signed out there, to be registered there.
    #[schema(format = "uri")]
    post_logout_redirect_uri: String,
    /// Whether a secret of ours is stored.
    has_client_secret: bool,
    /// Where the provider's answers arrive, to be registered there. A connection of an organization has one of its own.
    #[schema(format = "uri")]
    redirect_uri: String,
    options: Options,
    created_on: Instant,
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneConnection)]
pub struct One {
    connection: Shown,
}

/// Shows a connection.
#[utoipa::path(
    get, path = "/connections/{connection_id}", tag = "Connections",
    operation_id = "getConnection",
    security(("management" = ["read:connections"])),
    params(("connection_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadConnections>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<One>, ApiError> {
    let id = ConnectionId::parse(&id).ok_or_else(unknown)?;
    let mut tx = site.app.db.read().await?;
    let found = connections::find(&mut tx, &id).await?;
    let found = found.ok_or_else(unknown)?;
    let options = options_of(&mut tx, &found).await?;
    let issuer = &site.app.config.server.issuer;
    let logout = upstream_logout::address(found.connection.kind.0, &found.connection.id);
    let connection = Shown {
        backchannel_logout_uri: logout.map(|path| issuer.join(&path)),
        post_logout_redirect_uri: issuer.join(upstream_logout::CALLBACK),
        organization_code: found
            .connection
            .organization_id
            .as_ref()
            .map(ToString::to_string),
        enabled_applications: found.clients,
        has_client_secret: found.connection.secret_jwe.is_some(),
        redirect_uri: redirect_uri(&site.app.config.server.issuer, &found.connection),
        options,
        created_on: Instant(found.connection.created_at),
        entry: found.connection.into(),
    };
    Ok(Answer::of(One { connection }))
}

/// What to change of a connection; what is left out stays. Its strategy stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConnectionChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What its button says.
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
    /// The client ids of the applications that offer it, in place of all others.
    #[schema(max_items = 100)]
    enabled_applications: Option<Vec<String>>,
    /// The organization whose it is; everybody's when null.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    organization_code: Edit<String>,
    #[schema(value_type = Option<NewConnectionOptions>)]
    options: Option<Map<String, Value>>,
    /// How many roles that groups give the change may withdraw. Without it, a change that would withdraw more than a
    /// quarter of at least 20 such roles is refused with `WITHDRAWALS_NOT_CONFIRMED`, which tells the number.
    #[schema(minimum = 0)]
    confirm_withdrawals: Option<i64>,
}

impl ConnectionChange {
    fn said(self, replaces_options: bool) -> Result<Said, ApiError> {
        if self.confirm_withdrawals.is_some_and(|number| number < 0) {
            let reason = "is a number of roles, 0 or more";
            return Err(ApiError::field("confirm_withdrawals", reason));
        }
        Ok(Said {
            name: self.name,
            display_name: self.display_name,
            organization: match self.organization_code {
                Edit::Keep => None,
                Edit::Clear => Some(None),
                Edit::Set(code) if code.is_empty() => Some(None),
                Edit::Set(code) => Some(Some(organization(&code)?)),
            },
            clients: self
                .enabled_applications
                .as_deref()
                .map(clients)
                .transpose()?,
            organizations: None,
            replaces_options: replaces_options && self.options.is_some(),
            confirmed_withdrawals: self.confirm_withdrawals,
            options: self.options,
        })
    }
}

/// Changes a connection, from the next sign-in on. Options that are left out stay. Sessions go on; roles that groups
/// gave stay until their holder signs in again. A change that would withdraw many of them has to be confirmed.
#[utoipa::path(
    patch, path = "/connections/{connection_id}", tag = "Connections",
    operation_id = "updateConnection",
    security(("management" = ["update:connections"])),
    params(("connection_id" = String, Path)),
    request_body = ConnectionChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<ConnectionChange>,
) -> Result<Done, ApiError> {
    store(&site, may.actor(), &id, change.said(false)?, now).await?;
    Ok(Done::saying("Connection updated"))
}

/// Changes a connection as `PATCH` does, but options that are left out have their defaults; the secret stays.
/// Without `options`, these stay as they are.
#[utoipa::path(
    put, path = "/connections/{connection_id}", tag = "Connections",
    operation_id = "replaceConnection",
    security(("management" = ["update:connections"])),
    params(("connection_id" = String, Path)),
    request_body = ConnectionChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn replace(
    may: May<UpdateConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<ConnectionChange>,
) -> Result<Done, ApiError> {
    store(&site, may.actor(), &id, change.said(true)?, now).await?;
    Ok(Done::saying("Connection replaced"))
}

/// Stores a change, unless it is held: then that is told.
async fn store(
    site: &Site,
    actor: Actor<'_>,
    id: &str,
    said: Said,
    now: Timestamp,
) -> Result<(), ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, id).await?;
    let by = (actor, site.app.keys.vault());
    let changed = connections::change(&mut tx, by, &before, said, now, &mut rng).await?;
    tx.commit().await?;
    match changed {
        Changed::Stored => Ok(()),
        Changed::Held(withdrawals) => {
            let number = withdrawals.withdrawn;
            let message =
                format!("{withdrawals}: if that is meant, send confirm_withdrawals: {number}");
            let held = ApiError::refused("WITHDRAWALS_NOT_CONFIRMED", message);
            Err(held.about("confirm_withdrawals"))
        }
    }
}

/// Removes a connection, with the identities of its users and the roles that its groups gave. This can't be undone;
/// the answer tells how many users have no other way to sign in left. Sessions go on.
#[utoipa::path(
    delete, path = "/connections/{connection_id}", tag = "Connections",
    operation_id = "deleteConnection",
    security(("management" = ["delete:connections"])),
    params(("connection_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let connection = find_to_change(&mut tx, &id).await?;
    let actor = may.actor();
    let removal = connections::remove(&mut tx, actor, &connection, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying(format!(
        "Connection deleted, with {} identities; users who have no other way to sign in: {}",
        removal.identities, removal.stranded
    )))
}

/// The connection of that id, which nobody else changes meanwhile.
async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Configured, ApiError> {
    let found = match ConnectionId::parse(id) {
        Some(id) => connections::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// There is no such connection, or not for this caller.
pub fn unknown() -> ApiError {
    ApiError::not_found(
        "CONNECTION_NOT_FOUND",
        "there is no such connection, or not here",
    )
}
