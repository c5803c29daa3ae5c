//! The addresses of applications: where people return to when they have signed in or out.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, find_to_change};
use crate::access::scopes::{
    CreateApplicationLogoutUris, CreateApplicationsRedirectUris, DeleteApplicationLogoutUris,
    DeleteApplicationsRedirectUris, ManagementScope, ReadApplicationLogoutUris,
    ReadApplicationsRedirectUris, UpdateApplicationLogoutUris, UpdateApplicationsRedirectUris,
};
use crate::clients::{self, check_uris};
use crate::clock::Timestamp;
use crate::store::clients::{self as stored, UriKind};
use crate::web::api::answer::{Answer, Done};
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Body, Path, Query};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(
            list_redirect,
            add_redirect,
            replace_redirect,
            remove_redirect
        ))
        .routes(routes!(
            list_logout,
            add_logout,
            replace_logout,
            remove_logout
        ))
}

/// Addresses.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApplicationUrls)]
pub struct Urls {
    /// Each as it will be written in requests: they are compared as they stand.
    #[schema(max_items = 200)]
    urls: Vec<String>,
}

/// Which addresses to remove.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Unwanted {
    /// Separated by commas.
    #[param(min_length = 1)]
    urls: String,
}

/// Where people return to when they have signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedirectUrls {
    /// In order.
    redirect_urls: Vec<String>,
}

/// Lists where people may return to when they have signed in.
#[utoipa::path(
    get, path = "/applications/{app_id}/auth_redirect_urls", tag = "Applications",
    operation_id = "listRedirectUrls",
    security(("management" = ["read:applications_redirect_uris"])),
    params(("app_id" = String, Path)),
    responses((status = 200, body = RedirectUrls), (status = "4XX", body = Errors)),
)]
pub async fn list_redirect(
    _may: May<ReadApplicationsRedirectUris>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<axum::Json<RedirectUrls>, ApiError> {
    let redirect_urls = listed(&site, &id, UriKind::Redirect).await?;
    Ok(axum::Json(RedirectUrls { redirect_urls }))
}

/// Lets people return to more addresses when they have signed in.
#[utoipa::path(
    post, path = "/applications/{app_id}/auth_redirect_urls", tag = "Applications",
    operation_id = "addRedirectUrls",
    security(("management" = ["create:applications_redirect_uris"])),
    params(("app_id" = String, Path)),
    request_body = Urls,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn add_redirect(
    edit: Edit<CreateApplicationsRedirectUris>,
    Body(Urls { urls }): Body<Urls>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::Redirect, Change::Add(urls)).await
}

/// Lets people return to these addresses alone when they have signed in.
#[utoipa::path(
    put, path = "/applications/{app_id}/auth_redirect_urls", tag = "Applications",
    operation_id = "replaceRedirectUrls",
    security(("management" = ["update:applications_redirect_uris"])),
    params(("app_id" = String, Path)),
    request_body = Urls,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn replace_redirect(
    edit: Edit<UpdateApplicationsRedirectUris>,
    Body(Urls { urls }): Body<Urls>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::Redirect, Change::Replace(urls)).await
}

/// Lets nobody return to these addresses any more.
#[utoipa::path(
    delete, path = "/applications/{app_id}/auth_redirect_urls", tag = "Applications",
    operation_id = "removeRedirectUrls",
    security(("management" = ["delete:applications_redirect_uris"])),
    params(("app_id" = String, Path), Unwanted),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove_redirect(
    edit: Edit<DeleteApplicationsRedirectUris>,
    Query(Unwanted { urls }): Query<Unwanted>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::Redirect, Change::Remove(urls)).await
}

/// Where people may go when they have signed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogoutUrls {
    logout_urls: Vec<String>,
}

