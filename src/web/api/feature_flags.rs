//! `/feature_flags`: what applications read from tokens to switch on and off. And their values for the environment.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::May;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Path, Query};
use super::paging::{Paging, Position};
use crate::access::scopes::{
    CreateFeatureFlags, DeleteEnvironmentFeatureFlags, DeleteFeatureFlags,
    ReadEnvironmentFeatureFlags, ReadFeatureFlags, UpdateEnvironmentFeatureFlags,
    UpdateFeatureFlags,
};
use crate::flags::{self, Definition, Refused};
use crate::id::FeatureFlagId;
use crate::naming;
use crate::store::Tx;
use crate::store::feature_flags::{
    self as stored, FeatureFlag, FlagKind, FlagValue, OverrideLevel,
};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, remove))
        .routes(routes!(list_of_environment, clear_environment))
        .routes(routes!(set_for_environment, clear_for_environment))
}

/// A feature flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeatureFlag)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^flag_[0-9a-f]{32}$")]
    id: FeatureFlagId,
    /// What tokens say.
    key: String,
    name: String,
    description: String,
    #[serde(rename = "type")]
    #[schema(pattern = "^(str|int|bool)$")]
    kind: &'static str,
    /// What holds when nothing else does, as a text.
    default_value: String,
    /// What holds in place of the default, as a text; null when there is nothing.
    environment_value: Option<String>,
    /// Who may have a value of their own: the environment, organizations too, or users too.
    #[schema(pattern = "^(env|org|usr)$")]
    allow_override_level: &'static str,
}

impl From<FeatureFlag> for Shown {
    fn from(flag: FeatureFlag) -> Self {
        Self {
            id: flag.id,
            key: flag.key,
            name: flag.name,
            description: flag.description,
            kind: flag.kind.0.as_str(),
            default_value: flag.default_value.0.to_string(),
            environment_value: flag.environment_value.map(|value| value.0.to_string()),
            allow_override_level: flag.override_level.0.as_str(),
        }
    }
}

/// A page of feature flags.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeatureFlags)]
pub struct Page {
    feature_flags: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists the feature flags.
#[utoipa::path(
    get, path = "/feature_flags", tag = "Feature flags",
    operation_id = "listFeatureFlags",
    security(("management" = ["read:feature_flags"])),
    params(Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadFeatureFlags>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "key_asc", "key_desc"])?;
    let mut tx = site.app.db.read().await?;
    let all = stored::list(&mut tx).await?;
    let (page, next_token) = wanted.select(all, |flag| match wanted.sort.by {
        "name" => Position(flag.name.clone(), flag.key.clone()),
        _ => Position(flag.key.clone(), String::new()),
    });
    Ok(Answer::of(Page {
        feature_flags: page.into_iter().map(Shown::from).collect(),
        next_token,
    }))
}

/// A value of a flag: of its type, or the text that spells it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a text, a whole number, true or false")]
pub enum Given {
    Truth(bool),
    Whole(i64),
    Text(String),
}

impl From<Given> for FlagValue {
    fn from(given: Given) -> Self {
        match given {
            Given::Truth(truth) => Self::Bool(truth),
            Given::Whole(number) => Self::Int(number),
            Given::Text(text) => Self::Str(text),
        }
    }
}

/// A feature flag to define.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewFeatureFlag {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What tokens say. Unique; it never changes.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: String,
    #[serde(rename = "type")]
    #[schema(pattern = "^(str|int|bool)$")]
    kind: String,
    /// Who may have a value of their own: the environment (when left out), organizations too, or users too.
    #[schema(pattern = "^(env|org|usr)$")]
    allow_override_level: Option<String>,
    default_value: Given,
}

/// Defines a feature flag.
#[utoipa::path(
    post, path = "/feature_flags", tag = "Feature flags",
    operation_id = "createFeatureFlag",
    security(("management" = ["create:feature_flags"])),
    request_body = NewFeatureFlag,
    responses((status = 201, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewFeatureFlag>,
) -> Result<(StatusCode, Done), ApiError> {
    let key = checked("key", &new.key, naming::key)?;
    let definition = definition(
        &new.name,
        &new.description.unwrap_or_default(),
        &new.kind,
        new.allow_override_level.as_deref().unwrap_or("env"),
        new.default_value.into(),
    )?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    flags::define(&mut tx, may.actor(), key, definition, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Feature flag created").created())
}

/// What a flag is, if it may be so.
fn definition(
    name: &str,
    description: &str,
    kind: &str,
    level: &str,
    default_value: FlagValue,
) -> Result<Definition, ApiError> {
    let kind =
        FlagKind::parse(kind).ok_or_else(|| ApiError::field("type", "is one of str, int, bool"))?;
    let override_level = OverrideLevel::parse(level)
        .ok_or_else(|| ApiError::field("allow_override_level", "is one of env, org, usr"))?;
    let default_value = match default_value {
        FlagValue::Str(text) => flags::parse_value(kind, &text),
        other => flags::check_value(kind, other),
    };
    Ok(Definition {
        name: checked("name", name, naming::name)?,
        description: checked("description", description, naming::description)?,
        kind,
        override_level,
        default_value: default_value.map_err(|reason| ApiError::field("default_value", reason))?,
    })
}

/// What a flag is from now on. Its key stays, and its type as long as there are values of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeatureFlagChange {
    #[param(min_length = 1, max_length = 100)]
    name: String,
    /// As it is when left out.
    #[param(max_length = 1000)]
    description: Option<String>,
    #[serde(rename = "type")]
    #[param(pattern = "^(str|int|bool)$")]
    kind: String,
    #[param(pattern = "^(env|org|usr)$")]
    allow_override_level: String,
    #[param(max_length = 2000)]
    default_value: String,
}

/// Changes a feature flag.
#[utoipa::path(
    put, path = "/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "updateFeatureFlag",
    security(("management" = ["update:feature_flags"])),
    params(("feature_flag_key" = String, Path), FeatureFlagChange),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path(key): Path<String>,
    Query(change): Query<FeatureFlagChange>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &key).await?;
    let definition = definition(
        &change.name,
        change.description.as_deref().unwrap_or(&before.description),
        &change.kind,
        &change.allow_override_level,
        FlagValue::Str(change.default_value),
    )?;
    flags::redefine(&mut tx, may.actor(), &before, definition, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Feature flag updated"))
}

