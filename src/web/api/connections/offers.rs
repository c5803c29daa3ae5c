//! Which applications offer a connection, and which organizations may use it.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Page, find_to_change, unknown};
use crate::access::scopes::{
    CreateApplicationConnections, CreateOrganizationConnections, DeleteApplicationConnections,
    DeleteOrganizationConnections, ReadApplicationConnections, ReadOrganizationConnections,
};
use crate::directory::connections::{self, Configured};
use crate::store::Tx;
use crate::store::connections as stored;
use crate::web::api::answer::{Answer, Done};
use crate::web::api::applications;
use crate::web::api::caller::{May, MayIn, check_organization};
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::Path;
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list_of_application))
        .routes(routes!(offer, offer_no_more))
        .routes(routes!(list_of_organization))
        .routes(routes!(allow, disallow))
}

/// Lists the connections that an application offers, all at once. Those of an organization are offered to those who
/// sign in to it by every application, and are listed only where they are offered besides.
#[utoipa::path(
    get, path = "/applications/{application_id}/connections", tag = "Connections",
    operation_id = "listApplicationConnections",
    security(("management" = ["read:application_connections"])),
    params(("application_id" = String, Path)),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_application(
    _may: May<ReadApplicationConnections>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<Page>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let client = applications::find(&mut tx, &id).await?;
    let all = stored::list_for_client(&mut tx, &client.id).await?;
    Ok(Answer::of(Page::of(all, false)))
}

/// Lets an application offer a connection. It may do so already.
#[utoipa::path(
    post, path = "/applications/{application_id}/connections/{connection_id}", tag = "Connections",
    operation_id = "addApplicationConnection",
    security(("management" = ["create:application_connections"])),
    params(("application_id" = String, Path), ("connection_id" = String, Path)),
    responses((status = 200, description = "It is offered."), (status = "4XX", body = Errors)),
)]
pub async fn offer(
    may: May<CreateApplicationConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, connection)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = applications::find(&mut tx, &id).await?;
    let connection = find_to_change(&mut tx, &connection).await?;
    let pair = (&client.id, &connection);
    connections::offer(&mut tx, may.actor(), pair, now, &mut rng).await?;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Lets an application offer a connection no more.
#[utoipa::path(
    delete, path = "/applications/{application_id}/connections/{connection_id}", tag = "Connections",
    operation_id = "removeApplicationConnection",
    security(("management" = ["delete:application_connections"])),
    params(("application_id" = String, Path), ("connection_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn offer_no_more(
    may: May<DeleteApplicationConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, connection)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = applications::find(&mut tx, &id).await?;
    let connection = find_to_change(&mut tx, &connection).await?;
    let pair = (&client.id, &connection);
    if !connections::offer_no_more(&mut tx, may.actor(), pair, now, &mut rng).await? {
        return Err(unknown());
    }
    tx.commit().await?;
    Ok(Done::saying("The application offers it no more"))
}

/// Lists the connections that lead into an organization, all at once: its own, and those that it may use.
#[utoipa::path(
    get, path = "/organizations/{org_code}/connections", tag = "Connections",
    operation_id = "listOrganizationConnections",
    security(("management" = ["read:organization_connections"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_organization(
    may: MayIn<ReadOrganizationConnections>,
    State(site): State<Site>,
) -> Result<Answer<Page>, ApiError> {
    let mut tx = site.app.db.read().await?;
    check_organization(&mut tx, &may.organization).await?;
    let all = stored::list_for_organization(&mut tx, &may.organization).await?;
    Ok(Answer::of(Page::of(all, false)))
}

/// Lets an organization use a connection besides its own. It may do so already.
#[utoipa::path(
    post, path = "/organizations/{org_code}/connections/{connection_id}", tag = "Connections",
    operation_id = "addOrganizationConnection",
    security(("management" = ["create:organization_connections"])),
    params(("org_code" = String, Path), ("connection_id" = String, Path)),
    responses((status = 200, description = "It may use it."), (status = "4XX", body = Errors)),
)]
pub async fn allow(
    may: MayIn<CreateOrganizationConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, connection)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    check_organization(&mut tx, &may.organization).await?;
    let connection = visible(&may, &mut tx, &connection).await?;
    let pair = (&may.organization, &connection);
    connections::allow(&mut tx, may.actor(), pair, now, &mut rng).await?;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Lets an organization use a connection no more. One of its own goes by being removed, or given to another.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/connections/{connection_id}", tag = "Connections",
    operation_id = "removeOrganizationConnection",
    security(("management" = ["delete:organization_connections"])),
    params(("org_code" = String, Path), ("connection_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn disallow(
    may: MayIn<DeleteOrganizationConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, connection)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    check_organization(&mut tx, &may.organization).await?;
    let connection = find_to_change(&mut tx, &connection).await?;
    if connection.connection.organization_id.as_ref() == Some(&may.organization) {
        return Err(ApiError::refused(
            "CONNECTION_OWNED",
            "it is the organization's own: remove the connection, or give it to another organization",
        ));
    }
    let pair = (&may.organization, &connection);
    if !connections::disallow(&mut tx, may.actor(), pair, now, &mut rng).await? {
        return Err(unknown());
    }
    tx.commit().await?;
    Ok(Done::saying("The organization uses it no more"))
}

/// The connection of that id. For a machine of one organization there are everybody's and its own.
async fn visible<S>(may: &MayIn<S>, tx: &mut Tx, id: &str) -> Result<Configured, ApiError> {
    let found = find_to_change(tx, id).await?;
    let owner = found.connection.organization_id.as_ref();
    if may.is_confined() && owner.is_some_and(|owner| *owner != may.organization) {
        return Err(unknown());
    }
    Ok(found)
}
