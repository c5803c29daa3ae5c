//! `/organizations/{org_code}/logos`: the pictures that pages of an organization bear.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::{MayIn, check_organization, no_organization};
use super::error::{ApiError, Errors};
use super::extract::Path;
use crate::access::scopes::{ReadOrganizations, UpdateOrganizations};
use crate::directory::logos::{self, LARGEST, Picture};
use crate::store::logos::{self as stored, Ground, Logo};
use crate::store::organizations;
use crate::web::extract::Now;
use crate::web::logos::path;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, remove))
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

/// The logos of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logos {
    logos: Vec<Shown>,
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
    let logos = stored::list(&mut tx, &may.organization).await?;
    Ok(Answer::of(Logos {
        logos: logos.into_iter().map(Shown::from).collect(),
    }))
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
    let what = (&organization.id, ground);
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
    let what = (&organization.id, ground);
    if !logos::remove(&mut tx, may.actor(), what, now, &mut rng).await? {
        let message = "the organization has no logo of that type";
        return Err(ApiError::not_found("LOGO_NOT_FOUND", message));
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
