//! `/identities` and `/users/{id}/identities`: how users sign in.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done, Instant};
use super::caller::May;
use super::cursors::Cursors;
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query};
use super::new_users::value_of;
use super::users;
use crate::access::scopes::{
    CreateUserIdentities, DeleteIdentities, ReadIdentities, ReadUserIdentities, UpdateIdentities,
};
use crate::directory::accounts::NewIdentity;
use crate::directory::connections::strategy;
use crate::directory::identities::{self, IsLast, NotAdded, Way};
use crate::id::{ConnectionId, IdentityId};
use crate::store::Tx;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::upstream_identities::{Listed, UpstreamIdentity};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(read, update, remove))
        .routes(routes!(restore))
}

/// An identity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct Shown {
    #[schema(value_type = String)]
    id: IdentityId,
    /// `email`, `phone` or `username`; of an identity at a connection, the strategy of the connection:
    /// `oauth2:azure_ad`, `oauth2:github`, `oauth2:google`, `oauth2` or `oidc`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether it is known to be theirs. An identity at a connection that is not waits for its first sign-in.
    is_confirmed: bool,
    created_on: Instant,
    /// When it was last signed in with; null when it never was.
    last_login_on: Option<Instant>,
    /// How often it was signed in with.
    total_logins: i64,
    /// The address, number or name; of an identity at a connection, its address there, or else its subject.
    name: String,
    /// The mail address, when it is one, or the one that the connection told last.
    email: Option<String>,
    /// The connection that proves it; null when it is proven here.
    #[schema(value_type = Option<String>)]
    connection_id: Option<ConnectionId>,
    /// Whether it is the one of its kind that tokens show. An identity at a connection never is.
    is_primary: bool,
    /// Whether nobody can sign in with it, since an identity of their business has taken over. It can be restored.
    is_set_aside: bool,
}

/// What an identity at an upstream is called: its address there, or else its subject.
pub fn upstream_name(identity: &UpstreamIdentity) -> String {
    let name = identity.email_key.as_ref().or(identity.subject.as_ref());
    name.cloned().unwrap_or_default()
}

impl From<Way> for Shown {
    fn from(way: Way) -> Self {
        match way {
            Way::Here(identity) => identity.into(),
            Way::Upstream(listed) => listed.into(),
        }
    }
}

impl From<Listed> for Shown {
    fn from(listed: Listed) -> Self {
        let identity = listed.identity;
        Self {
            kind: strategy::name(&listed.connection_settings.0),
            is_confirmed: identity.subject.is_some(),
            created_on: Instant(identity.created_at),
            last_login_on: identity.last_sign_in_at.map(Instant),
            total_logins: identity.sign_ins,
            name: upstream_name(&identity),
            email: identity.email_key,
            connection_id: Some(identity.connection_id),
            is_primary: false,
            is_set_aside: false,
            id: identity.id,
        }
    }
}

impl From<Identity> for Shown {
    fn from(identity: Identity) -> Self {
        let kind = identity.kind.0;
        Self {
            id: identity.id,
            kind: kind.as_str(),
            is_confirmed: identity.verified_at.is_some(),
            created_on: Instant(identity.created_at),
            last_login_on: identity.last_sign_in_at.map(Instant),
            total_logins: identity.sign_ins,
            email: (kind == IdentityKind::Email).then(|| identity.value.clone()),
            name: identity.value,
            connection_id: None,
            is_primary: identity.is_primary,
            is_set_aside: identity.set_aside_at.is_some(),
        }
    }
}

/// A page of identities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identities)]
pub struct Page {
    identities: Vec<Shown>,
    /// Whether more follow, in the direction of reading.
    has_more: bool,
}

/// Lists the identities of a user, oldest first.
#[utoipa::path(
    get, path = "/users/{user_id}/identities", tag = "Identities",
    operation_id = "listUserIdentities",
    security(("management" = ["read:user_identities"])),
    params(("user_id" = String, Path), Cursors),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadUserIdentities>,
    State(site): State<Site>,
    Path(user): Path<String>,
    Query(cursors): Query<Cursors>,
) -> Result<Answer<Page>, ApiError> {
    let stretch = cursors.check(IdentityId::parse)?;
    let mut tx = site.app.db.read().await?;
    let user = users::find(&mut tx, &user).await?;
    let all = identities::list(&mut tx, &user.id).await?;
    let (page, has_more) = stretch.select(all, Way::id)?;
    Ok(Answer::of(Page {
        identities: page.into_iter().map(Shown::from).collect(),
        has_more,
    }))
}

