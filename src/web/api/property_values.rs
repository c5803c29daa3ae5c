//! `…/properties`: what is known of one user, organization or application.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::{May, MayIn, check_organization};
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query};
use super::{applications, users};
use crate::access::scopes::{
    ReadApplicationProperties, ReadOrganizationProperties, ReadUserProperties,
    UpdateApplicationProperties, UpdateOrganizationProperties, UpdateUserProperties,
};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{ClientId, OrganizationId, PropertyId, UserId};
use crate::properties::{self, BadValue, Values};
use crate::store::property_values::{self, Holder};
use crate::store::{Tx, properties as stored};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list_of_user, update_user))
        .routes(routes!(set_for_user))
        .routes(routes!(list_of_organization, update_organization))
        .routes(routes!(set_for_organization))
        .routes(routes!(list_of_application))
        .routes(routes!(set_for_application))
}

/// A property with its value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyValue)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^prop_[0-9a-f]{32}$")]
    id: PropertyId,
    key: String,
    name: String,
    description: String,
    /// Null when there is none.
    value: Option<String>,
}

/// What is known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyValues)]
pub struct Known {
    /// Every property that is defined for this kind of thing, by key.
    properties: Vec<Shown>,
    /// Always null: there is no next page.
    next_token: Option<String>,
}

async fn read(tx: &mut Tx, holder: Holder<'_>) -> Result<Answer<Known>, ApiError> {
    let mut values = property_values::list(tx, holder).await?;
    let mut defined = stored::list(tx).await?;
    defined.retain(|property| property.context.0 == holder.context());
    let shown = defined.into_iter().map(|property| Shown {
        value: values.remove(&property.id),
        id: property.id,
        key: property.key,
        name: property.name,
        description: property.description,
    });
    Ok(Answer::of(Known {
        properties: shown.collect(),
        next_token: None,
    }))
}

/// Changes values in a transaction of its own.
async fn write(
    site: &Site,
    actor: Actor<'_>,
    holder: Holder<'_>,
    values: Values,
    now: Timestamp,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    confirm(&mut tx, holder).await?;
    properties::change(&mut tx, actor, holder, &values, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Properties updated"))
}

/// Confirms that the thing exists.
async fn confirm(tx: &mut Tx, holder: Holder<'_>) -> Result<(), ApiError> {
    match holder {
        Holder::Application(id) => applications::find(tx, id.as_str()).await.map(drop),
        Holder::Organization(id) => check_organization(tx, id).await,
        Holder::User(id) => users::find(tx, id.as_str()).await.map(drop),
    }
}

/// New values by key.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PropertyValuesChange {
    /// Each a text of at most 2,000 characters; null takes the value away. Others stay as they are.
    properties: BTreeMap<String, Option<String>>,
}

/// A new value.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NewValue {
    #[param(max_length = 2000)]
    value: String,
}

/// Lists the properties of a user.
#[utoipa::path(
    get, path = "/users/{user_id}/properties", tag = "Properties",
    operation_id = "listUserProperties",
    security(("management" = ["read:user_properties"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Answer<Known>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_user(
    _may: May<ReadUserProperties>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<Known>, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let mut tx = site.app.db.read().await?;
    confirm(&mut tx, Holder::User(&id)).await?;
    read(&mut tx, Holder::User(&id)).await
}

/// Changes properties of a user; all of them, or none.
#[utoipa::path(
    patch, path = "/users/{user_id}/properties", tag = "Properties",
    operation_id = "updateUserProperties",
    security(("management" = ["update:user_properties"])),
    params(("user_id" = String, Path)),
    request_body = PropertyValuesChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update_user(
    may: May<UpdateUserProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<PropertyValuesChange>,
) -> Result<Done, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let holder = Holder::User(&id);
    write(&site, may.actor(), holder, change.properties, now).await
}

/// Changes one property of a user.
#[utoipa::path(
    put, path = "/users/{user_id}/properties/{property_key}", tag = "Properties",
    operation_id = "setUserProperty",
    security(("management" = ["update:user_properties"])),
    params(("user_id" = String, Path), ("property_key" = String, Path), NewValue),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_user(
    may: May<UpdateUserProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, key)): Path<(String, String)>,
    Query(new): Query<NewValue>,
) -> Result<Done, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let values = Values::from([(key, Some(new.value))]);
    write(&site, may.actor(), Holder::User(&id), values, now).await
}

