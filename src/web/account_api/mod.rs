//! The account API: what an application may ask of its signed-in user, with the user's access token.
//!
//! It tells what a token says, as it is now, and what tokens have no room for. Lists come in pages, in an
//! envelope of `data` and `metadata`; clients merge the pages, so that each repeats what is no list.

pub mod bearer;
pub mod page;
pub mod portal;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use self::bearer::Bearer;
use self::page::{Envelope, From};
use super::api::error::ApiError;
use super::api::extract::{Path, Query};
use super::extract::Now;
use super::site::Site;
use crate::flags;
use crate::id::OrganizationId;
use crate::properties;
use crate::store::feature_flags::{FlagKind, FlagValue};
use crate::store::property_values::Holder;

/// The routes. Whoever adds them lets our clients' origins read the answers.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/account_api/v1/permissions", get(permissions))
        .route("/account_api/v1/permission/{key}", get(permission))
        .route("/account_api/v1/roles", get(roles))
        .route("/account_api/v1/feature_flags", get(feature_flags))
        .route("/account_api/v1/properties", get(properties_known))
        .route("/account_api/v1/entitlements", get(entitlements))
        .route("/account_api/v1/entitlement", get(entitlement))
        .route("/account_api/v1/entitlement/{key}", get(entitlement))
        .route("/account_api/v1/portal_link", get(portal::link))
}

/// A role or permission.
#[derive(Debug, Serialize)]
struct Named {
    id: String,
    key: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Permissions {
    org_code: Option<OrganizationId>,
    permissions: Vec<Named>,
}

/// `GET /account_api/v1/permissions`
async fn permissions(
    State(site): State<Site>,
    Now(now): Now,
    bearer: Bearer,
    Query(from): Query<From>,
) -> Result<Json<Envelope<Permissions>>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let catalogue = site.app.catalogues.current(&mut tx, now).await?;
    let held = bearer
        .current
        .iter()
        .flat_map(|current| &current.permissions);
    let named = held.filter_map(|key| catalogue.permission_by_key(key));
    let named = named.map(|permission| Named {
        id: permission.id.to_string(),
        key: permission.key.clone(),
        name: permission.name.clone(),
    });
    let org_code = bearer.organization().cloned();
    let page = from.page(named.collect(), |named| &named.id);
    Ok(page.enveloped(|permissions| Permissions {
        org_code,
        permissions,
    }))
}

/// `GET /account_api/v1/permission/{key}`, without an envelope: clients hand it on as it is.
async fn permission(bearer: Bearer, Path(key): Path<String>) -> Json<Value> {
    let held = bearer.current.as_ref();
    let is_granted = held.is_some_and(|current| current.permissions.contains(&key));
    let organization = bearer.organization();
    Json(json!({ "permissionKey": key, "orgCode": organization, "isGranted": is_granted }))
}

#[derive(Debug, Serialize)]
struct Roles {
    org_code: Option<OrganizationId>,
    roles: Vec<Named>,
}

/// `GET /account_api/v1/roles`
async fn roles(bearer: Bearer, Query(from): Query<From>) -> Json<Envelope<Roles>> {
    let held = bearer.current.iter().flat_map(|current| &current.roles);
    let named = held.map(|role| Named {
        id: role.id.to_string(),
        key: role.key.clone(),
        name: role.name.clone(),
    });
    let org_code = bearer.organization().cloned();
    let page = from.page(named.collect(), |named| &named.id);
    page.enveloped(|roles| Roles { org_code, roles })
}

#[derive(Debug, Serialize)]
struct Flag {
    id: String,
    key: String,
    /// The key again: clients look a flag up by what is here.
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: FlagValue,
}

#[derive(Debug, Serialize)]
struct Flags {
    feature_flags: Vec<Flag>,
}

/// `GET /account_api/v1/feature_flags`
async fn feature_flags(
    State(site): State<Site>,
    Now(now): Now,
    bearer: Bearer,
    Query(from): Query<From>,
) -> Result<Json<Envelope<Flags>>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let catalogue = site.app.catalogues.current(&mut tx, now).await?;
    let (organization, user) = (bearer.organization(), Some(bearer.user()));
    let all = flags::list_effective(&mut tx, &catalogue.flags, organization, user).await?;
    let all = all.into_iter().map(|(flag, value)| Flag {
        id: flag.id.to_string(),
        name: flag.key.clone(),
        key: flag.key,
        kind: match value.kind() {
            FlagKind::Bool => "boolean",
            FlagKind::Int => "integer",
            FlagKind::Str => "string",
        },
        value,
    });
    let page = from.page(all.collect(), |flag| &flag.id);
    Ok(page.enveloped(|feature_flags| Flags { feature_flags }))
}

#[derive(Debug, Serialize)]
struct Known {
    id: String,
    key: String,
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Properties {
    properties: Vec<Known>,
}

/// `GET /account_api/v1/properties`: those of the user and of the organization that are not private.
async fn properties_known(
    State(site): State<Site>,
    Now(now): Now,
    bearer: Bearer,
    Query(from): Query<From>,
) -> Result<Json<Envelope<Properties>>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let catalogue = site.app.catalogues.current(&mut tx, now).await?;
    let mut holders = vec![Holder::User(bearer.user())];
    holders.extend(bearer.organization().map(Holder::Organization));
    let all = properties::list_public(&mut tx, &catalogue.properties, &holders, |_| true).await?;
    let all = all.into_iter().map(|(property, value)| Known {
        id: property.id.to_string(),
        key: property.key,
        name: property.name,
        value,
    });
    let page = from.page(all.collect(), |known| &known.id);
    Ok(page.enveloped(|properties| Properties { properties }))
}

/// `GET /account_api/v1/entitlements`: there are none, since nobody is billed here.
async fn entitlements(bearer: Bearer) -> Json<Value> {
    let organization = bearer.organization();
    let data = json!({ "org_code": organization, "plans": [], "entitlements": [] });
    Json(json!({ "data": data, "metadata": { "has_more": false, "next_page_starting_after": "" } }))
}

/// `GET /account_api/v1/entitlement/{key}`, and `?key=`: there are none.
async fn entitlement(_bearer: Bearer) -> ApiError {
    ApiError::not_found("ENTITLEMENT_NOT_FOUND", "there is no such entitlement")
}