/// Removes a feature flag with every value of it. This can't be undone.
#[utoipa::path(
    delete, path = "/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "deleteFeatureFlag",
    security(("management" = ["delete:feature_flags"])),
    params(("feature_flag_key" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path(key): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let flag = find_to_change(&mut tx, &key).await?;
    flags::remove(&mut tx, may.actor(), &flag, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Feature flag deleted"))
}

/// A value of a flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeatureFlagValue)]
pub struct ShownValue {
    #[serde(rename = "type")]
    #[schema(pattern = "^(str|int|bool)$")]
    kind: &'static str,
    /// The value as a text, whatever its type.
    value: String,
}

impl From<&FlagValue> for ShownValue {
    fn from(value: &FlagValue) -> Self {
        Self {
            kind: value.kind().as_str(),
            value: value.to_string(),
        }
    }
}

/// The values that were set here, by the key of their flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeatureFlagValues)]
pub struct ShownValues {
    pub feature_flags: BTreeMap<String, ShownValue>,
    /// Always null: there is no next page.
    pub next_token: Option<String>,
}

/// Lists the values that the environment has in place of defaults.
#[utoipa::path(
    get, path = "/environment/feature_flags", tag = "Feature flags",
    operation_id = "listEnvironmentFeatureFlags",
    security(("management" = ["read:environment_feature_flags"])),
    responses((status = 200, body = Answer<ShownValues>), (status = "4XX", body = Errors)),
)]
pub async fn list_of_environment(
    _may: May<ReadEnvironmentFeatureFlags>,
    State(site): State<Site>,
) -> Result<Answer<ShownValues>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let all = stored::list(&mut tx).await?;
    let set = all.into_iter().filter_map(|flag| {
        let value = flag.environment_value?;
        Some((flag.key, ShownValue::from(&value.0)))
    });
    Ok(Answer::of(ShownValues {
        feature_flags: set.collect(),
        next_token: None,
    }))
}

/// Takes every value of the environment back: the defaults hold again.
#[utoipa::path(
    delete, path = "/environment/feature_flags", tag = "Feature flags",
    operation_id = "clearEnvironmentFeatureFlags",
    security(("management" = ["delete:environment_feature_flags"])),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn clear_environment(
    may: May<DeleteEnvironmentFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    for flag in stored::list(&mut tx).await? {
        flags::clear_for_environment(&mut tx, may.actor(), &flag, now, &mut rng).await?;
    }
    tx.commit().await?;
    Ok(Done::saying("Feature flags of the environment reset"))
}

/// A value for the environment.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewEnvironmentValue {
    value: Given,
}

/// Gives the environment a value of a flag, in place of its default.
#[utoipa::path(
    patch, path = "/environment/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "setEnvironmentFeatureFlag",
    security(("management" = ["update:environment_feature_flags"])),
    params(("feature_flag_key" = String, Path)),
    request_body = NewEnvironmentValue,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn set_for_environment(
    may: May<UpdateEnvironmentFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path(key): Path<String>,
    Body(new): Body<NewEnvironmentValue>,
) -> Result<Done, ApiError> {
    let value = new.value.into();
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    flags::set_for_environment(&mut tx, may.actor(), &key, value, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Feature flag of the environment updated"))
}

/// Takes the environment's value of a flag back: the default holds again.
#[utoipa::path(
    delete, path = "/environment/feature_flags/{feature_flag_key}", tag = "Feature flags",
    operation_id = "clearEnvironmentFeatureFlag",
    security(("management" = ["delete:environment_feature_flags"])),
    params(("feature_flag_key" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn clear_for_environment(
    may: May<DeleteEnvironmentFeatureFlags>,
    State(site): State<Site>,
    Now(now): Now,
    Path(key): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let flag = find_to_change(&mut tx, &key).await?;
    flags::clear_for_environment(&mut tx, may.actor(), &flag, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Feature flag of the environment reset"))
}

/// The flag of that key, until the transaction ends.
pub async fn find_to_change(tx: &mut Tx, key: &str) -> Result<FeatureFlag, ApiError> {
    let found = stored::find_to_change(tx, key).await?;
    found.ok_or_else(|| Refused::Unknown(key.to_owned()).into())
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::HasValues(_) => Self::refused("FEATURE_FLAG_HAS_VALUES", message),
            Refused::KeyTaken(_) => Self::refused("KEY_ALREADY_EXISTS", message),
            Refused::NoValue { .. } => Self::refused("INVALID_FEATURE_FLAG_VALUE", message),
            Refused::NotAllowed { .. } => Self::refused("OVERRIDE_NOT_ALLOWED", message),
            Refused::Unknown(_) => Self::not_found("FEATURE_FLAG_NOT_FOUND", message),
        }
    }
}