/// Lists where people may go when they have signed out.
#[utoipa::path(
    get, path = "/applications/{app_id}/auth_logout_urls", tag = "Applications",
    operation_id = "listLogoutUrls",
    security(("management" = ["read:application_logout_uris"])),
    params(("app_id" = String, Path)),
    responses((status = 200, body = Answer<LogoutUrls>), (status = "4XX", body = Errors)),
)]
pub async fn list_logout(
    _may: May<ReadApplicationLogoutUris>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<LogoutUrls>, ApiError> {
    let logout_urls = listed(&site, &id, UriKind::PostLogout).await?;
    Ok(Answer::of(LogoutUrls { logout_urls }))
}

/// Lets people go to more addresses when they have signed out.
#[utoipa::path(
    post, path = "/applications/{app_id}/auth_logout_urls", tag = "Applications",
    operation_id = "addLogoutUrls",
    security(("management" = ["create:application_logout_uris"])),
    params(("app_id" = String, Path)),
    request_body = Urls,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn add_logout(
    edit: Edit<CreateApplicationLogoutUris>,
    Body(Urls { urls }): Body<Urls>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::PostLogout, Change::Add(urls)).await
}

/// Lets people go to these addresses alone when they have signed out.
#[utoipa::path(
    put, path = "/applications/{app_id}/auth_logout_urls", tag = "Applications",
    operation_id = "replaceLogoutUrls",
    security(("management" = ["update:application_logout_uris"])),
    params(("app_id" = String, Path)),
    request_body = Urls,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn replace_logout(
    edit: Edit<UpdateApplicationLogoutUris>,
    Body(Urls { urls }): Body<Urls>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::PostLogout, Change::Replace(urls)).await
}

/// Lets nobody go to these addresses any more.
#[utoipa::path(
    delete, path = "/applications/{app_id}/auth_logout_urls", tag = "Applications",
    operation_id = "removeLogoutUrls",
    security(("management" = ["delete:application_logout_uris"])),
    params(("app_id" = String, Path), Unwanted),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove_logout(
    edit: Edit<DeleteApplicationLogoutUris>,
    Query(Unwanted { urls }): Query<Unwanted>,
) -> Result<Done, ApiError> {
    edit.apply(UriKind::PostLogout, Change::Remove(urls)).await
}

/// What becomes of the addresses.
enum Change {
    Add(Vec<String>),
    Remove(String),
    Replace(Vec<String>),
}

async fn listed(site: &Site, id: &str, kind: UriKind) -> Result<Vec<String>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let client = find(&mut tx, id).await?;
    Ok(stored::list_uris(&mut tx, &client.id, kind).await?)
}

/// What every change of addresses takes from its request.
pub struct Edit<S> {
    may: May<S>,
    site: Site,
    now: Timestamp,
    /// Of the application.
    id: String,
}

impl<S: ManagementScope> FromRequestParts<Site> for Edit<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let may = May::from_request_parts(parts, site).await?;
        let Ok(Now(now)) = Now::from_request_parts(parts, site).await;
        let Path(id) = Path::from_request_parts(parts, site).await?;
        let site = site.clone();
        Ok(Self { may, site, now, id })
    }
}

impl<S> Edit<S> {
    async fn apply(self, kind: UriKind, change: Change) -> Result<Done, ApiError> {
        let app = &self.site.app;
        let mut rng = app.random.generator();
        let mut tx = app.db.write().await?;
        let client = find_to_change(&mut tx, &self.id).await?;
        let mut uris = stored::list_uris(&mut tx, &client.id, kind).await?;
        match change {
            Change::Add(more) => uris.extend(more),
            Change::Remove(unwanted) => {
                let unwanted = named(&unwanted, &uris)?;
                uris.retain(|uri| !unwanted.contains(&uri.as_str()));
            }
            Change::Replace(wanted) => uris = wanted,
        }
        let uris = check_uris(client.kind.0, kind, uris)
            .map_err(|reason| ApiError::field("urls", format!("can't be so: {reason}")))?;
        let (actor, now) = (self.may.actor(), self.now);
        clients::replace_uris(&mut tx, actor, &client, kind, &uris, now, &mut rng).await?;
        tx.commit().await?;
        Ok(Done::saying("Addresses updated"))
    }
}

/// The registered addresses that a list names. An address may hold a comma itself, when it stands alone.
fn named<'a>(list: &'a str, registered: &[String]) -> Result<Vec<&'a str>, ApiError> {
    let is_registered = |uri: &str| registered.iter().any(|known| known == uri);
    if is_registered(list) {
        return Ok(vec![list]);
    }
    let named: Vec<&str> = list.split(',').map(str::trim).collect();
    match named.iter().find(|uri| !is_registered(uri)) {
        Some(unknown) => {
            let why = format!("names {unknown:?}, which is not registered");
            Err(ApiError::field("urls", why))
        }
        None => Ok(named),
    }
}