/// Lists the properties of an organization.
#[utoipa::path(
    get, path = "/organizations/{org_code}/properties", tag = "Properties",
    operation_id = "listOrganizationProperties",
    security(("management" = ["read:organization_properties"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Answer<Known>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_organization(
    may: MayIn<ReadOrganizationProperties>,
    State(site): State<Site>,
) -> Result<Answer<Known>, ApiError> {
    let holder = Holder::Organization(&may.organization);
    let mut tx = site.app.db.read().await?;
    confirm(&mut tx, holder).await?;
    read(&mut tx, holder).await
}

/// Changes properties of an organization; all of them, or none.
#[utoipa::path(
    patch, path = "/organizations/{org_code}/properties", tag = "Properties",
    operation_id = "updateOrganizationProperties",
    security(("management" = ["update:organization_properties"])),
    params(("org_code" = String, Path)),
    request_body = PropertyValuesChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update_organization(
    may: MayIn<UpdateOrganizationProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Body(change): Body<PropertyValuesChange>,
) -> Result<Done, ApiError> {
    let holder = Holder::Organization(&may.organization);
    write(&site, may.actor(), holder, change.properties, now).await
}

/// Changes one property of an organization.
#[utoipa::path(
    put, path = "/organizations/{org_code}/properties/{property_key}", tag = "Properties",
    operation_id = "setOrganizationProperty",
    security(("management" = ["update:organization_properties"])),
    params(("org_code" = String, Path), ("property_key" = String, Path), NewValue),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_organization(
    may: MayIn<UpdateOrganizationProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, key)): Path<(OrganizationId, String)>,
    Query(new): Query<NewValue>,
) -> Result<Done, ApiError> {
    let holder = Holder::Organization(&may.organization);
    let values = Values::from([(key, Some(new.value))]);
    write(&site, may.actor(), holder, values, now).await
}

/// Lists the properties of an application.
#[utoipa::path(
    get, path = "/applications/{application_id}/properties", tag = "Properties",
    operation_id = "listApplicationProperties",
    security(("management" = ["read:application_properties"])),
    params(("application_id" = String, Path)),
    responses((status = 200, body = Answer<Known>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_application(
    _may: May<ReadApplicationProperties>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<Known>, ApiError> {
    let id = ClientId::parse(&id).ok_or_else(applications::unknown)?;
    let mut tx = site.app.db.read().await?;
    confirm(&mut tx, Holder::Application(&id)).await?;
    read(&mut tx, Holder::Application(&id)).await
}

/// The new value of a property of an application.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ApplicationPropertyChange {
    value: TextOrTruth,
}

/// A text of at most 2,000 characters; true and false are the texts `true` and `false`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a text, true or false")]
pub enum TextOrTruth {
    Text(String),
    Truth(bool),
}

/// Changes one property of an application.
#[utoipa::path(
    put, path = "/applications/{application_id}/properties/{property_key}", tag = "Properties",
    operation_id = "setApplicationProperty",
    security(("management" = ["update:application_properties"])),
    params(("application_id" = String, Path), ("property_key" = String, Path)),
    request_body = ApplicationPropertyChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_application(
    may: May<UpdateApplicationProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, key)): Path<(String, String)>,
    Body(change): Body<ApplicationPropertyChange>,
) -> Result<Done, ApiError> {
    let id = ClientId::parse(&id).ok_or_else(applications::unknown)?;
    let value = match change.value {
        TextOrTruth::Text(text) => text,
        TextOrTruth::Truth(truth) => truth.to_string(),
    };
    let values = Values::from([(key, Some(value))]);
    write(&site, may.actor(), Holder::Application(&id), values, now).await
}

impl From<BadValue> for ApiError {
    fn from(bad: BadValue) -> Self {
        match bad {
            BadValue::Malformed { .. } => Self::refused("INVALID_PROPERTY_VALUE", bad.to_string()),
            BadValue::Unknown { .. } => Self::not_found("PROPERTY_NOT_FOUND", bad.to_string()),
        }
    }
}
