//! `/users/{id}/sessions` and `/users/{id}/mfa`: where users are signed in, and by what besides a password.

use std::collections::HashMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::caller::May;
use super::cursors::{Cursors, Stretch};
use super::error::{ApiError, Errors};
use super::extract::{Path, Query};
use super::users;
use crate::access::scopes::{DeleteUserMfa, DeleteUserSessions, ReadUserMfa, ReadUserSessions};
use crate::clock::Timestamp;
use crate::directory;
use crate::directory::people::Start;
use crate::id::{ClientId, ConnectionId, OrganizationId, SessionId, UserId};
use crate::store::sessions::{self, Session};
use crate::store::{Tx, grants};
use crate::web::extract::Now;
use crate::web::site::Site;

/// Sorts after every id.
const LAST_ID: &str = "g";

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, end))
        .routes(routes!(show_factor, remove_factors))
        .routes(routes!(remove_factor))
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct Shown {
    #[schema(value_type = String)]
    session_id: SessionId,
    #[schema(value_type = String)]
    user_id: UserId,
    /// The organization they last went to.
    #[schema(value_type = Option<String>)]
    org_code: Option<OrganizationId>,
    /// The application that was first signed in to.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// The connection that they last signed in through; null when they did so here, or it was removed since.
    #[schema(value_type = Option<String>)]
    connection_id: Option<ConnectionId>,
    started_on: Instant,
    /// When it was last used.
    updated_on: Instant,
    /// When it ends at the latest.
    expires_on: Instant,
    /// From where they last proved who they are: what was before that is not kept.
    initial_ip_address: Option<String>,
    /// With which browser.
    initial_user_agent: Option<String>,
    /// From where they last proved who they are.
    last_ip_address: Option<String>,
    /// With which browser.
    last_user_agent: Option<String>,
}

impl Shown {
    fn of(session: Session, client_id: Option<ClientId>) -> Self {
        Self {
            session_id: session.id,
            user_id: session.user_id,
            org_code: session.organization_id,
            client_id,
            connection_id: session.connection_id,
            started_on: Instant(session.created_at),
            updated_on: Instant(session.last_seen_at),
            expires_on: Instant(session.expires_at),
            initial_ip_address: session.ip_address.clone(),
            initial_user_agent: session.user_agent.clone(),
            last_ip_address: session.ip_address,
            last_user_agent: session.user_agent,
        }
    }
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sessions)]
pub struct Page {
    sessions: Vec<Shown>,
    /// Whether more follow, in the direction of reading.
    has_more: bool,
}

/// Lists the sessions of a user that have not ended, youngest first.
#[utoipa::path(
    get, path = "/users/{user_id}/sessions", tag = "Users",
    operation_id = "listUserSessions",
    security(("management" = ["read:user_sessions"])),
    params(("user_id" = String, Path), Cursors),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadUserSessions>,
    State(site): State<Site>,
    Now(now): Now,
    Path(user): Path<String>,
    Query(cursors): Query<Cursors>,
) -> Result<Answer<Page>, ApiError> {
    let stretch = cursors.check(SessionId::parse)?;
    let seen_after = now.minus(site.app.config.sessions.idle);
    let mut tx = site.app.db.read().await?;
    let user = users::find(&mut tx, &user).await?.id;
    let rows = page(&mut tx, &user, (now, seen_after), &stretch).await?;
    let (page, has_more) = stretch.cut(rows);
    let ids: Vec<SessionId> = page.iter().map(|session| session.id.clone()).collect();
    let clients = grants::list_first_clients(&mut tx, &ids).await?;
    let mut clients: HashMap<SessionId, ClientId> = clients.into_iter().collect();
    let sessions = page.into_iter().map(|session| {
        let client = clients.remove(&session.id);
        Shown::of(session, client)
    });
    Ok(Answer::of(Page {
        sessions: sessions.collect(),
        has_more,
    }))
}

/// The sessions from the start of a page on.
async fn page(
    tx: &mut Tx,
    user: &UserId,
    alive: (Timestamp, Timestamp),
    stretch: &Stretch<SessionId>,
) -> Result<Vec<Session>, ApiError> {
    let limit = stretch.limit();
    let (Start::After(entry) | Start::Before(entry)) = &stretch.start else {
        // No session begins later than now.
        let first = (alive.0, LAST_ID);
        return Ok(sessions::page_for_user(tx, user, alive, first, limit).await?);
    };
    let entry = sessions::find(tx, entry).await?;
    let entry = entry.filter(|session| session.user_id == *user);
    let entry = entry.ok_or_else(|| stretch.foreign())?;
    let place = (entry.created_at, entry.id.as_str());
    Ok(match stretch.start {
        Start::Before(_) => sessions::page_for_user_before(tx, user, alive, place, limit).await?,
        _ => sessions::page_for_user(tx, user, alive, place, limit).await?,
    })
}

/// Ends all sessions of a user, and what applications were granted in them: no token of theirs is worth anything
/// any more.
#[utoipa::path(
    delete, path = "/users/{user_id}/sessions", tag = "Users",
    operation_id = "endUserSessions",
    security(("management" = ["delete:user_sessions"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn end(
    may: May<DeleteUserSessions>,
    State(site): State<Site>,
    Now(now): Now,
    Path(user): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = users::find_to_change(&mut tx, &user).await?.id;
    let actor = may.actor();
    let ended = directory::users::end_sessions(&mut tx, actor, &user, now, &mut rng).await?;
    tx.commit().await?;
    let plural = if ended == 1 { "" } else { "s" };
    Ok(Done::saying(format!("{ended} session{plural} ended")))
}

/// The second factor of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Factor {
    /// Always null: nobody signs in with a second factor here.
    #[schema(value_type = Option<Object>)]
    mfa: Option<()>,
}

/// Shows the second factor of a user.
#[utoipa::path(
    get, path = "/users/{user_id}/mfa", tag = "Users",
    operation_id = "getUserFactor",
    security(("management" = ["read:user_mfa"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Answer<Factor>), (status = "4XX", body = Errors)),
)]
pub async fn show_factor(
    _may: May<ReadUserMfa>,
    State(site): State<Site>,
    Path(user): Path<String>,
) -> Result<Answer<Factor>, ApiError> {
    users::find(&mut site.app.db.read().await?, &user).await?;
    Ok(Answer::of(Factor { mfa: None }))
}

/// Removes all second factors of a user, of which there are none: nobody signs in with one here.
#[utoipa::path(
    delete, path = "/users/{user_id}/mfa", tag = "Users",
    operation_id = "deleteUserFactors",
    security(("management" = ["delete:user_mfa"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove_factors(
    _may: May<DeleteUserMfa>,
    State(site): State<Site>,
    Path(user): Path<String>,
) -> Result<Done, ApiError> {
    users::find(&mut site.app.db.read().await?, &user).await?;
    Ok(Done::saying(
        "The user has no second factor; nothing was removed",
    ))
}

/// Removes one second factor of a user. There are none, so that none is found.
#[utoipa::path(
    delete, path = "/users/{user_id}/mfa/{factor_id}", tag = "Users",
    operation_id = "deleteUserFactor",
    security(("management" = ["delete:user_mfa"])),
    params(("user_id" = String, Path), ("factor_id" = String, Path)),
    responses((status = "4XX", body = Errors)),
)]
pub async fn remove_factor(
    _may: May<DeleteUserMfa>,
    State(site): State<Site>,
    Path((user, _factor)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    users::find(&mut site.app.db.read().await?, &user).await?;
    Err(ApiError::not_found(
        "FACTOR_NOT_FOUND",
        "the user has no second factor of that id",
    ))
}