/// An identity to add.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewIdentity)]
pub struct Wanted {
    #[serde(rename = "type")]
    kind: Kind,
    /// The address, the number with `+` and its country code (E.164), or the name. For `enterprise` and `social`, the
    /// mail address that is waited for.
    #[schema(min_length = 1, max_length = 254)]
    value: String,
    /// Makes no difference: the number holds its country code.
    #[serde(rename = "phone_country_id")]
    #[schema(rename = "phone_country_id")]
    _phone_country_id: Option<String>,
    /// The connection, for `enterprise` and `social`; makes no difference for others.
    connection_id: Option<String>,
}

/// The kinds of identities. `enterprise` and `social` mean the same: an identity at a connection.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NewIdentityType)]
enum Kind {
    Email,
    Enterprise,
    Phone,
    Social,
    Username,
}

/// What was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedIdentity {
    identity: Reference,
}

/// An identity by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityReference)]
struct Reference {
    #[schema(value_type = String)]
    id: IdentityId,
}

/// Adds an identity to a user. An address or a number is not confirmed until its user proves it.
///
/// One at a connection waits for whoever signs in there with that address, and is theirs from then on. Where domains
/// lead to the connection, the address is at one of them. If the connection is of a business, it takes over when they
/// come: their other identities are set aside, until they are restored. It is of a business when it belongs to an
/// organization or has domains, and when its upstream is no provider for everybody, such as Google and GitHub.
#[utoipa::path(
    post, path = "/users/{user_id}/identities", tag = "Identities",
    operation_id = "createUserIdentity",
    security(("management" = ["create:user_identities"])),
    params(("user_id" = String, Path)),
    request_body = Wanted,
    responses((status = 201, body = Answer<AddedIdentity>), (status = "4XX", body = Errors)),
)]
pub async fn add(
    may: May<CreateUserIdentities>,
    State(site): State<Site>,
    Now(now): Now,
    Path(user): Path<String>,
    Body(wanted): Body<Wanted>,
) -> Result<Created<AddedIdentity>, ApiError> {
    let wanted = wanted.check()?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = users::find_to_change(&mut tx, &user).await?.id;
    let actor = may.actor();
    let id = match wanted {
        Checked::Here(new) => {
            let added = identities::add(&mut tx, actor, &user, new, now, &mut rng).await?;
            added?.id
        }
        Checked::Waiting(connection, email) => {
            let what = (&connection, email.as_str());
            identities::add_waiting(&mut tx, actor, &user, what, now, &mut rng).await??
        }
    };
    tx.commit().await?;
    let identity = Reference { id };
    Ok(Answer::saying("Identity added", AddedIdentity { identity }).created())
}

/// An identity to add, with everything checked.
enum Checked {
    Here(NewIdentity),
    Waiting(ConnectionId, String),
}

impl Wanted {
    fn check(&self) -> Result<Checked, ApiError> {
        let kind = match self.kind {
            Kind::Email => IdentityKind::Email,
            Kind::Phone => IdentityKind::Phone,
            Kind::Username => IdentityKind::Username,
            Kind::Enterprise | Kind::Social => {
                let id = self.connection_id.as_deref().ok_or_else(|| {
                    let reason = "is needed for identities of this type: say at which connection";
                    ApiError::field("connection_id", reason)
                })?;
                let connection = ConnectionId::parse(id).ok_or(NotAdded::NoConnection)?;
                let email = value_of(IdentityKind::Email, "value", &self.value)?;
                return Ok(Checked::Waiting(connection, email));
            }
        };
        Ok(Checked::Here(NewIdentity {
            kind,
            value: value_of(kind, "value", &self.value)?,
            // A user name needs no proof.
            is_verified: kind == IdentityKind::Username,
        }))
    }
}

