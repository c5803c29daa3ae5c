//! `/organizations/{org_code}/logos` and `/environment/logos`: the pictures that pages bear.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::{May, MayIn, check_organization, no_organization};
use super::error::{ApiError, Errors};
use super::extract::Path;
use crate::access::scopes::{
    ReadEnvironments, ReadOrganizations, UpdateEnvironments, UpdateOrganizations,
};
use crate::directory::logos::{self, LARGEST, Picture};
use crate::store::logos::{self as stored, Bearer, Ground, Logo};
use crate::store::{Tx, environment, organizations};
use crate::web::extract::Now;
use crate::web::logos::path;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, remove))
        .routes(routes!(list_of_environment))
        .routes(routes!(put_of_environment, remove_of_environment))
}

/// What a logo is shown on. For the description alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogoType {
    Dark,
    Light,
}

/// A logo.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Logo)]
pub struct Shown {
    #[serde(rename = "type")]
    #[schema(value_type = LogoType)]
    ground: Ground,
    file_name: String,
    /// Where the picture is, at the issuer. Another picture has another path.
    path: String,
}

impl From<Logo> for Shown {
    fn from(logo: Logo) -> Self {
        Self {
            ground: logo.ground.0,
            path: path(&logo.address),
            file_name: logo.file_name,
        }
    }
}

/// The logos of an organization, or of the environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logos {
    logos: Vec<Shown>,
}

impl Logos {
    async fn of(tx: &mut Tx, bearer: Bearer<'_>) -> sqlx::Result<Self> {
        let logos = stored::list(tx, bearer).await?;
        Ok(Self {
            logos: logos.into_iter().map(Shown::from).collect(),
        })
    }
}

