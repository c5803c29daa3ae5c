//! `…/feature_flags`: what organizations and users have in place of defaults.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::{May, MayIn, check_organization};
use super::error::{ApiError, Errors};
use super::extract::{Path, Query};
use super::feature_flags::{ShownValue, ShownValues, find_to_change};
use super::users;
use crate::access::scopes::{
    DeleteOrganizationFeatureFlags, DeleteUserFeatureFlags, ReadOrganizationFeatureFlags,
    ReadUserFeatureFlags, UpdateOrganizationFeatureFlags, UpdateUserFeatureFlags,
};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::flags;
use crate::id::{OrganizationId, UserId};
use crate::store::feature_flag_values::{self, Holder};
use crate::store::feature_flags::FlagValue;
use crate::store::{Tx, feature_flags};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list_of_organization, clear_organization))
        .routes(routes!(set_for_organization, clear_for_organization))
        .routes(routes!(list_of_user))
        .routes(routes!(set_for_user, clear_for_user))
}

/// A new value.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NewValue {
    /// Spells a value of the flag's type.
    #[param(max_length = 2000)]
    value: String,
}

async fn read(tx: &mut Tx, holder: Holder<'_>) -> Result<Answer<ShownValues>, ApiError> {
    confirm(tx, holder).await?;
    let values = feature_flag_values::list(tx, holder).await?;
    let all = feature_flags::list(tx).await?;
    let set = all.into_iter().filter_map(|flag| {
        let value = values.get(&flag.id)?;
        Some((flag.key, ShownValue::from(value)))
    });
    Ok(Answer::of(ShownValues {
        feature_flags: set.collect(),
        next_token: None,
    }))
}

/// Takes a value back, in a transaction of its own.
async fn clear(
    site: &Site,
    actor: Actor<'_>,
    holder: Holder<'_>,
    key: &str,
    now: Timestamp,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    confirm(&mut tx, holder).await?;
    let flag = find_to_change(&mut tx, key).await?;
    flags::clear(&mut tx, actor, holder, &flag, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Feature flag reset"))
}

/// Confirms that the organization or user exists.
async fn confirm(tx: &mut Tx, holder: Holder<'_>) -> Result<(), ApiError> {
    match holder {
        Holder::Organization(id) => check_organization(tx, id).await,
        Holder::User(id) => users::find(tx, id.as_str()).await.map(drop),
    }
}

/// Lists the values that an organization has of its own.
#[utoipa::path(
    get, path = "/organizations/{org_code}/feature_flags", tag = "Feature flags",
    operation_id = "listOrganizationFeatureFlags",
    security(("management" = ["read:organization_feature_flags"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Answer<ShownValues>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_organization(
    may: MayIn<ReadOrganizationFeatureFlags>,
    State(site): State<Site>,
) -> Result<Answer<ShownValues>, ApiError> {
    let mut tx = site.app.db.read().await?;
    read(&mut tx, Holder::Organization(&may.organization)).await
}

/// Takes every value of an organization back.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/feature_flags", tag = "Feature flags",
    operation_id = "clearOrganizationFeatureFlags",
    security(("management" = ["delete:organization_feature_flags"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn clear_organization(
    may: MayIn<DeleteOrganizationFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
) -> Result<Done, ApiError> {
    let holder = Holder::Organization(&may.organization);
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    confirm(&mut tx, holder).await?;
    for flag in feature_flags::list(&mut tx).await? {
        flags::clear(&mut tx, may.actor(), holder, &flag, now, &mut rng).await?;
    }
    tx.commit().await?;
    Ok(Done::saying("Feature flags of the organization reset"))
}

/// Gives an organization a value of a flag.
#[utoipa::path(
    patch, path = "/organizations/{org_code}/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "setOrganizationFeatureFlag",
    security(("management" = ["update:organization_feature_flags"])),
    params(("org_code" = String, Path), ("feature_flag_key" = String, Path), NewValue),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_organization(
    may: MayIn<UpdateOrganizationFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, key)): Path<(OrganizationId, String)>,
    Query(new): Query<NewValue>,
) -> Result<Done, ApiError> {
    let (id, what) = (&may.organization, (key.as_str(), FlagValue::Str(new.value)));
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    confirm(&mut tx, Holder::Organization(id)).await?;
    flags::set_for_organization(&mut tx, may.actor(), id, what, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Feature flag of the organization updated"))
}

/// Takes an organization's value of a flag back.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "clearOrganizationFeatureFlag",
    security(("management" = ["delete:organization_feature_flags"])),
    params(("org_code" = String, Path), ("feature_flag_key" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn clear_for_organization(
    may: MayIn<DeleteOrganizationFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, key)): Path<(OrganizationId, String)>,
) -> Result<Done, ApiError> {
    let holder = Holder::Organization(&may.organization);
    clear(&site, may.actor(), holder, &key, now).await
}

/// Lists the values that a user has of their own.
#[utoipa::path(
    get, path = "/users/{user_id}/feature_flags", tag = "Feature flags",
    operation_id = "listUserFeatureFlags",
    security(("management" = ["read:user_feature_flags"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Answer<ShownValues>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_user(
    _may: May<ReadUserFeatureFlags>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<ShownValues>, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let mut tx = site.app.db.read().await?;
    read(&mut tx, Holder::User(&id)).await
}

/// Gives a user a value of a flag, in whatever organization they are.
#[utoipa::path(
    patch, path = "/users/{user_id}/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "setUserFeatureFlag",
    security(("management" = ["update:user_feature_flags"])),
    params(("user_id" = String, Path), ("feature_flag_key" = String, Path), NewValue),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_user(
    may: May<UpdateUserFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, key)): Path<(String, String)>,
    Query(new): Query<NewValue>,
) -> Result<Done, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let what = (key.as_str(), FlagValue::Str(new.value));
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    confirm(&mut tx, Holder::User(&id)).await?;
    flags::set_for_user(&mut tx, may.actor(), &id, what, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Feature flag of the user updated"))
}

/// Takes a user's value of a flag back.
#[utoipa::path(
    delete, path = "/users/{user_id}/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "clearUserFeatureFlag",
    security(("management" = ["delete:user_feature_flags"])),
    params(("user_id" = String, Path), ("feature_flag_key" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn clear_for_user(
    may: May<DeleteUserFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, key)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    clear(&site, may.actor(), Holder::User(&id), &key, now).await
}