/// Shows an identity.
#[utoipa::path(
    get, path = "/identities/{identity_id}", tag = "Identities",
    operation_id = "getIdentity",
    security(("management" = ["read:identities"])),
    params(("identity_id" = String, Path)),
    responses((status = 200, body = Shown), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadIdentities>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<axum::Json<Shown>, ApiError> {
    let id = IdentityId::parse(&id).ok_or_else(unknown)?;
    let mut tx = site.app.db.read().await?;
    let way = identities::find_way(&mut tx, &id).await?;
    Ok(axum::Json(way.ok_or_else(unknown)?.into()))
}

/// What to change of an identity.
#[derive(Debug, Deserialize, ToSchema)]
pub struct IdentityChange {
    /// Makes it the one of its kind that tokens show, in place of the one that was.
    is_primary: Option<bool>,
}

/// Makes an identity the primary one of its kind.
#[utoipa::path(
    patch, path = "/identities/{identity_id}", tag = "Identities",
    operation_id = "updateIdentity",
    security(("management" = ["update:identities"])),
    params(("identity_id" = String, Path)),
    request_body = IdentityChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateIdentities>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<IdentityChange>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let Way::Here(identity) = find_to_change(&mut tx, &id).await? else {
        return Err(ApiError::refused(
            "UPSTREAM_IDENTITY",
            "an identity at a connection is never primary: make an email, a phone or a username primary instead",
        ));
    };
    match change.is_primary {
        Some(true) => {
            identities::make_primary(&mut tx, may.actor(), &identity, now, &mut rng).await?;
        }
        Some(false) if identity.is_primary => {
            let reason = "can't be taken back: make another identity of its kind primary instead";
            return Err(ApiError::field("is_primary", reason));
        }
        Some(false) => {}
        None => {
            return Err(ApiError::refused(
                "NO_FIELDS_TO_UPDATE",
                "there is nothing to update: say is_primary",
            ));
        }
    }
    tx.commit().await?;
    Ok(Done::saying("Identity updated"))
}

/// Restores an identity that was set aside when one of its user's business took over: they can sign in with it again,
/// beside that one. Nothing happens when it was not set aside.
#[utoipa::path(
    post, path = "/identities/{identity_id}/restore", tag = "Identities",
    operation_id = "restoreIdentity",
    security(("management" = ["update:identities"])),
    params(("identity_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn restore(
    may: May<UpdateIdentities>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    // An identity at a connection is never set aside.
    if let Way::Here(identity) = find_to_change(&mut tx, &id).await? {
        identities::restore(&mut tx, may.actor(), &identity, now, &mut rng).await?;
        tx.commit().await?;
    }
    Ok(Done::saying("Identity restored"))
}

/// How to remove an identity.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Removal {
    /// Removes it even when it is the last one by which its user can sign in.
    is_forced: Option<bool>,
}

/// Removes an identity. The oldest other one of its kind becomes the primary one in its place. With the last one at a
/// connection go the roles that groups gave through it. Sessions go on, even those that began with it: to shut
/// somebody out, suspend them.
#[utoipa::path(
    delete, path = "/identities/{identity_id}", tag = "Identities",
    operation_id = "deleteIdentity",
    security(("management" = ["delete:identities"])),
    params(("identity_id" = String, Path), Removal),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteIdentities>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Query(removal): Query<Removal>,
) -> Result<Done, ApiError> {
    let is_forced = removal.is_forced.unwrap_or_default();
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let (way, actor) = (find_to_change(&mut tx, &id).await?, may.actor());
    let removed = match &way {
        Way::Here(identity) => {
            identities::remove(&mut tx, actor, identity, is_forced, now, &mut rng).await?
        }
        Way::Upstream(Listed { identity, .. }) => {
            identities::remove_upstream(&mut tx, actor, identity, is_forced, now, &mut rng).await?
        }
    };
    removed?;
    tx.commit().await?;
    Ok(Done::saying("Identity deleted"))
}

async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Way, ApiError> {
    let found = match IdentityId::parse(id) {
        Some(id) => identities::find_way_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::not_found("IDENTITY_NOT_FOUND", "there is no identity of that id")
}

impl From<IsLast> for ApiError {
    fn from(refused: IsLast) -> Self {
        Self::refused("LAST_IDENTITY", refused.to_string())
    }
}

impl From<NotAdded> for ApiError {
    fn from(refused: NotAdded) -> Self {
        let code = match refused {
            NotAdded::Elsewhere(_) => return Self::field("value", refused.to_string()),
            NotAdded::NoConnection => "CONNECTION_NOT_FOUND",
            NotAdded::Taken(_) | NotAdded::Waiting => "IDENTITY_ALREADY_EXISTS",
            NotAdded::TooMany => "TOO_MANY_IDENTITIES",
        };
        Self::refused(code, refused.to_string())
    }
}