/// Lists the logos of an organization.
#[utoipa::path(
    get, path = "/organizations/{org_code}/logos", tag = "Organizations",
    operation_id = "listOrganizationLogos",
    security(("management" = ["read:organizations"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Answer<Logos>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    may: MayIn<ReadOrganizations>,
    State(site): State<Site>,
) -> Result<Answer<Logos>, ApiError> {
    let mut tx = site.app.db.read().await?;
    check_organization(&mut tx, &may.organization).await?;
    let bearer = Bearer::Organization(&may.organization);
    Ok(Answer::of(Logos::of(&mut tx, bearer).await?))
}

/// A picture to store.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it is read from a form, piece by piece")]
pub struct NewLogo {
    /// PNG, JPEG, WebP or GIF; at most 256 KiB.
    #[schema(value_type = String, format = Binary)]
    logo: Vec<u8>,
}

/// The variable parts of the path.
#[derive(Debug, Deserialize)]
pub struct Place {
    #[serde(rename = "type")]
    ground: String,
}

impl Place {
    fn ground(&self) -> Result<Ground, ApiError> {
        Ground::parse(&self.ground).ok_or_else(|| {
            ApiError::not_found("LOGO_NOT_FOUND", "logos are of the type light or dark")
        })
    }
}

/// Gives an organization a logo, in place of the one it has of that type. Where there is no dark one, dark pages bear
/// the light one.
#[utoipa::path(
    post, path = "/organizations/{org_code}/logos/{type}", tag = "Organizations",
    operation_id = "putOrganizationLogo",
    security(("management" = ["update:organizations"])),
    params(("org_code" = String, Path), ("type" = LogoType, Path)),
    request_body(content = NewLogo, content_type = "multipart/form-data"),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn put(
    may: MayIn<UpdateOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
    Path(place): Path<Place>,
    request: Request,
) -> Result<Done, ApiError> {
    let ground = place.ground()?;
    let picture = read(request, &site).await?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let found = organizations::find_to_change(&mut tx, &may.organization).await?;
    let organization = found.ok_or_else(no_organization)?;
    let what = (Bearer::Organization(&organization.id), ground);
    logos::put(&mut tx, may.actor(), what, &picture, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Logo updated"))
}

/// Takes a logo from an organization.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/logos/{type}", tag = "Organizations",
    operation_id = "deleteOrganizationLogo",
    security(("management" = ["update:organizations"])),
    params(("org_code" = String, Path), ("type" = LogoType, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: MayIn<UpdateOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
    Path(place): Path<Place>,
) -> Result<Done, ApiError> {
    let ground = place.ground()?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let found = organizations::find_to_change(&mut tx, &may.organization).await?;
    let organization = found.ok_or_else(no_organization)?;
    let what = (Bearer::Organization(&organization.id), ground);
    if !logos::remove(&mut tx, may.actor(), what, now, &mut rng).await? {
        return Err(no_logo("the organization"));
    }
    tx.commit().await?;
    Ok(Done::saying("Logo deleted"))
}

fn no_logo(bearer: &str) -> ApiError {
    let message = format!("{bearer} has no logo of that type");
    ApiError::not_found("LOGO_NOT_FOUND", message)
}

/// Lists the logos of the environment. Pages bear them where the organization has none or is not known yet.
#[utoipa::path(
    get, path = "/environment/logos", tag = "Environment",
    operation_id = "listEnvironmentLogos",
    security(("management" = ["read:environments"])),
    responses((status = 200, body = Answer<Logos>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_environment(
    _may: May<ReadEnvironments>,
    State(site): State<Site>,
) -> Result<Answer<Logos>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let logos = Logos::of(&mut tx, Bearer::Environment).await?;
    Ok(Answer::of(logos))
}

/// Gives the environment a logo, in place of the one it has of that type. Where there is no dark one, dark pages bear
/// the light one. It takes the place of the configuration's within a second.
#[utoipa::path(
    put, path = "/environment/logos/{type}", tag = "Environment",
    operation_id = "putEnvironmentLogo",
    security(("management" = ["update:environments"])),
    params(("type" = LogoType, Path)),
    request_body(content = NewLogo, content_type = "multipart/form-data"),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn put_of_environment(
    may: May<UpdateEnvironments>,
    State(site): State<Site>,
    Now(now): Now,
    Path(place): Path<Place>,
    request: Request,
) -> Result<Done, ApiError> {
    let what = (Bearer::Environment, place.ground()?);
    let picture = read(request, &site).await?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    environment::hold(&mut tx).await?;
    logos::put(&mut tx, may.actor(), what, &picture, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Logo updated"))
}

/// Takes a logo from the environment.
#[utoipa::path(
    delete, path = "/environment/logos/{type}", tag = "Environment",
    operation_id = "deleteEnvironmentLogo",
    security(("management" = ["update:environments"])),
    params(("type" = LogoType, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove_of_environment(
    may: May<UpdateEnvironments>,
    State(site): State<Site>,
    Now(now): Now,
    Path(place): Path<Place>,
) -> Result<Done, ApiError> {
    let what = (Bearer::Environment, place.ground()?);
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    environment::hold(&mut tx).await?;
    if !logos::remove(&mut tx, may.actor(), what, now, &mut rng).await? {
        return Err(no_logo("the environment"));
    }
    tx.commit().await?;
    Ok(Done::saying("Logo deleted"))
}

/// The picture in a form, by the name that published clients give it.
async fn read(request: Request, site: &Site) -> Result<Picture, ApiError> {
    let refused = |reason: String| {
        let message = format!("the body is no form with a file named logo: {reason}");
        ApiError::refused("INVALID_BODY", message)
    };
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        _ => refused(error.body_text()),
    };
    let form = Multipart::from_request(request, site).await;
    let mut form = form.map_err(|rejection| refused(rejection.body_text()))?;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("logo") {
            continue;
        }
        let file_name = field.file_name().map(str::to_owned);
        let mut content = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            content.extend_from_slice(&chunk);
            // What is more than this is read no further.
            if content.len() > LARGEST {
                break;
            }
        }
        return Picture::check(content, file_name.as_deref())
            .map_err(|reason| ApiError::field("logo", reason.to_string()));
    }
    Err(ApiError::field("logo", "is missing: send it as a file"))
}
